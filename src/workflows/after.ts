/**
 * What follows a node's work, as an activity of its own beside it: the undoing of its output, or the look whether a lost
 * attempt did it. Its id is the node's with `~undo` or `~verify` behind it, which no node's id can be.
 */
import { scheduleActivity, sleep } from '@temporalio/workflow';
import { isHeld, type HeldOutcome, type NodeOutcome } from '../domain/outcome.js';
import { fallbackPolicy, type RetryPolicy } from '../domain/retry.js';
import { outcomeOfFailure, outcomeOfResult } from './activity-failure.js';
import { serverRetries } from './activity-options.js';
import type { NodeOrder, NodeRequest } from './requests.js';

const DAY_MS = 86_400_000;

/** The task that follows, its options settled. */
export interface AfterTask {
  task: string;
  taskVersion: string;
  retry: RetryPolicy;
  timeoutMs: number;
  heartbeatTimeoutMs: number;
}

/**
 * Runs what follows to its end, its retries left to the server. To be called in a shielded scope.
 *
 * @param request the node's own, or what is the same of it
 */
export async function runAfter(
  order: NodeOrder,
  request: Pick<NodeRequest, 'execution' | 'body' | 'params' | 'reads' | 'item' | 'inlineLimit'>,
  after: NonNullable<NodeRequest['after']>,
  { task, taskVersion, ...options }: AfterTask,
): Promise<NodeOutcome> {
  const id = `${order.id}~${'undo' in after ? 'undo' : 'verify'}`;
  let round: NodeOrder['round'];
  for (;;) {
    const own: NodeRequest = {
      ...{ ...request, ...options, after },
      node: { id, task, taskVersion },
      maxLostWorkers: options.retry.maxRetries,
      queueTimeoutMs: DAY_MS,
      serverWaitsMs: 366 * DAY_MS,
      ...(round ? { round } : {}),
    };
    const outcome = await attempt({ ...order, id }, own);
    if (!isHeld(outcome)) return outcome;
    round = roundOf(outcome);
    await sleep(Math.max(1, outcome.waitMs)); // no worker knew the task, or one shut down
  }
}

const roundOf = ({ attemptsUsed, attempts, executionTimeMs }: HeldOutcome) => ({
  ...{ attemptsUsed, attempts, executionTimeMs },
  firstScheduledAt: Date.now(),
});

async function attempt(order: NodeOrder, request: NodeRequest): Promise<NodeOutcome | HeldOutcome> {
  const fallback = fallbackPolicy(request.retry, request.round?.attemptsUsed);
  try {
    const result = await scheduleActivity<unknown>(request.node.task, [request], {
      activityId: order.id,
      summary: order.id,
      startToCloseTimeout: request.timeoutMs,
      heartbeatTimeout: request.heartbeatTimeoutMs,
      scheduleToStartTimeout: DAY_MS,
      ...(request.round ? { allowEagerDispatch: false } : {}),
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
      retry: serverRetries(fallback),
    });
    return outcomeOfResult(result, order);
  } catch (error) {
    return outcomeOfFailure(error, order, request, Date.now());
  }
}
