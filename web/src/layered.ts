/** A layered layout of our own: quick and plain, where elkjs would take too long. Pure. */
import type { Shape } from './graph-layout.js';

export interface Size {
  width: number;
  height: number;
}

export interface Layers extends Size {
  /** From top to bottom, else from left to right. */
  down: boolean;
  /** Of nodes that are larger than the others. */
  sizes?: ReadonlyMap<string, Size>;
}

/** Sweeps that put each node near the middle of what it depends on. */
const SWEEPS = 3;
const BETWEEN_LAYERS = 72;
const BETWEEN_NODES = 20;

/** The length of the longest path to each node; what lies on a cycle stands at 0. */
export function levelsOf({ ids, edges }: Shape): Map<string, number> {
  const open = new Map(ids.map((id) => [id, 0]));
  const after = new Map<string, string[]>();
  for (const { source, target } of edges) {
    open.set(target, (open.get(target) ?? 0) + 1);
    const list = after.get(source);
    if (list) list.push(target);
    else after.set(source, [target]);
  }
  const level = new Map(ids.map((id) => [id, 0]));
  const ready = ids.filter((id) => open.get(id) === 0);
  for (let at = 0; at < ready.length; at++) {
    const id = ready[at] ?? '';
    for (const next of after.get(id) ?? []) {
      level.set(next, Math.max(level.get(next) ?? 0, (level.get(id) ?? 0) + 1));
      const left = (open.get(next) ?? 0) - 1;
      open.set(next, left);
      if (left === 0) ready.push(next);
    }
  }
  return level;
}

export function inLayers(shape: Shape, { width, height, down, sizes = new Map() }: Layers) {
  const level = levelsOf(shape);
  const layers: string[][] = [];
  for (const id of shape.ids) (layers[level.get(id) ?? 0] ??= []).push(id);
  const before = new Map<string, string[]>();
  for (const { source, target } of shape.edges) {
    const list = before.get(target);
    if (list) list.push(source);
    else before.set(target, [source]);
  }
  const place = new Map<string, number>();
  const settle = (layer: readonly string[]) =>
    layer.forEach((id, index) => place.set(id, index - layer.length / 2));
  layers.forEach(settle);
  for (let sweep = 0; sweep < SWEEPS; sweep++)
    for (const layer of layers) {
      const middle = new Map(
        layer.map((id) => {
          const above = before.get(id) ?? [];
          const sum = above.reduce((total, one) => total + (place.get(one) ?? 0), 0);
          return [id, above.length > 0 ? sum / above.length : (place.get(id) ?? 0)];
        }),
      );
      layer.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0));
      settle(layer);
    }
  const sizeOf = (id: string): Size => sizes.get(id) ?? { width, height };
  const [along, across] = down
    ? ([({ height: one }: Size) => one, ({ width: one }: Size) => one] as const)
    : ([({ width: one }: Size) => one, ({ height: one }: Size) => one] as const);
  const places = new Map<string, { x: number; y: number }>();
  let begin = 0;
  for (const layer of layers) {
    const whole = layer.reduce((sum, id) => sum + across(sizeOf(id)) + BETWEEN_NODES, 0);
    let beside = -whole / 2;
    for (const id of layer) {
      places.set(id, down ? { x: beside, y: begin } : { x: begin, y: beside });
      beside += across(sizeOf(id)) + BETWEEN_NODES;
    }
    begin += layer.reduce((most, id) => Math.max(most, along(sizeOf(id))), 0) + BETWEEN_LAYERS;
  }
  return places;
}
