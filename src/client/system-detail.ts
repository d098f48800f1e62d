/** How the whole system stands: servers, workers, queues, limits, circuits, executions. */
import type { Client, Connection } from '@temporalio/client';
import { messageOf } from '../domain/errors.js';
import type { Isolation } from '../registry.js';
import type { CircuitView } from '../store/circuits.js';
import type { WorkerAnswer } from '../workflows/asks.js';
import { runnerQueue } from '../workflows/queues.js';
import type { Limits, LimitRecord } from './limits.js';
import type { References } from './references.js';
import type { StoreAccess } from './store-access.js';
import { packageVersion } from '../config.js';

/** A worker that polls the task queue. */
export interface WorkerDetail {
  identity: string;
  /** When it last asked for work, an ISO time. */
  lastSeen: string | null;
  /** What it told of itself; null when it did not answer in time. */
  detail: Omit<WorkerAnswer, 'identity'> | null;
}

export interface QueueDetail {
  /** Attempts that wait for a worker, and how many come and go in a second: the server's estimates. */
  backlog: number | null;
  backlogAgeMs: number | null;
  addedPerSecond: number | null;
  dispatchedPerSecond: number | null;
}

/** The system as it stands: its queues, workers, limits and circuits. */
export interface SystemDetail {
  versions: { tempograph: string; server: string | null };
  address: string;
  namespace: string;
  taskQueue: string;
  workers: WorkerDetail[];
  queue: QueueDetail;
  /** That queue and those of programs, with how many workers poll each. */
  queues: QueueFigures[];
  /** Executions that have not ended and that have; null without a store. */
  jobs: { open: number; closed: number } | null;
  /** How many of the workers that answered can run a task so. */
  modes: Partial<Record<Isolation, number>>;
  limits: LimitRecord[];
  /** Circuits that are known to the store. */
  circuits: CircuitView[];
  /** What could not be found out, and why. */
  warnings: string[];
}

export interface SystemParts {
  client: Client;
  address: string;
  taskQueue: string;
  references: References;
  stores: StoreAccess;
  limits: Limits;
}

/** TASK_QUEUE_TYPE_ACTIVITY */
const ACTIVITY_QUEUE = 2;
/** Whoever is free answers, so several have to be asked to hear of all. */
const ASKS_PER_WORKER = 4;
const ASKS_AT_MOST = 40;

/** A queue of the engine's, and how many workers poll it. */
export interface QueueFigures extends QueueDetail {
  queue: string;
  workers: number;
}

/** How the queues stand, without asking a worker: quick. @throws ServiceError where Temporal does not answer */
export async function queueFigures(client: Client, taskQueue: string): Promise<QueueFigures[]> {
  const programs = (['process', 'container', 'faas'] as const).map((runner) =>
    runnerQueue(taskQueue, runner),
  );
  return await Promise.all(
    [taskQueue, ...programs].map(async (name) => {
      const { namespace } = client.options;
      const { pollers, queue } = await describeQueue(
        client.connection as Connection,
        namespace,
        name,
      );
      return { queue: name, workers: pollers.length, ...queue };
    }),
  );
}

export async function systemDetail(parts: SystemParts): Promise<SystemDetail> {
  const { client, address, taskQueue, stores, limits } = parts;
  const warnings: string[] = [];
  const or = async <T>(what: string, ask: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await ask();
    } catch (error) {
      warnings.push(`${what}: ${messageOf(error)}`);
      return otherwise;
    }
  };
  const connection = client.connection as Connection;
  const { namespace } = client.options;
  const [info, queue, queues, store, used] = await Promise.all([
    or('server', () => connection.workflowService.getSystemInfo({}), undefined),
    or('task queue', () => describeQueue(connection, namespace, taskQueue), {
      pollers: [],
      queue: NO_QUEUE,
    }),
    or('queues', () => queueFigures(client, taskQueue), []),
    or('store', () => stores.get(), undefined),
    or('limits', () => limits.list(), []),
  ]);
  const workers = await or('workers', () => askWorkers(parts, queue.pollers), queue.pollers);
  const circuits = store ? await or('circuits', () => store.circuits.list(), []) : [];
  const stats = store
    ? await or('jobs', () => store.stats.getExecutionStats(), undefined)
    : undefined;
  return {
    versions: { tempograph: packageVersion(), server: info?.serverVersion ?? null },
    ...{ address, namespace, taskQueue, workers, warnings, circuits, queues },
    queue: queue.queue,
    jobs: stats ? { open: stats.active, closed: stats.total - stats.active } : null,
    modes: modesOf(workers),
    limits: used,
  };
}

const NO_QUEUE: QueueDetail = {
  backlog: null,
  backlogAgeMs: null,
  addedPerSecond: null,
  dispatchedPerSecond: null,
};

async function describeQueue(
  connection: Connection,
  namespace: string,
  name: string,
): Promise<{ pollers: WorkerDetail[]; queue: QueueDetail }> {
  const { pollers, stats } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name },
    taskQueueType: ACTIVITY_QUEUE,
    reportStats: true,
    reportPollers: true,
  });
  const age = stats?.approximateBacklogAge;
  return {
    pollers: (pollers ?? []).map(({ identity, lastAccessTime }) => ({
      identity: identity ?? '',
      lastSeen: lastAccessTime
        ? new Date(Number(lastAccessTime.seconds ?? 0) * 1_000).toISOString()
        : null,
      detail: null,
    })),
    queue: {
      backlog: stats ? Number(stats.approximateBacklogCount ?? 0) : null,
      backlogAgeMs: age ? Number(age.seconds ?? 0) * 1_000 + (age.nanos ?? 0) / 1e6 : null,
      addedPerSecond: stats?.tasksAddRate ?? null,
      dispatchedPerSecond: stats?.tasksDispatchRate ?? null,
    },
  };
}

async function askWorkers(
  { references }: SystemParts,
  pollers: readonly WorkerDetail[],
): Promise<WorkerDetail[]> {
  const known = new Map(pollers.map((worker) => [worker.identity, worker]));
  if (known.size === 0) return [];
  const silent = (): boolean => [...known.values()].some(({ detail }) => detail === null);
  const most = Math.min(ASKS_AT_MOST, known.size * ASKS_PER_WORKER);
  for (let asked = 0; asked < most && silent(); asked += known.size) {
    const answers = await Promise.all(
      [...known.keys()].map(() => references.ask({ kind: 'worker' })),
    );
    for (const { identity, ...detail } of answers) {
      const before = known.get(identity);
      known.set(identity, { identity, lastSeen: before?.lastSeen ?? null, detail });
    }
  }
  return [...known.values()];
}

function modesOf(workers: readonly WorkerDetail[]): SystemDetail['modes'] {
  const modes: SystemDetail['modes'] = {};
  for (const { detail } of workers)
    for (const { mode } of detail?.modes ?? []) modes[mode] = (modes[mode] ?? 0) + 1;
  return modes;
}
