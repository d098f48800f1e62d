/**
 * Which events follow from what a write did to an execution. Pure: the steps of the row after, less those of the row
 * before. Those of one change are one telling: a task that is quick tells five steps at once.
 *
 * V1. A step has one id, whoever tells of it and however often: of execution, run, event and attempt; of a pause, its
 *     time, since there may be many to an attempt.
 * V2. The end is the last event of a run: steps that are heard of later are not told. An end that corrects another in
 *     its status is told as well, with an id of its own.
 */
import { createHash } from 'node:crypto';
import type { DeadlineRisk } from '../domain/deadline-risk.js';
import { eventOf, type EventName } from '../domain/event.js';
import type { ErrorRecord } from '../domain/errors.js';
import { isObject, type Json } from '../domain/json.js';
import { isTerminal, type Status } from '../domain/status.js';
import { cleanText } from './clean-write.js';
import type { ExecutionKind, ExecutionRow, StatusEntry } from './execution-row.js';

/** One thing that happened to an execution. Plain JSON: it is sent as it is. */
export interface ExecutionEvent {
  /** The same whenever the same thing is told again. */
  id: string;
  /** Its place among all events: what comes later is greater. */
  position: number;
  event: EventName;
  executionId: string;
  kind: ExecutionKind;
  /** The status that it entered. */
  status: Status;
  reason: string | null;
  /** From 1; null where none is meant. */
  attempt: number | null;
  /** When it happened, ISO. */
  at: string;
  taskId: string | null;
  project: string | null;
  sessionId: string | null;
  /** The graph of a node, the batch of an item. */
  parentId: string | null;
  runId: string | null;
  /** The caller's idempotency key. */
  requestId: string | null;
  /** Of `retrying`: when the next attempt starts, ISO. */
  nextRetryAt?: string;
  /** Of `deadlineRisk`: when it has to be done, ISO, and what speaks against it. */
  deadlineAt?: string;
  risk?: DeadlineRisk['because'];
  /** Of an end. */
  durationMs?: number | null;
  attempts?: number | null;
  /** Of an end, where it is small enough to stand in the store. */
  output?: Json;
  /** Of an end that failed, and of `retrying`. */
  error?: ShortError | null;
  /** Of a graph's end: how many nodes there are in each status. */
  nodeCounts?: Json;
}

export type ShortError = Pick<ErrorRecord, 'code' | 'message' | 'origin' | 'retriable'>;

/** Whom an event is about. */
type Subject = Pick<
  ExecutionEvent,
  'executionId' | 'kind' | 'taskId' | 'project' | 'sessionId' | 'parentId' | 'runId' | 'requestId'
>;

/** What an event says beside that. */
interface ToldStep extends Omit<ExecutionEvent, keyof Subject | 'id' | 'position' | 'at'> {
  /** Epoch milliseconds. */
  at: number;
  /** What tells it from other steps of its run. */
  key: string;
}

/** What a change of an execution tells, as the store keeps it: the steps in the order in which they happened. */
export interface Telling extends Subject {
  steps: ToldStep[];
}

type Step = Pick<ToldStep, 'key' | 'event' | 'status' | 'reason' | 'attempt' | 'at'>;

/** What a change of an execution tells; it may have no steps. */
export function tellingOf(
  before: ExecutionRow | undefined,
  after: ExecutionRow,
  now: number,
): Telling {
  const { executionId, kind, taskId, project, sessionId, parentId, runId, requestId } = after;
  const steps = newSteps(before, after, now).map((step) => toldStep(after, step));
  return {
    ...{ executionId, kind, taskId, project, sessionId, parentId, runId, requestId },
    steps,
  };
}

/**
 * The events of a telling. Those that were told before there were tellings are whole in their one step, with their id
 * and their time as ISO.
 *
 * @param last the position of the last of them
 */
export function eventsOf({ steps, ...subject }: Telling, last: number): ExecutionEvent[] {
  return steps.map(({ key, event, status, reason, attempt, at, ...details }, nth) => ({
    id: idOf(subject, key),
    position: last - steps.length + 1 + nth,
    event,
    ...{ executionId: subject.executionId, kind: subject.kind, status, reason, attempt },
    at: new Date(at).toISOString(),
    ...subject,
    ...details,
  }));
}

function newSteps(before: ExecutionRow | undefined, after: ExecutionRow, now: number): Step[] {
  if (before === after) return [];
  const ended = before !== undefined && isTerminal(before.status);
  if (ended && before.status === after.status) return [];
  const known = new Set(before ? stepsOf(before, now).map(({ key }) => key) : []);
  return stepsOf(after, now).filter(
    ({ key, status }) => !known.has(key) && !(ended && !isTerminal(status)),
  );
}

function stepsOf(row: ExecutionRow, now: number): Step[] {
  const steps = new Map<string, Step>();
  const add = (event: EventName, { status, at, attempt, reason }: StatusEntry, mark = ''): void => {
    const key = `${event} ${mark || (attempt ?? 0)}`;
    const time = Number.isSafeInteger(at) && at > 0 ? at : now;
    if (!steps.has(key))
      steps.set(key, {
        ...{ event, status, at: time, key },
        attempt: attempt ?? null,
        reason: reason ?? null,
      });
  };
  add('created', { status: 'PENDING', at: row.createdAt });
  // What a person asked beside the status makes no step of its own.
  const live = row.statusHistory.filter(({ status, verb }) => !isTerminal(status) && !verb);
  let paused = false;
  for (const entry of live) {
    // What was under way when it was paused goes on, and says which attempt it is.
    const resumes: boolean = paused && entry.attempt === undefined;
    if (entry.status === 'PAUSED') add('paused', entry, `@${entry.at}`);
    else if (resumes) add('resumed', entry, `@${entry.at}`);
    else add(eventOf(entry.status, entry.reason), entry);
    paused = entry.status === 'PAUSED' || (paused && !resumes);
  }
  const { status } = row;
  const { deadlineRisk: risk } = row;
  const then = isTerminal(status) ? 'RUNNING' : status;
  if (risk) add('deadlineRisk', { status: then, at: risk.at, reason: 'deadline' }, 'risk');
  if (!isTerminal(status)) {
    // A graph that runs says so in its row only; its history is written at its end.
    if (!live.some((entry) => entry.status === status))
      add(eventOf(status, row.reason ?? undefined), {
        ...{ status, at: row.startedAt ?? now },
        ...reasonOf(row),
      });
    return [...steps.values()];
  }
  const end: StatusEntry = { status, at: row.endedAt ?? now, ...reasonOf(row) };
  if (row.attempts && row.kind !== 'graph') end.attempt = row.attempts;
  add(eventOf(status), end, 'end');
  if (row.kind === 'graph') add('graphCompleted', end, 'end');
  return [...steps.values()];
}

const reasonOf = ({ reason }: ExecutionRow): { reason?: string } =>
  reason === null ? {} : { reason };

function toldStep(row: ExecutionRow, step: Step): ToldStep {
  return { ...step, at: within(step.at), ...detailsOf(row, step) };
}

function detailsOf(row: ExecutionRow, { event, status, attempt }: Step): Partial<ToldStep> {
  if (event === 'retrying') {
    const { nextRetryAt } = row;
    // What the row says is of its last attempt.
    if (row.status !== 'RETRYING' || row.attempts !== attempt) return {};
    return {
      ...(nextRetryAt === null ? {} : { nextRetryAt: isoOf(nextRetryAt) }),
      error: errorOf(row),
    };
  }
  if (event === 'deadlineRisk' && row.deadlineRisk)
    return { deadlineAt: isoOf(row.deadlineRisk.deadlineAt), risk: row.deadlineRisk.because };
  if (!isTerminal(status)) return {};
  const { durationMs, attempts, error, nodeCounts, output } = row;
  const small = isObject(output) ? (output as { json?: Json }) : null;
  return {
    ...{ durationMs, attempts },
    ...(small && 'json' in small ? { output: small.json } : {}),
    ...(error ? { error: errorOf(row) } : {}),
    ...(nodeCounts === null ? {} : { nodeCounts }),
  };
}

function errorOf({ error }: ExecutionRow): ShortError | null {
  if (!error) return null;
  const { code, message, origin, retriable } = error;
  return { code, message: cleanText(message), origin, retriable };
}

/** Times may be anything that a worker's clock says; beyond what a date can hold they end there. */
const within = (time: number): number => Math.min(Math.max(time, -8.64e15), 8.64e15);
const isoOf = (time: number): string => new Date(within(time)).toISOString();

function idOf({ executionId, runId }: Subject, key: string): string {
  const parts = JSON.stringify([executionId, runId ?? '', key]);
  const digest = createHash('sha256').update(parts).digest('base64url');
  return `evt_${digest.slice(0, 26)}`;
}
