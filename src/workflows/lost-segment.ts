/** What becomes of the nodes of a segment that is gone: back to the scheduler, or to an end where none may run again. */
import type { ErrorRecord } from '../domain/errors.js';
import { again, withAttempt, type ActivityOutcome, type AttemptRecord } from '../domain/outcome.js';
import type { NodeClass } from '../domain/plan.js';
import type { Turn } from './between.js';
import type { Delivered } from './node-executor.js';
import type { Round } from './requests.js';

/** A node that was handed over. */
export interface HandedOver {
  round: Round | null;
  /** The segment has its order. */
  told: boolean;
  /** It was lent, or handed over with others: to begin at once, or after others. */
  turn?: Turn | undefined;
}

interface Loss {
  /** Undefined for a class that nobody knows: the node ends. */
  retry: NodeClass['retry'] | undefined;
  /** When it was found, epoch milliseconds. */
  at: number;
}

/** @returns what the graph hears of the node: one that may have run has spent an attempt */
export function lostDelivered(segmentId: string, node: HandedOver, loss: Loss): Delivered {
  if (node.turn === 'later') return { left: true };
  // A light node may run again, though it had ended: by itself, since it may be what ended the segment.
  if (node.turn === 'first') return again(node.round ?? undefined);
  // It never had this node's order: nothing ran.
  return node.told ? lostOutcome(segmentId, node, loss) : again(node.round ?? undefined);
}

function lostOutcome(
  segmentId: string,
  { round }: HandedOver,
  { retry, at: foundAt }: Loss,
): ActivityOutcome {
  const attempt = (round?.attemptsUsed ?? 0) + 1;
  const at = new Date(foundAt).toISOString();
  const message = `the segment ${segmentId} that held this node is gone`;
  const failure = { code: 'WORKER_LOST', message };
  const error: ErrorRecord = { ...failure, origin: 'temporal', retriable: true, attempt };
  const record: AttemptRecord = {
    ...{ attempt, startedAt: at, endedAt: at },
    ...{ outcome: 'WORKER_LOST', error: failure },
  };
  const attempts = withAttempt(round?.attempts ?? [], record);
  const executionTimeMs = round?.executionTimeMs ?? 0;
  const final = !retry || attempt > retry.maxRetries || retry.neverRetryOn.includes('WORKER_LOST');
  const behind = { attempts, executionTimeMs, error };
  return final
    ? { status: 'TIMEOUT', reason: 'worker_lost', attemptCount: attempt, ...behind }
    : { held: 'retry', waitMs: 0, attemptsUsed: attempt, ...behind };
}
