/** The nodes of the picture, made of the graph, of where each stands, and of how it stands. */
import type { Node } from '@xyflow/react';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { Status } from '../../src/domain/status.js';
import type { NodeView } from '../../src/workflows/messages.js';
import type { DrawnNode, DrawnSpec } from './api.js';
import type { GraphFrameData } from './graph-frame.js';
import { DOWN, type Shape } from './graph-layout.js';
import type { GraphNodeData } from './graph-node.js';
import { containerOf, specOf, type Box, type Inside } from './graph-nesting.js';
import type { Insides } from './use-below.js';

export type Drawn = Node<GraphNodeData, 'task'> | Node<GraphFrameData, 'frame'>;

interface Drawing {
  spec: DrawnSpec;
  shape: Shape;
  groups: ReadonlyMap<string, readonly string[]>;
  inside: ReadonlyMap<string, Inside>;
  boxes: ReadonlyMap<string, Box> | undefined;
  insides: Insides;
  selected: string | null;
  chain: ReadonlySet<string>;
  onUnfold: (nodeId: string, open: boolean) => void;
}

/** A node that has not changed is the same object as before: only what changed is drawn anew. */
export function useDrawn(drawing: Drawing): Drawn[] {
  const { spec, shape, groups, inside, boxes, insides, selected, chain, onUnfold } = drawing;
  const tasks = useMemo(() => new Map((spec.tasks ?? []).map((node) => [node.id, node])), [spec]);
  const [kept] = useState(() => new Map<string, { text: string; view: unknown; node: Drawn }>());
  const [open, close] = useStable(onUnfold);
  return useMemo(() => {
    const { views, below } = insides;
    const drawn = (id: string): Drawn[] => {
      const box = boxes?.get(id);
      if (!box) return [];
      const view = views.get(id);
      const ids = groups.get(id);
      const group = ids && { counts: countsOf(ids, views), total: ids.length };
      const what = ids
        ? whatOf(tasks.get(ids[0] ?? ''), undefined)
        : whatOf(specOf(id, tasks, below), view);
      const within = inside.get(id);
      const own = { what, chosen: id === selected, critical: chain.has(id) };
      const text = JSON.stringify([box, own, group, within?.hidden, within?.shape.ids.length]);
      const before = kept.get(id);
      const children = within?.shape.ids.flatMap(drawn) ?? [];
      if (before && before.view === view && before.text === text) return [before.node, ...children];
      const { x, y, width, height } = box;
      const parentId = containerOf(id);
      const place = {
        ...{ id, position: { x, y }, width, height },
        ...(parentId === undefined ? {} : { parentId }),
      };
      const data = { ...own, id, name: id.slice(id.lastIndexOf('/') + 1), view, down: DOWN };
      const node: Drawn = within
        ? {
            ...{ ...place, type: 'frame' },
            data: { ...data, hidden: within.hidden, shown: within.shape.ids.length, onFold: close },
          }
        : {
            ...{ ...place, type: 'task' },
            data: {
              ...{ ...data, ...(group ? { group } : {}) },
              ...(isUnfoldable(view) ? { onUnfold: open } : {}),
            },
          };
      kept.set(id, { text, view, node });
      return [node, ...children];
    };
    return shape.ids.flatMap(drawn);
  }, [shape, groups, inside, boxes, insides, tasks, selected, chain, kept, open, close]);
}

/** Items that a browser takes in one go. */
const TOO_MANY = 2_000;

/** What has begun, and is not so large that nobody would see anything. */
function isUnfoldable(view: NodeView | undefined): boolean {
  if (!view?.startedAt || (view.kind !== 'map' && view.kind !== 'graph')) return false;
  const ended = Object.values(view.below?.counts ?? {}).reduce((sum, count) => sum + count, 0);
  return Math.max(ended, view.progress?.total ?? 0) <= TOO_MANY;
}

/** The same two calls for as long as the picture is there: a node that has not changed is not drawn anew. */
function useStable(onUnfold: Drawing['onUnfold']) {
  const latest = useRef(onUnfold);
  useEffect(() => {
    latest.current = onUnfold;
  });
  const [calls] = useState(
    () =>
      [
        (id: string) => latest.current(id, true),
        (id: string) => latest.current(id, false),
      ] as const,
  );
  return calls;
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
