/** The boxes and edges as they are handed to be drawn: what has not changed is the same object as before. */
import { MarkerType, type Edge as FlowEdge, type Node } from '@xyflow/react';
import { useMemo, useState } from 'react';
import type { Status } from '../../src/domain/status.js';
import type { NodeView } from '../../src/workflows/messages.js';
import type { DrawnNode, DrawnSpec } from './api.js';
import { DOWN } from './graph-layout.js';
import type { Nested, Place, Places } from './graph-boxes.js';
import type { GraphNodeData } from './graph-node.js';
import { edgesOf, headOf, labelOf, pathsOf, type Inside } from './unfold/nested.js';
import { parentOf } from './unfold/open.js';
import { kindOf, specAt, viewAt, type Unfolding } from './unfold/unfolding.js';

export type Drawn = Node<GraphNodeData>;

interface Drawing {
  spec: DrawnSpec;
  shape: Nested;
  groups: ReadonlyMap<string, readonly string[]>;
  places: Places | undefined;
  nodes: ReadonlyMap<string, NodeView>;
  unfolding: Unfolding;
  selected: string | null;
  chain: ReadonlySet<string>;
  /** Of a graph that does not run: what is said of each node instead of its status. */
  words: ReadonlyMap<string, string> | undefined;
}

interface Kept {
  spec: DrawnSpec;
  view: NodeView | undefined;
  place: Place;
  chosen: boolean;
  critical: boolean;
  said: string | undefined;
  /** Of what else it shows. */
  text: string;
  node: Drawn;
}

export function useDrawn(drawing: Drawing): Drawn[] {
  const { spec, shape, groups, places, nodes, unfolding, selected, chain, words } = drawing;
  const tasks = useMemo(() => new Map((spec.tasks ?? []).map((node) => [node.id, node])), [spec]);
  const paths = useMemo(() => pathsOf(shape.ids, shape.inside), [shape]);
  const insides = useMemo(() => flat(shape.inside), [shape]);
  const [kept] = useState(() => new Map<string, Kept>());
  return useMemo(
    () =>
      paths.flatMap((path) => {
        const place = places?.get(path);
        if (!place) return [];
        const view = viewAt(path, nodes, unfolding.belows);
        const [chosen, critical] = [path === selected, chain.has(path)];
        const said = words?.get(path);
        const ids = groups.get(path);
        const isPlain = !path.includes('/') && !ids && !insides.has(path);
        const own = () => {
          const first = ids ? tasks.get(ids[0] ?? '') : undefined;
          const task = first ?? tasks.get(path) ?? specAt(path, spec, unfolding.specs);
          const kind = ids ? undefined : kindOf(view, task);
          const inside = insides.get(path);
          const isItem = insides.get(parentOf(path))?.kind === 'map';
          return {
            id: labelOf(path, isItem),
            what: whatOf(task, ids ? undefined : view),
            ...(ids ? { group: { counts: countsOf(ids, nodes), total: ids.length } } : {}),
            ...(kind && !words ? { isFoldable: true } : {}),
            ...(inside ? { head: headOf(path, inside, view, unfolding) } : {}),
          };
        };
        const before = kept.get(path);
        const isSame =
          before?.view === view &&
          before?.spec === spec &&
          before.place === place &&
          before.chosen === chosen &&
          before.critical === critical &&
          before.said === said;
        // Of very many nodes most are as they were: these cost no more than a look.
        if (isSame && isPlain && before.text === '') return [before.node];
        const shown = own();
        const text = isPlain ? '' : JSON.stringify(shown);
        if (isSame && before.text === text) return [before.node];
        const data: GraphNodeData = {
          ...{ ...shown, path, view, down: DOWN, chosen, critical },
          ...(said === undefined ? {} : { said }),
        };
        const { x, y, width, height, parent } = place;
        const node: Drawn = {
          ...{ id: path, type: 'task', position: { x, y }, width, height, data },
          ...(parent === undefined ? {} : { parentId: parent }),
        };
        kept.set(path, { spec, view, place, chosen, critical, said, text, node });
        return [node];
      }),
    [paths, insides, groups, places, nodes, unfolding, spec, tasks, selected, chain, words, kept],
  );
}

function flat(inside: Readonly<Record<string, Inside>>): ReadonlyMap<string, Inside> {
  const found = new Map<string, Inside>();
  const add = (all: Readonly<Record<string, Inside>>): void => {
    for (const [path, one] of Object.entries(all)) {
      found.set(path, one);
      add(one.inside);
    }
  };
  add(inside);
  return found;
}

function countsOf(ids: readonly string[], nodes: ReadonlyMap<string, NodeView>) {
  const counts: Partial<Record<Status, number>> = {};
  for (const id of ids) {
    const status = nodes.get(id)?.status ?? 'PENDING';
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

/** What a node runs, in a word. */
export function whatOf(spec: DrawnNode | undefined, view: NodeView | undefined): string {
  const kind = view?.kind ?? (spec?.map ? 'map' : spec?.approval ? 'approval' : undefined);
  const task = spec?.task ?? (typeof spec?.graph === 'string' ? spec.graph : undefined);
  if (kind === 'map') return `map ${task ?? ''}`.trim();
  return task ?? kind ?? view?.task.replace(/^tempograph\./, '') ?? '';
}

/** The same list as before where nothing of it has changed: statuses of nodes change far more often. */
export function useEdges(
  { edges, inside }: Nested,
  statusOf: (path: string) => Status | undefined,
  chain: ReadonlySet<string>,
  places: Places | undefined,
): FlowEdge[] {
  const [kept] = useState(() => ({ by: new Map<string, FlowEdge>(), list: [] as FlowEdge[] }));
  const all = useMemo(() => edgesOf(edges, inside), [edges, inside]);
  const list = all.flatMap((edge) => {
    // A node that came just now has no place before it is laid out.
    if (places && !(places.has(edge.source) && places.has(edge.target))) return [];
    const active = statusOf(edge.target) === 'RUNNING';
    const critical = chain.has(edge.source) && chain.has(edge.target);
    const className = critical ? 'critical' : active ? 'active' : '';
    const before = kept.by.get(edge.id);
    if (before?.className === className) return [before];
    const drawn = { ...edge, markerEnd: ARROW, className };
    kept.by.set(edge.id, drawn);
    return [drawn];
  });
  const isSame =
    list.length === kept.list.length && list.every((edge, nth) => edge === kept.list[nth]);
  if (!isSame) kept.list = list;
  return kept.list;
}

const ARROW = { type: MarkerType.ArrowClosed, color: 'var(--edge)', width: 16, height: 16 };
