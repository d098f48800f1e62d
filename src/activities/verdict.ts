/** What a failure means: another attempt after a wait, or the end of the node. */
import { errorKinds, isRetriable } from '../domain/classify.js';
import type { ErrorKinds } from '../domain/error-kinds.js';
import { messageOf, TaskError, type ErrorRecord } from '../domain/errors.js';
import { isObject } from '../domain/json.js';
import { policyFor, waitTime, type RetryPolicy } from '../domain/retry.js';
import type { RegisteredTask } from '../registry.js';
import { isRefusal, SetUpError } from '../runners/runner.js';
import type { NodeRequest } from '../workflows/requests.js';
import type { Attempt } from './attempt.js';
import type { Facts } from './facts.js';
import { recordError } from './failure.js';
import type { NodeLogger } from './node-log.js';

/** What follows a failed attempt. */
export type Verdict =
  | {
      retry: true;
      error: ErrorRecord;
      waitMs: number;
      maxRetries: number;
      /** Nothing of it has run: no attempt is spent, and so often was it tried in a row. */
      setups?: number;
    }
  | { retry: false; error: ErrorRecord; status: 'FAILED' | 'TIMEOUT' | 'REJECTED' };

/**
 * Decides whether a failure is worth another attempt, and after how long.
 *
 * @param added what was added to the error lists at run time
 * @param classify asked where the task says nothing
 */
export function judge(
  request: NodeRequest,
  attempt: Pick<Attempt, 'number' | 'totalLeftMs' | 'enteredAt'> &
    Partial<Pick<Attempt, 'lostWorkers'>>,
  facts: Facts,
  log: NodeLogger,
  thrown: unknown,
  added: ErrorKinds,
  classify?: ClassifyError,
): Verdict {
  const kinds = errorKinds(thrown);
  const policy = policyFor(request.retry, kinds);
  const definition = facts.task?.definition;
  const asked =
    ask((error, context) => definition?.classifyError?.(error, context), facts, thrown, log) ??
    ask(classify, facts, thrown, log);
  const said = typeof asked === 'string' ? { retry: asked === 'retry' } : asked;
  const never = [...policy.neverRetryOn, ...added.neverRetryOn].some((one) => kinds.includes(one));
  const setUp =
    !never && !kindsOf(request.retry).includes('ENVIRONMENT') && setUpFailure(thrown, attempt);
  if (setUp) return again(setUp, request, attempt, facts);
  // Whatever the lists say of WORKER_LOST: a node that takes its workers with it must not take all of them.
  const givenUp = (attempt.lostWorkers ?? 0) > request.maxLostWorkers;
  const retriable = !never && !givenUp && (said?.retry ?? isRetriable(thrown, policy, added));
  const error = {
    ...recordError(thrown, retriable, attempt.number, facts.redaction),
    ...(said?.code ? { code: facts.redaction.text(said.code).slice(0, 128) } : {}),
  };
  const status =
    error.code === 'TIMEOUT'
      ? 'TIMEOUT'
      : error.code === 'INPUT_INVALID' || error.code === 'VETOED' || isRefused(request, thrown)
        ? 'REJECTED'
        : 'FAILED';
  if (!retriable || attempt.number > policy.maxRetries) return { retry: false, error, status };
  const own = said?.delayMs ?? retryAfterMs(thrown);
  const waitMs = Math.max(
    1,
    own === undefined
      ? waitTime(policy, attempt.number, Math.random)
      : Math.min(own, policy.maxRetryAfterMs),
  );
  if (waitMs >= attempt.totalLeftMs()) {
    return {
      retry: false,
      error: { ...error, message: `${error.message} (no time left for another attempt)` },
      status: 'TIMEOUT',
    };
  }
  return { retry: true, error, waitMs, maxRetries: policy.maxRetries };
}

/** A program that this worker cannot hold as it was asked to, or that says what nobody can run: nothing of it has run. */
const isRefused = ({ run }: NodeRequest, thrown: unknown): boolean =>
  run?.limits !== undefined && isRefusal(thrown);

/** How often a set-up is tried, and the first wait, which doubles: document 004 has it retried with back-off. */
const SETUPS = 5;
const SETUP_WAIT_MS = 1_000;

/** The error where nothing of the task has run, and another try may help. */
function setUpFailure(
  thrown: unknown,
  { enteredAt }: Pick<Attempt, 'enteredAt'>,
): TaskError | undefined {
  if (!(thrown instanceof TaskError) || thrown.code !== 'ENVIRONMENT' || !thrown.retriable)
    return undefined;
  // A handler may say so of what it needs itself: it has run, and its own policy counts.
  return enteredAt === undefined || thrown instanceof SetUpError ? thrown : undefined;
}

const kindsOf = ({ byError }: RetryPolicy): string[] => Object.keys(byError ?? {});

/** A set-up that failed is tried again by a policy of its own, whatever the task's says, and spends none of its attempts. */
function again(
  thrown: TaskError,
  { round }: NodeRequest,
  attempt: Pick<Attempt, 'number' | 'totalLeftMs'>,
  { redaction }: Facts,
): Verdict {
  const setups = (round?.setups ?? 0) + 1;
  const waitMs = SETUP_WAIT_MS * 2 ** (setups - 1);
  const isInTime = waitMs < attempt.totalLeftMs();
  const retry = setups < SETUPS && isInTime;
  const error = recordError(thrown, retry, attempt.number, redaction);
  if (retry) return { retry, error, waitMs, maxRetries: SETUPS - 1, setups };
  const why = isInTime ? `tried ${setups} times` : 'no time left for another try';
  const message = `${error.message} (${why})`;
  return { retry, error: { ...error, message }, status: isInTime ? 'FAILED' : 'TIMEOUT' };
}

type ClassifyError = NonNullable<RegisteredTask['definition']['classifyError']>;

/** What a classifier says of an error; one that fails has said nothing. */
function ask(
  classify: ClassifyError | undefined,
  { context }: Facts,
  thrown: unknown,
  log: NodeLogger,
): ReturnType<ClassifyError> {
  try {
    return context ? classify?.(thrown, context) : undefined;
  } catch (failure) {
    log.warn(`classifyError failed: ${messageOf(failure)}`);
    return undefined;
  }
}

function retryAfterMs(thrown: unknown): number | undefined {
  const value = isObject(thrown) ? thrown['retryAfterMs'] : undefined;
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

export function attemptOutcome(error: ErrorRecord): 'TIMEOUT' | 'REJECTED' | 'FAILED' {
  return error.code === 'TIMEOUT'
    ? 'TIMEOUT'
    : error.code === 'INPUT_INVALID' || error.code === 'VETOED'
      ? 'REJECTED'
      : 'FAILED';
}
