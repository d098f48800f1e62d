/** Executions as the store's rows: what a manifest, a plan or an attempt says, as writes. Pure. */
import type { JsonObject } from '../domain/json.js';
import { PRIORITY_KEY, type Priority } from '../domain/priority.js';
import { isTerminal, type StatusChange } from '../domain/status.js';
import { statusHistory } from '../domain/status-history.js';
import type { ExecutionKind, ExecutionWrite, StatusEntry } from '../store/execution-row.js';
import type { ExecutionInfo } from '../workflows/requests.js';
import type { Manifest, NodeView } from '../workflows/messages.js';

/** Later than anything that was written while it ran: an end is the last word. */
const LAST = Number.MAX_SAFE_INTEGER;

export function entriesOf(changes: readonly StatusChange[]): StatusEntry[] {
  return changes.map(({ at, status, attempt, reason, by }) => ({
    status,
    at: Date.parse(at),
    ...(attempt === undefined ? {} : { attempt }),
    ...(reason === undefined ? {} : { reason }),
    ...(by === undefined ? {} : { by }),
  }));
}

/** Who an execution is, for every row that has to do with it. */
export function identity(
  info: ExecutionInfo,
): Partial<ExecutionWrite> & Pick<ExecutionWrite, 'run'> {
  return {
    ...(info.run ? { run: info.run } : {}),
    workflowId: info.id,
    project: info.project ?? null,
    sessionId: info.sessionId ?? null,
  };
}

/** The row of a node; a lone task's node is its execution, an item's graph is its batch. */
export function nodeIdentity(
  info: ExecutionInfo,
  nodeId: string,
): Partial<ExecutionWrite> & Pick<ExecutionWrite, 'executionId' | 'kind'> {
  const common = { ...identity(info), ...(info.run ? { createdAt: info.run.startedAt } : {}) };
  if (info.kind === 'task') return { ...common, executionId: info.id, kind: 'task' };
  const kind: ExecutionKind = info.kind === 'batch' ? 'item' : 'node';
  return { ...common, executionId: `${info.id}/${nodeId}`, kind, parentId: info.id };
}

/** An execution's own row, while it runs or waits. A batch has none: its items are what people see. */
export function openRow(
  info: ExecutionInfo,
  sequence: number,
  said: {
    status: 'PENDING' | 'RUNNING';
    metadata: JsonObject;
    tags: readonly string[];
    dependencies: readonly string[];
    priority?: Priority | undefined;
  },
): ExecutionWrite {
  const { status, metadata, tags, dependencies, priority } = said;
  const createdAt = info.run?.startedAt ?? sequence;
  return {
    ...identity(info),
    executionId: info.id,
    kind: info.kind === 'task' ? 'task' : 'graph',
    taskId: info.graph,
    taskVersion: info.version,
    sequence,
    status,
    reason: status === 'PENDING' ? 'dependencies' : null,
    createdAt,
    ...(status === 'RUNNING' && info.kind === 'graph' ? { startedAt: createdAt } : {}),
    metadata,
    tags: [...tags],
    dependencies: [...dependencies],
    ...(priority === undefined ? {} : { priority: PRIORITY_KEY[priority] }),
    statusHistory: [{ status: 'PENDING', at: createdAt }],
  };
}

/** The last word on an execution and all of its nodes: the nodes first, so that a half-written end is seen as open. */
export function closedRows(
  info: ExecutionInfo,
  manifest: Manifest,
  nodes: readonly NodeView[],
  manifestRef?: string,
): ExecutionWrite[] {
  const rows = nodes.map((view) => nodeRow(info, view, manifest.startedAt));
  const [only] = rows;
  if (info.kind === 'task' && only && manifest.error) only.error ??= manifest.error;
  if (info.kind !== 'graph') return rows;
  const startedAt = Date.parse(manifest.startedAt);
  const endedAt = Date.parse(manifest.endedAt);
  const history: StatusChange[] = [
    { status: 'RUNNING', at: manifest.startedAt },
    ...(manifest.marks ?? []),
    { status: manifest.status, at: manifest.endedAt },
  ];
  rows.push({
    ...identity(info),
    executionId: info.id,
    kind: 'graph',
    taskId: manifest.graph,
    taskVersion: manifest.version,
    sequence: LAST,
    status: manifest.status,
    reason: null,
    createdAt: info.run?.startedAt ?? startedAt,
    startedAt,
    endedAt,
    durationMs: manifest.durationMs,
    error: manifest.error ?? null,
    warnings: nodes.flatMap(({ id, warnings = [] }) => warnings.map((one) => `${id}: ${one}`)),
    attempts: 1,
    nodeCounts: { ...manifest.counts },
    manifestRef: manifestRef ?? null,
    statusHistory: entriesOf(history),
  });
  return rows;
}

/** The row of a node as its graph knows it. */
export function nodeRow(info: ExecutionInfo, view: NodeView, createdAt: string): ExecutionWrite {
  const { scheduledAt, startedAt, endedAt, attemptHistory = [], marks } = view;
  const { status, reason, output, error, metrics, warnings, taskVersion } = view;
  const time = (text: string | undefined): number | null =>
    text === undefined ? null : Date.parse(text);
  const history = statusHistory({
    ...{ createdAt, scheduledAt, endedAt, status, reason, marks },
    attempts: attemptHistory,
  });
  const waited = scheduledAt !== undefined && startedAt !== undefined;
  return {
    ...nodeIdentity(info, view.id),
    taskId: view.task,
    sequence: isTerminal(status) ? LAST : Date.now(),
    status,
    reason: reason ?? null,
    startedAt: time(startedAt),
    endedAt: time(endedAt),
    durationMs: view.durationMs ?? null,
    executionTimeMs: view.executionTimeMs ?? null,
    ...(waited ? { waitMs: Math.max(0, Date.parse(startedAt) - Date.parse(scheduledAt)) } : {}),
    attempts: view.attempts,
    maxRetries: view.maxRetries,
    nextRetryAt: null,
    error: error ?? null,
    ...(output === undefined ? {} : { output }),
    ...(warnings === undefined ? {} : { warnings }),
    ...(metrics === undefined ? {} : { metrics }),
    ...(taskVersion === undefined ? {} : { taskVersion }),
    statusHistory: entriesOf(history),
  };
}
