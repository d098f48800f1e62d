/** The drawn graph with what is unfolded in it: which boxes lie in which, and what each of these says. Pure. */
import type { DrawnSpec } from '../api.js';
import type { NodeView } from '../../../src/workflows/messages.js';
import { canShowMore, nameOf, type Kind } from './open.js';
import { kindOf, specAt, viewAt, type Unfolding } from './unfolding.js';

export interface Edge {
  id: string;
  source: string;
  target: string;
}

/** Nodes by their paths, and the edges between them. */
export interface Shape {
  ids: readonly string[];
  edges: readonly Edge[];
}

/** What is drawn in a node that is unfolded. */
export interface Inside extends Shape {
  kind: Kind;
  inside: Readonly<Record<string, Inside>>;
}

/** The nodes of the spec, and those that only the execution knows; of a sub-graph with its path before each. */
export function shapeOf({ tasks = [] }: DrawnSpec, others: readonly string[], path = ''): Shape {
  const ids = new Set([...tasks.map(({ id }) => id), ...others]);
  const at = (id: string) => (path === '' ? id : `${path}/${id}`);
  const edges = tasks.flatMap(({ id, dependsOn = [] }) =>
    dependsOn
      .filter((source) => ids.has(source))
      .map((source) => ({
        ...{ id: JSON.stringify([at(source), at(id)]), source: at(source), target: at(id) },
      })),
  );
  return { ids: [...ids].map(at), edges };
}

/** What is unfolded of these nodes, by their paths. */
export function insidesOf(
  ids: readonly string[],
  nodes: ReadonlyMap<string, NodeView>,
  spec: DrawnSpec,
  unfolding: Unfolding,
): Record<string, Inside> {
  const { open, belows, specs } = unfolding;
  const found: Record<string, Inside> = {};
  for (const path of ids) {
    if (!open.has(path)) continue;
    const kind = kindOf(viewAt(path, nodes, belows), specAt(path, spec, specs));
    if (!kind) continue;
    const { shown = [] } = belows.get(path) ?? {};
    const own = (kind === 'graph' && specs.get(path)) || {};
    const all = shapeOf(own, shown, path);
    const told = new Set(shown.map((id) => `${path}/${id}`));
    const edges = all.edges.filter(({ source, target }) => told.has(source) && told.has(target));
    const drawn = all.ids.filter((id) => told.has(id));
    found[path] = { kind, ids: drawn, edges, inside: insidesOf(drawn, nodes, spec, unfolding) };
  }
  return found;
}

/** All of it, each after what it lies in. */
export function pathsOf(
  ids: readonly string[],
  inside: Readonly<Record<string, Inside>>,
): string[] {
  return ids.flatMap((id) => {
    const own = inside[id];
    return own ? [id, ...pathsOf(own.ids, own.inside)] : [id];
  });
}

export function edgesOf(
  edges: readonly Edge[],
  inside: Readonly<Record<string, Inside>>,
): readonly Edge[] {
  const inner = Object.values(inside);
  if (inner.length === 0) return edges;
  return [...edges, ...inner.flatMap((one) => edgesOf(one.edges, one.inside))];
}

/** What stands in the head of a node that is unfolded. */
export interface Head {
  kind: Kind;
  /** Nothing is drawn in it, since it has not begun, is not there, or is being asked for. */
  empty: 'waits' | 'missing' | 'asked' | 'none' | undefined;
  shown: number;
  total: number;
  canShowMore: boolean;
}

export function headOf(
  path: string,
  { kind, ids }: Inside,
  view: NodeView | undefined,
  { belows }: Unfolding,
): Head {
  const below = belows.get(path);
  const total = Math.max(below?.total ?? 0, ids.length);
  const base = { kind, shown: ids.length, total, canShowMore: canShowMore(ids.length) };
  if (ids.length > 0) return { ...base, empty: undefined };
  if (below) return { ...base, empty: below.status === undefined ? 'missing' : 'none' };
  const waits = !view || view.status === 'PENDING' || view.status === 'SCHEDULED';
  if (waits) return { ...base, empty: 'waits' };
  return { ...base, empty: view.reused || view.status === 'SKIPPED' ? 'missing' : 'asked' };
}

/** An item of a map by the name of its node: `render[3]`. */
export function labelOf(path: string, isItem: boolean): string {
  if (!isItem) return nameOf(path);
  const [item = '', map = ''] = path.split('/').reverse();
  return `${map}[${item}]`;
}
