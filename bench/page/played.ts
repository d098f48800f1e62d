/** A graph of many nodes whose changes are played at an exact rate: the HTTP server and its streams are the real ones. */
import { setTimeout as wait } from 'node:timers/promises';
import type { ExecutionUpdate, TaskEngine } from '../../src/client.js';
import { startHttpServer, type HttpServer } from '../../src/http/server.js';
import { createLogger } from '../../src/telemetry.js';
import type { Status } from '../../src/domain/status.js';
import type { NodeView } from '../../src/workflows/messages.js';

export const ID = 'big-graph';
/** As `watch` looks at a running execution. */
const LOOK_MS = 300;
const WIDTH = 100;
const STARTED = new Date(Date.now() - 60_000).toISOString();
/** What a node goes through, again and again: the bench never runs out of changes. */
const COURSE = ['SCHEDULED', 'RUNNING', 'COMPLETED', 'PENDING'] as const;

export interface Played {
  server: HttpServer;
  /** So many nodes change in a second from now on. */
  play(perSecond: number): void;
}

/** In layers of 100; each node waits for two of the layer before. */
export function bigGraph(nodes: number) {
  const name = (index: number): string => `node-${String(index).padStart(4, '0')}`;
  return {
    name: ID,
    tasks: Array.from({ length: nodes }, (_, index) => ({
      id: name(index),
      task: 'echo',
      ...(index < WIDTH
        ? {}
        : {
            dependsOn: [name(index - WIDTH), name(index - WIDTH - (index % WIDTH === 0 ? -1 : 1))],
          }),
    })),
  };
}

export async function startPlayed(nodes: number): Promise<Played> {
  const graph = bigGraph(nodes);
  const views = graph.tasks.map(({ id, task }): NodeView => {
    return { id, task, status: 'PENDING', attempts: 0, maxRetries: 0 };
  });
  let rate = 0;
  const engine = {
    open: () => Promise.resolve({ watch: ({ signal }: { signal: AbortSignal }) => watch(signal) }),
    graphOf: () => Promise.resolve({ graph, params: {} }),
    getExecution: (executionId: string) => Promise.resolve(recordOf(executionId)),
    listExecutions: () => Promise.resolve({ executions: [] }),
    health: () => Promise.resolve({ ready: true, temporal: 'up', store: 'up' }),
  } as unknown as TaskEngine;

  async function* watch(signal: AbortSignal): AsyncGenerator<ExecutionUpdate> {
    yield updateOf(views, views);
    let next = 0;
    let due = 0;
    while (!signal.aborted) {
      await wait(LOOK_MS, undefined, { signal }).catch(() => undefined);
      due += (rate * LOOK_MS) / 1_000;
      const changed: NodeView[] = [];
      for (; due >= 1; due--, next++) {
        const index = next % nodes;
        const status = COURSE[Math.floor(next / nodes) % COURSE.length] ?? 'PENDING';
        const view = { ...views[index], status, attempts: 1 } as NodeView;
        views[index] = view;
        changed.push(view);
      }
      yield updateOf(views, changed);
    }
  }

  const server = await startHttpServer({
    ...{ engine, port: 0, facts: { webUi: null, namespace: 'default' } },
    ...{ logger: createLogger('error'), ratePerMinute: 1_000_000 },
  });
  return { server, play: (perSecond) => void (rate = perSecond) };
}

function updateOf(views: readonly NodeView[], changed: NodeView[]): ExecutionUpdate {
  const counts: Partial<Record<Status, number>> = {};
  for (const { status } of views) counts[status] = (counts[status] ?? 0) + 1;
  return {
    ...{ status: 'RUNNING', counts, total: views.length, startedAt: STARTED, changed },
  };
}

const recordOf = (executionId: string) => ({
  ...{ executionId, kind: 'graph', taskId: ID, project: null, sessionId: null, status: 'RUNNING' },
  ...{ reason: null, output: null, error: null, warnings: [], attempts: null, nextRetryAt: null },
  ...{ createdAt: STARTED, startedAt: STARTED, endedAt: null, durationMs: null, metadata: {} },
  ...{ workflowId: executionId, runId: 'played', tags: [], statusHistory: [] },
});
