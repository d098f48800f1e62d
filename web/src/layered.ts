/** A layered layout of our own: quick and plain, where elkjs would take too long. Pure. */
import { AROUND, LEAST, NODE_HEIGHT, NODE_WIDTH, type Box, type Nested } from './graph-boxes.js';
import type { Shape } from './unfold/nested.js';

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

/** @param down from top to bottom, else from left to right */
export function plainLayout({ ids, edges, inside }: Nested, down: boolean): Box[] {
  const boxes = new Map(
    ids.map((id): [string, Box] => {
      const own = inside[id];
      if (!own) return [id, sized(id, { width: NODE_WIDTH, height: NODE_HEIGHT })];
      const inner = own.kind === 'map' ? inRows(plainLayout(own, down)) : plainLayout(own, down);
      return [id, around(id, inner)];
    }),
  );
  const lone = loneOf({ ids, edges });
  const layers = layersOf({ ids: ids.filter((id) => !lone.has(id)), edges });
  let along = 0;
  const inLayers = layers.flatMap((layer) => {
    const row = layer.flatMap((id) => boxes.get(id) ?? []);
    const across = (box: Box): number => (down ? box.width : box.height) + BETWEEN_NODES;
    let next = -row.reduce((sum, box) => sum + across(box), 0) / 2;
    const placed = row.map((box) => {
      const at = next;
      next += across(box);
      return { ...box, ...(down ? { x: at, y: along } : { x: along, y: at }) };
    });
    along += most(row, (box) => (down ? box.height : box.width)) + BETWEEN_LAYERS;
    return placed;
  });
  if (lone.size === 0) return inLayers;
  const below = inLayers.length > 0 ? most(inLayers, ({ y, height }) => y + height) : 0;
  const inBlock = inRows([...lone].flatMap((id) => boxes.get(id) ?? []));
  return [...inLayers, ...inBlock.map((box) => ({ ...box, y: box.y + below + BETWEEN_LAYERS }))];
}

/** So many that depend on nothing, and nothing on them, are a block of their own and not one long column. */
const LONE_LEAST = 12;

function loneOf({ ids, edges }: Shape): ReadonlySet<string> {
  const tied = new Set(edges.flatMap(({ source, target }) => [source, target]));
  const lone = ids.filter((id) => !tied.has(id));
  return new Set(lone.length >= LONE_LEAST ? lone : []);
}

const sized = (id: string, size: { width: number; height: number }): Box => ({
  ...{ id, x: 0, y: 0, ...size, boxes: [] },
});

/** A box around others, which are moved into it. */
function around(id: string, boxes: readonly Box[]): Box {
  if (boxes.length === 0) return sized(id, LEAST);
  const [left, top] = [-most(boxes, ({ x }) => -x), -most(boxes, ({ y }) => -y)];
  const inner = boxes.map((box) => ({
    ...box,
    ...{ x: box.x - left + AROUND.side, y: box.y - top + AROUND.top },
  }));
  const right = most(inner, ({ x, width }) => x + width);
  const bottom = most(inner, ({ y, height }) => y + height);
  return {
    ...{ id, x: 0, y: 0, boxes: inner },
    width: Math.max(LEAST.width, right + AROUND.side),
    height: Math.max(LEAST.height, bottom + AROUND.side),
  };
}

function inRows(boxes: readonly Box[]): Box[] {
  const columns = Math.ceil(Math.sqrt(boxes.length / 2));
  const [width, height] = [most(boxes, (box) => box.width), most(boxes, (box) => box.height)];
  return boxes.map((box, nth) => ({
    ...box,
    x: (nth % columns) * (width + BETWEEN_NODES),
    y: Math.floor(nth / columns) * (height + BETWEEN_NODES),
  }));
}

/** The most of any; `Math.max` takes no list of very many. */
const most = (boxes: readonly Box[], of: (box: Box) => number): number =>
  boxes.reduce((found, box) => Math.max(found, of(box)), -Infinity);

/** By level, each in an order that keeps nodes near what they depend on. */
function layersOf(shape: Shape): string[][] {
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
  return layers;
}
