/** Settings: options given in code, then `TEMPOGRAPH_*` in the environment, then defaults. */
import { availableParallelism } from 'node:os';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { z } from 'zod';
import { parseBlobUrl, type Bucket } from './domain/blob-url.js';
import type { CircuitSettingsSchema } from './domain/circuit.js';
import { type CircuitSettings } from './domain/circuit.js';
import type { Oidc, OidcOptions } from './domain/oidc.js';
import type { Hook, HookOptions } from './domain/hook.js';
import type { Sink, SinkOptions } from './domain/sink.js';
import type { RunnerChoice } from './domain/choose-runner.js';
import type { RunnerSettings } from './domain/runner-settings.js';
import type { Duration } from './domain/duration.js';
import type {
  Limits,
  ProgramKind,
  ResourcesSchema,
  Runtime,
  SecurityLevel,
} from './domain/program.js';
import { TaskError } from './domain/errors.js';
import type { TaskOptions, TaskOptionsInput } from './domain/spec.js';
import { LIMIT_MOST } from './domain/limit.js';
import type { WarmWish } from './domain/warm-plan.js';
import { variableOf, type SettingName } from './setting-names.js';
import {
  circuits,
  images,
  limits,
  logLevel,
  maxResources,
  metricsAddress,
  mounts,
  networks,
  oidc,
  programs,
  atLeast,
  webhooks,
  publicUrl,
  serverWaits,
  sinks,
  spareCpus,
  stopGrace,
  targetLoad,
  taskDefaults,
  variables,
  warm,
  warmBudget,
  whole,
  yesOrNo,
  type LoadTarget,
  type LogLevel,
} from './setting-values.js';

/** Settings of engines and workers; each has a variable of the environment, which an option overrides. */
export interface Settings {
  /** Folder of the store, and of values that are too large for a history, where nothing else is said. Default `./.tempograph`. */
  dataDir?: string;
  /** Options of every task that nobody else says: weaker than a definition's, stronger than the library's. */
  defaults?: TaskOptionsInput;
  /** Default `tempograph`. */
  taskQueue?: string;
  /** Folder of pipelines that are run by name. Default `./templates`; those of this package stand behind it. */
  templatesDir?: string;
  /** Names of the worker's environment that inputs may read, as `${{ env.NAME }}`. Default none. */
  env?: readonly string[];
  /**
   * Folder with a file for each secret that inputs may name, as `${{ secrets.NAME }}`; such as `/run/secrets`. Variables
   * `TEMPOGRAPH_SECRET_<NAME>` of the worker's environment come before it. Default none.
   */
  secretsDir?: string;
  /** Waits before a retry up to this are the server's, longer ones the workflow's; 'always' leaves all to the server. Default 60 s. */
  serverWaits?: Duration;
  /** Nodes that one run of a graph's history takes before it is split into segments. Default 4,000. */
  maxNodesPerRun?: number;
  /** History events after which the coordinator of a split graph continues as new. Default 8,000. */
  coordinatorEvents?: number;
  /** Largest output of a node, in bytes of JSON. Default 32 MiB. */
  maxOutputBytes?: number;
  /** Largest artifact, in bytes. Default 256 MiB. */
  maxArtifactBytes?: number;
  /** Attempts that run at once in threads of this worker. Default: CPUs − 1, at least 1. */
  maxThreads?: number;
  /** Attempts that run at once in processes of this worker. Default: CPUs − 1, at least 1. */
  maxProcesses?: number;
  /** JavaScript heap of each thread or process, in megabytes. Default 512. */
  isolatedMemoryMb?: number;
  /** Kinds of programs that this worker runs: process, container, faas. Default: those that its host can. */
  programs?: readonly ProgramKind[];
  /** Handlers may run in the worker's own process, where nothing else is said. Default true. All workers of a queue need the same. */
  inProcess?: boolean;
  /** Functions may be asked. Default true. All workers of a queue need the same. */
  faas?: boolean;
  /** Programs of one kind that run at once in this worker. Default: four for each CPU. */
  maxPrograms?: number;
  /**
   * Holds back sandboxes and containers while this machine is busy: no further one begins above these parts of its CPUs
   * and its memory (each above 0, at most 1; 1 where it is not said). One of each kind always may. In the environment
   * `{"cpu":0.9,"memory":0.8}`. Default: only `maxPrograms` counts.
   */
  targetLoad?: Partial<LoadTarget>;
  /**
   * The most that a program of this worker may ask for, as `resources`. Default: the machine's CPUs and memory, 64Gi of
   * disk, 4,096 processes, 64Mi of logs.
   */
  maxResources?: z.input<typeof ResourcesSchema>;
  /**
   * Sandboxes that wait for programs with a runtime, beside those for the three kinds used most: so many (default 1) for
   * each of these, with the limits, the level and the preloaded modules that the programs have. In the environment
   * `python,java:2` or `python+numpy`. Default none.
   */
  warm?: readonly {
    runtime: Runtime;
    count?: number;
    resources?: z.input<typeof ResourcesSchema>;
    level?: SecurityLevel;
    preload?: readonly string[];
  }[];
  /**
   * Memory for sandboxes that wait, each counted with all that it may use: bytes, `512Mi`, or a fraction of the machine's,
   * `0.1` or `10%`. Default 10%; 0 for none, and then every program is started cold.
   */
  warmBudget?: number | string;
  /** Path within the hierarchies of control groups below which programs get theirs. Default: the worker's own group. */
  cgroupParent?: string;
  /** Where Docker or Podman listens: `unix:///run/podman/podman.sock`. Default: DOCKER_HOST, else the usual sockets. */
  containerEngine?: string;
  /** An OCI runtime that the engine knows, such as `runsc`. Default: the engine's own. */
  containerRuntime?: string;
  /** Folders of the engine's host that containers may mount: `/data`, or `/data:rw` where they may write. Default none. */
  containerMounts?: readonly string[];
  /**
   * Networks of the engine that containers may join, by name: `bridge`, or such as you have made. Nothing on them is
   * filtered: see docs/isolation.md. Default none.
   */
  containerNetworks?: readonly string[];
  /** Images for code that runs in a container, by runtime: `{ python: 'python:3.13-slim' }`. */
  images?: Readonly<Partial<Record<Runtime, string>>>;
  /** Time that a handler in a thread or process gets between being asked to stop and being ended. Default 2 s. */
  stopGrace?: Duration;
  /**
   * Attempts that a worker which decides what begins takes for itself at once, as far as it has slots free and the server
   * lets it (`system.enableActivityEagerExecution`); all others, and every further attempt, go by the queue, which spreads
   * them over workers. Default: as many as run at once, 100; 0 for none.
   */
  eagerActivities?: number;
  /**
   * Executions of a project that run at once: graphs, lone tasks and items of batches, over all workers; those that are
   * too many wait as PENDING. Default: no limit. All workers of a queue need the same.
   */
  maxConcurrentExecutions?: number;
  /** Limits by key, for tasks that name a key without saying its `max`. */
  limits?: Readonly<Record<string, { max: number }>>;
  /** Circuits by name, for tasks that name one without defining it. */
  circuits?: Readonly<Record<string, z.input<typeof CircuitSettingsSchema>>>;
  /** Who is told what happens to executions, by HTTP, in a chat, by mail: by one of the workers that have them. Needs the store. */
  sinks?: readonly SinkOptions[];
  /** Webhooks that the HTTP API takes: each starts a pipeline or answers an approval. Default: none. */
  webhooks?: readonly HookOptions[];
  /** Who may call over HTTP with a token of an issuer of OpenID Connect, beside those with API keys. Default: nobody. */
  oidc?: OidcOptions;
  /** Where people see the page, for links in what they are told: `https://tempograph.example.com`. Default: no links. */
  publicUrl?: string;
  /**
   * The store: `sqlite:<path>`, a path, `postgres://…`, or `none`. Default: `store.db` in the data folder.
   */
  storeUrl?: string;
  /**
   * Bucket of values that are too large for a history: `s3://<bucket>/<prefix>`, and `?endpoint=https://…` for a store that
   * is not AWS. Default: the folder `blobs` in the data folder, which all workers then have to share.
   */
  blobUrl?: string;
  /** How often workers look for what the store has missed; one of them does. Default 30 s, at least 1 s. */
  reconcileInterval?: Duration;
  logLevel?: LogLevel;
  /** Lines of its log that an attempt has stored; 0 stores none. Default 10,000. */
  maxLogLines?: number;
  /** Characters of all of these together. Default 4 MiB. */
  maxLogBytes?: number;
  /** How long log lines stay in the store. Default 14 days, at least a minute. */
  logRetention?: Duration;
  /** `host:port` where this process serves metrics for Prometheus, at `/metrics`. Default: none. */
  metricsAddress?: string;
}

export { SETTING_NAMES } from './setting-names.js';
export { LOG_LEVELS, type LoadTarget, type LogLevel } from './setting-values.js';

export interface ResolvedSettings extends RunnerSettings {
  dataDir: string;
  defaults: TaskOptions;
  taskQueue: string;
  templatesDir: string;
  env: readonly string[];
  /** Null: there is none. */
  secretsDir: string | null;
  serverWaitsMs: number;
  maxNodesPerRun: number;
  coordinatorEvents: number;
  maxOutputBytes: number;
  maxArtifactBytes: number;
  maxResources: Limits;
  /** Null: places alone count. */
  targetLoad: LoadTarget | null;
  /** What the workers may; what they have is for each to find out. */
  runners: Pick<RunnerChoice, 'inProcess' | 'faas'>;
  /** Null: as many as the worker has slots. */
  eagerActivities: number | null;
  /** Null: none. */
  maxConcurrentExecutions: number | null;
  limits: Readonly<Record<string, { max: number }>>;
  circuits: Readonly<Record<string, CircuitSettings>>;
  sinks: readonly Sink[];
  webhooks: readonly Hook[];
  /** Null: only API keys are taken. */
  oidc: Oidc | null;
  /** Without a slash at the end. Null: nobody said. */
  publicUrl: string | null;
  /** How often a worker looks for what the store has missed. */
  reconcileMs: number;
  /** Null: none is wanted. */
  storeUrl: string | null;
  /** Null: the folder `blobs` in `dataDir`. */
  bucket: Bucket | null;
  /** The store was named, not only taken by default. */
  storeNamed: boolean;
  logLevel: LogLevel;
  maxLogLines: number;
  maxLogBytes: number;
  logRetentionMs: number;
  /** Null: metrics are not served. */
  metricsAddress: string | null;
}

/** The version of this package; package.json lies one folder up, from the sources and from what is built of them. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/**
 * The settings in force.
 *
 * @param env where `TEMPOGRAPH_DATA_DIR`, `TEMPOGRAPH_TASK_QUEUE`, `TEMPOGRAPH_SERVER_WAITS`, `TEMPOGRAPH_LOG_LEVEL` … are read
 * @throws TaskError CONFIGURATION naming the setting, its variable where that was read, its value (not of what may hold
 *   secrets) and what was expected
 */
export function resolveSettings(
  given: Settings = {},
  env: NodeJS.ProcessEnv = process.env,
): ResolvedSettings {
  const read = <T>(name: SettingName, parse: (value: unknown) => T, fallback: T): T => {
    const inCode = given[name] ?? undefined;
    if (inCode !== undefined) return parse(inCode);
    const variable = variableOf(name);
    const text = env[variable] ?? '';
    return text === '' ? fallback : ofVariable(variable, () => parse(text));
  };
  const dataDir = resolve(read('dataDir', String, '.tempograph'));
  const named = read<string | undefined>('storeUrl', String, env['DATABASE_URL']);
  return {
    dataDir,
    storeUrl: named === 'none' ? null : (named ?? `sqlite:${dataDir}/store.db`),
    storeNamed: named !== undefined,
    bucket: read<Bucket | null>('blobUrl', parseBlobUrl, null),
    reconcileMs: read('reconcileInterval', atLeast('reconcileInterval', 1_000), 30_000),
    defaults: read('defaults', taskDefaults, {}),
    taskQueue: read('taskQueue', String, 'tempograph'),
    templatesDir: resolve(read('templatesDir', String, 'templates')),
    env: read('env', variables, []),
    secretsDir: read<string | null>('secretsDir', (value) => resolve(String(value)), null),
    serverWaitsMs: read('serverWaits', serverWaits, 60_000),
    maxNodesPerRun: read('maxNodesPerRun', whole('maxNodesPerRun', 1, 10_000), 4_000),
    coordinatorEvents: read('coordinatorEvents', whole('coordinatorEvents', 50, 40_000), 8_000),
    maxOutputBytes: read('maxOutputBytes', whole('maxOutputBytes', 1_024, 2 ** 30), 32 * 2 ** 20),
    maxArtifactBytes: read(
      'maxArtifactBytes',
      whole('maxArtifactBytes', 1_024, 2 ** 40),
      256 * 2 ** 20,
    ),
    maxThreads: read('maxThreads', whole('maxThreads', 1, 1_000), spareCpus()),
    maxProcesses: read('maxProcesses', whole('maxProcesses', 1, 1_000), spareCpus()),
    isolatedMemoryMb: read('isolatedMemoryMb', whole('isolatedMemoryMb', 16, 2 ** 20), 512),
    programs: read<readonly ProgramKind[] | null>('programs', programs, null),
    runners: {
      inProcess: read('inProcess', yesOrNo('inProcess'), true),
      faas: read('faas', yesOrNo('faas'), true),
    },
    maxPrograms: read(
      'maxPrograms',
      whole('maxPrograms', 1, 512), // as many users as sandboxes of one worker have
      4 * availableParallelism(),
    ),
    targetLoad: read<LoadTarget | null>('targetLoad', targetLoad, null),
    maxResources: read('maxResources', maxResources, maxResources({})),
    warm: read<readonly WarmWish[]>('warm', warm, []),
    warmBudget: read('warmBudget', warmBudget, warmBudget('10%')),
    cgroupParent: read<string | null>('cgroupParent', String, null),
    containerEngine: read<string | null>('containerEngine', String, null),
    containerRuntime: read<string | null>('containerRuntime', String, null),
    images: read('images', images, {}),
    containerMounts: read('containerMounts', mounts, []),
    containerNetworks: read('containerNetworks', networks, []),
    stopGraceMs: read('stopGrace', stopGrace, 2_000),
    eagerActivities: read<number | null>(
      'eagerActivities',
      whole('eagerActivities', 0, 10_000),
      null,
    ),
    maxConcurrentExecutions: read<number | null>(
      'maxConcurrentExecutions',
      whole('maxConcurrentExecutions', 1, LIMIT_MOST),
      null,
    ),
    limits: read('limits', limits, {}),
    circuits: read('circuits', circuits, {}),
    sinks: read('sinks', sinks, []),
    webhooks: read('webhooks', webhooks, []),
    oidc: read<Oidc | null>('oidc', oidc, null),
    publicUrl: read<string | null>('publicUrl', publicUrl, null),
    logLevel: read('logLevel', logLevel, 'info'),
    maxLogLines: read('maxLogLines', whole('maxLogLines', 0, 1_000_000), 10_000),
    maxLogBytes: read('maxLogBytes', whole('maxLogBytes', 1_024, 2 ** 30), 4 * 2 ** 20),
    logRetentionMs: read('logRetention', atLeast('logRetention', 60_000), 14 * 86_400_000),
    metricsAddress: read<string | null>('metricsAddress', metricsAddress, null),
  };
}

/** Says of a fault which variable holds it: options and variables have the same checks. */
function ofVariable<T>(variable: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof TaskError)) throw error;
    throw new TaskError(error.code, `${variable}, ${error.message}`, { cause: error });
  }
}
