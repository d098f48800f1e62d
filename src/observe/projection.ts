/** Executions as the store's rows: what a manifest, a plan or an attempt says, as writes. Pure. */
import type { JsonObject } from '../domain/json.js';
import type { Marked } from '../domain/observation.js';
import { PRIORITY_KEY, type Priority } from '../domain/priority.js';
import type { StatusChange } from '../domain/status.js';
import {
  loneHistory,
  statusHistory,
  withEnd,
  type HistoryFacts,
} from '../domain/status-history.js';
import type { ExecutionKind, ExecutionWrite, StatusEntry } from '../store/execution-row.js';
import type { ExecutionInfo } from '../workflows/requests.js';
import type { Manifest } from '../workflows/manifest.js';
import { LONE_NODE, type Counts, type NodeView } from '../workflows/messages.js';

/**
 * The sequences of ends, all later than anything that is written while an execution runs. What Temporal says of a closed
 * workflow is the last word; what a workflow said just before it closed comes before that, since it may have been
 * terminated in between; then the ends that workers saw, those of later attempts being greater: a worker that was cut
 * off may tell of one that the server gave up long ago.
 */
export const END = {
  closed: Number.MAX_SAFE_INTEGER,
  closing: Number.MAX_SAFE_INTEGER - 1,
  /** Temporal does not know it. */
  gone: Number.MAX_SAFE_INTEGER - 2,
  attempt: (number: number): number => Number.MAX_SAFE_INTEGER - 2 ** 40 + number,
} as const;

export function entriesOf(changes: readonly StatusChange[]): StatusEntry[] {
  return changes.map(({ at, status, attempt, reason, by, note, verb }) => ({
    status,
    at: Date.parse(at),
    ...(attempt === undefined ? {} : { attempt }),
    ...(reason === undefined ? {} : { reason }),
    ...(by === undefined ? {} : { by }),
    ...(note === undefined ? {} : { note }),
    ...(verb === undefined ? {} : { verb }),
  }));
}

/** Who an execution is, for every row that has to do with it. */
export function identity(
  info: ExecutionInfo,
): Partial<ExecutionWrite> & Pick<ExecutionWrite, 'run'> {
  return {
    ...(info.run ? { run: info.run } : {}),
    workflowId: info.id,
    // Not null where it is not known: whoever knows may have said it.
    ...(info.project === undefined ? {} : { project: info.project }),
    ...(info.sessionId === undefined ? {} : { sessionId: info.sessionId }),
  };
}

const linkOf = ({ rerunOf }: { rerunOf?: string | undefined }): Partial<ExecutionWrite> =>
  rerunOf === undefined ? {} : { rerunOf };

/** The row of a node; a lone task's node is its execution, an item's graph is its batch. */
export function nodeIdentity(
  info: ExecutionInfo,
  nodeId: string,
): Partial<ExecutionWrite> & Pick<ExecutionWrite, 'executionId' | 'kind'> {
  const common = { ...identity(info), ...(info.run ? { createdAt: info.run.startedAt } : {}) };
  if (info.kind === 'task')
    return { ...common, ...linkOf(info), executionId: info.id, kind: 'task' };
  const kind: ExecutionKind = info.kind === 'batch' ? 'item' : 'node';
  return { ...common, executionId: `${info.id}/${nodeId}`, kind, parentId: info.id };
}

/** What a node's row calls its task: a lone one is called as it was submitted, which a program may be by another name. */
export const taskIdOf = (
  { kind, graph }: Pick<ExecutionInfo, 'kind' | 'graph'>,
  task: string,
): string => (kind === 'task' ? graph : task);

/** An execution's own row, while it runs or waits. A batch has none: its items are what people see. */
export function openRow(
  info: ExecutionInfo,
  sequence: number,
  said: {
    status: 'PENDING' | 'SCHEDULED' | 'RUNNING';
    /** Where it does not run, as far as it waits for something. */
    reason?: 'dependencies' | 'limit' | 'start_time' | undefined;
    /** Epoch milliseconds. */
    scheduledTime?: number;
    metadata: JsonObject;
    tags: readonly string[];
    dependencies: readonly string[];
    priority?: Priority | undefined;
    deadlineMs?: number | undefined;
    /** Where the plan is known: its nodes as it begins. */
    nodeCounts?: Counts | undefined;
  },
): ExecutionWrite {
  const { status, metadata, tags, dependencies, priority, deadlineMs, scheduledTime } = said;
  const createdAt = info.run?.startedAt ?? sequence;
  return {
    ...identity(info),
    ...linkOf(info),
    executionId: info.id,
    kind: info.kind === 'task' ? 'task' : 'graph',
    taskId: info.graph,
    taskVersion: info.version,
    sequence,
    status,
    reason: status === 'RUNNING' ? null : (said.reason ?? null),
    createdAt,
    ...(scheduledTime === undefined ? {} : { scheduledTime }),
    ...(status === 'RUNNING' && info.kind === 'graph' ? { startedAt: createdAt } : {}),
    metadata,
    tags: [...tags],
    dependencies: [...dependencies],
    ...(priority === undefined ? {} : { priority: PRIORITY_KEY[priority] }),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    ...(said.nodeCounts && info.kind === 'graph' ? { nodeCounts: { ...said.nodeCounts } } : {}),
    statusHistory: [{ status: 'PENDING', at: createdAt }],
  };
}

/**
 * The end of an execution and all of its nodes: the nodes first, so that a half-written end is seen as open.
 *
 * @param sequence one of {@link END}
 */
export function closedRows(
  info: ExecutionInfo,
  manifest: Manifest,
  nodes: readonly NodeView[],
  sequence: number,
  manifestRef?: string,
): ExecutionWrite[] {
  const rows = closedNodes(info, manifest, nodes, sequence);
  if (!hasOwnRow(info)) return rows;
  return [...rows, closedGraph(info, manifest, warningsOf(nodes), sequence, manifestRef)];
}

/** The ends of some of an execution's nodes; of a lone task its own end, which is the execution's. */
export function closedNodes(
  info: ExecutionInfo,
  manifest: Pick<Manifest, 'status' | 'startedAt' | 'error' | 'marks'>,
  nodes: readonly NodeView[],
  sequence: number,
): ExecutionWrite[] {
  const rows = nodes.map((view) => nodeRow(info, view, manifest.startedAt, sequence));
  const [only] = rows;
  const [view] = nodes;
  if (info.kind === 'task' && only && view) Object.assign(only, loneEnd(only, view, manifest));
  return rows;
}

/** What a lone task's row says as its execution has it: that may have ended otherwise than its node. */
function loneEnd(
  row: ExecutionWrite,
  view: NodeView,
  { status, startedAt, error, marks }: Parameters<typeof closedNodes>[1],
): Partial<ExecutionWrite> {
  const history = loneHistory(historyFacts(view, startedAt), { status, marks });
  const statusHistory = entriesOf(history);
  if (row.status === status) return { error: row.error ?? error ?? null, statusHistory };
  return { status, reason: null, error: error ?? null, statusHistory };
}

/** What runs below a node has that node's row, which the graph above it writes; of a batch people see the items. */
export const hasOwnRow = ({ kind, parent }: ExecutionInfo): boolean => kind === 'graph' && !parent;

/** What an execution says of the warnings of its nodes. */
export const warningsOf = (nodes: readonly NodeView[]): string[] =>
  nodes.flatMap(({ id, warnings = [] }) => warnings.map((one) => `${id}: ${one}`));

/** The end of a graph itself: see {@link hasOwnRow}. */
export function closedGraph(
  info: ExecutionInfo,
  manifest: Omit<Manifest, 'nodes'>,
  warnings: string[],
  sequence: number,
  manifestRef?: string,
): ExecutionWrite {
  const startedAt = Date.parse(manifest.startedAt);
  const endedAt = Date.parse(manifest.endedAt);
  const history: StatusChange[] = [
    { status: 'RUNNING', at: manifest.startedAt },
    ...withEnd(manifest.marks ?? [], { status: manifest.status, at: manifest.endedAt }),
  ];
  return {
    ...identity(info),
    ...linkOf({ rerunOf: manifest.rerunOf }),
    executionId: info.id,
    kind: 'graph',
    taskId: manifest.graph,
    taskVersion: manifest.version,
    sequence,
    status: manifest.status,
    reason: null,
    createdAt: info.run?.startedAt ?? startedAt,
    startedAt,
    endedAt,
    durationMs: manifest.durationMs,
    error: manifest.error ?? null,
    warnings,
    attempts: 1,
    nodeCounts: { ...manifest.counts },
    manifestRef: manifestRef ?? null,
    statusHistory: entriesOf(history),
  };
}

/**
 * What a pause or a resume says of an execution while it runs, or of a node. Undefined for a whole batch, which has no
 * row: its items go on as they are, and say so.
 */
export function markedRow(told: Marked, sequence: number): ExecutionWrite | undefined {
  const { execution, mark, startedAt, node } = told;
  const info: ExecutionInfo = { ...execution, hooks: { pre: [], post: [] } };
  const { status, reason = null } = mark;
  const said = { sequence, statusHistory: entriesOf([mark]) };
  if (node)
    return {
      ...{ ...nodeIdentity(info, node.id), taskId: taskIdOf(info, node.task), ...said },
      ...(node.goesOn ? {} : { status, reason }),
    };
  if (info.kind === 'batch' || execution.below) return undefined;
  if (info.kind === 'task')
    return { ...nodeIdentity(info, LONE_NODE), taskId: info.graph, ...said, status, reason };
  const began: StatusChange = { status: 'RUNNING', at: new Date(startedAt).toISOString() };
  return {
    ...{ ...identity(info), executionId: info.id, kind: 'graph', taskId: info.graph },
    ...{ taskVersion: info.version, createdAt: info.run.startedAt, status, reason },
    ...{ sequence, statusHistory: entriesOf([began, mark]) },
  };
}

/** What the history of a node is made of. @param createdAt when its graph began, an ISO time */
export function historyFacts(view: NodeView, createdAt: string): HistoryFacts {
  const { after, scheduledAt, endedAt, status, reason, attemptHistory = [], marks } = view;
  return {
    ...{ createdAt, after, scheduledAt, endedAt, status, reason, marks },
    attempts: attemptHistory,
  };
}

/** The row of a node as its graph knows it. */
export function nodeRow(
  info: ExecutionInfo,
  view: NodeView,
  createdAt: string,
  sequence: number,
): ExecutionWrite {
  const { scheduledAt, startedAt, endedAt } = view;
  const { status, reason, output, error, metrics, warnings, taskVersion } = view;
  const time = (text: string | undefined): number | null =>
    text === undefined ? null : Date.parse(text);
  const history = statusHistory(historyFacts(view, createdAt));
  const waited = scheduledAt !== undefined && startedAt !== undefined;
  return {
    ...nodeIdentity(info, view.id),
    taskId: taskIdOf(info, view.task),
    sequence,
    status,
    reason: reason ?? null,
    startedAt: time(startedAt),
    endedAt: time(endedAt),
    durationMs: view.durationMs ?? null,
    executionTimeMs: view.executionTimeMs ?? null,
    ...(waited ? { waitMs: Math.max(0, Date.parse(startedAt) - Date.parse(scheduledAt)) } : {}),
    attempts: view.attempts,
    maxRetries: view.maxRetries,
    priority: PRIORITY_KEY[view.priority ?? 'MEDIUM'],
    nextRetryAt: null,
    error: error ?? null,
    ...(output === undefined ? {} : { output }),
    ...(warnings === undefined ? {} : { warnings }),
    ...(metrics === undefined ? {} : { metrics }),
    ...(view.artifacts === undefined ? {} : { artifacts: { ...view.artifacts } }),
    ...(taskVersion === undefined ? {} : { taskVersion }),
    statusHistory: entriesOf(history),
  };
}
