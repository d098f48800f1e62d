/**
 * Why something failed for good: its error, what its policy allowed, and what to do next. Pure.
 *
 * F1. A failure is told where it happened: nodes that were skipped because of one, or stopped, are counted to it.
 * F2. Failures that an execution went on after, since their nodes may fail, are told after those that made it fail.
 * F3. A sub-graph or map that failed points to what is below it, which has failures of its own.
 */
import { formatDuration } from './duration.js';
import type { ErrorRecord } from './errors.js';
import { rootExecutionId } from './execution-id.js';
import type { ShortError } from './explain.js';
import type { AttemptRecord } from './outcome.js';
import { shellWord } from './shell-word.js';
import type { Status, StatusReason } from './status.js';

/** Failures that are told; the others are counted. */
const TOLD = 10;

/**
 * Why there was no other attempt: `spent` all were used · `off` its policy has none · `final` such an error is not tried
 * again · `time` there was none left · `refused` it was not begun · `person` somebody said so · `inside` it failed below.
 */
export type NoMore = 'spent' | 'off' | 'final' | 'time' | 'refused' | 'person' | 'inside';

/** What to do, and the command for it. */
export interface NextStep {
  say: string;
  command: string;
}

export interface Failure {
  /** Null: the execution as a whole, and none of its nodes. */
  nodeId: string | null;
  executionId: string;
  status: FailedStatus;
  error: ShortError | null;
  /** Attempts that were made, of those that its policy allowed. */
  attempts: number;
  of: number;
  /** Waits between the attempts that are kept, in milliseconds. */
  waitsMs: number[];
  noMore: NoMore;
  /** The node may fail: its graph did not because of it. */
  allowed?: true;
  /** Nodes that were skipped because of it, however far below. */
  skipped: number;
  /** Of a sub-graph or map that was asked for: the first failures in it. */
  inside?: Failure[];
  /** Failures in it that are not among these. */
  insideMore?: number;
  /** What the policy allowed, in plain words. */
  sentence: string;
  /** The most likely first. */
  next: NextStep[];
}

/** CANCELLED: of a node by itself, whose graph went on. */
export type FailedStatus = 'FAILED' | 'TIMEOUT' | 'REJECTED' | 'CANCELLED';

/** A node that has ended, as its record has it. */
export interface EndedNode {
  id: string;
  status: Status;
  reason?: StatusReason;
  error?: ErrorRecord;
  attempts: number;
  maxRetries: number;
  attemptHistory?: AttemptRecord[];
  endedAt?: string;
  after?: string;
  kind?: 'graph' | 'map' | 'approval';
}

/** An execution that has ended. */
export interface EndedExecution {
  executionId: string;
  status: Status;
  error: ErrorRecord | undefined;
  /** The nodes that made it fail; absent where that is not known of all. */
  failedBy?: ReadonlySet<string>;
  /** Of a task its one node is the execution; what is below a node is a graph. */
  kind: 'graph' | 'task' | 'batch';
}

/** Its failures, those that made it fail before others, in the order of their ends; and how many more there are. */
export function failuresOf(
  execution: EndedExecution,
  nodes: readonly EndedNode[],
): { failures: Failure[]; moreFailures: number } {
  const allowed = (node: EndedNode): number => (mayFail(execution, node) ? 1 : 0);
  const failed = nodes
    .filter(failedIn(execution))
    .sort((a, b) => allowed(a) - allowed(b) || compare(a.endedAt, b.endedAt));
  if (failed.length === 0)
    return { failures: hasFailed(execution) ? [wholeFailure(execution)] : [], moreFailures: 0 };
  const skipped = skippedBecauseOf(nodes);
  return {
    failures: failed.slice(0, TOLD).map((node) => nodeFailure(execution, node, skipped(node.id))),
    moreFailures: Math.max(0, failed.length - TOLD),
  };
}

/** A node's own failure; undefined for one that did not fail. */
export function failureOf(
  execution: EndedExecution,
  node: EndedNode,
  nodes: readonly EndedNode[],
): Failure | undefined {
  return failedIn(execution)(node)
    ? nodeFailure(execution, node, skippedBecauseOf(nodes)(node.id))
    : undefined;
}

const hasFailed = <T extends { status: Status }>(one: T): one is T & { status: FailedStatus } =>
  one.status === 'FAILED' || one.status === 'TIMEOUT' || one.status === 'REJECTED';

/** A node that was cancelled by itself made its graph fail as well, where nothing stopped it as a whole. */
const failedIn =
  (execution: EndedExecution) =>
  (node: EndedNode): node is EndedNode & { status: FailedStatus } =>
    hasFailed(node) ||
    (execution.status === 'FAILED' && node.status === 'CANCELLED' && node.reason === 'cancelled');

const mayFail = ({ status, failedBy }: EndedExecution, node: EndedNode): boolean =>
  status === 'COMPLETED' ||
  (failedBy !== undefined && node.status !== 'CANCELLED' && !failedBy.has(node.id));

function nodeFailure(
  execution: EndedExecution,
  node: EndedNode & { status: FailedStatus },
  skipped: number,
): Failure {
  const { executionId: graphId, kind } = execution;
  const lone = kind === 'task';
  const { id: nodeId, status, error, attempts, maxRetries, attemptHistory = [] } = node;
  const executionId = lone ? graphId : `${graphId}/${nodeId}`;
  const waitsMs = attemptHistory.slice(0, -1).flatMap(({ waitMs }) => waitMs ?? []);
  const noMore = noMoreOf(node);
  const facts = { attempts, of: maxRetries + 1, waitsMs, noMore, unbegun: isUnbegun(node) };
  const allowed = !lone && mayFail(execution, node);
  const again = againOf(graphId, kind);
  const steps = nextSteps(noMore, error, executionId, again, maxRetries);
  return {
    ...{ nodeId, executionId, status, error: shortOf(error) },
    ...{ attempts, of: facts.of, waitsMs, noMore, skipped },
    ...(allowed ? { allowed } : {}),
    sentence: `${sentenceOf(facts, skipped)}${allowed ? '; it may fail, and its graph went on' : ''}`,
    next: allowed ? steps.filter(({ command }) => LOOKS.test(command)) : steps,
  };
}

function wholeFailure({
  executionId,
  status,
  error,
  kind,
}: EndedExecution & { status: FailedStatus }): Failure {
  const noMore = status === 'TIMEOUT' ? 'time' : status === 'REJECTED' ? 'refused' : 'final';
  const facts = { attempts: 0, of: 0, waitsMs: [], noMore: noMore as NoMore };
  return {
    ...{ nodeId: null, executionId, status, error: shortOf(error), ...facts },
    ...{ skipped: 0, sentence: sentenceOf(facts, 0) },
    // What was refused as a whole cannot be run again: there is nothing to keep.
    next:
      noMore === 'refused'
        ? refusedSteps(error, kind)
        : nextSteps(noMore, error, executionId, againOf(executionId, kind)),
  };
}

function noMoreOf({ status, reason, error, attempts, maxRetries, kind }: EndedNode): NoMore {
  if (status === 'CANCELLED') return 'person';
  if (reason === 'operator' || error?.code === 'OPERATOR' || error?.code === 'DENIED')
    return 'person';
  if (status === 'REJECTED') return 'refused';
  if (kind === 'graph' || kind === 'map') return 'inside';
  if (attempts <= maxRetries && status === 'TIMEOUT') return 'time';
  if (error?.retriable === false && attempts <= maxRetries) return 'final';
  return maxRetries === 0 ? 'off' : 'spent';
}

/**
 * Its last attempt came to an end before anything of the task had run, for want of its environment. Once a node has ended
 * such an attempt is among those that were made: `unbegunAttempt` tells of one that is not, yet.
 */
function isUnbegun({ error, attemptHistory = [] }: EndedNode): boolean {
  const last = attemptHistory.at(-1);
  return error?.code === 'ENVIRONMENT' && last !== undefined && last.enteredAt === undefined;
}

type NoMoreFacts = Pick<Failure, 'attempts' | 'of' | 'waitsMs' | 'noMore'>;

function sentenceOf(
  { attempts, of, waitsMs, noMore, unbegun = false }: NoMoreFacts & { unbegun?: boolean },
  skipped: number,
): string {
  const waited = waitsMs.reduce((sum, ms) => sum + ms, 0);
  const waits = waited === 0 ? '' : `, ${formatDuration(waited)} of waits between them`;
  const text: Record<NoMore, string> = {
    spent: `all ${of} attempts were made${waits}`,
    off: 'one attempt was made, and its retry policy has no other',
    final: `attempt ${Math.max(1, attempts)} of ${of} was the last: an error like this is not tried again`,
    time:
      of === 0
        ? 'its time was over'
        : `attempt ${Math.max(1, attempts)} of ${of} was the last: no time was left for another`,
    refused: 'nothing of it has run',
    person: 'a person decided it',
    inside: 'it failed below',
  };
  const because =
    skipped === 0
      ? ''
      : `; ${skipped === 1 ? '1 node was' : `${skipped} nodes were`} skipped because of it`;
  const isPlain = unbegun && (noMore === 'off' || noMore === 'final' || noMore === 'time');
  const why = isPlain
    ? `attempt ${Math.max(1, attempts)} of ${of} could not be begun`
    : text[noMore];
  return `${why}${because}`;
}

/** Commands that tell more of a failure, and mend nothing. */
const LOOKS = /^tempograph (explain|doctor|logs)\b/;

/** What runs once more what failed of an execution, or of what is below a node of it. */
export const mendedStep = (executionId: string, kind: EndedExecution['kind']): NextStep =>
  againOf(executionId, kind).mended;

/** The commands that run what failed once more. */
interface Again {
  mended: NextStep;
  /** With what was wrong corrected, or with more time. */
  corrected?: string;
  /** With what was refused corrected, where that is another. */
  resubmitted?: string;
}

/**
 * What runs least: nodes, and items of maps, that did not complete. A node by its name would run with all that is below
 * it. What is below a node runs again with what was submitted. A batch is not run again, its items are.
 */
function againOf(graphId: string, kind: EndedExecution['kind']): Again {
  const say = 'once its cause is mended';
  const command = `tempograph rerun ${shellWord(rootExecutionId(graphId))}`;
  if (kind === 'task')
    return { mended: { say, command }, resubmitted: 'tempograph run TASK --input JSON' };
  if (kind === 'batch') {
    const batch = 'tempograph batch FILE';
    return {
      mended: { say: `${say}, with the items that failed`, command: batch },
      corrected: batch,
    };
  }
  const least = `${command} --from failed`;
  return { mended: { say, command: least }, corrected: `${least} --graph FILE` };
}

const CORRECTED = 'with what is wrong corrected';

/** Where a task is named rightly that no worker knows. */
export const KNOWING_WORKERS: NextStep = {
  say: 'if the name is right: workers that know the task',
  command: 'tempograph worker --tasks FILE',
};

/** What to do about an execution that was refused as a whole: it cannot be run again, there is nothing to keep. */
export function refusedSteps(
  error: Pick<ErrorRecord, 'message'> | null | undefined,
  kind: EndedExecution['kind'],
): NextStep[] {
  const steps: NextStep[] = [];
  // Of a refusal that has ended its message is all that is kept.
  if (/unknown task "/.test(error?.message ?? '')) steps.push(KNOWING_WORKERS);
  if (kind === 'graph')
    steps.push({ say: 'all that is wrong, with lines', command: 'tempograph validate FILE' });
  const again = { graph: 'run FILE', task: 'run TASK --input JSON', batch: 'batch FILE' }[kind];
  return [...steps, { say: CORRECTED, command: `tempograph ${again}` }];
}

/** Retries that a policy has at most. */
const MOST_RETRIES = 1_000;

/** Errors of what surrounds a task rather than of the task. */
const SURROUNDINGS: readonly string[] = [
  ...['UNKNOWN_TASK', 'NO_WORKER', 'WORKER_LOST', 'ENVIRONMENT', 'CONFIGURATION', 'UNREACHABLE'],
  ...['STORE'],
];

function nextSteps(
  noMore: NoMore,
  error: ErrorRecord | undefined,
  executionId: string,
  { mended, corrected, resubmitted = corrected }: Again,
  maxRetries = 0,
): NextStep[] {
  const id = shellWord(executionId);
  const steps: NextStep[] = [];
  const add = (say: string, command: string): void => void steps.push({ say, command });
  if (noMore === 'inside') add('what failed in there', `tempograph explain ${id}`);
  const around = error !== undefined && SURROUNDINGS.includes(error.code);
  if (around) add('what workers, queues and hosts lack', 'tempograph doctor');
  if (noMore === 'spent' || noMore === 'off' || noMore === 'final' || noMore === 'time')
    add('what it said', `tempograph logs ${id}`);
  // Of what waiting does not mend, and of as many retries as there were, a preview says nothing.
  const more = Math.max(5, 2 * maxRetries);
  if (
    (noMore === 'spent' || noMore === 'off') &&
    !around &&
    error?.retriable &&
    more <= MOST_RETRIES
  )
    add(
      'the waits of a policy with more retries',
      `tempograph retry-preview --max-retries ${more}`,
    );
  if (noMore !== 'time' && noMore !== 'refused') steps.push(mended);
  else if (noMore === 'time' && corrected !== undefined) add('with more time for it', corrected);
  else if (noMore === 'refused' && resubmitted !== undefined) add(CORRECTED, resubmitted);
  return steps;
}

const shortOf = (error: ErrorRecord | undefined): ShortError | null =>
  error ? { code: error.code, message: error.message } : null;

const compare = (a = '', b = ''): number => (a < b ? -1 : a > b ? 1 : 0);

/** How many nodes were skipped because of one, and of those that were skipped because of it. */
function skippedBecauseOf(nodes: readonly EndedNode[]): (nodeId: string) => number {
  const byCause = new Map<string, string[]>();
  for (const { id, status, after } of nodes)
    if (status === 'SKIPPED' && after !== undefined)
      byCause.set(after, [...(byCause.get(after) ?? []), id]);
  return (nodeId) => {
    const found = new Set<string>();
    const open = [nodeId];
    for (let cause = open.pop(); cause !== undefined; cause = open.pop())
      for (const id of byCause.get(cause) ?? []) {
        if (found.has(id)) continue;
        found.add(id);
        open.push(id);
      }
    return found.size;
  };
}
