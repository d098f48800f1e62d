/**
 * What follows a node's work, as an activity of its own beside it: the undoing of its output, or the look whether a lost
 * attempt did it. Its id is the node's with `~undo` or `~verify` behind it, which no node's id can be.
 */
import { scheduleActivity, sleep } from '@temporalio/workflow';
import { isHeld, type HeldOutcome, type NodeOutcome } from '../domain/outcome.js';
import { fallbackPolicy, type RetryPolicy } from '../domain/retry.js';
import { outcomeOfFailure, outcomeOfResult } from './activity-failure.js';
import { queueOf, serverRetries } from './activity-options.js';
import type { NodeOrder, NodeRequest } from './requests.js';
import { roundAfter } from './round.js';

const DAY_MS = 86_400_000;

/** The task or the program that follows, its options settled. */
export interface AfterTask extends Pick<NodeRequest, 'run'> {
  task: string;
  taskVersion: string;
  retry: RetryPolicy;
  timeoutMs: number;
  heartbeatTimeoutMs: number;
  /** The queue whose workers run it, where that is not its runner's or its workflow's own. */
  queue?: string;
}

type Own = Pick<NodeRequest, 'run' | 'round'>;

/**
 * Runs what follows to its end, its retries left to the server. To be called in a shielded scope.
 *
 * @param request the node's own, or what is the same of it
 */
export async function runAfter(
  order: NodeOrder,
  request: Pick<NodeRequest, 'execution' | 'body' | 'params' | 'reads' | 'item' | 'inlineLimit'>,
  after: NonNullable<NodeRequest['after']>,
  { task, taskVersion, queue, run, ...options }: AfterTask,
): Promise<NodeOutcome> {
  const id = `${order.id}~${'undo' in after ? 'undo' : 'verify'}`;
  const place = queueOf({ queue: queue ?? null, ...(run ? { run } : {}) });
  // Where the node runs, and what it has behind it, is its own affair: what follows a program may be a task.
  const { run: _run, round: _round, ...same }: Own & typeof request = request;
  const { round: _before, ...ofNode } = order;
  let round: NodeOrder['round'];
  for (;;) {
    const own: NodeRequest = {
      ...{ ...same, ...options, after },
      ...(run ? { run } : {}),
      node: { id, task, taskVersion },
      maxLostWorkers: options.retry.maxRetries,
      queueTimeoutMs: DAY_MS,
      serverWaitsMs: 366 * DAY_MS,
      ...(round ? { round } : {}),
    };
    const scheduledAt = Date.now();
    const outcome = await attempt({ ...ofNode, id, ...(round ? { round } : {}) }, own, place);
    if (!isHeld(outcome)) return outcome;
    round = roundAfter(outcome, round, scheduledAt, Date.now());
    await sleep(Math.max(1, outcome.waitMs)); // no worker knew it, one shut down, or nothing could hold the program
  }
}

async function attempt(
  order: NodeOrder,
  request: NodeRequest,
  place: { taskQueue?: string },
): Promise<NodeOutcome | HeldOutcome> {
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
      ...place,
    });
    return outcomeOfResult(result, order);
  } catch (error) {
    return outcomeOfFailure(error, order, request, Date.now());
  }
}
