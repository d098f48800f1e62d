/**
 * Lets go of attempts that were asked to stop and whose work is done elsewhere: whoever does it hears nothing of that, so
 * the server is told here that they have stopped.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Context, getClient } from '@temporalio/activity';
import { ActivityNotFoundError } from '@temporalio/client';
import { TaskError } from '../domain/errors.js';
import { withAttempt, type HeartbeatDetails, type NodeOutcome } from '../domain/outcome.js';
import { pendingAttempts, type PendingAttempt } from '../observe/handed-over.js';
import type { LetGoAnswer, LetGoRequest } from '../workflows/requests.js';
import { takeUp } from './completion.js';
import type { Deps } from './deps.js';
import { outcomeOf } from './ends.js';
import { recordError } from './failure.js';

/** Attempts that are ended at once. */
const AT_ONCE = 20;
/** Between two looks at handlers that still run, growing from the first to the second. */
const LOOK_MS = [100, 2_000] as const;
/** How long it waits for those; then its answer names them, and others get their turn. */
const PATIENCE_MS = 60_000;
/**
 * Silence after which a handler that has not handed its attempt over runs no more: it beats every 2 s. The server does
 * not see that, as an attempt that ends elsewhere may be silent for all of its time.
 */
const LOST_MS = 30_000;

/** What is known of a handler that still runs, on this worker's clock. */
interface Heard {
  lastHeard: string;
  sinceMs: number;
}

/** Ends those that nobody runs any more. Handlers that run hear of the cancel by themselves, and are waited for. */
export async function letGo(
  deps: Deps,
  { workflowId, nodeIds }: LetGoRequest,
): Promise<LetGoAnswer> {
  const heard = new Map<string, Heard>();
  const begunAt = performance.now();
  let left: readonly string[] = nodeIds;
  for (let waitMs: number = LOOK_MS[0]; ; waitMs = Math.min(waitMs * 2, LOOK_MS[1])) {
    const pending = await pendingAttempts(getClient(), workflowId, left);
    left = await stopAll(deps, pending, heard);
    const isOver = performance.now() - begunAt >= PATIENCE_MS;
    if (left.length === 0 || isOver) return { left: [...left] };
    await sleep(waitMs, undefined, { signal: Context.current().cancellationSignal });
  }
}

/** @returns the ids of those whose handlers still run */
async function stopAll(
  deps: Deps,
  pending: ReadonlyMap<string, PendingAttempt>,
  heard: Map<string, Heard>,
): Promise<string[]> {
  const waiting = [...pending];
  const left: string[] = [];
  const lane = async (): Promise<void> => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const [nodeId, attempt] = next;
      if (!attempt.stopping) continue; // it waits for its next try, or goes on: nothing to answer
      if (await stopHandedOver(deps, attempt)) continue;
      if (isLost(attempt, nodeId, heard)) await stopLost(deps, nodeId, attempt);
      else left.push(nodeId);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return left;
}

/** @returns false where it was not handed over */
async function stopHandedOver(deps: Deps, pending: PendingAttempt): Promise<boolean> {
  const found = await takeUp(deps, pending);
  if (!found) return false;
  const { request, attempt, facts, log } = found;
  attempt.record('CANCELLED');
  const stopped = new TaskError('CANCELLED', 'cancelled while it ran elsewhere');
  const error = recordError(stopped, false, attempt.number);
  const outcome = outcomeOf(request, attempt, facts, { status: 'CANCELLED', error });
  const { checkpoint } = attempt;
  const { activity } = getClient();
  await unlessOver(() =>
    activity.reportCancellation(attempt.token, {
      ...outcome,
      ...(checkpoint === undefined ? {} : { checkpoint }),
    }),
  );
  log.transition('RUNNING', 'CANCELLED', 'cancelled');
  return true;
}

function isLost({ lastHeard }: PendingAttempt, nodeId: string, heard: Map<string, Heard>): boolean {
  const now = performance.now();
  const before = heard.get(nodeId);
  if (before?.lastHeard === lastHeard) return now - before.sinceMs >= LOST_MS;
  heard.set(nodeId, { lastHeard, sinceMs: now });
  return false;
}

/** By its id: only its worker had the token. An attempt that is not asked to stop the server does not end so. */
async function stopLost(
  deps: Deps,
  nodeId: string,
  { workflowId, details }: PendingAttempt,
): Promise<void> {
  const { activity } = getClient();
  const outcome = details && lostOutcome(details);
  await unlessOver(() =>
    activity.reportCancellation({ workflowId, activityId: nodeId }, outcome ?? null),
  );
  deps.log.warn(
    { workflowId, nodeId },
    `${nodeId} is cancelled: its worker was lost before it handed the attempt over`,
  );
}

function lostOutcome(details: HeartbeatDetails): NodeOutcome & { checkpoint?: unknown } {
  const { attempt, startedAt, attempts, executionTimeMs, checkpoint } = details;
  const message = `the worker that ran attempt ${attempt} was lost`;
  const lost = {
    ...{ attempt, startedAt, endedAt: new Date().toISOString() },
    ...{ outcome: 'WORKER_LOST' as const, error: { code: 'WORKER_LOST', message } },
  };
  return {
    status: 'CANCELLED',
    reason: 'cancelled',
    attempts: withAttempt(attempts, lost),
    attemptCount: attempt,
    executionTimeMs,
    ...(checkpoint === undefined ? {} : { checkpoint }),
  };
}

/** That the attempt has ended meanwhile is well. */
async function unlessOver(tell: () => Promise<void>): Promise<void> {
  try {
    await tell();
  } catch (error) {
    if (!(error instanceof ActivityNotFoundError)) throw error;
  }
}
