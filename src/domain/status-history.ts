/**
 * The status history of a node, out of what is known of it anyway: its attempts, when it was scheduled, and the marks
 * that pauses left. Nothing is kept twice, so the history cannot disagree with the attempts.
 */
import type { CancelNote } from './execution-result.js';
import type { AttemptRecord } from './outcome.js';
import { isTerminal, type Status, type StatusChange, type StatusReason } from './status.js';

/** What the history is made of; times are ISO strings. */
export interface HistoryFacts {
  /** When the execution that it belongs to was created. */
  createdAt: string;
  /** The node whose end decided that it runs; undefined of what depends on none, and where that is not known. */
  after?: string | undefined;
  /** When it was first handed to a worker. */
  scheduledAt?: string | undefined;
  endedAt?: string | undefined;
  status: Status;
  reason?: StatusReason | undefined;
  attempts: readonly AttemptRecord[];
  marks?: readonly StatusChange[] | undefined;
}

/** Every status it has had, oldest first. Times are the workers' and the server's; equal ones keep their logical order. */
export function statusHistory(facts: HistoryFacts): StatusChange[] {
  const { createdAt, after, scheduledAt, endedAt, status, reason, attempts, marks = [] } = facts;
  const depends = after !== undefined || (status === 'PENDING' && reason === 'dependencies');
  const scheduled: StatusChange[] =
    scheduledAt === undefined ? [] : [{ status: 'SCHEDULED', at: scheduledAt, reason: 'queue' }];
  const all: StatusChange[] = [
    { status: 'PENDING', at: createdAt, ...(depends ? { reason: 'dependencies' as const } : {}) },
    ...marks.filter((mark) => !isTerminal(mark.status)), // a node that is resumed is scheduled in the same millisecond
    ...scheduled,
    ...attempts.flatMap((one) => changesOf(one)),
    ...retriesOfLost(attempts.slice(0, -1)),
    // Who asked for a cancel has not caused the end of one that ended otherwise first, or still runs.
    ...marks.filter((mark) => isTerminal(mark.status) && mark.status === status),
  ];
  all.sort((a, b) => a.at.localeCompare(b.at));
  const last: StatusChange = {
    status,
    at: endedAt ?? all.at(-1)?.at ?? createdAt,
    ...(reason === undefined ? {} : { reason }),
    ...(isTerminal(status) && attempts.length > 0
      ? { attempt: attempts.at(-1)?.attempt ?? 0 }
      : {}),
  };
  const before = isTerminal(status) ? all.filter(({ at }) => at <= last.at) : all;
  return before.at(-1)?.status === status ? before : [...before, last];
}

/**
 * That other attempts followed those whose end nobody told, because their worker was lost or only the server saw that
 * their time was over.
 *
 * @param followed attempts that another came after
 */
export function retriesOfLost(followed: readonly AttemptRecord[]): StatusChange[] {
  return followed.flatMap(({ attempt, endedAt, waitMs, outcome }): StatusChange[] => {
    const isLost = outcome === 'WORKER_LOST' || outcome === 'TIMEOUT';
    if (!isLost || endedAt === undefined || waitMs !== undefined) return [];
    const reason = outcome === 'WORKER_LOST' ? 'worker_lost' : 'retry';
    return [{ status: 'RETRYING', at: endedAt, attempt, reason }];
  });
}

/**
 * The history of a lone task: its node's, with what was asked of the whole execution. It ends as the execution did, which
 * may be otherwise than its node: FAILED where that was cancelled by itself, CANCELLED where it was done all the same.
 */
export function loneHistory(
  { marks = [], ...facts }: HistoryFacts,
  whole: { status: Status; marks?: readonly StatusChange[] | undefined },
): StatusChange[] {
  const asked = (whole.marks ?? []).filter(
    ({ status }) => status === 'PAUSED' || status === 'CANCELLED',
  );
  const history = statusHistory({ ...facts, marks: [...marks, ...asked] });
  const last = history.at(-1);
  if (!last || !isTerminal(last.status) || last.status === whole.status) return history;
  const { by, note } = asked.findLast(({ status }) => status === whole.status) ?? last;
  const said = { ...(by === undefined ? {} : { by }), ...(note === undefined ? {} : { note }) };
  return [...history.slice(0, -1), { ...last, ...said, status: whole.status }];
}

/** Who asked for the cancel that it ended with, and why; null where it ended otherwise. @param history its own */
export function cancelNote(status: Status, history: readonly StatusChange[]): CancelNote | null {
  if (status !== 'CANCELLED') return null;
  const { by = null, note = null } = history.findLast((one) => one.status === status) ?? {};
  return { by, reason: note };
}

/** What was noted of a whole execution, and its end; whoever asked for that stands at it. */
export function withEnd(marks: readonly StatusChange[], end: StatusChange): StatusChange[] {
  const asked = marks.findLast(({ status }) => status === end.status && isTerminal(status));
  return [...marks.filter(({ status }) => !isTerminal(status)), { ...asked, ...end }];
}

function changesOf({
  attempt,
  startedAt,
  enteredAt,
  endedAt,
  waitMs,
}: AttemptRecord): StatusChange[] {
  return [
    { status: 'PREPARING', at: startedAt, attempt },
    ...(enteredAt === undefined ? [] : [{ status: 'RUNNING' as const, at: enteredAt, attempt }]),
    ...(endedAt === undefined || waitMs === undefined
      ? []
      : [{ status: 'RETRYING' as const, at: endedAt, attempt, reason: 'retry' as const }]),
  ];
}
