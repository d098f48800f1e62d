/** The door for workers: `tempograph/worker`. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  GracefulShutdownPeriodExpiredError,
  NativeConnection,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import { BUILT_IN_TASKS } from './activities/built-in.js';
import { createActivities } from './activities/index.js';
import {
  connectOptions,
  resolveSettings,
  type ConnectOptions,
  type ResolvedSettings,
  type Settings,
} from './config.js';
import { TaskError } from './domain/errors.js';
import { parseDuration, type Duration } from './domain/duration.js';
import { TaskRegistry, type AnyTask, type Hooks } from './registry.js';
import { FileBlobStore } from './store/blob-store.js';
import { createLogger, installRuntime, type Logger } from './telemetry.js';

export { defineTask } from './registry.js';
export type {
  AnyTask,
  HookContext,
  HookExecution,
  Hooks,
  PostHook,
  PreHook,
  TaskContext,
  TaskDefinition,
} from './registry.js';
export { BUILT_IN_TASKS } from './activities/built-in.js';

export interface StartWorkerOptions extends Settings, ConnectOptions {
  /** The tasks that this worker runs, beside the built-in ones. A task of a built-in's name replaces it. */
  tasks?: Iterable<AnyTask>;
  /** Hooks around every node. */
  hooks?: Hooks;
  /** Hooks that graphs ask for by name. */
  namedHooks?: Hooks;
  /** Attempts that run at once in this worker. Default 100. */
  maxConcurrentActivities?: number;
  /** Time that running attempts get at a shutdown before their signal is aborted. Default 10 s. */
  shutdownGrace?: Duration;
  /** A connection of your own, for example a test environment's. It is not closed with the worker. */
  connection?: NativeConnection;
  /** Default: pino to standard error. */
  logger?: Logger;
  /** More options for Temporal's `Worker.create`; they win. */
  temporal?: Partial<WorkerOptions>;
}

/** A worker that runs. */
export interface RunningWorker {
  readonly taskQueue: string;
  /** Names of the tasks it runs. */
  readonly tasks: readonly string[];
  /** Resolves when the worker has stopped; rejects when it died of an error. */
  readonly stopped: Promise<void>;
  /** Stops polling, lets running attempts end within the grace, then asks them to. A second call waits for the first. */
  shutdown(): Promise<void>;
}

/**
 * Starts a worker in this process.
 *
 * @throws TaskError CONFIGURATION for a bad setting or task, UNREACHABLE when Temporal does not answer
 */
export async function startWorker(options: StartWorkerOptions = {}): Promise<RunningWorker> {
  const settings = resolveSettings(options);
  const log = options.logger ?? createLogger(settings.logLevel);
  const registry = new TaskRegistry(
    withBuiltIn(options.tasks ?? []),
    options.hooks,
    options.namedHooks,
  );
  installRuntime(log);
  const connection = options.connection ?? (await connectWorker(options));
  const graceMs = graceOf(options);
  const close = async (): Promise<void> => {
    // Attempts that ignore their signal keep using it; it goes with the process.
    if (!options.connection) await connection.close().catch(() => undefined);
  };
  const created = Worker.create(
    workerOptions(options, settings, registry, log, connection, graceMs),
  );
  const worker = await created.catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const stopped = worker
    .run()
    .catch((error: unknown) => {
      if (!(error instanceof GracefulShutdownPeriodExpiredError)) throw error;
      log.warn('attempts that ignore ctx.signal were left behind; they run again elsewhere');
    })
    .finally(close);
  stopped.catch(() => undefined); // whoever cares awaits `stopped`
  log.info(
    { taskQueue: settings.taskQueue, tasks: registry.names },
    `worker polls ${settings.taskQueue}`,
  );
  let shutdown: Promise<void> | undefined;
  return {
    taskQueue: settings.taskQueue,
    tasks: registry.names,
    stopped,
    shutdown: () =>
      (shutdown ??= (async () => {
        if (worker.getState() === 'RUNNING') worker.shutdown();
        await stopped;
      })()),
  };
}

function graceOf({ shutdownGrace = '10s' }: StartWorkerOptions): number {
  try {
    return parseDuration(shutdownGrace);
  } catch (error) {
    throw new TaskError('CONFIGURATION', `shutdownGrace: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function withBuiltIn(tasks: Iterable<AnyTask>): AnyTask[] {
  const own = [...tasks];
  const names = new Set(own.map(({ name }) => name));
  return [...own, ...BUILT_IN_TASKS.filter(({ name }) => !names.has(name))];
}

function workerOptions(
  options: StartWorkerOptions,
  settings: ResolvedSettings,
  registry: TaskRegistry,
  log: Logger,
  connection: NativeConnection,
  graceMs: number,
): WorkerOptions {
  const { namespace } = connectOptions(options);
  return {
    connection,
    namespace,
    taskQueue: settings.taskQueue,
    ...workflowSource(),
    activities: createActivities({
      registry,
      settings,
      log,
      blobs: new FileBlobStore(`${settings.dataDir}/blobs`),
    }),
    maxConcurrentActivityTaskExecutions: options.maxConcurrentActivities ?? 100,
    shutdownGraceTime: graceMs,
    // An attempt that ignores its signal would keep the process for ever.
    shutdownForceTime: graceMs + 5_000,
    // With the SDK's defaults a cancel is seen only after 80 % of the heartbeat time-out.
    maxHeartbeatThrottleInterval: '2s',
    defaultHeartbeatThrottleInterval: '2s',
    ...options.temporal,
  };
}

/** The bundle that the build made, or the sources where there is none: in tests and in development. */
export function workflowSource(): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  const bundle = fileURLToPath(new URL('./workflow-bundle.js', import.meta.url));
  if (existsSync(bundle)) return { workflowBundle: { codePath: bundle } };
  const source = ['./workflows/index.js', './workflows/index.ts'].map((file) =>
    fileURLToPath(new URL(file, import.meta.url)),
  );
  return { workflowsPath: source.find((file) => existsSync(file)) ?? String(source[0]) };
}

async function connectWorker(options: ConnectOptions): Promise<NativeConnection> {
  const { namespace: _namespace, address, ...rest } = connectOptions(options);
  try {
    return await NativeConnection.connect({ address, ...rest });
  } catch (error) {
    throw unreachable(address, error);
  }
}

/** The error for a Temporal server that does not answer. */
function unreachable(address: string, cause: unknown): TaskError {
  return new TaskError(
    'UNREACHABLE',
    `no Temporal server answers at ${address}; start one with "tempograph dev", or set TEMPORAL_ADDRESS`,
    { cause },
  );
}
