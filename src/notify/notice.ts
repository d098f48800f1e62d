/**
 * What people are told of an event: a title, lines, what to type, and where to look. Pure, and the same for every chat
 * and for mail; each format only dresses it.
 *
 * N1. Nothing of an execution's input, output, headers or metadata stands in it: its names, its status, its error, and of an
 *     approval its question, with what the question's author put into it.
 * N2. Every text in it is one line of bounded length, with what cannot be seen shown as its code. It is no format's
 *     markup: whoever renders it escapes all of it.
 * N3. A password in an address is taken out; the values of secrets were, before the event was written.
 */
import { formatDuration } from '../domain/duration.js';
import type { EventName } from '../domain/event.js';
import { shellWord as quoted } from '../domain/shell-word.js';
import { cut, visibleLine } from '../domain/visible-text.js';
import type { ExecutionEvent } from '../store/execution-events.js';

/** How it should look: what went wrong, what somebody has to do, what went well, the rest. */
export type Tone = 'bad' | 'urgent' | 'good' | 'neutral';

export interface Notice {
  title: string;
  tone: Tone;
  lines: string[];
  /** What to type to see more, or to answer. */
  commands: string[];
  /** Its page; absent where nobody said where the page is. */
  url?: string;
}

/** What is known beside the event. */
export interface NoticeFacts {
  /** Where the page is, without a slash at the end. */
  publicUrl?: string | undefined;
  /** Of a graph that failed: the first of its nodes that did. */
  failedNodes?: readonly string[];
  /** Of an approval that waits: what it asks. */
  question?: AskedQuestion | undefined;
}

/** What an approval asks, of whom, and until when. */
export interface AskedQuestion {
  message: string;
  /** Who may answer; whoever may approve at all where nobody is named. */
  by?: readonly string[];
  /** An ISO time; without one it waits for good. */
  dueAt?: string;
  /** What no answer until then means. */
  onTimeout: 'fail' | 'approve' | 'deny';
  /** JSON Schema of what a yes has to bring. */
  payload?: object;
}

const NAME = 120;
const ID = 300;
const MESSAGE = 600;
/** Chats refuse a message with a longer address. */
const URL_LENGTH = 2_000;
/** Nodes that are named. */
const NODES = 5;
/** People who may answer that are named. */
const PEOPLE = 10;

interface Kind {
  tone: Tone;
  /** What happened, after the name. */
  said: string;
}
const KINDS: Readonly<Record<EventName, Kind>> = {
  created: { tone: 'neutral', said: 'was created' },
  scheduled: { tone: 'neutral', said: 'is scheduled' },
  preparing: { tone: 'neutral', said: 'is being prepared' },
  started: { tone: 'neutral', said: 'has started' },
  retrying: { tone: 'neutral', said: 'failed and will be tried again' },
  paused: { tone: 'neutral', said: 'is paused' },
  resumed: { tone: 'neutral', said: 'goes on' },
  completed: { tone: 'good', said: 'completed' },
  failed: { tone: 'bad', said: 'failed' },
  timedOut: { tone: 'bad', said: 'timed out' },
  cancelled: { tone: 'neutral', said: 'was cancelled' },
  rejected: { tone: 'bad', said: 'was refused' },
  skipped: { tone: 'neutral', said: 'was skipped' },
  approvalRequested: { tone: 'urgent', said: 'waits for an approval' },
  deadlineRisk: { tone: 'urgent', said: 'may miss its deadline' },
  graphCompleted: { tone: 'neutral', said: 'has ended' },
};

/** What people are told. */
export function noticeOf(event: ExecutionEvent, facts: NoticeFacts = {}): Notice {
  const { tone, said } = KINDS[event.event];
  return {
    title: `${nameOf(event)} ${said}`,
    tone,
    lines: linesOf(event, facts),
    commands: commandsOf(event, facts),
    ...urlOf(event, facts),
  };
}

/** What people know it by: a graph's or a task's name; of a node its graph's id and its own. */
export function nameOf({ executionId, taskId, kind }: ExecutionEvent): string {
  return short(kind === 'node' ? executionId : (taskId ?? executionId), NAME);
}

function linesOf(event: ExecutionEvent, { failedNodes = [], question }: NoticeFacts): string[] {
  const { executionId, kind, taskId, project, status, reason, error, durationMs, at } = event;
  const attempts = event.attempts ?? event.attempt;
  const lines: (string | undefined)[] = [
    `Execution: ${short(executionId, ID)}`,
    kind === 'node' && taskId !== null ? `Task: ${short(taskId, NAME)}` : undefined,
    project === null ? undefined : `Project: ${short(project, NAME)}`,
    `Status: ${status}${reason === null ? '' : ` (${short(reason, NAME)})`}`,
    ...(question ? questionLines(question, event.at) : []),
    error ? `Error: ${errorOf(error)}` : undefined,
    failedNodes.length > 0 ? `Failed: ${namesOf(failedNodes)}` : undefined,
    ...deadlineLines(event),
    durationMs == null ? undefined : `Took: ${formatDuration(durationMs)}`,
    attempts !== null && attempts > 1 ? `Attempts: ${attempts}` : undefined,
    event.nextRetryAt === undefined ? undefined : `Next attempt: ${event.nextRetryAt}`,
    `At: ${at}`,
  ];
  return lines.filter((line) => line !== undefined);
}

const UNANSWERED: Readonly<Record<AskedQuestion['onTimeout'], string>> = {
  fail: 'it fails',
  approve: 'it counts as approved',
  deny: 'it counts as denied',
};

function questionLines({ message, by, dueAt, onTimeout }: AskedQuestion, at: string): string[] {
  const who = by ? namesOf(by, PEOPLE) : 'anybody who may approve';
  const leftMs = dueAt === undefined ? 0 : Math.max(0, Date.parse(dueAt) - Date.parse(at));
  const left = formatDuration(Math.round(leftMs / 1_000) * 1_000);
  const until =
    dueAt === undefined
      ? 'answered, however long that takes'
      : `${dueAt}, ${left} away; then ${UNANSWERED[onTimeout]}`;
  return [
    `Question: ${short(withoutPasswords(message), MESSAGE)}`,
    `May answer: ${who}`,
    `Waits until: ${until}`,
  ];
}

function deadlineLines({ deadlineAt, risk, at }: ExecutionEvent): string[] {
  if (deadlineAt === undefined) return [];
  const left = Math.max(0, Date.parse(deadlineAt) - Date.parse(at));
  const why =
    risk === 'node'
      ? 'a node that runs usually takes longer than that'
      : 'most of its time has passed';
  return [`Deadline: ${deadlineAt}, ${formatDuration(left)} away; ${why}`];
}

function namesOf(names: readonly string[], most = NODES): string {
  const named = names.slice(0, most).map((name) => short(name, NAME));
  return names.length > most ? `${named.join(', ')} and more` : named.join(', ');
}

function errorOf({ code, message }: NonNullable<ExecutionEvent['error']>): string {
  const text = message.startsWith(`${code}:`) ? message : `${code}: ${message}`;
  return short(withoutPasswords(text), MESSAGE);
}

/** `postgres://user:password@host` without what stands before the `@`. */
const withoutPasswords = (text: string): string =>
  text.replace(/\b([a-z][a-z\d+.-]{0,30}:\/\/)[^\s/@]+@/gi, '$1***@');

function commandsOf({ event, executionId }: ExecutionEvent, { question }: NoticeFacts): string[] {
  const id = shellWord(executionId);
  if (id === undefined) return [];
  const look = `tempograph explain ${id}`;
  if (event !== 'approvalRequested') return [look];
  // Where some are named, the user of a machine is nobody.
  const [who] = question?.by ?? [];
  const by = who === undefined ? '' : ` --by ${shellWord(who) ?? 'NAME'}`;
  const payload = question?.payload === undefined ? '' : ' --payload JSON';
  return [look, `tempograph approve ${id}${by}${payload}`, `tempograph deny ${id}${by}`];
}

/** An id as it can be typed; undefined for one that is too long, or could not be shown as code. */
function shellWord(id: string): string | undefined {
  if (id.length > ID || id.includes('`') || visibleLine(id) !== id) return undefined;
  return quoted(id);
}

/** A node's page is that of its graph. */
function urlOf(
  { executionId, parentId, kind }: ExecutionEvent,
  { publicUrl }: NoticeFacts,
): { url?: string } {
  if (publicUrl === undefined) return {};
  const shown = kind === 'node' ? (parentId ?? executionId) : executionId;
  try {
    const url = `${publicUrl}/#/executions/${encodeURIComponent(shown)}`;
    return url.length <= URL_LENGTH ? { url } : {};
  } catch {
    return {}; // half a character: no address can hold it
  }
}

const short = (text: string, most: number): string => cut(visibleLine(text), most);
