/** What a failed activity means for its node. The pipeline's own envelope where it got that far, else what the server says. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  TimeoutFailure,
} from '@temporalio/common';
import type { ErrorRecord } from '../domain/errors.js';
import { isObject } from '../domain/json.js';
import {
  isHeld,
  isOutcome,
  withAttempt,
  type AttemptRecord,
  type HeartbeatDetails,
  type ActivityOutcome,
  type NodeOutcome,
} from '../domain/outcome.js';
import type { StatusReason } from '../domain/status.js';
import type { NodeOrder, NodeRequest } from './requests.js';

/** What an activity returned, if it is one of ours: a worker on a queue of the node's own may be anybody's. */
export function outcomeOfResult(result: unknown, order: NodeOrder): ActivityOutcome {
  if (isOutcome(result)) return result;
  const message =
    'the worker that ran it is none of Tempograph: its result has no status; start it with startWorker';
  const error: ErrorRecord = { code: 'CONFIGURATION', message, origin: 'engine', retriable: false };
  return { ...bare(order, 'FAILED', [], 1), error };
}

export function outcomeOfFailure(
  error: unknown,
  order: NodeOrder,
  request: NodeRequest,
  now: number,
): NodeOutcome {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  const envelope = envelopeOf(cause);
  if (envelope) return envelope;
  if (cause instanceof CancelledFailure)
    return { ...bare(order, 'CANCELLED', [], 0), reason: 'cancelled' };
  if (cause instanceof TimeoutFailure) return timedOut(cause, order, request, now);
  const retryState = error instanceof ActivityFailure ? error.retryState : undefined;
  if (cause instanceof ApplicationFailure && retryState === 'TIMEOUT') {
    const record = recordOf(cause, 'TIMEOUT');
    return { ...bare(order, 'TIMEOUT', [], 1), error: record, reason: 'total_timeout' };
  }
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof ApplicationFailure ? (cause.type ?? 'ENGINE') : 'ENGINE';
  const record: ErrorRecord = { code, message, origin: 'temporal', retriable: false };
  return { ...bare(order, 'FAILED', [], 1), error: record };
}

function envelopeOf(cause: unknown): NodeOutcome | undefined {
  if (!(cause instanceof ApplicationFailure) && !(cause instanceof CancelledFailure))
    return undefined;
  const [first] = cause.details ?? [];
  return isOutcome(first) && !isHeld(first) ? first : undefined;
}

function recordOf(cause: ApplicationFailure, code: string): ErrorRecord {
  const [first] = cause.details ?? [];
  const error = isObject(first) ? (first['error'] as ErrorRecord | undefined) : undefined;
  return error ?? { code, message: cause.message, origin: 'temporal', retriable: false };
}

/** Where somebody says first what became of an attempt, what follows is not known yet, however many retries are left. */
const noRetry = ({ holdUnknown }: NodeRequest): string =>
  holdUnknown ? '' : ', and no retry is left';

const TIMEOUTS: Record<
  NonNullable<TimeoutFailure['timeoutType']>,
  { code: string; reason?: StatusReason; says: (r: NodeRequest) => string }
> = {
  START_TO_CLOSE: {
    code: 'TIMEOUT',
    says: (r) => `an attempt was not done within ${r.timeoutMs} ms${noRetry(r)}`,
  },
  HEARTBEAT: {
    code: 'WORKER_LOST',
    reason: 'worker_lost',
    says: (r) => `the worker was silent for ${r.heartbeatTimeoutMs} ms${noRetry(r)}`,
  },
  SCHEDULE_TO_START: {
    code: 'NO_WORKER',
    reason: 'no_worker',
    says: () => 'no worker took it within queueTimeout',
  },
  SCHEDULE_TO_CLOSE: {
    code: 'TIMEOUT',
    reason: 'total_timeout',
    says: () => 'totalTimeout has passed',
  },
};

function timedOut(
  cause: TimeoutFailure,
  order: NodeOrder,
  request: NodeRequest,
  now: number,
): NodeOutcome {
  const { code, reason, says } = TIMEOUTS[kindOf(cause, request)];
  const details = cause.lastHeartbeatDetails as HeartbeatDetails | undefined;
  const before: AttemptRecord[] = details?.attempts ?? order.round?.attempts ?? [];
  const ran = code !== 'NO_WORKER';
  const last = Math.max(
    details?.attempt ?? 0,
    (before.at(-1)?.attempt ?? order.round?.attemptsUsed ?? 0) + 1,
  );
  const spent =
    cause.timeoutType === 'START_TO_CLOSE' || cause.timeoutType === 'HEARTBEAT'
      ? Math.max(last, request.retry.maxRetries + 1)
      : last;
  const first = request.holdUnknown || request.retry.neverRetryOn.includes(code);
  const number = first ? last : spent;
  const ended: AttemptRecord = {
    attempt: number,
    startedAt:
      details?.attempt === number
        ? details.startedAt
        : new Date(now - Math.min(request.timeoutMs, now)).toISOString(),
    endedAt: new Date(now).toISOString(),
    outcome: code === 'WORKER_LOST' ? 'WORKER_LOST' : 'TIMEOUT',
    error: { code, message: says(request) },
  };
  const attempts = ran ? withAttempt(before, ended) : before;
  return {
    ...bare(order, 'TIMEOUT', attempts, ran ? number : before.length),
    executionTimeMs: details?.executionTimeMs ?? order.round?.executionTimeMs ?? 0,
    error: { code, message: says(request), origin: 'temporal', retriable: false, attempt: number },
    ...(reason ? { reason } : {}),
  };
}

function bare(
  order: NodeOrder,
  status: NodeOutcome['status'],
  attempts: AttemptRecord[],
  count: number,
): NodeOutcome {
  const known = attempts.length > 0 ? attempts : (order.round?.attempts ?? []);
  return {
    status,
    attempts: known,
    attemptCount: Math.max(count, order.round?.attemptsUsed ?? 0),
    executionTimeMs: order.round?.executionTimeMs ?? 0,
  };
}

/** Where `totalTimeout` ends before `queueTimeout`, the server calls it a wait for a worker all the same. */
function kindOf(
  { timeoutType }: TimeoutFailure,
  request: NodeRequest,
): NonNullable<TimeoutFailure['timeoutType']> {
  const { totalLeftMs = Infinity, queueTimeoutMs } = request;
  const byTotal = timeoutType === 'SCHEDULE_TO_START' && totalLeftMs < (queueTimeoutMs ?? Infinity);
  return byTotal ? 'SCHEDULE_TO_CLOSE' : (timeoutType ?? 'START_TO_CLOSE');
}
