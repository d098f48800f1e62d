/** The door for workers: `tempograph/worker`. */
import { existsSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { IllegalStateError } from '@temporalio/common';
import {
  GracefulShutdownPeriodExpiredError,
  NativeConnection,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import { BUILT_IN_TASKS } from './activities/built-in.js';
import { WorkerCircuits } from './activities/circuits.js';
import { LateSources, type SecretProvider } from './activities/late-sources.js';
import { WorkerErrorLists } from './activities/error-lists.js';
import { watchEventLoop } from './activities/event-loop.js';
import { createActivities, type Deps } from './activities/index.js';
import { Pages } from './activities/pages.js';
import { QuickTasks } from './activities/quick-tasks.js';
import { WorkerState } from './activities/worker-state.js';
import { openRecords, type Records } from './activities/records.js';
import { resolveSettings, SETTING_NAMES, type Settings } from './config.js';
import { connectOptions, type ConnectOptions } from './connect-options.js';
import type { ErrorListVerbs } from './domain/error-kinds.js';
import { TaskError } from './domain/errors.js';
import { assertKnown } from './domain/known-names.js';
import { parseDuration, type Duration } from './domain/duration.js';
import type { Marked } from './domain/observation.js';
import { markedRow } from './observe/projection.js';
import { enterLocalWorker } from './local-workers.js';
import { warnOfMisspelt } from './misspelt-variables.js';
import { namespaceId } from './observe/store-owner.js';
import { besideWorkers, DEFAULT_SLOTS } from './beside-workers.js';
import {
  TaskRegistry,
  withUndoTasks,
  type AnyTask,
  type Isolation,
  type RegisteredTask,
} from './registry.js';
import type { Hooks } from './task-hooks.js';
import { isGuest } from './runners/guest-mark.js';
import type { ModeDetail } from './runners/runner.js';
import { RunnerSet } from './runners/runner-set.js';
import { threadHeapWarning } from './runners/thread-heap.js';
import { openBlobs, workPlaces } from './store/open-blobs.js';
import { createLogger, installRuntime, workflowLog, type Logger } from './telemetry.js';
import { Metrics } from './telemetry/metrics.js';
import { UNWATCHED } from './domain/warm-plan.js';
import { observed } from './telemetry/observed.js';
import {
  flushTraces,
  openTracing,
  UNTRACED,
  type Tracing,
  type TracingOption,
} from './telemetry/tracing.js';
import { templateGraph } from './templates/load-template.js';
import { sweepWorkFolders } from './work-folder.js';
import { limitHeapGrowth } from './worker-heap.js';
import { PRELOADED } from './workflow-modules.js';

export { defineTask } from './registry.js';
export type { AnyTask, Isolation, TaskDefinition } from './registry.js';
export type { HookContext, HookExecution, Hooks, PostHook, PreHook } from './task-hooks.js';
export type { TaskContext } from './task-context.js';
export { BUILT_IN_TASKS } from './activities/built-in.js';
export type { SecretProvider, SecretRequest } from './activities/late-sources.js';
export type { ModeDetail } from './runners/runner.js';
export type { Logger } from './telemetry.js';
export type { TracingOption } from './telemetry/tracing.js';

/** What a worker runs, where and how much at once; settings and connection as of an engine. */
export interface StartWorkerOptions extends Settings, ConnectOptions {
  /** The tasks that this worker runs, beside the built-in ones. A task of a built-in's name replaces it. */
  tasks?: Iterable<AnyTask>;
  /** Hooks around every node. */
  hooks?: Hooks;
  /** Hooks that graphs ask for by name. */
  namedHooks?: Hooks;
  /**
   * Gives the secrets that inputs name, as `${{ secrets.NAME }}`, instead of the variables `TEMPOGRAPH_SECRET_<NAME>` and
   * `secretsDir`. Asked for every attempt; nothing is kept.
   */
  secrets?: SecretProvider;
  /** Asked as a task's own `classifyError` is, of every attempt whose task has none or says nothing; of programs too. */
  classifyError?: Deps['classifyError'];
  /** Where this worker can run handlers. Default: in-process, thread and process. */
  modes?: readonly Isolation[];
  /** Attempts that run at once in this worker. Default 100. */
  maxConcurrentActivities?: number;
  /** Time that running attempts get at a shutdown before their signal is aborted. Default 10 s. */
  shutdownGrace?: Duration;
  /** A connection of your own, for example a test environment's. It is not closed with the worker. */
  connection?: NativeConnection;
  /** Default: pino to standard error. */
  logger?: Logger;
  /**
   * OpenTelemetry traces. Default: where OTEL_* in the environment ask for them, or where this process has registered a
   * tracer provider.
   */
  tracing?: TracingOption;
  /** More options for Temporal's `Worker.create`; they win. */
  temporal?: Partial<WorkerOptions>;
}

/** Options that are no settings. */
const OWN_OPTIONS = Object.keys({
  ...{ address: 1, namespace: 1, profile: 1, connection: 1, temporal: 1 },
  ...{ tasks: 1, hooks: 1, namedHooks: 1, secrets: 1, modes: 1, classifyError: 1 },
  ...{ maxConcurrentActivities: 1, shutdownGrace: 1, logger: 1, tracing: 1 },
} satisfies Record<Exclude<keyof StartWorkerOptions, keyof Settings>, 1>);

/** A worker that runs. */
export interface RunningWorker extends ErrorListVerbs {
  readonly taskQueue: string;
  /** Names of the tasks it runs. */
  readonly tasks: readonly string[];
  /** Where it can run handlers, and with what. */
  readonly modes: readonly ModeDetail[];
  /** Resolves when the worker has stopped; rejects when it died of an error. */
  readonly stopped: Promise<void>;
  /** Stops polling, lets running attempts end within the grace, then asks them to. A second call waits for the first. */
  shutdown(): Promise<void>;
}

/**
 * Starts a worker in this process.
 *
 * @throws TaskError CONFIGURATION for a bad setting, and for every task and mode that it has no
 *   runner for; UNREACHABLE when Temporal does not answer
 */
export async function startWorker(options: StartWorkerOptions = {}): Promise<RunningWorker> {
  if (isGuest())
    throw new TaskError(
      'CONFIGURATION',
      'startWorker was called in a thread or process that a worker started: it loads the module of a task, and that module starts a worker; move the task into a module of its own',
    );
  const settings = resolveSettings(options);
  assertKnown('startWorker', options, [...SETTING_NAMES, ...OWN_OPTIONS]);
  limitHeapGrowth();
  const log = options.logger ?? createLogger(settings.logLevel);
  warnOfMisspelt(process.env, (text) => log.warn(text));
  const registry = new TaskRegistry(
    withBuiltIn(options.tasks ?? []),
    options.hooks,
    options.namedHooks,
  );
  const graceMs = graceOf(options);
  const runners = new RunnerSet(registry, settings, options.modes);
  const tracing = await openTracing(options.tracing);
  installRuntime(log, settings.metricsAddress);
  let connection: NativeConnection | undefined;
  let records: Records | undefined;
  let serverId: string | undefined;
  let errorLists = new WorkerErrorLists(undefined, log);
  let unwatch = (): void => undefined;
  const close = async (): Promise<void> => {
    unwatch();
    await runners.close();
    await records?.close();
    await flushTraces();
    // Attempts that ignore their signal keep using it; it goes with the process.
    if (!options.connection) await connection?.close().catch(() => undefined);
  };
  const identity = options.temporal?.identity ?? `${process.pid}@${hostname()}`;
  const slots = options.maxConcurrentActivities ?? DEFAULT_SLOTS;
  const create = async (): Promise<Worker[]> => {
    const metrics = Metrics.open();
    const pools = { ...(metrics?.pools ?? UNWATCHED), fault: (text: string) => log.warn(text) };
    await Promise.all([runners.check(), runners.open(pools)]);
    connection = options.connection ?? (await connectWorker(options));
    const blobs = openBlobs(settings);
    void sweepLeft(settings, log);
    // A bucket that cannot be used is a fault of the settings, which is better known now than by the first large value.
    if (settings.bucket !== null) await blobs.identity();
    const client = new Client({ connection, namespace: connectOptions(options).namespace });
    serverId = await namespaceId(client);
    records = await openRecords(settings, serverId, log);
    const { store, recorder, logWriter: writer } = records ?? {};
    errorLists = new WorkerErrorLists(store, log);
    const deps: Deps = {
      state: new WorkerState(identity, slots),
      circuits: new WorkerCircuits(store, log),
      errorLists,
      graphs: (name) => templateGraph(settings.templatesDir, name),
      late: new LateSources({
        ...settings,
        ...(options.secrets ? { secrets: options.secrets } : {}),
      }),
      pages: new Pages(blobs),
      ...(options.classifyError ? { classifyError: options.classifyError } : {}),
      ...{ registry, runners, settings, log, blobs, spans: tracing?.spans ?? UNTRACED },
      ...(metrics ? { metrics } : {}),
      ...(store && recorder ? { store, recorder, quick: new QuickTasks(store.stats, log) } : {}),
      ...(writer && settings.maxLogLines > 0
        ? { lines: { writer, limits: settings, identity } }
        : {}),
    };
    records?.reconcile(client, blobs);
    unwatch = watchEventLoop({
      log,
      tasks: () =>
        deps.state.takeSeen().filter((name) => registry.get(name)?.isolation === 'in-process'),
    });
    const main = workerOptions(options, deps, connection, graceMs, tracing);
    const worker = await Worker.create(main);
    const made = [worker];
    try {
      for (const beside of besideWorkers(main, runners.programs, settings.targetLoad))
        made.push(await Worker.create(beside));
      return made;
    } catch (error) {
      const stopped = Promise.all(made.map((one) => one.run()));
      for (const one of made) one.shutdown();
      await stopped;
      throw error;
    }
  };
  const workers = await create().catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const { namespace } = connectOptions(options);
  const leave = connection
    ? enterLocalWorker({
        ...{ namespace, taskQueue: settings.taskQueue, registry, connection },
        namespaceId: serverId,
      })
    : undefined;
  const stop = (): void => {
    leave?.();
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const stopped = Promise.allSettled(workers.map((worker) => worker.run().finally(stop)))
    .then((ends) => {
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
    })
    .catch((error: unknown) => {
      if (!isLeftBehind(error)) throw error;
      log.warn('attempts that ignore ctx.signal were left behind; they run again elsewhere');
    })
    .finally(close);
  stopped.catch(() => undefined); // whoever cares awaits `stopped`
  log.info(
    { taskQueue: settings.taskQueue, tasks: registry.names },
    `worker polls ${settings.taskQueue}`,
  );
  if (settings.programs === null)
    for (const [program, lack] of Object.entries(runners.lacks))
      log.info({ program, lack }, `worker runs no ${program}: ${lack}`);
  const warning = threadHeapWarning(process.versions.node);
  if (warning !== undefined && registry.names.some((name) => isThreaded(registry.get(name))))
    log.warn(warning);
  let shutdown: Promise<void> | undefined;
  return {
    ...errorLists.verbs,
    taskQueue: settings.taskQueue,
    tasks: registry.names,
    modes: runners.modes,
    stopped,
    shutdown: () =>
      (shutdown ??= (async () => {
        stop();
        await stopped;
      })()),
  };
}

const isThreaded = (task: RegisteredTask | undefined): boolean => task?.isolation === 'thread';

/** Attempts still run: the SDK says so, or fails to close what they use, which hides that it said so. */
const isLeftBehind = (error: unknown): boolean =>
  error instanceof GracefulShutdownPeriodExpiredError ||
  (error instanceof IllegalStateError && error.message.startsWith('Worker still in use'));

function graceOf({ shutdownGrace = '10s' }: StartWorkerOptions): number {
  try {
    return parseDuration(shutdownGrace);
  } catch (error) {
    throw new TaskError('CONFIGURATION', `shutdownGrace: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Removes the copies of files that killed workers left: it may take a while, and nobody has to wait for it. */
async function sweepLeft(settings: { dataDir: string }, log: Logger): Promise<void> {
  for (const place of [tmpdir(), ...workPlaces(settings)])
    for (const folder of await sweepWorkFolders(place, Date.now()))
      log.info({ folder }, 'removed what a killed worker left of files on their way');
}

function withBuiltIn(tasks: Iterable<AnyTask>): AnyTask[] {
  const own = withUndoTasks(tasks);
  const names = new Set(own.map(({ name }) => name));
  return [...own, ...BUILT_IN_TASKS.filter(({ name }) => !names.has(name))];
}

function workerOptions(
  options: StartWorkerOptions,
  deps: Deps,
  connection: NativeConnection,
  graceMs: number,
  tracing: Tracing | undefined,
): WorkerOptions {
  const { namespace } = connectOptions(options);
  const worker: WorkerOptions = {
    connection,
    namespace,
    taskQueue: deps.settings.taskQueue,
    ...workflowSource(),
    activities: createActivities(deps),
    identity: deps.state.identity,
    // Temporal takes one or the other.
    ...(options.temporal?.tuner ? {} : { maxConcurrentActivityTaskExecutions: deps.state.slots }),
    maxEagerActivityReservationsPerWorkflowTask: deps.settings.eagerActivities ?? deps.state.slots,
    shutdownGraceTime: graceMs,
    // An attempt that ignores its signal would keep the process for ever.
    shutdownForceTime: graceMs + 5_000 + deps.settings.stopGraceMs,
    // With the SDK's defaults a cancel is seen only after 80 % of the heartbeat time-out.
    maxHeartbeatThrottleInterval: '2s',
    defaultHeartbeatThrottleInterval: '2s',
    ...options.temporal,
    sinks: { ...workflowLog(deps.log), ...options.temporal?.sinks },
  };
  const modules = [fileBeside('./workflows/interceptors')];
  const { metrics, recorder } = deps;
  const marked = (told: Marked): void => {
    const row = recorder && markedRow(told, recorder.next());
    if (row) recorder.record(row);
  };
  return observed(worker, modules, { tracing, metrics, marked });
}

/** The bundle that the build made, or the sources where there is none: in tests and in development. */
export function workflowSource(): Pick<
  WorkerOptions,
  'workflowBundle' | 'workflowsPath' | 'bundlerOptions'
> {
  const bundle = fileURLToPath(new URL('./workflow-bundle.js', import.meta.url));
  if (existsSync(bundle)) return { workflowBundle: { codePath: bundle } };
  return {
    workflowsPath: fileBeside('./workflows/index'),
    bundlerOptions: {
      preloadModules: PRELOADED.map((name) => fileBeside(`./workflows/${name}`)),
    },
  };
}

/** Compiled, or as a source. */
function fileBeside(name: string): string {
  const files = [`${name}.js`, `${name}.ts`].map((file) =>
    fileURLToPath(new URL(file, import.meta.url)),
  );
  return files.find((file) => existsSync(file)) ?? String(files[0]);
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
