/**
 * Questions about an execution's record, and its changes, as pure functions: for callers that keep records of their own,
 * and for ours. Rows C20 and A1 of the requirements. Times are epoch milliseconds.
 */
import { TaskStateError, type ErrorRecord } from './errors.js';
import { waitTime, type RetryPolicy } from './retry.js';
import {
  isTerminal,
  transition,
  type Status,
  type StatusChange,
  type StatusReason,
} from './status.js';

/** What the functions need to know of an execution. */
export interface TaskExecutionState {
  executionId: string;
  status: Status;
  /** Attempts begun so far. */
  attempts: number;
  retry: RetryPolicy;
  /** Time for one attempt. */
  timeoutMs: number;
  /** When the attempt that runs began. */
  startedAt?: number;
  endedAt?: number;
  /** When a scheduled one may start, and when a retry is due. */
  notBefore?: number;
  error?: ErrorRecord;
  statusHistory: readonly StatusChange[];
}

/** True for a status that is final. */
export const isComplete = ({ status }: Pick<TaskExecutionState, 'status'>): boolean =>
  isTerminal(status);

/** True while an attempt runs that has had its time. */
export function isTimedOut(execution: TaskExecutionState, now: number): boolean {
  const { status, startedAt, timeoutMs } = execution;
  const runs = status === 'RUNNING' || status === 'PREPARING';
  return runs && startedAt !== undefined && now - startedAt >= timeoutMs;
}

/** True when it waits to be run and its time has come. Only such an execution may run: see {@link assertCanExecute}. */
export function canExecute({ status, notBefore = 0 }: TaskExecutionState, now: number): boolean {
  return (status === 'PENDING' || status === 'SCHEDULED') && now >= notBefore;
}

/** @throws TaskStateError naming the status, unless {@link canExecute} */
export function assertCanExecute(execution: TaskExecutionState, now: number): void {
  if (canExecute(execution, now)) return;
  const { executionId, status, notBefore } = execution;
  const why = isTerminal(status)
    ? `it is already ${status}; start it again under another id, or with a reuse policy`
    : notBefore !== undefined && now < notBefore
      ? `it is due at ${new Date(notBefore).toISOString()}`
      : `it is ${status}, and only PENDING or SCHEDULED may run`;
  throw new TaskStateError(`execution ${JSON.stringify(executionId)} cannot run: ${why}`);
}

/** True when the attempt that failed is followed by another: retries are left, and its error is worth one. */
export function shouldRetry({ attempts, retry, error }: TaskExecutionState): boolean {
  return attempts > 0 && attempts <= retry.maxRetries && (error?.retriable ?? true);
}

/**
 * When the next attempt is due after the one that failed.
 *
 * @param random source of jitter in [0, 1)
 * @returns epoch milliseconds, or undefined when no attempt follows
 */
export function nextRetryAt(
  execution: TaskExecutionState,
  now: number,
  random: () => number = Math.random,
): number | undefined {
  if (!shouldRetry(execution)) return undefined;
  return now + waitTime(execution.retry, execution.attempts, random);
}

/**
 * The execution in another status, with one more line in its history.
 *
 * @throws TaskStateError when the one status may not follow the other
 */
export function updateStatus(
  execution: TaskExecutionState,
  to: Status,
  now: number,
  why: { reason?: StatusReason; error?: ErrorRecord; by?: string } = {},
): TaskExecutionState {
  const { executionId, status, statusHistory, attempts } = execution;
  transition(status, to, `execution ${JSON.stringify(executionId)}`);
  const begins = to === 'RUNNING';
  // An attempt's time counts from when a worker has it, as its preparation is part of it.
  const taken = to === 'PREPARING' || (begins && status !== 'PREPARING');
  const count = begins ? attempts + 1 : attempts;
  const change: StatusChange = {
    status: to,
    at: new Date(now).toISOString(),
    ...(count > 0 ? { attempt: count } : {}),
    ...(why.reason === undefined ? {} : { reason: why.reason }),
    ...(why.by === undefined ? {} : { by: why.by }),
  };
  return {
    ...execution,
    status: to,
    attempts: count,
    statusHistory: [...statusHistory, change],
    ...(taken ? { startedAt: now } : {}),
    ...(isTerminal(to) ? { endedAt: now } : {}),
    ...(why.error === undefined ? {} : { error: why.error }),
  };
}

/**
 * A failed attempt's execution, made ready for the next one: RETRYING, due when its policy says.
 *
 * @throws TaskStateError when no retry is left, its error is final, or it does not run
 */
export function prepareForRetry(
  execution: TaskExecutionState,
  now: number,
  random: () => number = Math.random,
): TaskExecutionState {
  const due = nextRetryAt(execution, now, random);
  if (due === undefined) {
    const { executionId, attempts, retry, error } = execution;
    const why =
      error?.retriable === false
        ? `its error ${error.code} is not retried`
        : `${attempts} of ${retry.maxRetries + 1} attempts are spent`;
    throw new TaskStateError(`execution ${JSON.stringify(executionId)} is not retried: ${why}`);
  }
  return { ...updateStatus(execution, 'RETRYING', now, { reason: 'retry' }), notBefore: due };
}

/** The error of an execution as a result that says so: what a caller gets who wants no exception. */
export function errorResult(error: ErrorRecord): { ok: false; output: null; error: ErrorRecord } {
  return { ok: false, output: null, error };
}
