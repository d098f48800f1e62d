/**
 * Brings the store's executions up to what Temporal knows: the same code for the reconciler's rounds and for a rebuild.
 * Needed because workers may lose their last writes, and a terminated workflow writes nothing.
 */
import { WorkflowNotFoundError, type Client, type WorkflowExecutionInfo } from '@temporalio/client';
import { TaskError } from '../domain/errors.js';
import type { ExecutionWrite } from '../store/execution-row.js';
import type { Store } from '../store/store.js';
import { MEMO, WORKFLOW, type ExecutionMemo, type GraphClose } from '../workflows/messages.js';
import type { ExecutionInfo } from '../workflows/requests.js';
import { awaitEnding, loadManifest, manifestNodes, type Ending, type ReadJson } from './closing.js';
import { closedRows, identity, openRow } from './projection.js';

type Described = Pick<
  WorkflowExecutionInfo,
  'workflowId' | 'runId' | 'startTime' | 'memo' | 'status'
> & { closeTime?: Date | undefined };

export interface ReconcileParts {
  client: Client;
  store: Store;
  readJson: ReadJson;
}

/** Which executions to look at; every one of the namespace without. */
export interface VisibleQuery {
  /** Started at or after, and before. */
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

/** Looks at every execution that the store holds open: what has closed meanwhile is closed in the store. */
export async function reconcileOpen(
  { client, store, readJson }: ReconcileParts,
  olderThan: number,
): Promise<Reconciled> {
  const done: Reconciled = { looked: 0, changed: 0 };
  const seen = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await store.executions.openIds({
      kinds: ['graph', 'task', 'item'],
      olderThan,
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const { executionId, workflowId } of page.executions) {
      const id = workflowId ?? executionId;
      if (seen.has(id)) continue;
      seen.add(id);
      done.looked++;
      const rows = await rowsOf(client, id, readJson);
      const writes = rows ?? [await gone(store, executionId)].flat();
      done.changed += (await store.executions.record(writes, Date.now())).changed;
    }
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return done;
}

/** Looks at what visibility holds: what the store does not know, or holds open, is written. */
export async function reconcileVisible(
  { client, store, readJson }: ReconcileParts,
  { since, until, taskQueue, all = false }: VisibleQuery = {},
): Promise<Reconciled> {
  const done: Reconciled = { looked: 0, changed: 0 };
  const recent = since === undefined ? '' : ` AND StartTime >= '${since.toISOString()}'`;
  const old = until === undefined ? '' : ` AND StartTime < '${until.toISOString()}'`;
  const queue =
    taskQueue === undefined ? '' : ` AND TaskQueue = '${taskQueue.replaceAll("'", "''")}'`;
  const query = `WorkflowType = '${WORKFLOW.graph}' AND ExecutionStatus != 'ContinuedAsNew'${recent}${old}${queue}`;
  for await (const info of client.workflow.list({ query })) {
    done.looked++;
    const known = all ? undefined : await store.executions.get(info.workflowId);
    const closed = info.status.name !== 'RUNNING';
    if (known && (known.endedAt !== null || !closed)) continue;
    const rows = closed ? await rowsOf(client, info.workflowId, readJson) : [openOf(info)];
    if (rows) done.changed += (await store.executions.record(rows, Date.now())).changed;
  }
  return done;
}

/** The rows of an execution as Temporal has it; none while it runs; undefined where Temporal does not know it. */
async function rowsOf(
  client: Client,
  workflowId: string,
  readJson: ReadJson,
): Promise<ExecutionWrite[] | undefined> {
  const handle = client.workflow.getHandle(workflowId);
  try {
    const info = await handle.describe();
    if (info.status.name === 'RUNNING' || info.status.name === 'CONTINUED_AS_NEW') return [];
    const first = info.raw.workflowExecutionInfo?.firstRunId;
    return await endedRows(info, infoOf(info, first), await awaitEnding(handle), readJson);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

async function endedRows(
  info: Described,
  execution: ExecutionInfo,
  ending: Ending,
  readJson: ReadJson,
): Promise<ExecutionWrite[]> {
  const endedAt = (info.closeTime ?? info.startTime).getTime();
  const whole = ending.close && (await readWhole(execution, ending.close, readJson));
  if (whole) return whole;
  // Terminated, timed out or refused: it could not say how its nodes stood. Or what it said can be read no more.
  const { status, error, close } = ending;
  return [
    {
      ...identity(execution),
      executionId: execution.id,
      kind: execution.kind === 'task' ? 'task' : 'graph',
      taskId: execution.graph,
      createdAt: info.startTime.getTime(),
      endedAt,
      sequence: Number.MAX_SAFE_INTEGER,
      status,
      reason: info.status.name === 'TERMINATED' ? 'terminated' : null,
      error: error ?? null,
      ...(close ? { nodeCounts: { ...close.counts } } : {}),
      statusHistory: [{ status, at: endedAt }],
    },
  ];
}

/** Undefined where its manifest lies in a data folder that is not this one, or is gone: one such must not stop the round. */
async function readWhole(
  execution: ExecutionInfo,
  close: GraphClose,
  readJson: ReadJson,
): Promise<ExecutionWrite[] | undefined> {
  try {
    const manifest = await loadManifest(close, readJson);
    return closedRows(execution, manifest, await manifestNodes(manifest, readJson));
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

/** The nodes of an execution that ended without a manifest stay as they were; these end with it. */
async function gone(store: Store, executionId: string): Promise<ExecutionWrite[]> {
  const row = await store.executions.get(executionId);
  if (!row) return [];
  const now = Date.now();
  return [
    {
      executionId,
      kind: row.kind,
      sequence: Number.MAX_SAFE_INTEGER,
      status: 'CANCELLED',
      reason: 'unknown_to_temporal',
      endedAt: now,
      statusHistory: [{ status: 'CANCELLED', at: now, reason: 'unknown_to_temporal' }],
    },
  ];
}

/** @param first the first run of its chain, where the server says so */
function infoOf(info: Described, first: string | null | undefined): ExecutionInfo {
  const memo = info.memo?.[MEMO.kind] as ExecutionMemo | undefined;
  return {
    id: info.workflowId,
    kind: memo?.kind ?? 'graph',
    graph: memo?.name ?? info.workflowId,
    version: '1',
    run: { id: first || info.runId, startedAt: info.startTime.getTime() },
    hooks: { pre: [], post: [] },
  };
}
