/** An event that nobody had, to try a sink with. Pure. */
import type { EventName } from '../domain/event.js';
import type { Status } from '../domain/status.js';
import type { ExecutionEvent } from '../store/execution-events.js';

/** What it is called: nobody should take it for one of theirs. */
export const TRIAL = 'tempograph-notify-test';

const STATUS_OF: Readonly<Record<EventName, Status>> = {
  created: 'PENDING',
  scheduled: 'SCHEDULED',
  preparing: 'PREPARING',
  started: 'RUNNING',
  retrying: 'RETRYING',
  paused: 'PAUSED',
  resumed: 'RUNNING',
  completed: 'COMPLETED',
  failed: 'FAILED',
  timedOut: 'TIMEOUT',
  cancelled: 'CANCELLED',
  rejected: 'REJECTED',
  skipped: 'SKIPPED',
  approvalRequested: 'RUNNING',
  deadlineRisk: 'RUNNING',
  graphCompleted: 'COMPLETED',
};
const DURATION_MS = 90_000;
const LEFT_MS = 12 * 60_000;

/**
 * A made-up event of a graph, or of its node `approve` where it is a question.
 *
 * @param id what receivers tell it from others by
 * @param now epoch milliseconds
 */
export function trialEvent(event: EventName, id: string, now: number): ExecutionEvent {
  const asks = event === 'approvalRequested';
  return {
    ...{ id, position: 0, event, status: STATUS_OF[event], at: new Date(now).toISOString() },
    executionId: asks ? `${TRIAL}/approve` : TRIAL,
    kind: asks ? 'node' : 'graph',
    taskId: asks ? 'tempograph.approval' : TRIAL,
    parentId: asks ? TRIAL : null,
    reason: asks ? 'approval' : null,
    ...{ attempt: null, project: null, sessionId: null, runId: null, requestId: null },
    ...DETAILS[event]?.(now),
  };
}

const failure = { code: 'TEST', origin: 'engine', retriable: false } as const;
const error = { ...failure, message: 'made up by tempograph notify test: nothing has failed' };
const ended = { durationMs: DURATION_MS, attempts: 1 };
const failed = (): Partial<ExecutionEvent> => ({ ...ended, error });

const DETAILS: Partial<Record<EventName, (now: number) => Partial<ExecutionEvent>>> = {
  completed: () => ended,
  failed,
  timedOut: failed,
  rejected: failed,
  deadlineRisk: (now) => ({
    reason: 'deadline',
    deadlineAt: new Date(now + LEFT_MS).toISOString(),
    risk: 'time',
  }),
};
