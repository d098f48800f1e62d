/**
 * The twelve statuses of an execution, and which may follow which.
 *
 * Only terminal statuses are final; readers must not assume an order among the others.
 */
import { TaskStateError } from './errors.js';

/** All statuses. */
export const STATUSES = [
  'PENDING',
  'SCHEDULED',
  'PREPARING',
  'RUNNING',
  'RETRYING',
  'PAUSED',
  'COMPLETED',
  'FAILED',
  'TIMEOUT',
  'CANCELLED',
  'REJECTED',
  'SKIPPED',
] as const;
/** Where an execution or a node stands; `docs/statuses.md` has the transitions. */
export type Status = (typeof STATUSES)[number];

export const TERMINAL_STATUSES = [
  'COMPLETED',
  'FAILED',
  'TIMEOUT',
  'CANCELLED',
  'REJECTED',
  'SKIPPED',
] as const satisfies readonly Status[];
/** A status that never changes again. */
export type TerminalStatus = (typeof TERMINAL_STATUSES)[number];

/** Why a node waits (PENDING, SCHEDULED) or why it ended as it did. */
export const STATUS_REASONS = [
  'dependencies',
  'window',
  'start_time',
  'queue',
  'retry',
  'no_handler',
  'limit',
  'circuit',
  'coalesced',
  'paused',
  'approval',
  'outcome_unknown',
  'result',
  'upstream_failed',
  'condition',
  'rule',
  'operator',
  'fail_fast',
  'cancelled',
  'deadline',
  'no_worker',
  'worker_lost',
  'total_timeout',
  'dependency_timeout',
  'dependency_cycle',
  'unknown_dependency',
] as const;
/** Why a node waits, or why it ended as it did; `docs/statuses.md` lists them. */
export type StatusReason = (typeof STATUS_REASONS)[number];

/**
 * The statuses that may follow each status. From every live status an execution may be cancelled, and what has not
 * been entered yet may be refused, time out or be skipped.
 */
export const TRANSITIONS: Readonly<Record<Status, readonly Status[]>> = {
  PENDING: ['SCHEDULED', 'PREPARING', 'RUNNING', 'PAUSED', ...TERMINAL_STATUSES],
  SCHEDULED: [
    'PENDING',
    'PREPARING',
    'RUNNING',
    'RETRYING',
    'PAUSED',
    'COMPLETED',
    'FAILED',
    'TIMEOUT',
    'CANCELLED',
    'REJECTED',
    'SKIPPED',
  ],
  PREPARING: [
    'PENDING',
    'RUNNING',
    'RETRYING',
    'PAUSED',
    'COMPLETED',
    'FAILED',
    'TIMEOUT',
    'CANCELLED',
    'REJECTED',
    'SKIPPED',
  ],
  RUNNING: [
    'PENDING',
    'RETRYING',
    'PAUSED',
    'COMPLETED',
    'FAILED',
    'TIMEOUT',
    'CANCELLED',
    'REJECTED',
  ],
  RETRYING: [
    'PENDING',
    'SCHEDULED',
    'PREPARING',
    'RUNNING',
    'PAUSED',
    'COMPLETED',
    'FAILED',
    'TIMEOUT',
    'CANCELLED',
    'SKIPPED',
  ],
  PAUSED: [
    'PENDING',
    'SCHEDULED',
    'RETRYING',
    'COMPLETED',
    'FAILED',
    'TIMEOUT',
    'CANCELLED',
    'SKIPPED',
  ],
  COMPLETED: [],
  FAILED: [],
  TIMEOUT: [],
  CANCELLED: [],
  REJECTED: [],
  SKIPPED: [],
};

export const LIVE_STATUSES: readonly Status[] = STATUSES.filter(
  (status) => TRANSITIONS[status].length > 0,
);

/** True for a status that never changes again. */
export function isTerminal(status: Status): status is TerminalStatus {
  return TRANSITIONS[status].length === 0;
}

/** True when an execution may go from one status to the other. */
export function canTransition(from: Status, to: Status): boolean {
  return TRANSITIONS[from].includes(to);
}

/**
 * The new status, when the transition is allowed.
 *
 * @throws TaskStateError naming both statuses and what may follow
 */
export function transition(from: Status, to: Status, subject = 'execution'): Status {
  if (canTransition(from, to)) return to;
  const allowed = TRANSITIONS[from].join(', ') || 'nothing: it is final';
  throw new TaskStateError(
    `${subject} cannot go from ${from} to ${to}; from ${from} may follow ${allowed}`,
  );
}

/** The statuses that count as a failure of a node: what it should have done was not done. */
export function isFailure(status: Status): boolean {
  return status === 'FAILED' || status === 'TIMEOUT' || status === 'REJECTED';
}

/** One step in an execution's history. */
export interface StatusChange {
  status: Status;
  /** ISO time. */
  at: string;
  attempt?: number;
  reason?: StatusReason;
  /** Who asked, where a person or a system did. */
  by?: string;
  note?: string;
  /** What was asked. Its status is the one that it led to, or the one that it left as it was. */
  verb?: OperatorVerb;
}

/** What people ask of a running graph and its nodes, apart from pause, resume and cancel. */
export const OPERATOR_VERBS = [
  'retryNow',
  'skip',
  'complete',
  'fail',
  'setPriority',
  'setConcurrency',
  'edit',
] as const;
export type OperatorVerb = (typeof OPERATOR_VERBS)[number];
