/** One operation: without a retry, or with D's retries and a word before each. */
import { DurationSchema, type Duration } from '../domain/duration.js';
import { SpecInvalidError } from '../domain/errors.js';
import type { AttemptRecord } from '../domain/outcome.js';
import { RetryObjectSchema, type RetryInput } from '../domain/retry-options.js';
import { faultsOfIssues } from '../domain/spec-faults.js';
import type { AnyTask } from '../registry.js';
import { LONE_NODE } from '../workflows/messages.js';
import { assertOptions } from './expected.js';
import { follow, quietly } from './follow.js';
import type { ExecutionHandle } from './handle.js';
import {
  NOT_RUN,
  operationArtifacts,
  operationTimes,
  type CompletedOperation,
  type OperationResult,
} from './operation-result.js';
import { OPERATION_RETRY } from './operations.js';
import { throwUnlessCompleted, type ExecutionResult } from './result.js';
import type { SubmitOptions, TaskSubmission } from './submission.js';

/** What may be said of one operation. */
export type OperationOptions = Omit<SubmitOptions, 'scheduledTime' | 'retry'>;

/** What may be said of an operation that is tried again. */
export interface RetryingOptions extends OperationOptions {
  /** Retries after the first attempt. Default 3. */
  maxRetries?: number;
  /** Growth of the wait. Default 2. */
  backoffFactor?: number;
  /** The first wait. Default 1 s. */
  initialWait?: Duration;
  /** The longest wait. Default 60 s. */
  maxWait?: Duration;
  /** ± 25 % on each wait, or a fraction of your own. Default true. */
  jitter?: boolean | number;
  /**
   * What else is said of retries: `retryOn`, `unknownErrors: 'retry'` for errors on no list, which document D does not
   * retry … The fields above are stronger. One with a `strategy` or `delays` starts afresh.
   */
  retry?: RetryInput;
  /**
   * Told once for each retry, in order, as soon as it is seen: three times in the first wait, at most every 50 ms, so
   * the next attempt may have begun where waits are short. At the latest before the result. For code that has to run
   * before the wait there is the task's own `onRetry`, in the worker.
   */
  onRetry?: (error: AttemptError, attempt: number, waitMs: number) => void;
}

/** What an attempt failed with: an error by the message of what was thrown; `name` and `code` are its code. */
export type AttemptError = Error & { code: string };

/** What is needed of an engine. */
export interface TaskScheduler {
  scheduleTask(submission: TaskSubmission): Promise<ExecutionHandle>;
}

/** Runs a task once, without retries. A failure is a result, not an exception. */
export async function executeOperation<Output>(
  engine: TaskScheduler,
  task: string | AnyTask,
  params?: unknown,
  options: OperationOptions = {},
): Promise<OperationResult<Output>> {
  assertOptions('executeOperation', options);
  const handle = await engine.scheduleTask({ ...options, ...inputOf(params), task, retry: 'NONE' });
  return operationResult(await handle.result()) as OperationResult<Output>;
}

/**
 * Runs a task with exponential backoff, where its error is worth it: by document D's rule one on no list is not. The first
 * wait is capped like every other one.
 *
 * @throws SpecInvalidError for waits and numbers that are none; MaxRetriesExceededError when the last attempt failed too, NonRetriableError for an error that is not retried
 */
export async function executeWithRetry<Output>(
  engine: TaskScheduler,
  task: string | AnyTask,
  params?: unknown,
  options: RetryingOptions = {},
): Promise<CompletedOperation<Output>> {
  assertOptions('executeWithRetry', options);
  const { maxRetries, backoffFactor, initialWait, maxWait, jitter, retry, onRetry, ...rest } =
    options;
  const said = { maxRetries, factor: backoffFactor, delay: initialWait, maxDelay: maxWait, jitter };
  const policy = policyOf({ ...defaultsFor(retry), ...stated(said) });
  const handle = await engine.scheduleTask({ ...rest, ...inputOf(params), task, retry: policy });
  const result = onRetry
    ? await tellRetries(handle, onRetry, lookEveryMs(policy.delay))
    : await handle.result();
  return operationResult(throwUnlessCompleted(result)) as CompletedOperation<Output>;
}

/** Fields of a policy that are called otherwise here. */
const SAID: Readonly<Record<string, string>> = {
  delay: 'initialWait',
  factor: 'backoffFactor',
  maxDelay: 'maxWait',
};

type RetryObject = Exclude<RetryInput, string>;

/** Document D's, under what the caller says. */
function defaultsFor(retry: RetryInput = {}): RetryObject {
  const own = typeof retry === 'string' ? { strategy: retry } : retry;
  const { jitter, unknownErrors } = OPERATION_RETRY;
  const isAfresh = own.strategy !== undefined || own.delays !== undefined;
  return { ...(isAfresh ? { jitter, unknownErrors } : OPERATION_RETRY), ...stated(own) };
}

const stated = (fields: RetryObject | Record<string, unknown>): RetryObject =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** D2: every wait is capped at `maxWait`, the first one too. @throws SpecInvalidError in the caller's words */
function policyOf(retry: RetryObject): RetryObject {
  const parsed = RetryObjectSchema.safeParse(retry);
  if (!parsed.success) {
    const faults = faultsOfIssues(parsed.error, retry, () => []);
    throw new SpecInvalidError(
      faults.map((one) => ({ ...one, path: SAID[one.path] ?? one.path })),
      'operation',
    );
  }
  const { delay, maxDelay } = parsed.data;
  return delay === undefined || maxDelay == null || delay <= maxDelay
    ? retry
    : { ...retry, delay: maxDelay };
}

/** The first wait is not to pass unseen. */
function lookEveryMs(firstWait: unknown): number {
  const { data = 1_000 } = DurationSchema.safeParse(firstWait);
  return Math.min(300, Math.max(50, data / 3));
}

const inputOf = (params: unknown): { input?: unknown } =>
  params === undefined ? {} : { input: params };

async function tellRetries(
  handle: ExecutionHandle,
  onRetry: NonNullable<RetryingOptions['onRetry']>,
  intervalMs: number,
): Promise<ExecutionResult> {
  let told = 0;
  const tell = (history: readonly AttemptRecord[] = []): void => {
    history.forEach((attempt, at) => {
      const next = history[at + 1];
      const waitMs = attempt.waitMs ?? (next && gapMs(attempt, next));
      if (waitMs === undefined || !attempt.error || attempt.attempt <= told) return;
      told = attempt.attempt;
      const { error } = attempt;
      quietly('onRetry', () => onRetry(errorOf(error), attempt.attempt, waitMs));
    });
  };
  const result = await follow(
    handle,
    ({ changed }) => {
      for (const view of changed) tell(view.attemptHistory);
    },
    intervalMs,
  );
  tell(result.nodes[LONE_NODE]?.attemptHistory);
  return result;
}

const errorOf = ({ code, message }: { code: string; message: string }): AttemptError =>
  Object.assign(new Error(message), { name: code, code });

/** After a time-out or a lost worker the server waited, and did not say how long. */
function gapMs(before: AttemptRecord, after: AttemptRecord): number {
  return Math.max(0, Date.parse(after.startedAt) - Date.parse(before.endedAt ?? before.startedAt));
}

function operationResult(result: ExecutionResult): OperationResult {
  const { status, ok, output, error, nodes } = result;
  const node = nodes[LONE_NODE];
  const { attempts = 0, warnings = [], metrics = {} } = node ?? {};
  return {
    ...{ ...NOT_RUN, status, ok, output, error, attempts, warnings, metrics },
    ...(node ? operationTimes(node) : {}),
    artifacts: operationArtifacts(result, LONE_NODE),
  };
}
