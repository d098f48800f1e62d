/** One execution, live. Comes back after a loss, later each time, and stops once the execution has ended. */
import { useEffect, useState } from 'react';
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
  const [state, setState] = useState<{ of: string; watched: Watched }>({
    of: executionId,
    watched: NOTHING,
  });
  useEffect(() => {
    const control = new AbortController();
    const set = (change: (before: Watched) => Watched) => {
      if (control.signal.aborted) return;
      setState(({ of, watched }) => ({
        of: executionId,
        watched: change(of === executionId ? watched : NOTHING),
      }));
    };
    void follow(executionId, set, control.signal);
    return () => control.abort();
  }, [executionId]);
  return state.of === executionId ? state.watched : NOTHING;
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
