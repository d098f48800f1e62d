/** One operation: without a retry, or with D's retries and a word before each. */
import type { Duration } from '../domain/duration.js';
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
  type OperationResult,
} from './operation-result.js';
import { OPERATION_RETRY } from './operations.js';
import { throwUnlessCompleted, type ExecutionResult } from './result.js';
import type { SubmitOptions, TaskSubmission } from './submission.js';

export type OperationOptions = Omit<SubmitOptions, 'scheduledTime' | 'retry'>;

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
   * Told once for each retry, in order, as soon as it is seen: some three times a second, so perhaps only after a
   * short wait, and at the latest before the result. For code that has to run before the wait there is the task's own
   * `onRetry`, in the worker.
   */
  onRetry?: (error: { code: string; message: string }, attempt: number, waitMs: number) => void;
}

/** What is needed of an engine. */
export interface TaskScheduler {
  scheduleTask(submission: TaskSubmission): Promise<ExecutionHandle>;
}

/** Runs a task once, without retries. A failure is a result, not an exception. */
export async function executeOperation(
  engine: TaskScheduler,
  task: string | AnyTask,
  params?: unknown,
  options: OperationOptions = {},
): Promise<OperationResult> {
  assertOptions('executeOperation', options);
  const handle = await engine.scheduleTask({ ...options, ...inputOf(params), task, retry: 'NONE' });
  return operationResult(await handle.result());
}

/**
 * Runs a task with exponential backoff. The first wait is capped like every other one.
 *
 * @throws SpecInvalidError for waits and numbers that are none; MaxRetriesExceededError when the last attempt failed too, NonRetriableError for an error that is not retried
 */
export async function executeWithRetry(
  engine: TaskScheduler,
  task: string | AnyTask,
  params?: unknown,
  options: RetryingOptions = {},
): Promise<OperationResult> {
  assertOptions('executeWithRetry', options);
  const { maxRetries, backoffFactor, initialWait, maxWait, jitter, onRetry, ...rest } = options;
  const retry = retryOf({ maxRetries, backoffFactor, initialWait, maxWait, jitter });
  const handle = await engine.scheduleTask({ ...rest, ...inputOf(params), task, retry });
  const result = onRetry ? await tellRetries(handle, onRetry) : await handle.result();
  return operationResult(throwUnlessCompleted(result));
}

/** What the fields of a policy are called here. */
const SAID: Readonly<Record<string, string>> = {
  maxRetries: 'maxRetries',
  delay: 'initialWait',
  factor: 'backoffFactor',
  maxDelay: 'maxWait',
  jitter: 'jitter',
};

type Waits = 'maxRetries' | 'backoffFactor' | 'initialWait' | 'maxWait' | 'jitter';

/** D2: every wait is capped at `maxWait`, the first one too. @throws SpecInvalidError in the caller's words */
function retryOf(said: { [K in Waits]: RetryingOptions[K] | undefined }): RetryInput {
  const retry = {
    strategy: 'EXPONENTIAL_BACKOFF' as const,
    maxRetries: said.maxRetries ?? OPERATION_RETRY.maxRetries,
    delay: said.initialWait ?? OPERATION_RETRY.delay,
    factor: said.backoffFactor ?? OPERATION_RETRY.factor,
    maxDelay: said.maxWait ?? OPERATION_RETRY.maxDelay,
    jitter: said.jitter ?? true,
  };
  const parsed = RetryObjectSchema.safeParse(retry);
  if (!parsed.success) {
    const faults = faultsOfIssues(parsed.error, retry, () => []);
    throw new SpecInvalidError(
      faults.map((one) => ({ ...one, path: SAID[one.path] ?? one.path })),
      'operation',
    );
  }
  const { delay = 0, maxDelay } = parsed.data;
  return { ...retry, delay: Math.min(delay, maxDelay ?? delay) };
}

const inputOf = (params: unknown): { input?: unknown } =>
  params === undefined ? {} : { input: params };

async function tellRetries(
  handle: ExecutionHandle,
  onRetry: NonNullable<RetryingOptions['onRetry']>,
): Promise<ExecutionResult> {
  let told = 0;
  const tell = (history: readonly AttemptRecord[] = []): void => {
    history.forEach((attempt, at) => {
      const next = history[at + 1];
      const waitMs = attempt.waitMs ?? (next && gapMs(attempt, next));
      if (waitMs === undefined || !attempt.error || attempt.attempt <= told) return;
      told = attempt.attempt;
      const { error } = attempt;
      quietly('onRetry', () => onRetry(error, attempt.attempt, waitMs));
    });
  };
  const result = await follow(handle, ({ changed }) => {
    for (const view of changed) tell(view.attemptHistory);
  });
  tell(result.nodes[LONE_NODE]?.attemptHistory);
  return result;
}

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
