/** What happens to an execution, by name, for those who listen: `engine.on`, webhooks. */
import type { Status } from './status.js';

/** `graphCompleted` follows a graph's own end, whatever that is. */
export const EVENT_NAMES = [
  'created',
  'scheduled',
  'preparing',
  'started',
  'retrying',
  'paused',
  'resumed',
  'completed',
  'failed',
  'timedOut',
  'cancelled',
  'rejected',
  'skipped',
  'approvalRequested',
  'deadlineRisk',
  'graphCompleted',
] as const;
/** What may happen to an execution. */
export type EventName = (typeof EVENT_NAMES)[number];

/** Events that people ask for together, by a word of its own. */
export const EVENT_GROUPS = {
  failures: ['failed', 'timedOut', 'rejected'],
  approvals: ['approvalRequested'],
  ends: ['completed', 'failed', 'timedOut', 'cancelled', 'rejected', 'skipped'],
} as const satisfies Record<string, readonly EventName[]>;
export type EventGroup = keyof typeof EVENT_GROUPS;
export const EVENT_WORDS = [
  ...EVENT_NAMES,
  ...(Object.keys(EVENT_GROUPS) as EventGroup[]),
] as const;

/** The events that names and words stand for, each once. */
export function eventsNamed(words: readonly (EventName | EventGroup)[]): EventName[] {
  return [
    ...new Set(
      words.flatMap((word): readonly EventName[] =>
        word in EVENT_GROUPS ? EVENT_GROUPS[word as EventGroup] : [word as EventName],
      ),
    ),
  ];
}

const EVENT_OF: Readonly<Record<Status, EventName>> = {
  PENDING: 'created',
  SCHEDULED: 'scheduled',
  PREPARING: 'preparing',
  RUNNING: 'started',
  RETRYING: 'retrying',
  PAUSED: 'paused',
  COMPLETED: 'completed',
  FAILED: 'failed',
  TIMEOUT: 'timedOut',
  CANCELLED: 'cancelled',
  REJECTED: 'rejected',
  SKIPPED: 'skipped',
};

/** The event for entering a status; a question that is asked has one of its own. */
export function eventOf(status: Status, reason?: string): EventName {
  return status === 'RUNNING' && reason === 'approval' ? 'approvalRequested' : EVENT_OF[status];
}

/** The type of a message about it, as CloudEvents want one: `tempograph.execution.completed.v1`. */
export function messageType(event: EventName): string {
  return `tempograph.execution.${event}.v1`;
}
