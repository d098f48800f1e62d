/** Task reports: of an execution that runs or has ended, and of operations that were run together. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import pMap from 'p-map';
import { messageOf, TaskError } from '../domain/errors.js';
import { splitExecutionId } from '../domain/execution-id.js';
import { isTerminal } from '../domain/status.js';
import { makeReport, type OperationReport, type TaskReport } from '../domain/task-report.js';
import { awaitEnding, loadManifest, manifestNodes } from '../observe/closing.js';
import { QUERY, type GraphStatus, type NodeView } from '../workflows/messages.js';
import { listOf, nodeViews } from './artifacts.js';
import { boundedReads, READS_AT_ONCE } from './bounded-reads.js';
import { notFound } from './not-found.js';
import { pendingAttempts, withPending } from './live.js';
import { query } from './query.js';
import { recordOf, type ExecutionRecord } from './record.js';
import type { References } from './references.js';
import { workOf } from './work-below.js';
import { errorOf, nodeResult, timesOf, type NodeResult } from './result.js';

interface Parts {
  client: Client;
  references: References;
}

/** How long a worker may take to say how a running execution stands, in milliseconds. */
const QUERY_DEADLINE_MS = 4_000;

/**
 * The report of an execution, or of `<execution>/<node>`: how far it is, where it has not ended.
 *
 * @throws TaskError NOT_FOUND where Temporal does not know it (any more)
 */
export async function taskReport(parts: Parts, executionId: string): Promise<TaskReport> {
  const { graphId, nodeId } = splitExecutionId(executionId);
  const record = await described(parts.client, graphId);
  const head =
    record.endedAt === null ? await liveHead(parts, record) : await endHead(parts, record);
  const { views, ...rest } = head;
  const asked = nodeId === undefined ? views : views.filter(({ id }) => id === nodeId);
  const readJson = boundedReads((ref) => parts.references.json(ref));
  const found = await pMap(
    asked,
    async (view) => ({
      artifacts: await listOf(view.artifacts, parts.references),
      work: await workOf(view, readJson),
    }),
    { concurrency: READS_AT_ONCE },
  );
  const operations = asked.map((view, nth): OperationReport => {
    const { artifacts = [], work } = found[nth] ?? {};
    const node = nodeResult(view, null, artifacts, record.createdAt);
    if (!work && isTerminal(view.status))
      rest.warnings.push(`${view.id}: what was tried below it is not known any more`);
    return { ...operationReport(`${graphId}/${view.id}`, view.id, node), ...work };
  });
  const createdAt = new Date().toISOString();
  if (nodeId === undefined)
    return makeReport({ ...{ executionId, createdAt, operations }, ...rest });
  const [only] = operations;
  if (!only) throw notFound(executionId);
  const { name, status, startedAt, endedAt, durationMs, error } = only;
  const own = { name, status, startedAt, endedAt, durationMs, error };
  return makeReport({ executionId, ...own, createdAt, warnings: rest.warnings, operations });
}

/** One node's result as an operation of a report. */
export function operationReport(
  executionId: string,
  name: string,
  node: Omit<NodeResult, 'output' | 'statusHistory'>,
): OperationReport {
  const { task, status, reason, attempts, attemptHistory, cached, error, warnings } = node;
  const { metrics, artifacts, startedAt, endedAt, durationMs, executionTimeMs } = node;
  return {
    ...{ name, executionId, task, status, reason },
    ...{ attempts, retries: Math.max(0, attempts - 1), attemptHistory, cached },
    ...{ startedAt, endedAt, durationMs, executionTimeMs },
    ...{ error, warnings, metrics, artifacts },
  };
}

type Head = Pick<
  TaskReport,
  'name' | 'status' | 'startedAt' | 'endedAt' | 'durationMs' | 'error' | 'warnings'
> &
  Partial<Pick<TaskReport, 'compensation'>> & { views: NodeView[] };

async function described(client: Client, executionId: string): Promise<ExecutionRecord> {
  try {
    return recordOf(await client.workflow.getHandle(executionId).describe());
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw notFound(executionId);
    throw error;
  }
}

/** Without a worker to ask, what the server says, and a warning. */
async function liveHead(parts: Parts, record: ExecutionRecord): Promise<Head> {
  const { client } = parts;
  const { executionId, status, startedAt } = record;
  const head = { name: nameOf(record), startedAt, endedAt: null, durationMs: null, error: null };
  try {
    return await client.withDeadline(Date.now() + QUERY_DEADLINE_MS, async () => {
      const now = await query<GraphStatus>(client, executionId, QUERY.status);
      const [views, pending] = await Promise.all([
        nodeViews(parts, executionId),
        pendingAttempts(client, now),
      ]);
      const live = views.map((view) => withPending(view, pending.get(view.id), Date.now()));
      const lone = record.kind === 'task' && now.status === 'RUNNING' ? live[0]?.status : undefined;
      return { ...head, status: lone ?? now.status, warnings: [], views: live };
    });
  } catch (error) {
    if (error instanceof TaskError && error.code !== 'NO_WORKER') throw error;
    const warning = `its operations are not known: no worker has answered (${messageOf(error)})`;
    return { ...head, status, warnings: [warning], views: [] };
  }
}

async function endHead({ client, references }: Parts, record: ExecutionRecord): Promise<Head> {
  const readJson = (ref: string) => references.json(ref);
  const {
    close,
    status,
    error = null,
  } = await awaitEnding(client.workflow.getHandle(record.executionId));
  const name = nameOf(record);
  if (!close) {
    const { startedAt, endedAt, workflowMs: durationMs = null } = record;
    const warning = 'it was ended from outside: what its operations came to, only its history says';
    const warnings = status === 'REJECTED' ? [] : [warning];
    return { name, status, startedAt, endedAt, durationMs, error, warnings, views: [] };
  }
  const manifest = await loadManifest(close, readJson);
  const failed = close.failures?.[0]?.nodeId;
  const views = await manifestNodes(manifest, readJson);
  return {
    ...{ name, status: manifest.status, ...timesOf(manifest, views, record.kind === 'task') },
    error: errorOf(manifest, failed),
    ...(manifest.compensation ? { compensation: manifest.compensation } : {}),
    warnings: [],
    views,
  };
}

const nameOf = ({ taskId, executionId }: ExecutionRecord): string => taskId ?? executionId;
