/** Settings: options given in code, then `TEMPOGRAPH_*` in the environment, then defaults. */
import { isIPv4, isIPv6 } from 'node:net';
import { availableParallelism } from 'node:os';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadClientConnectConfig, type ClientConnectConfig } from '@temporalio/envconfig';
import { z } from 'zod';
import { CircuitSettingsSchema, type CircuitSettings } from './domain/circuit.js';
import { SinksSchema, type Sink, type SinkOptions } from './domain/sink.js';
import { parseDuration, type Duration } from './domain/duration.js';
import { TaskError } from './domain/errors.js';
import { LATE_NAME } from './domain/late-values.js';
import { PROGRAM_KINDS, type ProgramKind } from './domain/program.js';
import { LIMIT_MOST } from './domain/limit.js';

export interface Settings {
  /** Folder of values that are too large for a history. Default `./.tempograph`. */
  dataDir?: string;
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
  /** Time that a handler in a thread or process gets between being asked to stop and being ended. Default 2 s. */
  stopGrace?: Duration;
  /**
   * Executions of a project that run at once: graphs, lone tasks and items of batches, over all workers; those that are
   * too many wait as PENDING. Default: no limit. All workers of a queue need the same.
   */
  maxConcurrentExecutions?: number;
  /** Limits by key, for tasks that name a key without saying its `max`. */
  limits?: Readonly<Record<string, { max: number }>>;
  /** Circuits by name, for tasks that name one without defining it. */
  circuits?: Readonly<Record<string, z.input<typeof CircuitSettingsSchema>>>;
  /** Addresses that are told what happens to executions: by a worker that has them, one at a time. Needs the store. */
  sinks?: readonly SinkOptions[];
  /**
   * The store: `sqlite:<path>`, a path, `postgres://…`, or `none`. Default: `store.db` in the data folder.
   */
  storeUrl?: string;
  /** How often workers look for what the store has missed; one of them does. Default 30 s, at least 1 s. */
  reconcileInterval?: Duration;
  logLevel?: LogLevel;
  /** `host:port` where this process serves metrics for Prometheus, at `/metrics`. Default: none. */
  metricsAddress?: string;
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface ResolvedSettings {
  dataDir: string;
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
  maxThreads: number;
  maxProcesses: number;
  isolatedMemoryMb: number;
  stopGraceMs: number;
  /** Null: whatever the host can. */
  programs: readonly ProgramKind[] | null;
  /** Null: none. */
  maxConcurrentExecutions: number | null;
  limits: Readonly<Record<string, { max: number }>>;
  circuits: Readonly<Record<string, CircuitSettings>>;
  sinks: readonly Sink[];
  /** How often a worker looks for what the store has missed. */
  reconcileMs: number;
  /** Null: none is wanted. */
  storeUrl: string | null;
  /** The store was named, not only taken by default. */
  storeNamed: boolean;
  logLevel: LogLevel;
  /** Null: metrics are not served. */
  metricsAddress: string | null;
}

/** The version of this package; package.json lies one folder up, from the sources and from what is built of them. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Longer than any wait: the server keeps all of them. */
const ALWAYS_MS = 366 * 86_400_000;

const whole = (name: string, least: number, most: number) => (value: unknown) => {
  const parsed = z.coerce.number().int().min(least).max(most).safeParse(value);
  if (parsed.success) return parsed.data;
  throw new TaskError(
    'CONFIGURATION',
    `${name}: expected a whole number from ${least} to ${most}, got ${JSON.stringify(value)}`,
  );
};

/**
 * The settings in force.
 *
 * @param env where `TEMPOGRAPH_DATA_DIR`, `TEMPOGRAPH_TASK_QUEUE`, `TEMPOGRAPH_SERVER_WAITS`, `TEMPOGRAPH_LOG_LEVEL` … are read
 * @throws TaskError CONFIGURATION naming the setting, its value and what was expected
 */
export function resolveSettings(
  given: Settings = {},
  env: NodeJS.ProcessEnv = process.env,
): ResolvedSettings {
  const read = <T>(
    name: keyof Settings,
    variable: string,
    parse: (value: unknown) => T,
    fallback: T,
  ): T => {
    const value = given[name] ?? (env[variable] === '' ? undefined : env[variable]);
    return value === undefined ? fallback : parse(value);
  };
  const dataDir = resolve(read('dataDir', 'TEMPOGRAPH_DATA_DIR', String, '.tempograph'));
  const named = read<string | undefined>(
    'storeUrl',
    'TEMPOGRAPH_STORE_URL',
    String,
    env['DATABASE_URL'],
  );
  return {
    dataDir,
    storeUrl: named === 'none' ? null : (named ?? `sqlite:${dataDir}/store.db`),
    storeNamed: named !== undefined,
    reconcileMs: read(
      'reconcileInterval',
      'TEMPOGRAPH_RECONCILE_INTERVAL',
      reconcileInterval,
      30_000,
    ),
    taskQueue: read('taskQueue', 'TEMPOGRAPH_TASK_QUEUE', String, 'tempograph'),
    templatesDir: resolve(read('templatesDir', 'TEMPOGRAPH_TEMPLATES_DIR', String, 'templates')),
    env: read('env', 'TEMPOGRAPH_ENV', variables, []),
    secretsDir: read<string | null>(
      'secretsDir',
      'TEMPOGRAPH_SECRETS_DIR',
      (value) => resolve(String(value)),
      null,
    ),
    serverWaitsMs: read('serverWaits', 'TEMPOGRAPH_SERVER_WAITS', serverWaits, 60_000),
    maxNodesPerRun: read(
      'maxNodesPerRun',
      'TEMPOGRAPH_MAX_NODES_PER_RUN',
      whole('maxNodesPerRun', 1, 10_000),
      4_000,
    ),
    coordinatorEvents: read(
      'coordinatorEvents',
      'TEMPOGRAPH_COORDINATOR_EVENTS',
      whole('coordinatorEvents', 50, 40_000),
      8_000,
    ),
    maxOutputBytes: read(
      'maxOutputBytes',
      'TEMPOGRAPH_MAX_OUTPUT_BYTES',
      whole('maxOutputBytes', 1_024, 2 ** 30),
      32 * 2 ** 20,
    ),
    maxArtifactBytes: read(
      'maxArtifactBytes',
      'TEMPOGRAPH_MAX_ARTIFACT_BYTES',
      whole('maxArtifactBytes', 1_024, 2 ** 40),
      256 * 2 ** 20,
    ),
    maxThreads: read(
      'maxThreads',
      'TEMPOGRAPH_MAX_THREADS',
      whole('maxThreads', 1, 1_000),
      spareCpus(),
    ),
    maxProcesses: read(
      'maxProcesses',
      'TEMPOGRAPH_MAX_PROCESSES',
      whole('maxProcesses', 1, 1_000),
      spareCpus(),
    ),
    isolatedMemoryMb: read(
      'isolatedMemoryMb',
      'TEMPOGRAPH_ISOLATED_MEMORY_MB',
      whole('isolatedMemoryMb', 16, 2 ** 20),
      512,
    ),
    programs: read<readonly ProgramKind[] | null>(
      'programs',
      'TEMPOGRAPH_PROGRAMS',
      programs,
      null,
    ),
    stopGraceMs: read('stopGrace', 'TEMPOGRAPH_STOP_GRACE', stopGrace, 2_000),
    maxConcurrentExecutions: read<number | null>(
      'maxConcurrentExecutions',
      'TEMPOGRAPH_MAX_CONCURRENT_EXECUTIONS',
      whole('maxConcurrentExecutions', 1, LIMIT_MOST),
      null,
    ),
    limits: read('limits', 'TEMPOGRAPH_LIMITS', limits, {}),
    circuits: read('circuits', 'TEMPOGRAPH_CIRCUITS', circuits, {}),
    sinks: read('sinks', 'TEMPOGRAPH_SINKS', sinks, []),
    logLevel: read('logLevel', 'TEMPOGRAPH_LOG_LEVEL', logLevel, 'info'),
    metricsAddress: read<string | null>(
      'metricsAddress',
      'TEMPOGRAPH_METRICS_ADDRESS',
      metricsAddress,
      null,
    ),
  };
}

/** In the environment: `REGION,STAGE`. */
function variables(value: unknown): string[] {
  const names =
    typeof value === 'string'
      ? value.split(',').map((name) => name.trim())
      : Array.isArray(value)
        ? (value as unknown[])
        : [value];
  const wrong = names.find((name) => typeof name !== 'string' || !LATE_NAME.test(name));
  if (wrong === undefined) return names as string[];
  throw new TaskError(
    'CONFIGURATION',
    `env: expected names of environment variables, such as REGION,STAGE, got ${JSON.stringify(wrong)}`,
  );
}

function serverWaits(value: unknown): number {
  if (value === 'always') return ALWAYS_MS;
  try {
    return parseDuration(typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value);
  } catch (error) {
    throw new TaskError('CONFIGURATION', `serverWaits: ${(error as Error).message}, or "always"`);
  }
}

function reconcileInterval(value: unknown): number {
  try {
    return Math.max(1_000, parseDuration(value));
  } catch (error) {
    throw new TaskError('CONFIGURATION', `reconcileInterval: ${(error as Error).message}`);
  }
}

function stopGrace(value: unknown): number {
  try {
    return parseDuration(typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value);
  } catch (error) {
    throw new TaskError('CONFIGURATION', `stopGrace: ${(error as Error).message}`);
  }
}

/** In the environment: `db=3,api=10`. */
function limits(value: unknown): Record<string, { max: number }> {
  const pairs =
    typeof value === 'string'
      ? value.split(',').map((pair) => [pair.replace(/=[^=]*$/, ''), /[^=]*$/.exec(pair)?.[0]])
      : Object.entries(value as object).map(([key, one]) => [key, (one as { max?: unknown }).max]);
  return Object.fromEntries(
    pairs.map(([key, max]) => [
      String(key).trim(),
      { max: whole(`limits: max of ${JSON.stringify(key)}`, 1, LIMIT_MOST)(max) },
    ]),
  );
}

/** In the environment: JSON, `{"crm":{"failures":3}}`. */
function circuits(value: unknown): Record<string, CircuitSettings> {
  const parsed = z.record(z.string(), CircuitSettingsSchema).safeParse(fromJson(value));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = ['circuits', ...(issue?.path ?? []).map(String)].join('.');
  throw new TaskError(
    'CONFIGURATION',
    `${place}: ${issue?.message ?? 'expected { name: { failures, window, openFor, probes, minCalls } }'}`,
  );
}

/** In the environment: JSON, `[{"name":"ops","url":"https://…"}]`. A message never shows a secret. */
function sinks(value: unknown): Sink[] {
  const parsed = SinksSchema.safeParse(fromJson(value));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = ['sinks', ...(issue?.path ?? []).map(String)].join('.');
  throw new TaskError(
    'CONFIGURATION',
    `${place}: ${issue?.message ?? 'expected [{ name, url, secret, events, project, format }]'}`,
  );
}

function fromJson(value: unknown): unknown {
  try {
    return typeof value === 'string' ? (JSON.parse(value) as unknown) : value;
  } catch {
    return value;
  }
}

const spareCpus = (): number => Math.max(1, availableParallelism() - 1);

function logLevel(value: unknown): LogLevel {
  const known = LOG_LEVELS.find((level) => level === value);
  if (known) return known;
  throw new TaskError(
    'CONFIGURATION',
    `logLevel: expected one of ${LOG_LEVELS.join(', ')}, got ${JSON.stringify(value)}`,
  );
}

/** A list, or in the environment `process,faas`; `none` for none. */
function programs(value: unknown): readonly ProgramKind[] {
  const names = typeof value === 'string' ? value.split(',').map((name) => name.trim()) : value;
  const list = Array.isArray(names) && names.join() === 'none' ? [] : names;
  const parsed = z.array(z.enum(PROGRAM_KINDS)).safeParse(list);
  if (parsed.success) return parsed.data;
  throw new TaskError(
    'CONFIGURATION',
    `programs: expected a list of ${PROGRAM_KINDS.join(', ')}, or none, got ${JSON.stringify(value)}`,
  );
}

/** An IPv4 or IPv6 address: Temporal's runtime resolves no names, except that everybody knows `localhost`. */
function metricsAddress(value: unknown): string {
  const address = String(value).replace(/^localhost:/, '127.0.0.1:');
  const [, four, six, port] = /^(?:([\d.]+)|\[(.+)\]):(\d{1,5})$/.exec(address) ?? [];
  const host = four === undefined ? isIPv6(six ?? '') : isIPv4(four);
  if (host && Number(port) <= 65_535) return address;
  throw new TaskError(
    'CONFIGURATION',
    `metricsAddress: expected <IP address>:<port> such as 127.0.0.1:9464, got ${JSON.stringify(value)}`,
  );
}

export interface ConnectOptions {
  /** `host:port`. Default: `TEMPORAL_ADDRESS`, the profile's, else `127.0.0.1:7233`. */
  address?: string;
  /** Default: `TEMPORAL_NAMESPACE`, the profile's, else `default`. */
  namespace?: string;
  /** A profile of Temporal's configuration file. */
  profile?: string;
}

export interface ResolvedConnect {
  address: string;
  namespace: string;
  tls?: Exclude<ClientConnectConfig['connectionOptions']['tls'], undefined>;
  apiKey?: string;
  metadata?: Record<string, string>;
}

/** Where Temporal is: options, then the TEMPORAL_* environment and configuration file. */
export function connectOptions({
  address,
  namespace,
  profile,
}: ConnectOptions = {}): ResolvedConnect {
  const loaded = loadConnect(profile);
  const { tls, apiKey, metadata } = loaded.connectionOptions;
  return {
    address: address ?? loaded.connectionOptions.address ?? '127.0.0.1:7233',
    namespace: namespace ?? loaded.namespace ?? 'default',
    ...(tls === undefined ? {} : { tls }),
    ...(typeof apiKey === 'string' ? { apiKey } : {}),
    ...(metadata === undefined ? {} : { metadata: metadata as Record<string, string> }),
  };
}

/** @throws TaskError CONFIGURATION for a profile that is not there or a file that cannot be read */
function loadConnect(profile: string | undefined): ClientConnectConfig {
  try {
    return loadClientConnectConfig(profile === undefined ? {} : { profile });
  } catch (error) {
    throw new TaskError('CONFIGURATION', `Temporal's configuration: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
