/** Everything that the page knows of what is unfolded: the address says what, the server says how it stands. */
import { useEffect, useMemo, useState } from 'react';
import type { NodeView } from '../../../src/workflows/messages.js';
import { api, type DrawnNode, type DrawnSpec, type NodeRecord } from '../api.js';
import { usePoll } from '../poll.js';
import { isTerminal } from '../status.js';
import { executionAt, nameOf, parentOf, SHOWN, type Kind, type Open } from './open.js';
import { useBelow, type Belows } from './watch-below.js';

export interface Unfolding {
  open: Open;
  belows: Belows;
  /** Of sub-graphs, by path. */
  specs: ReadonlyMap<string, DrawnSpec>;
}

/** A map or a sub-graph; undefined: a node that nothing runs below. */
export function kindOf(view: NodeView | undefined, spec: DrawnNode | undefined): Kind | undefined {
  const kind = view?.kind ?? (spec?.map ? 'map' : spec?.graph ? 'graph' : undefined);
  return kind === 'map' || kind === 'graph' ? kind : undefined;
}

/** The view of a node at any depth, as far as it is told. */
export function viewAt(
  path: string,
  nodes: ReadonlyMap<string, NodeView>,
  belows: Belows,
): NodeView | undefined {
  const parent = parentOf(path);
  return parent === '' ? nodes.get(path) : belows.get(parent)?.nodes.get(nameOf(path));
}

export function specAt(
  path: string,
  spec: DrawnSpec,
  specs: ReadonlyMap<string, DrawnSpec>,
): DrawnNode | undefined {
  const parent = parentOf(path);
  const own = parent === '' ? spec : specs.get(parent);
  return own?.tasks?.find(({ id }) => id === nameOf(path));
}

/** Until then nothing of it runs. */
const WAITS = new Set(['PENDING', 'SCHEDULED', 'SKIPPED', 'REJECTED']);

export function useUnfolding(
  executionId: string,
  nodes: ReadonlyMap<string, NodeView>,
  open: Open,
): Unfolding {
  const [known, setKnown] = useState<Belows>(new Map());
  const asked = [...open].flatMap(([path, more]) => {
    const view = viewAt(path, nodes, known);
    const kind = kindOf(view, undefined);
    if (!view || !kind || view.reused || WAITS.has(view.status)) return [];
    return [`${path}:${more ?? SHOWN[kind]}`];
  });
  const belows = useBelow(executionId, asked);
  // What is unfolded in what is unfolded is asked for once it is known to be there.
  if (belows !== known) setKnown(belows);
  const graphs = [...belows].flatMap(([path, { status }]) =>
    status !== undefined && viewAt(path, nodes, belows)?.kind === 'graph' ? [path] : [],
  );
  const specs = useSpecs(executionId, graphs);
  return useMemo(() => ({ open, belows, specs }), [open, belows, specs]);
}

const NO_SPEC: DrawnSpec = {};

/** Each is asked for once; what has none that can be read is drawn without edges. */
function useSpecs(executionId: string, paths: readonly string[]): ReadonlyMap<string, DrawnSpec> {
  const [specs, setSpecs] = useState<ReadonlyMap<string, DrawnSpec>>(new Map());
  const missing = paths.filter((path) => !specs.has(path)).join(',');
  useEffect(() => {
    if (missing === '') return;
    const control = new AbortController();
    for (const path of missing.split(','))
      void api
        .graph(executionAt(executionId, path), control.signal)
        .catch(() => undefined)
        .then((found) => {
          if (control.signal.aborted) return;
          setSpecs((before) => new Map(before).set(path, found?.graph ?? NO_SPEC));
        });
    return () => control.abort();
  }, [executionId, missing]);
  return specs;
}

const EVERY_MS = 3_000;

/** The chosen node: as it is told, else, where it is one of many items that are not, as its record says. */
export function useChosen(
  executionId: string,
  path: string | null,
  told: NodeView | undefined,
): NodeView | undefined {
  const [ended, setEnded] = useState(false);
  const asks = path !== null && path.includes('/') && !told;
  const { data } = usePoll(
    asks ? path : '',
    async (signal) => {
      if (!asks) return undefined;
      const record = await api.node(executionAt(executionId, parentOf(path)), nameOf(path), signal);
      setEnded(isTerminal(record.status));
      return record;
    },
    asks && !ended ? EVERY_MS : null,
  );
  return told ?? (asks && data ? viewOf(nameOf(path), data) : undefined);
}

function viewOf(id: string, record: NodeRecord): NodeView {
  const { taskId, status, attempts, maxRetries, error, startedAt, endedAt } = record;
  return {
    ...{ id, task: taskId ?? '', status, attempts: attempts ?? 0, maxRetries: maxRetries ?? 0 },
    ...(error ? { error } : {}),
    ...(startedAt ? { startedAt } : {}),
    ...(endedAt ? { endedAt } : {}),
  };
}
