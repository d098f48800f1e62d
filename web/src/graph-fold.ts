/** Folds a graph that is too large to be taken in: nodes of one layer that run the same task are drawn as one. Pure. */
import { levelsOf } from './layered.js';
import type { Edge, Shape } from './unfold/nested.js';

/** Above that a graph is folded at first. */
export const FOLD_ABOVE = 1_000;
/** Fewer alike than that are drawn as they are. */
const GROUP_LEAST = 3;

export interface Folded {
  shape: Shape;
  /** The nodes that each group stands for, by the group's id. */
  groups: ReadonlyMap<string, readonly string[]>;
  groupOf: ReadonlyMap<string, string>;
}

export function unfolded(shape: Shape): Folded {
  return { shape, groups: new Map(), groupOf: new Map() };
}

/** @param open groups that somebody unfolded */
export function folded(
  shape: Shape,
  taskOf: (id: string) => string,
  open: ReadonlySet<string>,
): Folded {
  const level = levelsOf(shape);
  const alike = new Map<string, string[]>();
  for (const id of shape.ids) {
    const key = `${taskOf(id)} @${level.get(id) ?? 0}`;
    const list = alike.get(key);
    if (list) list.push(id);
    else alike.set(key, [id]);
  }
  const groups = new Map(
    [...alike].filter(([key, ids]) => ids.length >= GROUP_LEAST && !open.has(key)),
  );
  const groupOf = new Map([...groups].flatMap(([key, ids]) => ids.map((id) => [id, key] as const)));
  const shown = (id: string) => groupOf.get(id) ?? id;
  const edges = new Map<string, Edge>();
  for (const { source, target } of shape.edges) {
    const [from, to] = [shown(source), shown(target)];
    const id = JSON.stringify([from, to]);
    if (from !== to) edges.set(id, { id, source: from, target: to });
  }
  return {
    shape: { ids: [...new Set(shape.ids.map(shown))], edges: [...edges.values()] },
    groups,
    groupOf,
  };
}
