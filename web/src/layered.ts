/** A layered layout of our own: quick and plain, where elkjs would take too long. Pure. */
import type { Shape } from './graph-layout.js';

export interface Size {
  width: number;
  height: number;
  down: boolean;
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

export function inLayers(shape: Shape, { width, height, down }: Size) {
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
  const across = (down ? width : height) + BETWEEN_NODES;
  const along = (down ? height : width) + BETWEEN_LAYERS;
  return new Map(
    shape.ids.map((id) => {
      const [a, b] = [(level.get(id) ?? 0) * along, (place.get(id) ?? 0) * across];
      return [id, down ? { x: b, y: a } : { x: a, y: b }];
    }),
  );
}
