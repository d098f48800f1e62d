/** How an execution stands now, with its nodes; also where no worker is there to ask. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ExecutionRecord, NodeResult } from '../client.js';
import { TaskError } from '../domain/errors.js';
import type { Json } from '../domain/json.js';
import type { CommandHandle } from '../remote/surface.js';
import type { NodeView } from '../workflows/messages.js';
import { GraphView } from './graph-view.js';
import { isUnanswered, workerCommand } from './no-worker.js';
import type { Session } from './session.js';
import { specOf } from './spec-of.js';
import { nodeIdOf, showStored, storedNodes, type StoredNodes } from './stored-nodes.js';

/** How a node stands, in the shape that `run --json` gives. */
export type NodeState = Pick<
  NodeResult,
  'status' | 'reason' | 'attempts' | 'output' | 'error' | 'startedAt' | 'endedAt' | 'durationMs'
> & { nextRetryAt: string | null };

export interface Snapshot {
  record: ExecutionRecord;
  /** False when no worker answered: the record is what Temporal's server knows, and the nodes are what the store does. */
  answered: boolean;
  /** Temporal cannot be reached, so all of it is what the store last had. */
  away?: true;
  /** Where nobody answered and the store knows it, or nodes of it: the last time that it has something of them from, an ISO time. */
  asOf?: string;
  /** Of a graph or a lone task. */
  nodes?: Record<string, NodeState>;
  view?: GraphView;
}

/** A worker that has not answered by then is not there, in milliseconds. */
const PATIENCE_MS = 4_000;
/** Of a node the engine itself gives up the worker after that, and reads what the store has. */
const NODE_PATIENCE_MS = 8_000;

/** @throws TaskError NOT_FOUND */
export async function snapshotOf(session: Session, id: string): Promise<Snapshot> {
  const asked = answerOf(
    session.engine.getExecution(id),
    id.includes('/') ? NODE_PATIENCE_MS : PATIENCE_MS,
  );
  asked.catch(() => undefined); // whichever fails first is told
  let lost: TaskError | undefined;
  const handle = await openGraph(session, id).catch((error: unknown) => {
    if (!(error instanceof TaskError) || error.code !== 'UNREACHABLE') throw error;
    lost = error;
    return undefined;
  });
  const record = await asked;
  // Of a whole execution that is said only where Temporal cannot be reached.
  const isWhole = record !== undefined && record.kind !== 'node' && record.kind !== 'item';
  if (record?.asOf !== undefined && (isWhole || lost)) return await storedSnapshot(session, record);
  if (lost) throw lost;
  if (!handle) {
    const { asOf } = record ?? {};
    if (record)
      return { record, ...(asOf === undefined ? { answered: true } : { answered: false, asOf }) };
    const queue = (await session.workersOf(id))?.taskQueue;
    const where = queue === undefined ? '' : ` on task queue ${JSON.stringify(queue)}`;
    throw new TaskError(
      'NO_WORKER',
      `no worker${where} answered, and only a worker knows how the node ${id} stands; start one with ${workerCommand(queue)}`,
    );
  }
  const spec = await answerOf(specOf(session, id)); // a large one is read by a worker
  const view = new GraphView(id, record?.taskId ?? id, spec, Date.now());
  const nodes = record && (await answerOf(readNodes(handle, record, view)));
  if (record && nodes) return { record: withAttempts(record, nodes), answered: true, nodes, view };
  const without = await session.recordWithoutWorker(id);
  const stored = without.kind === 'task' ? undefined : await storedNodes(session, id);
  if (!stored) return { record: without, answered: false };
  showStored(view, stored);
  const nodesThen = statesOf(id, stored);
  return { record: without, answered: false, view, nodes: nodesThen, asOf: stored.asOf };
}

function stateOfRecord(record: ExecutionRecord): NodeState {
  const { status, reason, attempts, output, error } = record;
  const { startedAt, endedAt, durationMs, nextRetryAt } = record;
  return {
    ...{ status, reason: reason as NodeState['reason'], attempts: attempts ?? 0, output, error },
    ...{ startedAt, endedAt, durationMs, nextRetryAt },
  };
}

/** What the store has, of an execution whose record is of it. */
async function storedSnapshot(session: Session, record: ExecutionRecord): Promise<Snapshot> {
  const { executionId: id, kind, asOf = '' } = record;
  const stored = kind === 'task' ? undefined : await storedNodes(session, id);
  if (!stored) return { record, answered: false, away: true, asOf };
  const view = new GraphView(id, record.taskId ?? id, undefined, Date.now());
  showStored(view, stored);
  return {
    ...{ record, answered: false, away: true, view, nodes: statesOf(id, stored) },
    asOf: stored.asOf > asOf ? stored.asOf : asOf,
  };
}

const statesOf = (id: string, { records }: StoredNodes): Record<string, NodeState> =>
  Object.fromEntries(records.map((one) => [nodeIdOf(id, one), stateOfRecord(one)]));

/** The handle of a graph or a lone task; undefined for the id of a node, of which a server asks a worker what it is. */
async function openGraph(session: Session, id: string): Promise<CommandHandle | undefined> {
  const opening = session.engine.open(id);
  try {
    return id.includes('/') ? await answerOf(opening) : await opening;
  } catch (error) {
    const maybeNode = error instanceof TaskError && error.code === 'NOT_FOUND' && id.includes('/');
    if (maybeNode) return undefined;
    throw error;
  }
}

async function readNodes(
  handle: CommandHandle,
  record: ExecutionRecord,
  view: GraphView,
): Promise<Record<string, NodeState>> {
  if (record.endedAt !== null) {
    const result = await handle.result();
    view.finish(result);
    return Object.fromEntries(
      Object.entries(result.nodes).map(([id, node]) => [id, { ...node, nextRetryAt: null }]),
    );
  }
  const update = await handle.status();
  view.apply(update);
  return Object.fromEntries(update.changed.map((node) => [node.id, stateOf(node)]));
}

function stateOf(node: NodeView): NodeState {
  return {
    status: node.status,
    reason: node.reason ?? null,
    attempts: node.attempts,
    output: valueOf(node),
    error: node.error ?? null,
    startedAt: node.startedAt ?? null,
    endedAt: node.endedAt ?? null,
    durationMs: node.durationMs ?? null,
    nextRetryAt: node.nextRetryAt ?? null,
  };
}

/** A value that lies elsewhere is read when the execution has ended. */
const valueOf = ({ output }: NodeView): Json => (output && 'json' in output ? output.json : null);

/** A lone task's attempts are its only node's. */
function withAttempts(record: ExecutionRecord, nodes: Record<string, NodeState>): ExecutionRecord {
  const [only] = Object.values(nodes);
  if (record.kind !== 'task' || !only) return record;
  return { ...record, attempts: only.attempts, nextRetryAt: only.nextRetryAt };
}

async function answerOf<T>(asking: Promise<T>, patienceMs = PATIENCE_MS): Promise<T | undefined> {
  const timer = new AbortController();
  try {
    return await Promise.race([
      asking,
      delay(patienceMs, undefined, { signal: timer.signal }).catch(() => undefined),
    ]);
  } catch (error) {
    if (isUnanswered(error)) return undefined;
    throw error;
  } finally {
    timer.abort();
    asking.catch(() => undefined); // an answer that comes too late is no error
  }
}
