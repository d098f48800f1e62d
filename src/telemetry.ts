/** Logs: one pino line for every transition, with Temporal's own messages through the same sink. */
import { IllegalStateError } from '@temporalio/common';
import { Runtime } from '@temporalio/worker';
import pino, { type Logger as PinoLogger } from 'pino';
import pinoPretty from 'pino-pretty';
import type { LogLevel } from './config.js';
import { TaskError } from './domain/errors.js';
import { HISTOGRAM_BUCKETS } from './telemetry/metric-names.js';

/** A logger of pino. */
export type Logger = PinoLogger;

/**
 * A logger to standard error: JSON lines, or readable ones in a terminal. Standard output belongs to results.
 *
 * @param destination for tests: where the lines go
 */
export function createLogger(level: LogLevel, destination?: { write(line: string): void }): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (destination) return pino(options, destination);
  if (process.stderr.isTTY) {
    return pino(
      options,
      pinoPretty({ destination: 2, colorize: true, ignore: 'pid,hostname', sync: true }),
    );
  }
  return pino(options, pino.destination({ dest: 2, sync: true }));
}

/** The levels of Temporal's `Runtime` logger. */
type TemporalLevel = 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';
type Meta = Record<string | symbol, unknown>;

/** What `Runtime.install({ logger })` takes, writing to a pino logger. */
export function temporalLogger(log: Logger) {
  const write = (level: Lowercase<TemporalLevel>) => (message: string, meta?: Meta) => {
    const demoted = demote(level, message);
    if (log.isLevelEnabled(demoted)) log[demoted](meta ? plain(meta) : {}, message);
  };
  return {
    log: (level: TemporalLevel, message: string, meta?: Meta) =>
      write(level.toLowerCase() as Lowercase<TemporalLevel>)(message, meta),
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
}

/**
 * The sink of what workflows log, for `Worker.create`: straight into this log. The runtime's logger keeps lines for up to
 * 100 ms to order them with those of Temporal's core, so that a node had ended before it was said to be scheduled.
 */
export function workflowLog(log: Logger) {
  const logger = temporalLogger(log);
  const level = (name: Lowercase<TemporalLevel>) => ({
    fn: (_info: unknown, message: string, meta?: Meta): void => logger[name](message, meta),
  });
  return {
    defaultWorkerLogger: {
      ...{ trace: level('trace'), debug: level('debug'), info: level('info') },
      ...{ warn: level('warn'), error: level('error') },
    },
  };
}

/** Temporal tells of every worker state at info; for an operator that is noise. A failed attempt is logged by us. */
function demote(level: Lowercase<TemporalLevel>, message: string): Lowercase<TemporalLevel> {
  if (
    level === 'info' &&
    /^(Worker state|No Nexus services|asset|runtime modules|modules by path|webpack|Workflow bundle|orphan)/.test(
      message,
    )
  )
    return 'debug';
  // The workers of the system's and the programs' queues run activities only.
  if (level === 'warn' && message.startsWith('No workflows registered')) return 'debug';
  if (level === 'warn' && message.startsWith('Activity failed')) return 'debug';
  if (level === 'warn' && message.startsWith('Workflow failed')) return 'debug';
  return level;
}

function plain(meta: Meta): Record<string, unknown> {
  const { executionId, nodeId, task, from, to, reason, attempt, error, ...rest } = meta;
  void rest;
  const workflow = executionId === undefined ? { workflowId: meta['workflowId'] } : {};
  return dropUndefined({
    ...workflow,
    executionId,
    nodeId,
    task,
    from,
    to,
    reason,
    attempt,
    error,
  });
}

function dropUndefined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Where the process's runtime serves metrics; undefined before it is installed. */
let installed: { metricsAddress: string | null } | undefined;

/**
 * Temporal's own logs go where ours go. The runtime is one per process: the first worker's logger and metrics address
 * stay.
 *
 * @throws TaskError CONFIGURATION when nothing can be served at the metrics address
 */
export function installRuntime(log: Logger, metricsAddress: string | null = null): void {
  if (!installed) {
    install(log, metricsAddress);
  } else if (metricsAddress !== null && installed.metricsAddress !== metricsAddress) {
    log.warn(
      `metrics are not served at ${metricsAddress}: they are the whole process's, and its first worker ${installed.metricsAddress === null ? 'asked for none' : `serves them at ${installed.metricsAddress}`}`,
    );
  }
}

function install(log: Logger, metricsAddress: string | null): void {
  const logging = { forward: {}, filter: { core: 'WARN', other: 'ERROR' } } as const;
  const prometheus = metricsAddress === null ? undefined : prometheusAt(metricsAddress);
  try {
    Runtime.install({
      logger: temporalLogger(log),
      shutdownSignals: [],
      telemetryOptions: { logging, ...(prometheus ? { metrics: { prometheus } } : {}) },
    });
    installed = { metricsAddress };
  } catch (error) {
    const theirs = error instanceof IllegalStateError;
    if (!theirs && metricsAddress !== null) {
      throw new TaskError(
        'CONFIGURATION',
        `metricsAddress: metrics cannot be served at ${metricsAddress}: ${(error as Error).message}`,
        { cause: error },
      );
    }
    installed = { metricsAddress: null };
    // The user's program has installed one: it is theirs, with the metrics that it exposes.
    if (theirs && metricsAddress !== null)
      log.warn(
        `metrics are not served at ${metricsAddress}: this program has installed a runtime of its own`,
      );
  }
}

const prometheusAt = (bindAddress: string) => ({
  bindAddress,
  countersTotalSuffix: true,
  useSecondsForDurations: true,
  histogramBucketOverrides: HISTOGRAM_BUCKETS,
});
