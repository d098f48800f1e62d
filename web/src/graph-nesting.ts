/** What is drawn inside maps and sub-graphs that somebody unfolded, and where each of it stands. */
import type { NodeView } from '../../src/workflows/messages.js';
import type { DrawnNode, DrawnSpec } from './api.js';
import { layOut, NODE_HEIGHT, NODE_WIDTH, shapeOf, type Shape } from './graph-layout.js';
import type { Size } from './layered.js';
import { isTerminal } from './status.js';

/** What is known of what runs inside a node. */
export interface Below {
  kind: 'map' | 'graph';
  nodes: ReadonlyMap<string, NodeView>;
  spec: DrawnSpec;
}

/** What of it is drawn. */
export interface Inside {
  /** By the ids of the drawing: `<node>/<node inside>`. */
  shape: Shape;
  isMap: boolean;
  /** Items that are there and not drawn. */
  hidden: number;
}

/** A node of the drawing: within what it lies in, or within all where it lies in nothing. */
export interface Box extends Size {
  x: number;
  y: number;
}

/** Items of a map that are drawn: of more, those that most need to be seen. */
const ITEMS_MOST = 24;
/** Items in a row for each in a column: as wide as a screen is. */
const WIDER = 1.6;
const GAP = 20;
const EDGE = 16;
/** Room for the name above. */
const HEAD = 60;

export const drawnId = (container: string, id: string): string => `${container}/${id}`;

/** The container that a drawn node lies in; undefined for one of the graph itself. */
export function containerOf(id: string): string | undefined {
  const at = id.lastIndexOf('/');
  return at < 0 ? undefined : id.slice(0, at);
}

/** A node's spec without what is inside it: a map's items all run the same. */
export function specOf(
  id: string,
  tasks: ReadonlyMap<string, DrawnNode>,
  below: ReadonlyMap<string, Below>,
): DrawnNode | undefined {
  const container = containerOf(id);
  if (container === undefined) return tasks.get(id);
  const inside = below.get(container);
  if (inside?.kind !== 'map')
    return inside?.spec.tasks?.find((one) => drawnId(container, one.id) === id);
  const map = specOf(container, tasks, below);
  if (!map) return undefined;
  const { map: _map, dependsOn: _dependsOn, ...item } = map;
  return item;
}

export function insideOf(container: string, { kind, nodes, spec }: Below): Inside {
  const { ids, edges } = shapeOf(spec, [...nodes.keys()]);
  const shown = kind === 'map' ? loudest(nodes) : ids;
  return {
    isMap: kind === 'map',
    hidden: Math.max(0, nodes.size - shown.length),
    shape: {
      ids: shown.map((id) => drawnId(container, id)),
      edges: edges.map(({ source, target }) => {
        const [from, to] = [drawnId(container, source), drawnId(container, target)];
        return { id: JSON.stringify([from, to]), source: from, target: to };
      }),
    },
  };
}

/** Of many items those that failed, then those that run, then the first; in their order. */
function loudest(nodes: ReadonlyMap<string, NodeView>): string[] {
  const all = [...nodes.values()];
  const rank = ({ status }: NodeView): number => {
    if (status === 'COMPLETED' || status === 'SKIPPED') return 3;
    if (isTerminal(status)) return 0;
    return status === 'PENDING' || status === 'SCHEDULED' ? 2 : 1;
  };
  const chosen = all
    .map((view, index) => ({ view, index, rank: rank(view) }))
    .sort((a, b) => (all.length > ITEMS_MOST ? a.rank - b.rank : 0) || a.index - b.index)
    .slice(0, ITEMS_MOST);
  return chosen.sort((a, b) => a.index - b.index).map(({ view }) => view.id);
}

/** Where everything stands, from the inside out. */
export async function layOutAll(
  shape: Shape,
  inside: ReadonlyMap<string, Inside>,
): Promise<ReadonlyMap<string, Box>> {
  const boxes = new Map<string, Box>();
  const place = async (part: Shape, isMap: boolean): Promise<Map<string, Box>> => {
    const sizes = new Map<string, Size>();
    for (const id of part.ids) {
      const within = inside.get(id);
      if (!within) continue;
      const placed = await place(within.shape, within.isMap);
      sizes.set(id, framed(placed));
      for (const [one, box] of placed) boxes.set(one, box);
    }
    const places = isMap ? inGrid(part.ids, sizes) : await layOut(part, sizes);
    const sized = (id: string): Size => sizes.get(id) ?? { width: NODE_WIDTH, height: NODE_HEIGHT };
    return new Map([...places].map(([id, at]) => [id, { ...at, ...sized(id) }]));
  };
  for (const [id, box] of await place(shape, false)) boxes.set(id, box);
  return boxes;
}

/** Moves what lies inside below the name, and says how large that makes the whole. */
function framed(placed: Map<string, Box>): Size {
  const all = [...placed.values()];
  const least = (pick: (box: Box) => number) =>
    all.reduce((sum, box) => Math.min(sum, pick(box)), Infinity);
  const [left, top] = all.length > 0 ? [least(({ x }) => x), least(({ y }) => y)] : [0, 0];
  for (const [id, box] of placed)
    placed.set(id, { ...box, x: box.x - left + EDGE, y: box.y - top + HEAD });
  const most = (pick: (box: Box) => number, atLeast: number) =>
    [...placed.values()].reduce((sum, box) => Math.max(sum, pick(box)), atLeast);
  return {
    width: most(({ x, width }) => x + width, NODE_WIDTH) + EDGE,
    height: most(({ y, height }) => y + height, HEAD) + EDGE,
  };
}

/** In rows, each as high as its highest and each column as wide as its widest. */
function inGrid(ids: readonly string[], sizes: ReadonlyMap<string, Size>) {
  const columns = Math.max(
    1,
    Math.ceil(Math.sqrt((ids.length * WIDER * NODE_HEIGHT) / NODE_WIDTH)),
  );
  const places = new Map<string, { x: number; y: number }>();
  let y = 0;
  for (let first = 0; first < ids.length; first += columns) {
    let [x, high] = [0, 0];
    for (const id of ids.slice(first, first + columns)) {
      const { width, height } = sizes.get(id) ?? { width: NODE_WIDTH, height: NODE_HEIGHT };
      places.set(id, { x, y });
      x += width + GAP;
      high = Math.max(high, height);
    }
    y += high + GAP;
  }
  return places;
}

/** Where a box lies in the whole drawing. */
export function absolute(id: string, boxes: ReadonlyMap<string, Box>): Box | undefined {
  const box = boxes.get(id);
  const container = containerOf(id);
  if (!box || container === undefined) return box;
  const around = absolute(container, boxes);
  return around && { ...box, x: around.x + box.x, y: around.y + box.y };
}
