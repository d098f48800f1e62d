/** Reasons, bounds and accounts as one plain sentence each. Pure. */
import { undoerText, type Undone } from './compensation.js';
import { PROGRAM_KINDS } from './program.js';
import { shellWord } from './shell-word.js';
import { formatDuration } from './duration.js';
import type { Bound, OpenDependency, Reason } from './explain.js';
import type { Failure } from './failure.js';
import { messageInLine } from './fault.js';
import type { TimeKind } from './node-times.js';
import { progressText } from './progress.js';
import type { StatusReason, TerminalStatus } from './status.js';
import type { WallTime } from './wall-time.js';

/** Things that a sentence names before it only counts them. */
const NAMED = 3;
const ERROR_LENGTH = 120;
/** Of what ended it more: what to do stands last in a message. */
const FAILURE_LENGTH = 400;

type Sentences = { [K in Reason['kind']]: (reason: Extract<Reason, { kind: K }>) => string };

/** TypeScript refuses a reason without a sentence. */
const SENTENCE: Sentences = {
  dependencies: ({ done, total, open, trigger }) => {
    const left = total - done;
    const rule = trigger === 'all_success' ? '' : ` (trigger ${trigger})`;
    return `waits for ${left} of ${count(total, 'dependency', 'dependencies')}${rule}: ${list(open.map(dependencyText), left)}`;
  },
  limit: ({ key, weight, inUse, max, place }) => {
    const needs = weight === 1 ? 'a place' : `${weight} places`;
    const taken = inUse === null || max === null ? '' : `: ${inUse} of ${max} taken`;
    return `waits for ${needs} in the limit ${key}${taken}${inLine(place)}`;
  },
  window: ({ running, concurrency, place }) =>
    running < concurrency
      ? `is about to start: ${running} of ${concurrency} places in the graph's window are taken`
      : `waits for a place in the graph's window: ${running} of ${concurrency} run${inLine(place)}`,
  circuit: ({ name, mode, forced, openUntil, probes, looksAgainAt }) => {
    const again = looksAgainAt === null ? '' : `; it looks again at ${clock(looksAgainAt)}`;
    if (forced)
      return `is held: somebody opened the circuit ${name}, until it is closed by hand${again}`;
    if (mode === 'half_open')
      return `is held: the circuit ${name} is half open, and ${list(probes, probes.length)} tries whether it works again${again}`;
    if (mode === 'closed') return `was held by the circuit ${name}, which is closed by now${again}`;
    const until = openUntil === null ? '' : ` until ${clock(openUntil)}`;
    return `is held: the circuit ${name} is open${until}${again}`;
  },
  start_time: ({ at, inMs }) => `starts in ${formatDuration(inMs)}, at ${clock(at)}`,
  retry: ({ attempt, of, at, inMs, error, keptBy, begun = true }) => {
    const when =
      at === null || inMs === null
        ? 'soon'
        : inMs === 0
          ? 'now'
          : `in ${formatDuration(inMs)}, at ${clock(at)}`;
    const why = error ? ` (${errorText(error)})` : '';
    const next = begun
      ? `failed${why}; the next one starts ${when}`
      : `could not be begun${why}; it is tried again ${when}`;
    return `attempt ${attempt} of ${of} ${next}; ${KEEPER[keptBy]}`;
  },
  paused: ({ scope, since, by, note }) => {
    const what = scope === 'graph' ? 'the whole graph is paused' : 'is paused';
    const who = by === null ? '' : ` by ${by}`;
    const when = since === null ? '' : ` since ${clock(since)}`;
    return `${what}${who}${when}${note === null ? '' : `: ${oneLine(note)}`}`;
  },
  no_handler: ({ task, queue, since }) =>
    `no worker that was asked on the queue ${queue} knows the task ${task}${since === null ? '' : `, since ${clock(since)}`}`,
  coalesced: ({ since }) =>
    `waits for another node that does the same work, and takes over its result${since === null ? '' : `; since ${clock(since)}`}`,
  queue: ({ waitedMs, ...facts }) => {
    const waited = waitedMs === null ? '' : `, for ${formatDuration(waitedMs)}`;
    return `waits for a worker${waited}: ${queueText(facts)}`;
  },
  preparing: ({ attempt }) =>
    `a worker prepares attempt ${Math.max(1, attempt)}: pre hooks, input check, look-ups`,
  running: ({ attempt, of, since, progress }) => {
    const from = since === null ? '' : ` since ${clock(since)}`;
    return `runs${from}, attempt ${attempt} of ${of}${progress ? `, ${progressText(progress)}` : ''}`;
  },
  approval: ({ message, from, since }) => {
    const who = from === null ? 'anybody' : list(from, from.length);
    const when = since === null ? '' : ` since ${clock(since)}`;
    return `waits${when} for an answer from ${who}: ${oneLine(message)}`;
  },
  children: ({ what, executionId, done, total, running }) => {
    const things = what === 'map' ? 'items' : 'nodes';
    if (done === null || total === null) return `its ${things} are under way in ${executionId}`;
    const now = running === null ? '' : `, ${running} run`;
    return `${done} of its ${total} ${things} have ended${now}`;
  },
  result: () => 'has done its work, and its result is being made',
  outcome_unknown: ({ attempt, error }) =>
    `nobody knows whether attempt ${attempt} did its work${error ? ` (${errorText(error)})` : ''}; somebody has to say so`,
  ended: ({ status, reason, error, after }) => {
    const why = reason === null ? '' : `: ${ENDED_BECAUSE[reason] ?? reason}`;
    const which = after !== null && reason === 'upstream_failed' ? ` (${after})` : '';
    const text = `${ENDED[status]}${why}${which}`;
    return error && status !== 'COMPLETED' ? `${text}: ${errorText(error)}` : text;
  },
  nodes: ({ ended, running, waiting, total }) =>
    `${ended} of ${count(total, 'node', 'nodes')} have ended, ${running} run, ${waiting} wait`,
  awaits: ({ executions, done, total }) => {
    const open = executions.flatMap(({ executionId, status }) =>
      status === null ? [executionId] : [],
    );
    return `waits for ${total - done} of ${count(total, 'other execution', 'other executions')}: ${list(open, total - done)}`;
  },
  start_delay: ({ at, inMs }) => `starts in ${formatDuration(inMs)}, at ${clock(at)}`,
  planning: () => 'a worker checks its spec and makes its plan',
  no_worker: ({ begun, waitedMs, ...facts }) => {
    const waited = waitedMs === null ? '' : ` for ${formatDuration(waitedMs)}`;
    return begun
      ? `no worker answers: ${queueText(facts)}`
      : `no worker has picked it up${waited}: ${queueText(facts)}`;
  },
  stopping: ({ why, running, cleanUp }) => {
    const parts = [`is being stopped (${ENDED_BECAUSE[why] ?? why})`];
    if (running > 0 || cleanUp === 0)
      parts.push(
        `${count(running, 'node', 'nodes')} that ${running === 1 ? 'runs was' : 'run were'} asked to`,
      );
    if (cleanUp > 0)
      parts.push(
        `${count(cleanUp, 'node', 'nodes')} with onCancel: run ${cleanUp === 1 ? 'has' : 'have'} not ended`,
      );
    return parts.join('; ');
  },
  undoing: ({ done, total, nodeId, task, queue, pollers }) => {
    const now = task === undefined ? '' : `, now ${nodeId} by ${undoerText(task)}`;
    const nobody =
      queue !== undefined && pollers === 0
        ? `; nobody polls the queue ${queue}${runnerHint(queue)}`
        : '';
    return `all nodes have ended, and what they did is being undone: ${done} of ${total} so far${now}${nobody}`;
  },
  closing: () => 'all nodes have ended; hooks and the record of the result are under way',
};

/** A reason as a sentence for people. */
export function sentenceOf(reason: Reason): string {
  // The key and the argument belong to each other, which TypeScript cannot see.
  return (SENTENCE[reason.kind] as (reason: Reason) => string)(reason);
}

const KEEPER = {
  server: 'the server keeps the wait, so a soft pause does not stop it',
  workflow: 'the workflow keeps the wait',
} as const;

const ENDED: Record<TerminalStatus, string> = {
  COMPLETED: 'is done',
  FAILED: 'failed',
  TIMEOUT: 'timed out',
  CANCELLED: 'was cancelled',
  REJECTED: 'was refused',
  SKIPPED: 'was skipped',
};

const ENDED_BECAUSE: Partial<Record<StatusReason, string>> = {
  upstream_failed: 'a dependency failed',
  condition: 'its condition said no',
  rule: 'its trigger rule said no',
  fail_fast: 'another node failed first',
  cancelled: 'somebody cancelled it',
  deadline: "the graph's deadline",
  no_worker: 'no worker took it in time',
  worker_lost: 'its worker was lost',
  total_timeout: 'the time for all attempts was over',
  dependency_timeout: 'what it waited for did not end in time',
  dependency_cycle: 'executions wait for each other',
  unknown_dependency: 'it waits for an execution that there is not',
};

const BOUND: Record<Bound['by'], string> = {
  deadline: "the graph's deadline",
  queueTimeout: 'queueTimeout',
  totalTimeout: 'totalTimeout',
  timeout: "the attempt's timeout",
  dependencyTimeout: 'dependencyTimeout',
  approvalTimeout: "the approval's timeout",
  unknownTask: 'the wait for a worker that knows the task',
};

const THEN: Record<Bound['then'], string> = {
  TIMEOUT: 'then it ends TIMEOUT',
  FAILED: 'then it fails',
  approve: 'then it counts as approved',
  deny: 'then it counts as denied',
  retry: 'then the attempt has failed',
};

/** `at most 2.5 min more (deadline, then it ends TIMEOUT)`. */
export function boundText(bound: Bound | null): string {
  if (!bound) return 'no bound is set';
  const { by, leftMs, then } = bound;
  return `at most ${formatDuration(leftMs)} more (${BOUND[by]}; ${THEN[then]})`;
}

/** What a kind of time is called. */
export const TIME_TEXT: Record<TimeKind, string> = {
  dependency: 'waiting for dependencies',
  edit: 'before somebody added it to the graph',
  start_time: 'waiting for a start time',
  window: "waiting for a place in the graph's window",
  limit: 'waiting for a place in a limit',
  circuit: 'being held by a circuit',
  coalesced: 'waiting for the same work elsewhere',
  no_handler: 'waiting for a worker that knows the task',
  pause: 'being paused',
  queue: 'waiting for a worker',
  prepare: 'hooks, input checks and look-ups',
  run: 'work',
  backoff: 'waiting between attempts',
  approval: 'waiting for an answer',
  children: 'sub-graphs and maps',
  undo: 'undoing what was done',
  overhead: 'overhead: post hooks, records, the way to the server and back',
};

/** What would help, where something would. */
const ADVICE: Partial<Record<TimeKind, string>> = {
  window: 'a larger concurrency would help',
  limit: 'a larger limit would help',
  queue: 'more workers, or more slots in them, would help',
};

/** `Most of it, 62 % (3.2 s of 5.2 s), went into work, above all by load (2.8 s).` */
export function bottleneckText({ bottleneck, totalMs }: WallTime): string {
  if (!bottleneck) return 'It took no time.';
  const { kind, ms, share, nodeId, nodeMs } = bottleneck;
  const most = share > 0.5 ? 'Most of it' : 'The largest part';
  const who =
    nodeId === null
      ? ''
      : nodeMs === ms
        ? `, all of it by ${nodeId}`
        : `, above all by ${nodeId} (${formatDuration(nodeMs)})`;
  const advice = ADVICE[kind] === undefined ? '' : `; ${ADVICE[kind]}`;
  return `${most}, ${percent(share)} (${formatDuration(ms)} of ${formatDuration(totalMs)}), went into ${TIME_TEXT[kind]}${who}${advice}.`;
}

/** `check failed: AskedToFail: the bank said no; all 3 attempts were made, 2 s of waits between them`. */
export function failureText({ nodeId, status, error, sentence }: Failure): string {
  const what = `${nodeId ?? 'it'} ${ENDED[status]}`;
  return `${what}${error ? `: ${errorText(error, FAILURE_LENGTH)}` : ''}; ${sentence}`;
}

/** What of an execution could not be undone, by what, and where that says more; empty where all was. */
export function notUndoneText(executionId: string, compensation: readonly Undone[]): string {
  return compensation
    .filter(({ status }) => status !== 'COMPLETED')
    .map(({ nodeId, task, error }) => {
      const why = error ? `: ${errorText(error)}` : '';
      const more = `tempograph logs ${shellWord(`${executionId}/${nodeId}~undo`)}`;
      return `; what ${nodeId} did could not be undone by ${undoerText(task)}${why} (${more})`;
    })
    .slice(0, NAMED)
    .join('');
}

export const percent = (share: number): string => `${Math.round(share * 100)} %`;

function dependencyText({ nodeId, status, reason }: OpenDependency): string {
  return `${nodeId} (${reason === null ? status : `${status}, ${reason}`})`;
}

/** A queue of programs is polled only by workers that can run them. */
function runnerHint(queue: string): string {
  const kind = PROGRAM_KINDS.find((one) => queue.endsWith(`-${one}`));
  if (kind === undefined) return '';
  return `: no worker runs programs of the kind ${kind}; "tempograph doctor" says what each of them lacks`;
}

/** A worker that died is known by nothing but that it asks no more: when it last did is all there is to say. */
function queueText({
  queue,
  pollers,
  lastPollAt,
  backlog,
}: Omit<Extract<Reason, { kind: 'queue' }>, 'kind' | 'since' | 'waitedMs'>): string {
  if (pollers === null) return `nothing is known of the queue ${queue}`;
  if (pollers === 0) return `nobody polls the queue ${queue}${runnerHint(queue)}`;
  const last = lastPollAt === null ? '' : `, last seen at ${clock(lastPollAt)}`;
  const wait = backlog === null ? '' : `; ${count(backlog, 'waits', 'wait')} there`;
  return `${count(pollers, 'worker polled', 'workers polled')} the queue ${queue} of late${last}${wait}`;
}

const inLine = (place: number | null): string => (place === null ? '' : `, place ${place} in line`);

/** @param total how many there are, of which the texts are the first */
function list(texts: readonly string[], total: number): string {
  const named = texts.slice(0, NAMED);
  const more = total - named.length;
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

const count = (number: number, one: string, many: string): string =>
  `${number} ${number === 1 ? one : many}`;

function errorText(error: { code: string; message: string }, length = ERROR_LENGTH): string {
  const line = oneLine(messageInLine(error));
  return `${error.code}: ${line.length > length ? `${line.slice(0, length)}…` : line}`;
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** A time without its milliseconds: `2026-11-26T11:06:28Z`. */
const clock = (iso: string): string => iso.replace(/\.\d+Z$/, 'Z');
