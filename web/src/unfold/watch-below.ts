/** What runs below nodes that are unfolded, live: all of it in one stream, which is opened anew when there is other to see. */
import { useEffect, useState } from 'react';
import type { ExecutionUpdate } from '../../../src/client/handle.js';
import type { Counts, NodeView } from '../../../src/workflows/messages.js';
import type { Status } from '../../../src/domain/status.js';
import type { Problem } from '../api.js';
import { api } from '../api.js';
import { asProblem } from '../poll.js';
import { events, pause } from '../sse.js';

/** What runs below one node. */
export interface Below {
  /** Undefined: it is not there, or not yet. */
  status: Status | undefined;
  counts: Counts;
  total: number;
  nodes: ReadonlyMap<string, NodeView>;
  /** Of these the ones to draw, in their order. */
  shown: readonly string[];
}
export type Belows = ReadonlyMap<string, Below>;

type Told = ExecutionUpdate & { at: string; shown: string[] };

const NONE: Belows = new Map();
const MISSING: Below = { status: undefined, counts: {}, total: 0, nodes: new Map(), shown: [] };
const FIRST_WAIT_MS = 500;
const LAST_WAIT_MS = 15_000;

/** @param asked paths below the execution, each with how many of it are told: `render:24` */
export function useBelow(executionId: string, asked: readonly string[]): Belows {
  const [belows, setBelows] = useState(NONE);
  const key = asked.join(',');
  useEffect(() => {
    const control = new AbortController();
    const wanted = key === '' ? [] : key.split(',');
    const paths = new Set(wanted.map((one) => one.split(':')[0]));
    const set = (change: (before: Belows) => Belows) =>
      !control.signal.aborted && setBelows(change);
    set((before) => new Map([...before].filter(([path]) => paths.has(path))));
    if (wanted.length > 0) void follow(executionId, wanted, set, control.signal);
    return () => control.abort();
  }, [executionId, key]);
  return belows;
}

async function follow(
  executionId: string,
  asked: readonly string[],
  set: (change: (before: Belows) => Belows) => void,
  signal: AbortSignal,
): Promise<void> {
  let waitMs = FIRST_WAIT_MS;
  let over = false;
  while (!signal.aborted && !over) {
    try {
      const answer = await api.watchBelow(executionId, asked, signal);
      for await (const { event, data } of events(answer)) {
        const told = JSON.parse(data) as Told;
        if (event === 'missing') set((before) => new Map([[told.at, MISSING], ...before]));
        if (event === 'end') over = true;
        if (event !== 'update') continue;
        waitMs = FIRST_WAIT_MS;
        set((before) => new Map(before).set(told.at, next(before.get(told.at), told)));
      }
    } catch (error) {
      if (signal.aborted || isFinal(asProblem(error))) return;
    }
    if (!over) await pause(waitMs, signal);
    waitMs = Math.min(waitMs * 2, LAST_WAIT_MS);
  }
}

const isFinal = ({ status }: Problem): boolean => status >= 400 && status < 500 && status !== 429;

function next(before: Below | undefined, { status, counts, total, changed, shown }: Told): Below {
  const nodes = new Map(before?.nodes);
  for (const view of changed) nodes.set(view.id, view);
  return {
    ...{ status, counts, total, shown },
    nodes: new Map(shown.flatMap((id) => [...entry(id, nodes.get(id))])),
  };
}

const entry = (id: string, view: NodeView | undefined): [string, NodeView][] =>
  view ? [[id, view]] : [];
