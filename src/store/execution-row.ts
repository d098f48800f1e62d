/**
 * An execution as the store keeps it: a row for every graph, lone task, node of a graph and item of a batch. Rows are
 * projected: whatever they hold can be built again from Temporal. All times are epoch milliseconds.
 */
import type { DeadlineRisk } from '../domain/deadline-risk.js';
import type { ErrorRecord } from '../domain/errors.js';
import type { Json, JsonObject } from '../domain/json.js';
import type { Status } from '../domain/status.js';

export const EXECUTION_KINDS = ['graph', 'task', 'node', 'item'] as const;
export type ExecutionKind = (typeof EXECUTION_KINDS)[number];

/** The kinds that people schedule; nodes are shown on request. */
export const SCHEDULED_KINDS = [
  'graph',
  'task',
  'item',
] as const satisfies readonly ExecutionKind[];

/** One step of an execution's history; `by` is the person who asked, where one did. */
export interface StatusEntry {
  status: Status;
  at: number;
  attempt?: number;
  reason?: string;
  by?: string;
  /** Why they asked. */
  note?: string;
  /** What they asked, where that is more than the step. */
  verb?: string;
}

/** The run of a workflow that writes. Runs of one execution id are ordered by their start. */
export interface Run {
  /** Of the first run of the chain: continue-as-new goes on with the same execution. */
  id: string;
  /** When that first run started. */
  startedAt: number;
}

/** What a write may say about an execution; what it leaves out stays as it was, null clears. */
export interface ExecutionFields {
  /** The graph of a node, the batch of an item. */
  parentId: string | null;
  /** The task's name; of a graph, its name. */
  taskId: string | null;
  taskVersion: string | null;
  catalogueTaskId: string | null;
  catalogueTaskVersion: number | null;
  project: string | null;
  sessionId: string | null;
  priority: number | null;
  status: Status;
  reason: string | null;
  /** The caller's idempotency key. */
  requestId: string | null;
  /** The execution that it is a rerun of. */
  rerunOf: string | null;
  workflowId: string | null;
  createdAt: number;
  scheduledTime: number | null;
  startedAt: number | null;
  endedAt: number | null;
  /** From the first start to the end; when nobody says, `endedAt - startedAt`. */
  durationMs: number | null;
  /** Spent in handlers, over all attempts. */
  executionTimeMs: number | null;
  /** From ready to started; when nobody says, `startedAt` minus the later of `createdAt` and `scheduledTime`. */
  waitMs: number | null;
  attempts: number | null;
  maxRetries: number | null;
  nextRetryAt: number | null;
  progress: Json;
  /** Opaque to the store: inline value or reference. */
  input: Json;
  output: Json;
  error: ErrorRecord | null;
  warnings: string[];
  metrics: Json;
  artifacts: Json;
  /** Ids of the executions it waits for. */
  dependencies: string[];
  metadata: JsonObject;
  tags: string[];
  manifestRef: string | null;
  /** Of a graph: how many nodes there are in each status; until it has ended as they stood when it began. */
  nodeCounts: Json;
  /** How long it may take from its start, where it has a deadline. */
  deadlineMs: number | null;
  /** When it was seen that it may miss it. */
  deadlineRisk: DeadlineRisk | null;
}

/** One execution, whole. */
export interface ExecutionRow extends ExecutionFields {
  executionId: string;
  kind: ExecutionKind;
  runId: string | null;
  runStartedAt: number | null;
  /** The greatest sequence that this run has written. */
  sequence: number;
  /** Oldest first. */
  statusHistory: StatusEntry[];
  /** When a write last changed the row. */
  updatedAt: number;
}

/**
 * A write about one execution, in part. Writes may come twice, late and in any order: of two writes of one run the one
 * with the greater sequence wins, field by field.
 */
export interface ExecutionWrite extends Partial<ExecutionFields> {
  executionId: string;
  kind: ExecutionKind;
  /** Grows with each write about this execution, whoever writes: an epoch time does. */
  sequence: number;
  /** Without one the write belongs to whatever run the row has. */
  run?: Run;
  /** Steps to add; the store merges them with those it has, drops repeats and orders them by time. */
  statusHistory?: readonly StatusEntry[];
}
