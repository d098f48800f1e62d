/**
 * Merging writes into an execution: pure, so that every order of the same writes ends in the same row.
 *
 * M1. Of two writes of one run the greater sequence wins, field by field; `stamps` remembers who wrote what.
 * M2. A terminal write wins over every live one of its run: what is live and has a greater sequence is ignored, what has
 *     a smaller one fills the fields that nobody has written since.
 * M2a. Of two ends that disagree (in status, attempts or the error's code) the greater sequence wins, and the row's
 *     history keeps only that one: a worker that was cut off may have recorded an end that the server never heard of.
 *     What only the lesser said of its outcome goes with it.
 *     An end that says the same again is ignored, so that the end of a graph does not write each of its nodes twice.
 * M3. A write of a later run starts anew; the row before it is kept in short, since it may still be told to have ended.
 */
import { isTerminal } from '../domain/status.js';
import { mergeHistory } from './execution-history.js';
import {
  type ExecutionFields,
  type ExecutionRow,
  type ExecutionWrite,
  type Run,
  type StatusEntry,
} from './execution-row.js';

/** Field → sequence of the write that it is from. */
export type Stamps = Partial<Record<keyof ExecutionFields, number>>;

/** A row with what merging has to know. */
export interface Merged {
  row: ExecutionRow;
  stamps: Stamps;
}

const EMPTY: ExecutionFields = {
  parentId: null,
  taskId: null,
  taskVersion: null,
  catalogueTaskId: null,
  catalogueTaskVersion: null,
  project: null,
  sessionId: null,
  priority: null,
  status: 'PENDING',
  reason: null,
  requestId: null,
  rerunOf: null,
  workflowId: null,
  createdAt: 0,
  scheduledTime: null,
  startedAt: null,
  endedAt: null,
  durationMs: null,
  executionTimeMs: null,
  waitMs: null,
  attempts: null,
  maxRetries: null,
  nextRetryAt: null,
  progress: null,
  input: null,
  output: null,
  error: null,
  warnings: [],
  metrics: null,
  artifacts: null,
  dependencies: [],
  metadata: {},
  tags: [],
  manifestRef: null,
  nodeCounts: null,
  deadlineMs: null,
  deadlineRisk: null,
};
const FIELDS = Object.keys(EMPTY) as (keyof ExecutionFields)[];
const WHOLE = new Set<keyof ExecutionFields>([
  'createdAt',
  'scheduledTime',
  'startedAt',
  'endedAt',
  'durationMs',
  'executionTimeMs',
  'waitMs',
  'nextRetryAt',
  'attempts',
  'maxRetries',
  'priority',
  'catalogueTaskVersion',
  'deadlineMs',
]);

/** What an end says of itself, and takes with it when another corrects it. */
const OF_ITS_END = new Set<keyof ExecutionFields>([
  'reason',
  'executionTimeMs',
  'output',
  'error',
  'warnings',
  'metrics',
  'artifacts',
  'manifestRef',
  'nodeCounts',
]);

/** How the run of a write stands to the run of a row: negative for an earlier one, 0 for the same. */
export function compareRuns(write: ExecutionWrite, row: ExecutionRow): number {
  const { run } = write;
  if (!run) return 0;
  if (row.runId === null) {
    // A row of an unknown run takes the first that comes, unless it had ended before that began.
    return isTerminal(row.status) && row.endedAt !== null && run.startedAt > row.endedAt ? 1 : 0;
  }
  if (run.id === row.runId) return 0;
  const later = run.startedAt - (row.runStartedAt ?? 0);
  return later !== 0 ? later : run.id < row.runId ? -1 : 1;
}

/**
 * The row with the write merged into it; the same object when it says nothing new. The run of the write must be the
 * row's.
 *
 * @param current undefined for the first write of a run
 */
export function mergeWrite(
  current: Merged | undefined,
  write: ExecutionWrite,
  now: number,
): Merged {
  const base = current ?? begin(write, now);
  if (current && isFinal(current, write)) return withRun(current, write, now);
  const rank = isEnd(write) && isTerminal(base.row.status) ? rankOf(base, write) : 'only';
  const row: ExecutionRow = { ...base.row };
  const stamps: Stamps = { ...base.stamps };
  let changed = current === undefined;
  if (rank === 'corrects') forgetEnd(row, stamps);
  for (const field of FIELDS) {
    const said = write[field];
    // Null clears: what a lesser end says of its outcome is not so, but it was said after what the row may have.
    const value = rank === 'lesser' && OF_ITS_END.has(field) && said !== undefined ? null : said;
    if (value === undefined || !wins(base, write, field, rank)) continue;
    if (stamps[field] !== write.sequence) changed = true;
    stamps[field] = write.sequence;
    changed = assign(row, field, value) || changed;
  }
  const known = rank === 'corrects' ? liveEntries(row.statusHistory) : row.statusHistory;
  const added = rank === 'lesser' ? liveEntries(write.statusHistory ?? []) : write.statusHistory;
  const history = mergeHistory(known, added ?? []);
  if (history !== row.statusHistory) changed = true;
  row.statusHistory = history;
  if (write.sequence > row.sequence) changed = true;
  row.sequence = Math.max(row.sequence, write.sequence);
  if (!changed) return withRun(base, write, now);
  row.updatedAt = now;
  return withRun(settled({ row, stamps }), write, now);
}

/** What of a row tells whether it shows an end. */
export type ShownEnd = Pick<
  ExecutionRow,
  'status' | 'attempts' | 'error' | 'runId' | 'runStartedAt'
>;

/** True when the row shows the end that the write tells of: merging it changes nothing. */
export function showsEnd(row: ShownEnd, write: ExecutionWrite): boolean {
  const known = isTerminal(row.status) && (!write.run || !isNews(write.run, row));
  return known && isEnd(write) && saysTheSame(row, write);
}

/** True when the row has ended and the write changes nothing of that. */
function isFinal(merged: Merged, write: ExecutionWrite): boolean {
  const { row, stamps } = merged;
  if (!isTerminal(row.status)) return false;
  const ended = stamps.status ?? 0;
  return isEnd(write)
    ? write.sequence === ended || saysTheSame(row, write)
    : write.sequence > ended;
}

/** True when both are the same end, whoever tells of it and whatever their clocks say. */
function saysTheSame(row: ShownEnd, { status, attempts, error }: ExecutionWrite): boolean {
  return (
    status === row.status &&
    (attempts == null || attempts === row.attempts) &&
    (error === undefined || error?.code === row.error?.code)
  );
}

/** True for a write that tells of an end. */
export const isEnd = (write: ExecutionWrite): boolean =>
  write.status !== undefined && isTerminal(write.status);

/** How an end stands to the one that the row has. */
type Rank = 'only' | 'corrects' | 'lesser';

const rankOf = ({ stamps }: Merged, write: ExecutionWrite): Rank =>
  write.sequence > (stamps.status ?? 0) ? 'corrects' : 'lesser';

/** Takes out of the row what the end that it has said of its outcome. */
function forgetEnd(row: ExecutionRow, stamps: Stamps): void {
  const ended = stamps.status;
  for (const field of OF_ITS_END) if (stamps[field] === ended) assign(row, field, null);
  if (stamps.durationMs === ended) delete stamps.durationMs; // it follows from the times
}

const liveEntries = (history: readonly StatusEntry[]): StatusEntry[] =>
  history.filter(({ status }) => !isTerminal(status));

function wins(
  { row, stamps }: Merged,
  write: ExecutionWrite,
  field: keyof ExecutionFields,
  rank: Rank,
): boolean {
  const stamp = stamps[field];
  if (stamp === undefined) return true;
  if (isEnd(write)) return rank !== 'lesser' || write.sequence >= stamp;
  // In the millisecond in which it ended: what the end said stays.
  return isTerminal(row.status) ? write.sequence > stamp : write.sequence >= stamp;
}

function begin(write: ExecutionWrite, now: number): Merged {
  return {
    row: {
      executionId: write.executionId,
      kind: write.kind,
      ...EMPTY,
      createdAt: now,
      runId: null,
      runStartedAt: null,
      sequence: write.sequence,
      statusHistory: [],
      updatedAt: now,
    },
    stamps: {},
  };
}

/** The run that the write names; its start is the earliest that anybody says. */
function withRun(merged: Merged, { run }: ExecutionWrite, now: number): Merged {
  if (!run || !isNews(run, merged.row)) return merged;
  const startedAt = Math.round(Math.min(run.startedAt, merged.row.runStartedAt ?? Infinity));
  const row = { ...merged.row, runId: run.id, runStartedAt: startedAt, updatedAt: now };
  return settled({ row, stamps: merged.stamps });
}

function isNews(run: Run, row: Pick<ExecutionRow, 'runId' | 'runStartedAt'>): boolean {
  return row.runId !== run.id || Math.round(run.startedAt) < (row.runStartedAt ?? Infinity);
}

/** Fills in what nobody has said but what follows from the rest. */
function settled({ row, stamps }: Merged): Merged {
  const { startedAt, endedAt, scheduledTime } = row;
  if (stamps.createdAt === undefined) row.createdAt = earliestOf(row);
  if (stamps.durationMs === undefined)
    row.durationMs =
      startedAt === null || endedAt === null ? null : Math.max(0, endedAt - startedAt);
  if (stamps.waitMs === undefined)
    row.waitMs =
      startedAt === null
        ? null
        : Math.max(0, startedAt - Math.max(row.createdAt, scheduledTime ?? 0));
  return { row, stamps };
}

/** When nobody says when it was created, the first thing that is known of it; of nothing, when it was first heard of. */
function earliestOf(row: ExecutionRow): number {
  const known = [row.statusHistory[0]?.at, row.startedAt, row.endedAt, row.runStartedAt].filter(
    (time) => time != null,
  );
  return known.length === 0 ? row.createdAt : Math.min(...known);
}

function assign(
  row: ExecutionRow,
  field: keyof ExecutionFields,
  value: ExecutionFields[keyof ExecutionFields] | null,
): boolean {
  const clean = WHOLE.has(field) && typeof value === 'number' ? whole(value) : value;
  // Null clears; what is never null goes back to what it began as.
  const next = clean ?? EMPTY[field];
  const before = row[field];
  if (before === next) return false;
  if (typeof next === 'object' && JSON.stringify(before) === JSON.stringify(next)) return false;
  (row as unknown as Record<string, unknown>)[field] = next;
  return true;
}

/** One write that says NaN must not spoil the batch it comes in. */
const whole = (value: number): number | null =>
  Number.isFinite(value)
    ? Math.min(Math.max(Math.round(value), -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)
    : null;
