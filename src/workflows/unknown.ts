/**
 * Attempts of which nobody knows whether they did their work: they timed out, or their worker was lost. Where the node
 * does not say that it may just run again, a task of the user's is asked, or a person.
 */
import { CancellationScope } from '@temporalio/workflow';
import type { ErrorRecord } from '../domain/errors.js';
import {
  isHeld,
  type ActivityOutcome,
  type HeldOutcome,
  type NodeOutcome,
} from '../domain/outcome.js';
import type { NodeClass } from '../domain/plan.js';
import { waitTime } from '../domain/retry.js';
import { runAfter } from './after.js';
import type { NodeOrder, NodeRequest } from './requests.js';

/** Until somebody says what became of it. */
const EVER_MS = 366 * 86_400_000;

/** True for an outcome that says nothing of whether the work was done. */
export function isUnknown(outcome: ActivityOutcome): boolean {
  if (isHeld(outcome)) return outcome.held === 'unknown';
  const { status, reason, error } = outcome;
  if (status !== 'TIMEOUT' || reason === 'total_timeout' || reason === 'no_worker') return false;
  return error?.code === 'TIMEOUT' || error?.code === 'WORKER_LOST';
}

/** What becomes of the node. */
export async function settleUnknown(
  order: NodeOrder,
  request: NodeRequest,
  { onUnknown, retry }: NodeClass,
  outcome: ActivityOutcome,
): Promise<ActivityOutcome> {
  const asked = heldOf(outcome);
  if (typeof onUnknown !== 'object')
    return saying(asked, 'a person is asked, since onUnknown says so');
  const attempt = asked.attemptsUsed;
  const options = { timeoutMs: request.timeoutMs, heartbeatTimeoutMs: request.heartbeatTimeoutMs };
  const verified = await CancellationScope.nonCancellable(() =>
    runAfter(
      order,
      request,
      { verify: { attempt } },
      {
        ...{ task: onUnknown.verify, taskVersion: 'unknown', retry: VERIFY_RETRY },
        ...options,
      },
    ),
  );
  if (verified.status !== 'COMPLETED') return { ...asked, error: notKnown(asked, verified) };
  if (verified.verified) return completed(asked, verified);
  if (attempt > retry.maxRetries)
    return saying(isHeld(outcome) ? timedOut(asked) : outcome, 'no retry is left');
  return { ...asked, held: 'retry', waitMs: Math.max(1, waitTime(retry, attempt, Math.random)) };
}

/** As the library's default. */
const VERIFY_RETRY: NodeRequest['retry'] = {
  ...{ strategy: 'EXPONENTIAL_BACKOFF', maxRetries: 3, delayMs: 1_000, factor: 2 },
  ...{ maxDelayMs: 60_000, jitter: 0, neverRetryOn: [] },
  ...{ unknownErrors: 'retry', maxRetryAfterMs: 3_600_000 },
};

function heldOf(outcome: ActivityOutcome): HeldOutcome {
  if (isHeld(outcome)) return { ...outcome, waitMs: EVER_MS };
  const { attemptCount, attempts, executionTimeMs, error, checkpoint } = outcome;
  return {
    ...{ held: 'unknown', waitMs: EVER_MS, attemptsUsed: attemptCount, attempts, executionTimeMs },
    ...(error ? { error } : {}),
    ...(checkpoint === undefined ? {} : { checkpoint }),
  };
}

/** The same, whose error also says what follows from it. */
function saying<T extends { error?: ErrorRecord }>(outcome: T, more: string): T {
  const { error } = outcome;
  return error
    ? { ...outcome, error: { ...error, message: `${error.message}, and ${more}` } }
    : outcome;
}

function notKnown({ error }: HeldOutcome, verified: NodeOutcome): ErrorRecord {
  const why = `${verified.status}${verified.error ? `, ${verified.error.message}` : ''}`;
  const message = `${error?.message ?? 'its outcome is unknown'}; and its verification ended ${why}`;
  return { code: 'TIMEOUT', message: message.slice(0, 1_000), origin: 'task', retriable: false };
}

function completed(asked: HeldOutcome, { output, outputHash }: NodeOutcome): NodeOutcome {
  return {
    ...end(asked, 'COMPLETED'),
    ...(output ? { output } : {}),
    ...(outputHash === undefined ? {} : { outputHash }),
    warnings: [`attempt ${asked.attemptsUsed} was lost, and verified to have done its work`],
  };
}

const timedOut = (asked: HeldOutcome): NodeOutcome => ({
  ...end(asked, 'TIMEOUT'),
  ...(asked.error ? { error: asked.error } : {}),
});

const end = (
  { attempts, attemptsUsed, executionTimeMs }: HeldOutcome,
  status: NodeOutcome['status'],
): NodeOutcome => ({ status, attempts, attemptCount: attemptsUsed, executionTimeMs });
