/**
 * Brings the store's executions up to what Temporal knows: the same code for the reconciler's rounds and for a rebuild.
 * Needed because workers may lose their last writes, and a terminated workflow writes nothing.
 */
import { WorkflowNotFoundError, type Client, type WorkflowExecutionInfo } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import pMap from 'p-map';
import { TaskError } from '../domain/errors.js';
import { splitExecutionId } from '../domain/execution-id.js';
import { isTerminal, STATUSES, type TerminalStatus } from '../domain/status.js';
import type { ExecutionRow, ExecutionWrite } from '../store/execution-row.js';
import type { Store } from '../store/store.js';
import type { GraphClose } from '../workflows/manifest.js';
import {
  MEMO,
  SEARCH_ATTRIBUTE,
  WORKFLOW,
  type ExecutionMemo,
  type NodeView,
} from '../workflows/messages.js';
import type { ExecutionInfo } from '../workflows/requests.js';
import { awaitEnding, loadManifest, manifestNodes, type Ending, type ReadJson } from './closing.js';
import { nodesOfHistory } from './history-nodes.js';
import {
  closedRows,
  END,
  identity,
  nodeIdentity,
  nodeRow,
  openRow,
  taskIdOf,
} from './projection.js';

type Described = Pick<
  WorkflowExecutionInfo,
  'workflowId' | 'runId' | 'startTime' | 'memo' | 'status' | 'typedSearchAttributes'
> & { closeTime?: Date | undefined };

export interface ReconcileParts {
  client: Client;
  store: Store;
  readJson: ReadJson;
}

/** Which executions to look at; every one of the namespace without. */
export interface VisibleQuery {
  /** Started or closed at or after, and started before. */
  since?: Date;
  until?: Date;
  taskQueue?: string;
  /** Also those that the store knows to have ended. */
  all?: boolean;
}

/** What a round did. */
export interface Reconciled {
  /** Executions that were looked at. */
  looked: number;
  /** Rows that changed. */
  changed: number;
}

const PAGE = 200;
/** Open executions that a round asks Temporal for: a question costs the server about a millisecond. */
const OPEN_A_ROUND = 500;

/** Executions that are read from Temporal at once. */
const READ_AT_ONCE = 16;

export interface OpenRound {
  /** Epoch milliseconds: younger ones are left alone. */
  olderThan: number;
  /** Where the round before stopped; undefined from the oldest on. */
  from?: string | undefined;
  /** Executions, at most. Default 500. */
  most?: number;
}

/**
 * Looks at executions that the store holds open: what has closed meanwhile is closed in the store. What was missed is
 * rare, since {@link reconcileVisible} sees what has closed of late, so it goes round them bit by bit.
 *
 * @returns with where to go on; without, where the last of them was looked at
 */
export async function reconcileOpen(
  { client, store, readJson }: ReconcileParts,
  { olderThan, from, most = OPEN_A_ROUND }: OpenRound,
): Promise<Reconciled & { next?: string }> {
  const done: Reconciled = { looked: 0, changed: 0 };
  const seen = new Set<string>();
  let cursor = from;
  do {
    const page = await store.executions.openIds({
      kinds: ['graph', 'task', 'item'],
      olderThan,
      limit: Math.min(PAGE, most - done.looked),
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const { executionId, workflowId } of page.executions) {
      const id = workflowId ?? executionId;
      if (seen.has(id)) continue;
      seen.add(id);
      done.looked++;
      const rows = await rowsOf(client, store, id, readJson);
      const writes = rows ?? [await gone(store, executionId)].flat();
      done.changed += (await store.executions.record(writes, Date.now())).changed;
    }
    cursor = page.nextCursor;
  } while (cursor !== undefined && done.looked < most);
  return cursor === undefined ? done : { ...done, next: cursor };
}

/** Looks at what visibility holds: what the store does not know, or holds open, is written. */
export async function reconcileVisible(
  { client, store, readJson }: ReconcileParts,
  { since, until, taskQueue, all = false }: VisibleQuery = {},
): Promise<Reconciled> {
  const done: Reconciled = { looked: 0, changed: 0 };
  // One that ran for long and has closed since may be told of wrongly as well.
  const from = since?.toISOString();
  const recent =
    from === undefined ? '' : ` AND (StartTime >= '${from}' OR CloseTime >= '${from}')`;
  const old = until === undefined ? '' : ` AND StartTime < '${until.toISOString()}'`;
  const queue =
    taskQueue === undefined ? '' : ` AND TaskQueue = '${taskQueue.replaceAll("'", "''")}'`;
  const query = `WorkflowType = '${WORKFLOW.graph}' AND ExecutionStatus != 'ContinuedAsNew'${recent}${old}${queue}`;
  const look = async (info: WorkflowExecutionInfo): Promise<void> => {
    done.looked++;
    const closed = info.status.name !== 'RUNNING';
    const isBatch = kindOf(info) === 'batch';
    if (isBatch && !closed) return; // its items are written by its first step
    if (!all && !(await isNews(store, info, closed, isBatch))) return;
    const rows = closed ? await rowsOf(client, store, info.workflowId, readJson) : [openOf(info)];
    if (!rows) return;
    const { changed } = await store.executions.record(rows, Date.now());
    done.changed += changed;
  };
  await pMap(client.workflow.list({ query }), look, { concurrency: READ_AT_ONCE });
  return done;
}

/** True when the store does not know it, or holds it open, or was told of another end before it was terminated. */
async function isNews(
  { executions }: Store,
  { workflowId, status }: WorkflowExecutionInfo,
  closed: boolean,
  isBatch: boolean,
): Promise<boolean> {
  if (isBatch) {
    // It has no row that could say so: an item may have been recorded as done whose end came too late.
    if (status.name === 'TERMINATED' || status.name === 'TIMED_OUT') return true;
    const [any] = (await executions.children(workflowId, { limit: 1 })).executions;
    const [open] = (await executions.children(workflowId, { status: LIVE, limit: 1 })).executions;
    return !any || open !== undefined;
  }
  const known = await executions.get(workflowId);
  if (!known) return true;
  return known.endedAt === null ? closed : disagrees(known, status.name);
}

const LIVE = STATUSES.filter((status) => !isTerminal(status));

/** Terminated between its last word and its close, or recorded as ended by a worker that was cut off. */
function disagrees({ status, reason }: ExecutionRow, workflow: string): boolean {
  if (workflow === 'TERMINATED') return status !== 'CANCELLED' || reason !== 'terminated';
  return workflow === 'TIMED_OUT' && status !== 'TIMEOUT';
}

/** The rows of an execution as Temporal has it; none while it runs; undefined where Temporal does not know it. */
async function rowsOf(
  client: Client,
  store: Store,
  workflowId: string,
  readJson: ReadJson,
): Promise<ExecutionWrite[] | undefined> {
  const handle = client.workflow.getHandle(workflowId);
  try {
    const info = await handle.describe();
    if (info.status.name === 'RUNNING' || info.status.name === 'CONTINUED_AS_NEW') return [];
    const first = info.raw.workflowExecutionInfo?.firstRunId;
    const ending = await awaitEnding(handle);
    const execution = infoOf(info, first);
    const whole = ending.close && (await readWhole(execution, ending.close, readJson));
    if (whole) return [...(await rowsBelow(client, store, whole.below, readJson)), ...whole.rows];
    // Terminated, timed out or refused: it could not say how its nodes stood. Or what it said can be read no more.
    const nodes = await openNodes(client, store, info, execution, ending);
    // What runs below a node has that node's row, which the execution above it writes.
    const unnamed = execution.kind === 'batch' || execution.parent !== undefined;
    return unnamed ? nodes : [...nodes, endedRow(info, execution, ending)];
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** The rows of what ran below the nodes of an execution: of sub-graphs and maps, by their workflows' ids. */
async function rowsBelow(
  client: Client,
  store: Store,
  ids: readonly string[],
  readJson: ReadJson,
): Promise<ExecutionWrite[]> {
  const below: ExecutionWrite[] = [];
  for (const id of ids) below.push(...((await rowsOf(client, store, id, readJson)) ?? []));
  return below;
}

function endedRow(
  info: Described,
  execution: ExecutionInfo,
  { status, error, close }: Ending,
): ExecutionWrite {
  const endedAt = closedAt(info);
  return {
    ...identity(execution),
    executionId: execution.id,
    kind: execution.kind === 'task' ? 'task' : 'graph',
    taskId: execution.graph,
    createdAt: info.startTime.getTime(),
    endedAt,
    sequence: END.closed,
    status,
    reason: reasonOf(info),
    error: error ?? null,
    nodeCounts: close ? { ...close.counts } : null, // not those that it began with
    statusHistory: [{ status, at: endedAt }],
  };
}

/**
 * The nodes of an execution without a manifest that can be read: ended as the history says, or with it. Where that does
 * not hold them, those that the store holds open.
 */
async function openNodes(
  client: Client,
  store: Store,
  info: Described,
  execution: ExecutionInfo,
  { status: ended }: Ending,
): Promise<ExecutionWrite[]> {
  if (execution.kind === 'task') return [];
  const found = await nodesOfHistory(client, info.workflowId, info.runId);
  const createdAt = info.startTime.toISOString();
  const status: TerminalStatus = ended === 'TIMEOUT' || ended === 'REJECTED' ? ended : 'CANCELLED';
  const endedAt = closedAt(info);
  const reason = reasonOf(info);
  const cut = (who: Pick<ExecutionWrite, 'executionId' | 'kind'>): ExecutionWrite => ({
    ...who,
    sequence: END.closed,
    ...{ status, reason, endedAt, nextRetryAt: null },
    statusHistory: [{ status, at: endedAt, ...(reason === null ? {} : { reason }) }],
  });
  if (found) {
    const known = new Set(found.map(({ id }) => `${execution.id}/${id}`));
    // A sub-graph, a map and an approval are no activities of the history.
    const others = (await openChildren(store, execution.id)).filter(
      ({ executionId }) => !known.has(executionId),
    );
    const rows = found.map(({ id, task, outcome, endedAt: at }) => {
      const taskId = taskIdOf(execution, task);
      if (!outcome) return cut({ ...nodeIdentity(execution, id), taskId } as ExecutionWrite);
      const { attempts, attemptCount, ...rest } = outcome;
      const view = { ...rest, id, task, attempts: attemptCount, attemptHistory: attempts };
      const times = { startedAt: attempts[0]?.startedAt, endedAt: at };
      return nodeRow(execution, { ...view, ...times } as NodeView, createdAt, END.closed);
    });
    return [...rows, ...others.map(cut)];
  }
  return (await openChildren(store, execution.id)).map(cut);
}

/** The nodes or items that the store holds open. */
async function openChildren(
  { executions }: Store,
  parentId: string,
): Promise<Pick<ExecutionWrite, 'executionId' | 'kind'>[]> {
  const query = { status: LIVE, limit: 1_000 };
  const found: ExecutionRow[] = [];
  let page = await executions.children(parentId, query);
  for (;;) {
    found.push(...page.executions);
    if (page.nextCursor === undefined)
      return found.map(({ executionId, kind }) => ({ executionId, kind }));
    page = await executions.children(parentId, { ...query, cursor: page.nextCursor });
  }
}

const closedAt = ({ closeTime, startTime }: Described): number =>
  (closeTime ?? startTime).getTime();

const reasonOf = ({ status }: Described): 'terminated' | null =>
  status.name === 'TERMINATED' ? 'terminated' : null;

/** Undefined where its manifest lies in a data folder that is not this one, or is gone: one such must not stop the round. */
async function readWhole(
  execution: ExecutionInfo,
  close: GraphClose,
  readJson: ReadJson,
): Promise<{ rows: ExecutionWrite[]; below: string[] } | undefined> {
  try {
    const manifest = await loadManifest(close, readJson);
    const nodes = await manifestNodes(manifest, readJson);
    const { project, sessionId } = manifest; // also where the namespace has no search attributes
    const known = {
      ...execution,
      ...(project === undefined ? {} : { project }),
      ...(sessionId === undefined ? {} : { sessionId }),
    };
    return {
      rows: closedRows(known, manifest, nodes, END.closed),
      below: nodes
        .filter(({ kind, startedAt }) => (kind === 'graph' || kind === 'map') && startedAt)
        .map(({ id }) => `${execution.id}/${id}`),
    };
  } catch (error) {
    if (error instanceof TaskError) return undefined;
    throw error;
  }
}

function openOf(info: WorkflowExecutionInfo): ExecutionWrite {
  const said = { metadata: {}, tags: [], dependencies: [] };
  const row = openRow(infoOf(info, info.raw.firstRunId), info.startTime.getTime(), {
    status: 'PENDING',
    ...said,
  });
  const due = info.executionTime?.getTime() ?? 0;
  return due > Date.now()
    ? { ...row, status: 'SCHEDULED', reason: 'start_time', scheduledTime: due }
    : row;
}

/** The end of an execution that Temporal knows no more. */
async function gone(store: Store, executionId: string): Promise<ExecutionWrite[]> {
  const row = await store.executions.get(executionId);
  if (!row) return [];
  const now = Date.now();
  const cut: Pick<ExecutionWrite, 'executionId' | 'kind'>[] = await openChildren(
    store,
    executionId,
  );
  return [...cut, { executionId, kind: row.kind }].map((who) => ({
    ...who,
    sequence: END.gone,
    status: 'CANCELLED',
    reason: 'unknown_to_temporal',
    endedAt: now,
    statusHistory: [{ status: 'CANCELLED', at: now, reason: 'unknown_to_temporal' }],
  }));
}

/** @param first the first run of its chain, where the server says so */
function infoOf(info: Described, first: string | null | undefined): ExecutionInfo {
  const memo = memoOf(info);
  const project = info.typedSearchAttributes.get(PROJECT);
  const sessionId = info.typedSearchAttributes.get(SESSION);
  const above = splitExecutionId(info.workflowId);
  return {
    ...(above.nodeId === undefined ? {} : { parent: { id: above.graphId } }),
    id: info.workflowId,
    kind: memo?.kind ?? 'graph',
    graph: memo?.name ?? info.workflowId,
    version: '1',
    run: { id: first || info.runId, startedAt: info.startTime.getTime() },
    ...(project === undefined ? {} : { project }),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(memo?.rerun ? { rerunOf: memo.rerun.of } : {}),
    hooks: { pre: [], post: [] },
  };
}

const PROJECT = defineSearchAttributeKey(SEARCH_ATTRIBUTE.project, 'KEYWORD');
const SESSION = defineSearchAttributeKey(SEARCH_ATTRIBUTE.session, 'KEYWORD');

const memoOf = ({ memo }: Pick<Described, 'memo'>): ExecutionMemo | undefined =>
  memo?.[MEMO.kind] as ExecutionMemo | undefined;

const kindOf = (info: Pick<Described, 'memo'>): ExecutionInfo['kind'] =>
  memoOf(info)?.kind ?? 'graph';
