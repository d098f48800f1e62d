/** How executions end, as `result()` gives it: what is scheduled, waited for and thrown has this shape. */
import type { Artifact, NodeArtifact } from './artifact.js';
import type { Undone } from './compensation.js';
import type { ErrorRecord } from './errors.js';
import type { Json } from './json.js';
import type { AttemptRecord, Reused, RunEnvironment } from './outcome.js';
import type { Status, StatusChange, StatusReason, TerminalStatus } from './status.js';

/** How many nodes have each status; a status without any is left out. */
export type Counts = Partial<Record<Status, number>>;

/** How a node ended. */
export interface NodeResult {
  /** The task's name. */
  task: string;
  status: Status;
  reason: StatusReason | null;
  /** How many attempts there were. */
  attempts: number;
  /** The last 20 of them. */
  attemptHistory: AttemptRecord[];
  output: Json;
  /** Its output is one that was kept; no attempt was made. */
  cached: boolean;
  /** It is what the node gave in an earlier execution, which did the work; no attempt was made. Null: it was made here. */
  reused: Reused | null;
  error: ErrorRecord | null;
  warnings: string[];
  /** What its last attempt measured. */
  metrics: Record<string, number>;
  /** Where its last attempt ran, and what held it there; null for one that ran in the worker itself. */
  environment: RunEnvironment | null;
  /** What its last attempt kept beside its output. */
  artifacts: Artifact[];
  startedAt: string | null;
  endedAt: string | null;
  /** From first start to end, waits included, in milliseconds. */
  durationMs: number | null;
  /** The sum of the attempts' run times, in milliseconds. */
  executionTimeMs: number;
  /** Every status it has had, oldest first. */
  statusHistory: StatusChange[];
}

/** Who asked for a cancel, and why. */
export interface CancelNote {
  /** As `cancel({ by })` said; null where nobody was named: by a cancel in Temporal's Web UI, or a failure elsewhere. */
  by: string | null;
  /** As `cancel({ reason })` said. */
  reason: string | null;
}

/** How an execution ended, of whatever kind it is. */
export interface ExecutionResult<Output = Json> {
  executionId: string;
  /** The execution that it is a rerun of. */
  rerunOf?: string;
  status: TerminalStatus;
  /** True when the status is COMPLETED. */
  ok: boolean;
  /** A lone task's output; of a graph, the outputs of the nodes that nothing depends on, by id. Null where there is none. */
  output: Output | null;
  nodes: Record<string, NodeResult>;
  counts: Counts;
  /** Each node's warnings, with its id before it. */
  warnings: string[];
  metrics: Record<string, Record<string, number>>;
  /** What all nodes kept beside their outputs; `handle.artifact` reads them. */
  artifacts: NodeArtifact[];
  /**
   * What made it end FAILED, TIMEOUT or REJECTED: of a graph the error of the first node that failed. Null where it
   * COMPLETED, was SKIPPED or was CANCELLED with nothing having failed before: {@link cancelled} says who asked for that.
   */
  error: (ErrorRecord & { nodeId?: string; otherFailures?: number }) | null;
  /** Of one that ended CANCELLED: who asked for it, and why. Null of any other. */
  cancelled: CancelNote | null;
  /** What was undone after it had failed or was cancelled, in this order. */
  compensation: Undone[];
  /** When it began: see `durationMs`. The end of one that never did. */
  startedAt: string;
  endedAt: string;
  /**
   * From when it began to its end, in milliseconds: of a graph from when its first nodes could begin, of a lone task from
   * the start of its first attempt, back-off and pauses included. What it waited for before is not. 0 where it never began.
   */
  durationMs: number;
  /** Spent in handlers, over all attempts of all nodes, in milliseconds. */
  executionTimeMs: number;
  /** Every status it has had, oldest first. */
  statusHistory: StatusChange[];
}

/** The result of an execution that ended COMPLETED. */
export interface CompletedResult<Output = Json> extends ExecutionResult<Output> {
  status: 'COMPLETED';
  ok: true;
  output: Output;
  error: null;
  cancelled: null;
}

/** The result of one that ended in any other way. */
export interface UncompletedResult<Output = Json> extends ExecutionResult<Output> {
  status: Exclude<TerminalStatus, 'COMPLETED'>;
  ok: false;
}
