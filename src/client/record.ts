/** Execution records: what `getExecution` and `listExecutions` give. */
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Artifact } from '../domain/artifact.js';
import type { ErrorRecord } from '../domain/errors.js';
import type { RunEnvironment } from '../domain/outcome.js';
import type { Progress } from '../domain/progress.js';
import type { Priority } from '../domain/priority.js';
import { isTerminal, STATUSES, type Status, type StatusChange } from '../domain/status.js';
import type { Json } from '../domain/json.js';
import { MEMO, SEARCH_ATTRIBUTE, type Counts, type ExecutionMemo } from '../workflows/messages.js';

export type { ExecutionMemo } from '../workflows/messages.js';

/** An execution as the store has it. */
export interface ExecutionRecord {
  executionId: string;
  /** A graph, a lone task, a batch that shares a run, a node of a graph, or an item of a batch. */
  kind: 'graph' | 'task' | 'batch' | 'node' | 'item';
  /** The task's name; of a graph, its name. */
  taskId: string | null;
  project: string | null;
  sessionId: string | null;
  status: Status;
  reason: string | null;
  output: Json;
  /** Of a graph that has ended the first failure's, with its node and how many others there were. */
  error: (ErrorRecord & { nodeId?: string; otherFailures?: number }) | null;
  warnings: string[];
  attempts: number | null;
  /** Its output is one that was kept; no attempt was made. */
  cached?: boolean;
  /** Its output is what it gave in an earlier execution, which did the work; no attempt was made. */
  reused?: { executionId: string };
  nextRetryAt: string | null;
  /**
   * Of a graph, its nodes by status. In a list, of one that has not ended, as far as the store has heard of them: nodes that
   * end without an attempt, as skipped ones and sub-graphs do, are PENDING there until it has ended.
   */
  counts: Counts | null;
  /** When it was submitted. */
  createdAt: string;
  /** When it began, as `durationMs` has it; null while it waits before that. In a list without a store when its workflow did. */
  startedAt: string | null;
  endedAt: string | null;
  /**
   * From when it began to its end, in milliseconds: of a graph from when its first nodes could begin, of anything else from
   * the start of its first attempt. Back-off and pauses are in it, what it waited for before is not. By the store a node or
   * a lone task ends when its worker says so, else when its graph has heard of it, some milliseconds later. Null before
   * its end, where it never began, and in a list without a store: see `workflowMs`.
   */
  durationMs: number | null;
  /**
   * Only in a list without a store: from when its workflow began to its close, in milliseconds. Its preparation is in it,
   * and what it waited for before it began.
   */
  workflowMs?: number;
  metadata: Record<string, unknown>;
  workflowId: string;
  runId: string;
  /** The schedule that started it. */
  schedule?: string | null;
  /** The execution that it is a rerun of. */
  rerunOf?: string | null;
  /** Who asked for the rerun, and why; while Temporal keeps the execution. */
  rerun?: { by?: string; reason?: string };
  // What only the store keeps; absent without one. A node has its priority and its dependencies without.
  version?: string | null;
  /** The catalogue's task that it was scheduled by, and the version of it. */
  catalogueTaskId?: string | null;
  catalogueTaskVersion?: number | null;
  priority?: Priority | null;
  /** The caller's idempotency key. */
  requestId?: string | null;
  /** After pre hooks; null where it is large. */
  input?: Json;
  maxRetries?: number | null;
  /**
   * Ids of the executions that it waits for, or waited for; of a node those of the nodes it depends on, which a list does
   * not have.
   */
  dependencies?: string[];
  scheduledTime?: string | null;
  /** Spent in handlers, over all attempts. */
  executionTimeMs?: number | null;
  /** From ready to started. */
  waitMs?: number | null;
  /** How far it last said it is: `{ done, total?, message? }`, where `total` 1 means a fraction. */
  progress?: Progress | null;
  /** Of a graph: of each node, by its id. */
  metrics?: Json;
  /** Of a node that ran elsewhere than in the worker itself: where, and what held it there. */
  environment?: RunEnvironment;
  /** What its last attempt kept beside its output; of a graph, what its nodes did. Null in a list where it is long. */
  artifacts?: (Artifact & { nodeId?: string })[] | null;
  tags?: string[];
  /** Every status it has had, oldest first. */
  statusHistory?: StatusChange[];
  /**
   * Only of a node of a running execution of which no worker answered, and of what was asked for while Temporal could not be
   * reached: it is shown as the store last had it, of this time, and may have gone on since. A large output may be null.
   */
  asOf?: string;
}

const key = (name: string) => defineSearchAttributeKey(name, 'KEYWORD');
const KEYS = {
  status: key(SEARCH_ATTRIBUTE.status),
  project: key(SEARCH_ATTRIBUTE.project),
  session: key(SEARCH_ATTRIBUTE.session),
  schedule: key('TemporalScheduledById'),
};

/** What a workflow closed as, for one whose own status is not known. */
const BY_WORKFLOW: Readonly<Record<string, Status>> = {
  RUNNING: 'RUNNING',
  CONTINUED_AS_NEW: 'RUNNING',
  COMPLETED: 'COMPLETED',
  FAILED: 'FAILED',
  CANCELLED: 'CANCELLED',
  TERMINATED: 'CANCELLED',
  TIMED_OUT: 'TIMEOUT',
};

type Described = Pick<
  WorkflowExecutionInfo,
  'workflowId' | 'runId' | 'status' | 'startTime' | 'memo' | 'typedSearchAttributes'
> & {
  closeTime?: Date | undefined;
  executionTime?: Date | undefined;
};

/** A record out of what visibility holds. */
export function recordOf(info: Described): ExecutionRecord {
  const memo = info.memo?.[MEMO.kind] as ExecutionMemo | undefined;
  const attributes = info.typedSearchAttributes;
  const { startTime, closeTime } = info;
  const begins =
    info.executionTime && info.executionTime > startTime ? info.executionTime : startTime;
  const isPutOff = !closeTime && begins.getTime() > Date.now();
  const own = attributes.get(KEYS.status);
  const status = isPutOff && own === undefined ? 'SCHEDULED' : statusOf(info.status.name, own);
  const reason = status === 'SCHEDULED' ? 'start_time' : null;
  return {
    executionId: info.workflowId,
    kind: memo?.kind ?? 'graph',
    taskId: memo?.name ?? null,
    project: attributes.get(KEYS.project) ?? null,
    sessionId: attributes.get(KEYS.session) ?? null,
    status,
    reason: info.status.name === 'TERMINATED' ? 'terminated' : reason,
    output: null,
    error: null,
    warnings: [],
    attempts: null,
    nextRetryAt: null,
    counts: null,
    createdAt: startTime.toISOString(),
    startedAt: isPutOff || isBefore(status) ? null : begins.toISOString(),
    endedAt: closeTime?.toISOString() ?? null,
    durationMs: null, // only the manifest has it
    ...(closeTime ? { workflowMs: closeTime.getTime() - begins.getTime() } : {}),
    metadata: memo?.metadata ?? {},
    workflowId: info.workflowId,
    runId: info.runId,
    schedule: attributes.get(KEYS.schedule) ?? null,
    ...(memo?.requestId === undefined ? {} : { requestId: memo.requestId }),
    ...(memo?.rerun ? rerunFields(memo.rerun) : {}),
  };
}

/** True for the status of an execution that waits before its first node. */
const isBefore = (status: Status): boolean => status === 'PENDING' || status === 'SCHEDULED';

const rerunFields = ({
  of,
  ...said
}: NonNullable<ExecutionMemo['rerun']>): Partial<ExecutionRecord> => ({
  rerunOf: of,
  ...(Object.keys(said).length > 0 ? { rerun: said } : {}),
});

/** Our own status where it agrees with the workflow's: a terminated workflow had no time to say so. */
function statusOf(workflow: string, own: string | undefined): Status {
  const coarse = BY_WORKFLOW[workflow] ?? 'RUNNING';
  const known = STATUSES.find((status) => status === own);
  if (!known || workflow === 'TERMINATED' || workflow === 'TIMED_OUT') return coarse;
  return isTerminal(known) === isTerminal(coarse) ? known : coarse;
}
