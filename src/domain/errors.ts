/**
 * Every error of ours. Across Temporal an error travels as an `ApplicationFailure` whose `type` is the code; on the
 * far side match the code, never the class.
 */
import type { ExecutionResult } from './execution-result.js';
import { formatFaults, type Fault } from './fault.js';

/** Whose fault an error is: one of ours is never taken for the task's. */
export type ErrorOrigin = 'task' | 'runner' | 'temporal' | 'store' | 'engine';

/** Our own codes. An error thrown by a task keeps its own `code`, or its `name`. */
export const ERROR_CODES = {
  INPUT_INVALID: { origin: 'task', retriable: false },
  OUTPUT_INVALID: { origin: 'task', retriable: false },
  VETOED: { origin: 'task', retriable: false },
  DENIED: { origin: 'task', retriable: false },
  COMPENSATION_FAILED: { origin: 'task', retriable: false },
  NON_RETRIABLE: { origin: 'task', retriable: false },
  EXPRESSION: { origin: 'engine', retriable: false },
  TOO_LARGE: { origin: 'engine', retriable: false },
  SPEC_INVALID: { origin: 'engine', retriable: false },
  CONFIGURATION: { origin: 'engine', retriable: false },
  UNKNOWN_TASK: { origin: 'engine', retriable: false },
  CANCELLED: { origin: 'engine', retriable: false },
  STATE: { origin: 'engine', retriable: false },
  DEPENDENCY: { origin: 'engine', retriable: false },
  NOT_FOUND: { origin: 'engine', retriable: false },
  /** Over HTTP: nobody knows who calls. */
  UNAUTHENTICATED: { origin: 'engine', retriable: false },
  /** Over HTTP: who calls may not do that. */
  FORBIDDEN: { origin: 'engine', retriable: false },
  MAX_RETRIES_EXCEEDED: { origin: 'task', retriable: false },
  TIMEOUT: { origin: 'temporal', retriable: true },
  WORKER_LOST: { origin: 'temporal', retriable: true },
  NO_WORKER: { origin: 'temporal', retriable: false },
  UNREACHABLE: { origin: 'temporal', retriable: true },
  STORE: { origin: 'store', retriable: true },
  ENVIRONMENT: { origin: 'runner', retriable: true },
  CRASHED: { origin: 'runner', retriable: true },
  /** A program ended with an exit code that is not 0, or by a signal. */
  PROGRAM_FAILED: { origin: 'task', retriable: true },
  PROCESS_EXIT: { origin: 'task', retriable: false },
  ARTIFACT_INVALID: { origin: 'task', retriable: false },
  RESULT_FAILED: { origin: 'task', retriable: true },
  RESOURCE_EXHAUSTED: { origin: 'task', retriable: true },
  /** A person said that it has failed. */
  OPERATOR: { origin: 'engine', retriable: false },
  ENGINE: { origin: 'engine', retriable: true },
} as const satisfies Record<string, { origin: ErrorOrigin; retriable: boolean }>;
/** A code of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What may be said of an error beside its code and message. */
export interface TaskErrorOptions {
  /** JSON that helps whoever reads it; kept with the error's record. */
  details?: unknown;
  cause?: unknown;
  /** Overrides what the code says. */
  retriable?: boolean;
}

/** An error of ours, with a code from the closed union {@link ErrorCode}. */
export class TaskError extends Error {
  override name = 'TaskError';
  readonly retriable: boolean;
  readonly details: unknown;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: TaskErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.retriable = options.retriable ?? ERROR_CODES[code].retriable;
    this.details = options.details;
  }
}

/** The state of an execution does not allow what was asked, for example a second start under the same id. */
export class TaskStateError extends TaskError {
  override name = 'TaskStateError';
  constructor(message: string, options: TaskErrorOptions = {}) {
    super('STATE', message, options);
  }
}

/** A spec was refused before anything ran; `faults` holds everything that is wrong with it. */
export class SpecInvalidError extends TaskError {
  override name = 'SpecInvalidError';
  constructor(
    readonly faults: readonly Fault[],
    subject = 'graph',
  ) {
    const count = `${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}`;
    super(
      'SPEC_INVALID',
      `${subject} refused, ${count}:\n${formatFaults(faults).replace(/^/gm, '  ')}`,
      { details: faults },
    );
  }
}

/** What may be said of an error of an execution. */
export interface ExecutionErrorOptions extends TaskErrorOptions {
  durationMs?: number | null;
  executionTimeMs?: number | null;
  lastError?: ErrorRecord | null;
}

/** An execution ended in anything but COMPLETED. `resultOrThrow()` throws it or one of its two kinds. */
export class ExecutionError extends TaskError {
  override name = 'ExecutionError';
  /** From the first start to the end, waits included, in milliseconds; null where it never began. */
  readonly durationMs: number | null;
  /** The sum of the run times of all attempts, in milliseconds; null where nothing ran. */
  readonly executionTimeMs: number | null;
  /** What it ended with, whole; null where nothing says so. */
  readonly lastError: ErrorRecord | null;

  constructor(
    code: ErrorCode,
    message: string,
    /** What `result()` gives, whole. Undefined of one that a handler threw. */
    readonly result: ExecutionResult | undefined,
    /** Each attempt's error, oldest first. */
    readonly attemptErrors: readonly ErrorRecord[] = [],
    options: ExecutionErrorOptions = {},
  ) {
    super(code, message, options);
    this.durationMs = options.durationMs ?? null;
    this.executionTimeMs = options.executionTimeMs ?? null;
    this.lastError = options.lastError ?? attemptErrors.at(-1) ?? null;
  }
}

/** The task failed on its last attempt. */
export class MaxRetriesExceededError extends ExecutionError {
  override name = 'MaxRetriesExceededError';
}

/**
 * Thrown by a handler: do not try again. Thrown by `resultOrThrow()`: the task failed with an error that is not
 * retried.
 */
export class NonRetriableError extends ExecutionError {
  override name = 'NonRetriableError';
  constructor(
    message: string,
    options: ExecutionErrorOptions & {
      result?: ExecutionResult | undefined;
      attemptErrors?: readonly ErrorRecord[];
    } = {},
  ) {
    super('NON_RETRIABLE', message, options.result, options.attemptErrors, options);
  }
}

/** An error as it is recorded and sent: plain JSON. */
export interface ErrorRecord {
  /** One of {@link ERROR_CODES}, or what the task threw: its `code`, else its `name`. */
  code: string;
  message: string;
  origin: ErrorOrigin;
  retriable: boolean;
  /** The attempt that failed, from 1. */
  attempt?: number;
  details?: unknown;
  stack?: string;
  cause?: { code: string; message: string };
}

/**
 * The attempt that its error kept from beginning, since its environment could not be made: it is not among those that were
 * made. Undefined where the attempt was made, or nothing failed.
 *
 * @param attempts of the node, those that were made
 */
export const unbegunAttempt = ({
  attempts,
  error,
}: {
  attempts: number;
  error?: Pick<ErrorRecord, 'attempt'> | undefined;
}): number | undefined => ((error?.attempt ?? 0) > attempts ? error?.attempt : undefined);

/** The message of anything that was thrown, also of nothing; never throws itself. */
export function messageOf(thrown: unknown): string {
  try {
    if (typeof thrown === 'string') return thrown;
    const message = (thrown as { message?: unknown } | null | undefined)?.message;
    if (typeof message === 'string') return message || '(no message)';
  } catch {
    // A getter that throws: what follows says as much as can be said.
  }
  return thrown == null ? `thrown: ${thrown}` : `thrown: ${Object.prototype.toString.call(thrown)}`;
}

/** Anything that was thrown, or an error record, in one line: `ECONNRESET: socket hang up`; never throws itself. */
export function formatError(error: unknown): string {
  const [code, message] = [codeOf(error), messageOf(error)];
  return code === undefined || message.startsWith(`${code}:`) ? message : `${code}: ${message}`;
}

/** Its own code, else its name. */
function codeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  try {
    const { code, name } = thrown as { code?: unknown; name?: unknown };
    return [code, name].find((one): one is string => typeof one === 'string' && one !== '');
  } catch {
    return undefined; // a getter that throws
  }
}
