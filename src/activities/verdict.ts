/** What a failure means: another attempt after a wait, or the end of the node. */
import { errorKinds, isRetriable } from '../domain/classify.js';
import type { ErrorKinds } from '../domain/error-kinds.js';
import { messageOf, type ErrorRecord } from '../domain/errors.js';
import { isObject } from '../domain/json.js';
import { policyFor, waitTime } from '../domain/retry.js';
import type { RegisteredTask } from '../registry.js';
import type { NodeRequest } from '../workflows/requests.js';
import type { Attempt } from './attempt.js';
import type { Facts } from './facts.js';
import { recordError } from './failure.js';
import type { NodeLogger } from './node-log.js';

/** What follows a failed attempt. */
export type Verdict =
  | { retry: true; error: ErrorRecord; waitMs: number; maxRetries: number }
  | { retry: false; error: ErrorRecord; status: 'FAILED' | 'TIMEOUT' | 'REJECTED' };

/**
 * Decides whether a failure is worth another attempt, and after how long.
 *
 * @param added what was added to the error lists at run time
 */
export function judge(
  request: NodeRequest,
  attempt: Pick<Attempt, 'number' | 'totalLeftMs'>,
  facts: Facts,
  log: NodeLogger,
  thrown: unknown,
  added: ErrorKinds,
): Verdict {
  const kinds = errorKinds(thrown);
  const policy = policyFor(request.retry, kinds);
  const asked = askTask(facts, thrown, log);
  const said = typeof asked === 'string' ? { retry: asked === 'retry' } : asked;
  const never = [...policy.neverRetryOn, ...added.neverRetryOn].some((one) => kinds.includes(one));
  const retriable = !never && (said?.retry ?? isRetriable(thrown, policy, added));
  const error = {
    ...recordError(thrown, retriable, attempt.number, facts.redaction),
    ...(said?.code ? { code: facts.redaction.text(said.code).slice(0, 128) } : {}),
  };
  const status =
    error.code === 'TIMEOUT'
      ? 'TIMEOUT'
      : error.code === 'INPUT_INVALID' || error.code === 'VETOED'
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

/** What the task itself says of its error; a classifier that fails has said nothing. */
function askTask(
  { task, context }: Facts,
  thrown: unknown,
  log: NodeLogger,
): ReturnType<NonNullable<RegisteredTask['definition']['classifyError']>> {
  try {
    return context ? task?.definition.classifyError?.(thrown, context) : undefined;
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
