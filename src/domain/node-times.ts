/**
 * Where a node's time goes, from when its dependencies allowed it to its end: so much of it to each kind.
 *
 * Pure. T1. The kinds of one period add up to the period, to the millisecond, whatever the workers' clocks say: times
 * inside an attempt are clamped to when the workflow handed the node over and when it heard of it again.
 */
import type { ActivityOutcome, AttemptRecord, HoldReason } from './outcome.js';

export const TIME_KINDS = [
  /** Waiting for dependencies: on a critical path only where somebody ended a node that still did. */
  'dependency',
  /** The graph ran, and the node was no part of it yet: somebody added it later. */
  'edit',
  'start_time',
  /** Ready, and the graph's `concurrency` was spent. */
  'window',
  'limit',
  'circuit',
  'coalesced',
  'no_handler',
  'pause',
  /** Handed to Temporal, and no worker had it. */
  'queue',
  /** A worker had it: pre hooks, input check, look-ups. */
  'prepare',
  'run',
  'backoff',
  /** Waiting for somebody's answer. */
  'approval',
  /** Its items, or its sub-graph, were under way. */
  'children',
  /** What completed was undone, behind the last node. */
  'undo',
  /** Post hooks, recording, and the way to the server and back. */
  'overhead',
] as const;
/** What time went to. */
export type TimeKind = (typeof TIME_KINDS)[number];

/** Milliseconds by kind; a kind without any is left out. */
export type Times = Partial<Record<TimeKind, number>>;

export function addTime(times: Times, kind: TimeKind, ms: number): void {
  if (ms > 0) times[kind] = (times[kind] ?? 0) + ms;
}

export function totalOf(times: Times): number {
  return Object.values(times).reduce((sum, ms) => sum + ms, 0);
}

/** From when a node was handed over until the workflow heard of it again. Epoch milliseconds. */
export interface RunningPeriod {
  handedAt: number;
  returnedAt: number;
  /** Attempts and their run time before it. */
  attemptsBefore: number;
  executionTimeBeforeMs: number;
  outcome: ActivityOutcome;
}

/** What holds a node although a worker looked at it: all of such a period that no attempt used. */
const HELD_FOR: Record<HoldReason, TimeKind | undefined> = {
  circuit: 'circuit',
  coalesced: 'coalesced',
  no_handler: 'no_handler',
  looked: 'prepare',
  retry: undefined,
  paused: undefined,
  unknown: undefined,
};

/** Divides a period among the kinds (T1). */
export function splitRunning(period: RunningPeriod): Times {
  const { handedAt, returnedAt, attemptsBefore, outcome } = period;
  const times: Times = {};
  const held = 'held' in outcome ? HELD_FOR[outcome.held] : undefined;
  const own = outcome.attempts.filter(({ attempt }) => attempt > attemptsBefore);
  let dropped = missingRun(period, own);
  let cursor = handedAt;
  /** Gives what lies between here and a time to a kind, and goes there. */
  const until = (time: number, kind: TimeKind): void => {
    const to = Math.min(Math.max(time, cursor), returnedAt);
    addTime(times, kind, to - cursor);
    cursor = to;
  };
  let waitMs = 0;
  own.forEach((record, nth) => {
    const startedAt = Date.parse(record.startedAt);
    if (nth === 0 && record.attempt > attemptsBefore + 1) {
      // Earlier attempts of this period are only counted: what they ran is known, the rest were waits between them.
      until(Math.min(cursor + dropped, startedAt), 'run');
      dropped = 0;
      until(startedAt, 'backoff');
    }
    until(Math.min(cursor + waitMs, startedAt), 'backoff');
    until(startedAt, 'queue');
    const endedAt = record.endedAt === undefined ? returnedAt : Date.parse(record.endedAt);
    if (record.enteredAt !== undefined) until(Date.parse(record.enteredAt), 'prepare');
    until(endedAt, ranAtAll(record) ? 'run' : 'prepare');
    waitMs = record.waitMs ?? 0;
  });
  // An attempt that was stopped for a pause is not in the list, but its time is counted.
  if (dropped > 0) until(cursor + dropped, 'run');
  until(returnedAt, held ?? restOf(own, outcome));
  return times;
}

/** Run time of attempts that are not in the list. */
function missingRun(
  { executionTimeBeforeMs, outcome }: RunningPeriod,
  own: readonly AttemptRecord[],
): number {
  const listed = own.reduce(
    (sum, { enteredAt, startedAt, endedAt }) =>
      enteredAt === undefined || endedAt === undefined
        ? sum
        : sum + Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)),
    0,
  );
  return Math.max(0, outcome.executionTimeMs - executionTimeBeforeMs - listed);
}

/** A lost attempt does not say when its handler was entered; nearly all of it was work. */
const ranAtAll = ({ enteredAt, outcome }: AttemptRecord): boolean =>
  enteredAt !== undefined || outcome === 'TIMEOUT' || outcome === 'WORKER_LOST';

/** What the end of a period was, behind its last attempt. */
function restOf(own: readonly AttemptRecord[], outcome: ActivityOutcome): TimeKind {
  if (own.length > 0 || 'held' in outcome) return 'overhead';
  if (outcome.cached || outcome.status === 'SKIPPED') return 'prepare';
  return 'queue'; // no worker ever had it
}
