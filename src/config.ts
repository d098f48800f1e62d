/** Settings: options given in code, then `TEMPOGRAPH_*` in the environment, then defaults. */
import { resolve } from 'node:path';
import { loadClientConnectConfig, type ClientConnectConfig } from '@temporalio/envconfig';
import { z } from 'zod';
import { parseDuration, type Duration } from './domain/duration.js';
import { TaskError } from './domain/errors.js';

export interface Settings {
  /** Folder of values that are too large for a history. Default `./.tempograph`. */
  dataDir?: string;
  /** Default `tempograph`. */
  taskQueue?: string;
  /** Waits before a retry up to this are the server's, longer ones the workflow's; 'always' leaves all to the server. Default 60 s. */
  serverWaits?: Duration;
  /** Nodes that one run of a graph's history takes before it is split into segments. Default 4,000. */
  maxNodesPerRun?: number;
  /** History events after which the coordinator of a split graph continues as new. Default 8,000. */
  coordinatorEvents?: number;
  /** Largest output of a node, in bytes of JSON. Default 32 MiB. */
  maxOutputBytes?: number;
  logLevel?: LogLevel;
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface ResolvedSettings {
  dataDir: string;
  taskQueue: string;
  serverWaitsMs: number;
  maxNodesPerRun: number;
  coordinatorEvents: number;
  maxOutputBytes: number;
  logLevel: LogLevel;
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
  return {
    dataDir: resolve(read('dataDir', 'TEMPOGRAPH_DATA_DIR', String, '.tempograph')),
    taskQueue: read('taskQueue', 'TEMPOGRAPH_TASK_QUEUE', String, 'tempograph'),
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
    logLevel: read('logLevel', 'TEMPOGRAPH_LOG_LEVEL', logLevel, 'info'),
  };
}

function serverWaits(value: unknown): number {
  if (value === 'always') return ALWAYS_MS;
  try {
    return parseDuration(typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value);
  } catch (error) {
    throw new TaskError('CONFIGURATION', `serverWaits: ${(error as Error).message}, or "always"`);
  }
}

function logLevel(value: unknown): LogLevel {
  const known = LOG_LEVELS.find((level) => level === value);
  if (known) return known;
  throw new TaskError(
    'CONFIGURATION',
    `logLevel: expected one of ${LOG_LEVELS.join(', ')}, got ${JSON.stringify(value)}`,
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
