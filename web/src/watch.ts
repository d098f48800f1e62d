/** Executions, live. Each comes back after a loss, later each time, and stops once it has ended. */
import { useEffect, useMemo, useState } from 'react';
import type { ExecutionUpdate } from '../../src/client/handle.js';
import type { NodeView } from '../../src/workflows/messages.js';
import { api, type Problem } from './api.js';
import { asProblem } from './poll.js';
import { events, pause } from './sse.js';
import { isTerminal } from './status.js';

export interface Watched {
  update: ExecutionUpdate | undefined;
  nodes: ReadonlyMap<string, NodeView>;
  problem: Problem | undefined;
  connected: boolean;
}

const NOTHING: Watched = {
  update: undefined,
  nodes: new Map(),
  problem: undefined,
  connected: false,
};
const FIRST_WAIT_MS = 500;
const LAST_WAIT_MS = 15_000;

export function useWatch(executionId: string): Watched {
  return useWatches([executionId]).get(executionId) ?? NOTHING;
}

/** Those that are asked for; one that is no more is left. The same object until one of them changes. */
export function useWatches(ids: readonly string[]): ReadonlyMap<string, Watched> {
  const [all, setAll] = useState<ReadonlyMap<string, Watched>>(new Map());
  const [running] = useState(() => new Map<string, AbortController>());
  const key = JSON.stringify(ids);
  useEffect(() => {
    const wanted = new Set(JSON.parse(key) as string[]);
    for (const [id, control] of running)
      if (!wanted.has(id)) {
        control.abort();
        running.delete(id);
        setAll((before) => new Map([...before].filter(([one]) => one !== id)));
      }
    for (const id of wanted) {
      if (running.has(id)) continue;
      const control = new AbortController();
      running.set(id, control);
      const set = (change: (before: Watched) => Watched) => {
        if (control.signal.aborted) return;
        setAll((before) => new Map(before).set(id, change(before.get(id) ?? NOTHING)));
      };
      void follow(id, set, control.signal);
    }
  }, [key, running]);
  useEffect(
    () => () => {
      for (const control of running.values()) control.abort();
      running.clear();
    },
    [running],
  );
  return useMemo(() => {
    const wanted = new Set(JSON.parse(key) as string[]);
    return new Map([...all].filter(([id]) => wanted.has(id)));
  }, [all, key]);
}

async function follow(
  executionId: string,
  set: (change: (before: Watched) => Watched) => void,
  signal: AbortSignal,
): Promise<void> {
  let waitMs = FIRST_WAIT_MS;
  let ended = false;
  while (!signal.aborted && !ended) {
    try {
      const answer = await api.watch(executionId, signal);
      for await (const { event, data } of events(answer)) {
        if (event !== 'update') continue;
        waitMs = FIRST_WAIT_MS;
        const update = JSON.parse(data) as ExecutionUpdate;
        ended = isTerminal(update.status);
        set((before) => ({
          ...{ update, connected: true, problem: undefined },
          nodes: merged(before.nodes, update.changed),
        }));
      }
    } catch (error) {
      if (signal.aborted) return;
      const problem = asProblem(error);
      set((before) => ({ ...before, problem, connected: false }));
      // What is not there, or not ours to see, does not come by waiting.
      if (problem.status >= 400 && problem.status < 500 && problem.status !== 429) return;
    }
    if (ended) return;
    set((before) => ({ ...before, connected: false }));
    await pause(waitMs, signal);
    waitMs = Math.min(waitMs * 2, LAST_WAIT_MS);
  }
}

function merged(
  before: ReadonlyMap<string, NodeView>,
  changed: readonly NodeView[],
): ReadonlyMap<string, NodeView> {
  if (changed.length === 0) return before;
  const nodes = new Map(before);
  for (const view of changed) nodes.set(view.id, view);
  return nodes;
}
