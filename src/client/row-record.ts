/** Execution records out of the store's rows. */
import type { Artifact } from '../domain/artifact.js';
import type { Json, JsonObject } from '../domain/json.js';
import type { Value } from '../domain/outcome.js';
import type { Progress } from '../domain/progress.js';
import { PRIORITY_KEY, type Priority } from '../domain/priority.js';
import type { ExecutionRow, ExecutionWrite } from '../store/execution-row.js';
import type { Counts } from '../workflows/messages.js';
import type { ExecutionRecord } from './record.js';
import type { StatusChange } from '../domain/status.js';

/** The record of a row. Values that lie elsewhere are null: `getExecution` fetches them. */
export function recordOfRow(row: ExecutionRow): ExecutionRecord {
  return {
    executionId: row.executionId,
    kind: row.kind,
    taskId: row.taskId,
    project: row.project,
    sessionId: row.sessionId,
    status: row.status,
    reason: row.reason,
    output: inline(row.output),
    error: row.error,
    warnings: row.warnings,
    attempts: row.attempts,
    nextRetryAt: iso(row.nextRetryAt),
    counts: row.endedAt === null ? null : (row.nodeCounts as Counts | null),
    createdAt: new Date(row.createdAt).toISOString(),
    startedAt: iso(row.startedAt),
    endedAt: iso(row.endedAt),
    durationMs: row.durationMs,
    metadata: row.metadata,
    workflowId: row.workflowId ?? row.executionId,
    runId: row.runId ?? '',
    ...extras(row),
  };
}

/** The record of a row that nobody could be asked about: with the last time that something of it is from. */
export function recordAsOf(row: ExecutionRow): ExecutionRecord {
  const last = Math.max(row.createdAt, ...row.statusHistory.map(({ at }) => at));
  return { ...recordOfRow(row), asOf: new Date(last).toISOString() };
}

/** What Temporal knows of an execution, with what only the store keeps. */
export function withRow(record: ExecutionRecord, row: ExecutionRow | undefined): ExecutionRecord {
  if (
    !row ||
    (row.runId !== null &&
      row.runId !== record.runId &&
      row.endedAt !== null &&
      record.endedAt === null)
  )
    return record;
  const { metadata } = record;
  return {
    ...extras(row),
    ...record,
    attempts: record.attempts ?? row.attempts,
    metadata: Object.keys(metadata).length > 0 ? metadata : row.metadata,
    ...(record.endedAt !== null && row.endedAt !== null && row.runId === record.runId
      ? timesOf(row) // as a list has them
      : {}),
    ...(record.statusHistory === undefined ? { statusHistory: historyOf(row) } : {}),
  };
}

/** A worker that recorded an end did so before its graph heard of it, some milliseconds later. */
const timesOf = (
  row: ExecutionRow,
): Pick<ExecutionRecord, 'startedAt' | 'endedAt' | 'durationMs'> => ({
  ...{ startedAt: iso(row.startedAt), endedAt: iso(row.endedAt), durationMs: row.durationMs },
});

function extras(row: ExecutionRow): Partial<ExecutionRecord> {
  return {
    version: row.taskVersion,
    catalogueTaskId: row.catalogueTaskId,
    catalogueTaskVersion: row.catalogueTaskVersion,
    priority: priorityOf(row.priority),
    requestId: row.requestId,
    rerunOf: row.rerunOf,
    input: inline(row.input),
    maxRetries: row.maxRetries,
    // The edges of a graph are in its spec alone.
    ...(row.kind === 'node' ? {} : { dependencies: row.dependencies }),
    scheduledTime: iso(row.scheduledTime),
    executionTimeMs: row.executionTimeMs,
    waitMs: row.waitMs,
    progress: row.progress as Progress | null,
    metrics: row.metrics,
    artifacts: inline(row.artifacts) as unknown as Artifact[] | null,
    tags: row.tags,
    statusHistory: historyOf(row),
  };
}

function historyOf({ statusHistory }: ExecutionRow): StatusChange[] {
  return statusHistory.map(({ at, ...rest }) => ({
    ...rest,
    at: new Date(at).toISOString(),
  })) as StatusChange[];
}

const iso = (time: number | null): string | null =>
  time === null ? null : new Date(time).toISOString();

const inline = (value: Json): Json => {
  const known = value as Value | null;
  return known && 'json' in known ? known.json : null;
};

export function priorityOf(key: number | null): Priority | null {
  const found = Object.entries(PRIORITY_KEY).find(([, value]) => value === key);
  return (found?.[0] as Priority | undefined) ?? null;
}

/**
 * The row of an execution that was just submitted: the weakest word on it, until a worker says more.
 *
 * @param askedAt when it was submitted, before Temporal had it
 * @param now when Temporal had it: of an id that runs again, which run was first goes by that
 */
export function submittedRow(
  executionId: string,
  runId: string,
  kind: 'graph' | 'task',
  said: {
    name: string;
    project?: string | undefined;
    sessionId?: string | undefined;
    priority?: Priority | undefined;
    metadata?: Record<string, unknown> | undefined;
    tags?: readonly string[] | undefined;
    dependencies?: readonly string[] | undefined;
    startDelayMs: number;
    catalogue?: { id: string; version: number } | undefined;
    requestId?: string | undefined;
    rerunOf?: string | undefined;
  },
  { askedAt, now }: { askedAt: number; now: number },
): ExecutionWrite {
  const { name, project, sessionId, priority, metadata, tags = [], dependencies = [] } = said;
  const scheduledTime = said.startDelayMs > 0 ? now + said.startDelayMs : null;
  const status = scheduledTime === null ? 'PENDING' : 'SCHEDULED';
  const reason = scheduledTime === null ? null : 'start_time';
  return {
    executionId,
    kind,
    sequence: 1,
    run: { id: runId, startedAt: now },
    taskId: name,
    ...(said.catalogue
      ? { catalogueTaskId: said.catalogue.id, catalogueTaskVersion: said.catalogue.version }
      : {}),
    ...(said.requestId === undefined ? {} : { requestId: said.requestId }),
    ...(said.rerunOf === undefined ? {} : { rerunOf: said.rerunOf }),
    project: project ?? null,
    sessionId: sessionId ?? null,
    priority: priority === undefined ? null : PRIORITY_KEY[priority],
    ...(metadata === undefined ? {} : { metadata: metadata as JsonObject }),
    tags: [...tags],
    dependencies: [...dependencies],
    workflowId: executionId,
    status,
    reason,
    createdAt: askedAt,
    scheduledTime,
    // A worker knows better when it came to be PENDING.
    statusHistory: reason === null ? [] : [{ status, at: now, reason }],
  };
}
