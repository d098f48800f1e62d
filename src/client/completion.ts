/** `engine.handleItem`: ends tasks that end elsewhere. A worker decides what the end means; here it is found and asked. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { TaskError, TaskStateError, type ErrorRecord } from '../domain/errors.js';
import { splitExecutionId } from '../domain/execution-id.js';
import type { ReportedEnd, ReportedError } from '../domain/handover.js';
import { jsonText } from '../domain/json-loss.js';
import { getOwn, isObject, jsonBytes, preview, type Json } from '../domain/json.js';
import type { HeartbeatDetails } from '../domain/outcome.js';
import { isTerminal } from '../domain/status.js';
import { pendingAttempt, type PendingAttempt } from '../observe/handed-over.js';
import { LONE_NODE, QUERY, type GraphStatus } from '../workflows/messages.js';
import type { Asking } from './asking.js';
import { query } from './query.js';
import type { References } from './references.js';
import { requestExecutionId } from './request-id.js';
import { sendable } from './sendable.js';

/** How a task that ends elsewhere has ended: give `result` or `error`. */
export interface HandledItem {
  /** The execution of a lone task, or `<execution>/<node>`. */
  executionId?: string;
  /** Instead of it, the key that it was submitted with, and its project. */
  requestId?: string;
  project?: string;
  /** The task's output. */
  result?: unknown;
  error?: string | Error | ReportedError;
  /** Only this attempt, `ctx.attempt` of the handler; an end that comes after it is refused. Default: the one under way. */
  attempt?: number;
}

/** What became of an item. */
export interface ItemAnswer {
  executionId: string;
  status: 'COMPLETED' | 'FAILED' | 'TIMEOUT' | 'REJECTED' | 'RETRYING';
  /** The attempt that has ended, from 1. */
  attempt: number;
  error: ErrorRecord | null;
  /** RETRYING: when the next attempt is due, as an ISO time. */
  nextRetryAt: string | null;
}

export interface CompletionParts {
  client: Client;
  asking: Asking;
  references: References;
}

/** Bytes of JSON in one item: a payload has at most 2 MB. */
const MOST_BYTES = 1_500_000;
/** An end may be reported before the handler that started the work has returned: looks, and the wait between them. */
const LOOKS = 20;
const LOOK_WAIT_MS = 250;

export async function handleItem(parts: CompletionParts, item: HandledItem): Promise<ItemAnswer> {
  const end = endOf(item);
  const target = await targetOf(parts, item);
  const { workflowId, details } = await handedOver(parts, target, item.attempt);
  const { attempt, handover } = details;
  const answer = await parts.references.ask(
    { kind: 'end', workflowId, nodeId: target.nodeId, attempt, end },
    handover.queue,
  );
  const { executionId } = target;
  if ('refused' in answer) throw new TaskStateError(`${executionId} cannot end: ${answer.refused}`);
  const { status, error, waitMs } = answer;
  return {
    executionId,
    status,
    attempt: answer.attempt,
    error: error ?? null,
    nextRetryAt: waitMs === undefined ? null : new Date(Date.now() + waitMs).toISOString(),
  };
}

/** @throws TaskError CONFIGURATION, INPUT_INVALID, TOO_LARGE */
function endOf(item: HandledItem): ReportedEnd {
  if (!isObject(item)) throw wrong(`expected an object, got ${preview(item)}`);
  const { result, error } = item as HandledItem;
  if ((result === undefined) === (error === undefined))
    throw wrong(
      'expected "result" or "error", one of the two; a task without output has result null',
    );
  const end = sendable<ReportedEnd>(
    'handleItem',
    error === undefined ? { result: result as Json } : { error: reported(error) },
  );
  if (error === undefined) jsonText(result, 'handleItem: result', 'INPUT_INVALID'); // a function would be no member
  const bytes = jsonBytes(end);
  if (bytes <= MOST_BYTES) return end;
  throw new TaskError(
    'TOO_LARGE',
    `handleItem: the item is ${bytes.toLocaleString('en')} bytes of JSON; the limit is ${MOST_BYTES.toLocaleString('en')}; report the address of what is larger`,
  );
}

function reported(error: string | Error | ReportedError): ReportedError {
  if (typeof error === 'string') return { message: error };
  if (!isObject(error) || typeof error.message !== 'string')
    throw wrong(`error: expected a text or { message, code?, retriable? }, got ${preview(error)}`);
  const { message, name, code, retriable, retryAfterMs, details } = error as ReportedError;
  return { message, name, code, retriable, retryAfterMs, details } as ReportedError;
}

interface Target {
  executionId: string;
  graphId: string;
  nodeId: string;
}

/** @throws TaskError NOT_FOUND, CONFIGURATION; TaskStateError for an execution that has ended */
async function targetOf({ asking }: CompletionParts, item: HandledItem): Promise<Target> {
  const { executionId, requestId, project } = item;
  if ((executionId === undefined) === (requestId === undefined))
    throw wrong('expected "executionId" or "requestId", one of the two');
  const id = executionId ?? requestExecutionId(String(requestId), project);
  if (typeof id !== 'string' || id === '')
    throw wrong(`executionId: expected an id, got ${preview(id)}`);
  const { graphId, nodeId } = splitExecutionId(id);
  const record = await asking.describe(graphId);
  if (record.endedAt !== null)
    throw new TaskStateError(`${id} has already ended (${record.status})`);
  if (nodeId === undefined && record.kind !== 'task')
    throw wrong(`${id} is a ${record.kind}; say which node has ended: "${id}/<node>"`);
  return { executionId: id, graphId, nodeId: nodeId ?? LONE_NODE };
}

type Handed = PendingAttempt & {
  details: HeartbeatDetails & Required<Pick<HeartbeatDetails, 'handover'>>;
};

/** Finds the attempt where the server has it. @throws TaskStateError for a node that does not wait for its end */
async function handedOver(
  parts: CompletionParts,
  target: Target,
  attempt: number | undefined,
): Promise<Handed> {
  const known: { external?: boolean | undefined } = {};
  for (let look = 1; ; look++) {
    const pending = await findPending(parts, target);
    // Told while it is looked at: where the task is not of this queue's workers, nobody answers for long.
    if (look === 1 && pending?.started && !pending.details?.handover)
      void isExternal(parts, pending.task).then((external) => (known.external = external));
    const { details, stopping = false, started = false } = pending ?? {};
    if (pending && details?.handover && started && !stopping) {
      if (attempt === undefined || attempt === details.attempt) return pending as Handed;
      throw new TaskStateError(
        `attempt ${attempt} of ${target.executionId} is over; attempt ${details.attempt} runs`,
      );
    }
    if (started && !stopping && known.external === false)
      throw new TaskStateError(
        `${target.executionId} is RUNNING, and ends when its handler does: task ${JSON.stringify(pending?.task)} is not external (completion: 'external')`,
      );
    if (!started || stopping || look === LOOKS)
      throw new TaskStateError(await whyNot(parts, target, { started, stopping }));
    await sleep(LOOK_WAIT_MS);
  }
}

/** Whether a task ends elsewhere, by its definition; undefined where no worker of the engine's queue says. */
async function isExternal(
  { references }: CompletionParts,
  task: string,
): Promise<boolean | undefined> {
  const spec = { name: 'asked', tasks: [{ id: 'task', task }] };
  const asked = references.ask({ kind: 'plan', spec, submission: null });
  const facts = await asked.then((answer) => answer.facts).catch(() => undefined);
  return getOwn(facts?.tasks ?? {}, task)?.external;
}

/** In the execution's own workflow, else in the segments of a big graph. */
async function findPending(
  { client }: CompletionParts,
  { graphId, nodeId }: Target,
): Promise<PendingAttempt | undefined> {
  const own = await pendingAttempt(client, graphId, nodeId);
  if (own) return own;
  const { runs } = await query<GraphStatus>(client, graphId, QUERY.status);
  for (const run of runs) {
    const found = run === graphId ? undefined : await pendingAttempt(client, run, nodeId);
    if (found) return found;
  }
  return undefined;
}

/** @throws TaskError NOT_FOUND */
async function whyNot(
  { asking }: CompletionParts,
  { executionId, graphId, nodeId }: Target,
  { started, stopping }: Pick<PendingAttempt, 'started' | 'stopping'>,
): Promise<string> {
  if (stopping) return `${executionId} cannot end: it is asked to stop`;
  if (started)
    return `${executionId} is RUNNING, and its handler has not returned; only a task with completion: 'external' is ended from elsewhere`;
  const { status } = await asking.execution(`${graphId}/${nodeId}`);
  return isTerminal(status)
    ? `${executionId} has already ended (${status})`
    : `${executionId} does not wait for its end: it is ${status}`;
}

const wrong = (message: string): TaskError =>
  new TaskError('CONFIGURATION', `handleItem: ${message}`);
