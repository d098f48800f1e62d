/**
 * The contract of our workflows with the outside: their names, what they are asked and what they answer. Public for raw
 * clients (`taskGraph`, the queries and updates).
 */
import { defineSearchAttributeKey } from '@temporalio/common';
import type { UndoProgress } from '../domain/compensation.js';
import type { ErrorRecord } from '../domain/errors.js';
import type { Counts } from '../domain/execution-result.js';
import type { Json, JsonObject } from '../domain/json.js';
import type { Times } from '../domain/node-times.js';
import type { AttemptRecord, BelowEnd, Reused, RunEnvironment, Value } from '../domain/outcome.js';
import type { Priority } from '../domain/priority.js';
import type { Progress } from '../domain/progress.js';
import type { Status, StatusChange, StatusReason, TerminalStatus } from '../domain/status.js';

export type { Counts } from '../domain/execution-result.js';

/** The server's own, of what a schedule starts: the nominal time, also of a backfill. */
export const SCHEDULED_START = defineSearchAttributeKey('TemporalScheduledStartTime', 'DATETIME');

export const WORKFLOW = {
  graph: 'taskGraph',
  segment: 'taskSegment',
  subgraph: 'taskSubgraph',
  ask: 'tempographAsk',
  limit: 'tempographLimit',
} as const;

export const ACTIVITY = {
  prepare: 'tempograph.prepare',
  prepareBelow: 'tempograph.prepareBelow',
  collect: 'tempograph.collect',
  collectEnded: 'tempograph.collectEnded',
  question: 'tempograph.question',
  answer: 'tempograph.answer',
  readPlan: 'tempograph.readPlan',
  burst: 'tempograph.burst',
  settle: 'tempograph.settle',
  makeResult: 'tempograph.makeResult',
  record: 'tempograph.record',
  writeBlob: 'tempograph.writeBlob',
  describe: 'tempograph.describe',
  lookAt: 'tempograph.lookAt',
  readBlob: 'tempograph.readBlob',
  findBlob: 'tempograph.findBlob',
  keepText: 'tempograph.keepText',
  check: 'tempograph.check',
  planFacts: 'tempograph.planFacts',
  lookUp: 'tempograph.lookUp',
  rerun: 'tempograph.rerun',
  worker: 'tempograph.worker',
  tellLimits: 'tempograph.tellLimits',
  joinBlobs: 'tempograph.joinBlobs',
  endElsewhere: 'tempograph.endElsewhere',
  letGo: 'tempograph.letGo',
  checkValue: 'tempograph.checkValue',
  lookAtAttempts: 'tempograph.lookAtAttempts',
  planEdit: 'tempograph.planEdit',
  readKept: 'tempograph.readKept',
} as const;

/** What a worker does for the engine, not for a node. */
export type SystemActivity = Exclude<
  (typeof ACTIVITY)[keyof typeof ACTIVITY],
  'tempograph.settle' | 'tempograph.makeResult' | 'tempograph.lookUp'
>;

export const QUERY = {
  status: 'status',
  nodes: 'nodes',
  node: 'node',
  waiting: 'waiting',
  limit: 'limit',
} as const;
export const UPDATE = {
  cancelNode: 'cancelNode',
  pause: 'pause',
  resume: 'resume',
  approve: 'approve',
  setMax: 'setMax',
  retryNow: 'retryNow',
  skip: 'skip',
  complete: 'complete',
  fail: 'fail',
  setPriority: 'setPriority',
  setConcurrency: 'setConcurrency',
  edit: 'edit',
} as const;
/** An update that does nothing but have a workflow task made, before the time of an execution that starts later. */
export const WAKE = 'tempograph.wake';
export const SIGNAL = {
  settled: 'tempograph.settled',
  assign: 'tempograph.assign',
  cancel: 'tempograph.cancel',
  tell: 'tempograph.tell',
  recall: 'tempograph.recall',
  above: 'tempograph.above',
  limitAsk: 'tempograph.limit.ask',
  limitGranted: 'tempograph.limit.granted',
  subscribe: 'tempograph.subscribe',
  ended: 'tempograph.ended',
  probe: 'tempograph.probe',
} as const;

/** Search attributes, set where the namespace has them; everything works without. */
export const SEARCH_ATTRIBUTE = {
  status: 'TempographStatus',
  project: 'TempographProject',
  task: 'TempographTask',
  priority: 'TempographPriority',
  session: 'TempographSession',
} as const;

/** The id of a lone task's only node. */
export const LONE_NODE = 'task';

/** Memo keys. */
export const MEMO = {
  manifest: 'tempographManifest',
  kind: 'tempographKind',
  limit: 'tempographLimit',
} as const;

/** What the memo {@link MEMO}.kind holds: what a list shows of an execution that it does not ask. */
export interface ExecutionMemo {
  kind: 'graph' | 'task' | 'batch';
  name: string;
  metadata?: Record<string, unknown>;
  /** The caller's idempotency key. */
  requestId?: string;
  /** Of what was asked for under that key, so that something else is not taken for it. Older executions have none. */
  digest?: string;
  /** It waits for its start time itself, so that it can be woken before. */
  putOff?: true;
  /** The execution that it is a rerun of, who asked for it, and why. */
  rerun?: { of: string; by?: string; reason?: string };
}

/** The answer to the query `status`. */
export interface GraphStatus {
  executionId: string;
  graph: string;
  status: Status;
  /** PENDING: it waits until fewer executions of its project run; SCHEDULED: for its time. */
  reason?: 'limit' | 'start_time';
  counts: Counts;
  total: number;
  startedAt: string;
  /** Grows with every change; give it to the query `nodes` as `since`. */
  sequence: number;
  /** Workflows that hold the running nodes' activities: this one, or its segments. */
  runs: string[];
  /** Nodes that run at once. */
  concurrency?: number;
  /** From 1; one more with every edit. */
  graphVersion?: number;
  /** When it was paused and resumed, what else people asked of it, and who. */
  marks?: StatusChange[];
  /** Its nodes have ended, and what they did is being undone: how far that is. */
  undoing?: UndoProgress;
  /** The executions that it waits for, or waited for, and how they ended; null while they have not. */
  awaits?: { executionId: string; status: TerminalStatus | null }[];
  project?: string;
  sessionId?: string;
  /** The execution that it is a rerun of. */
  rerunOf?: string;
}

/** How a node stands. */
export interface NodeView {
  id: string;
  task: string;
  status: Status;
  reason?: StatusReason;
  /** Attempts so far, those known to the workflow. */
  attempts: number;
  maxRetries: number;
  attemptHistory?: AttemptRecord[];
  /** Where it is not MEDIUM. */
  priority?: Priority;
  /** The nodes that it depends on. Only where it is asked for alone, and they are not too many for an answer. */
  dependsOn?: string[];
  /** When it was paused and resumed, what else people asked of it, and who. */
  marks?: StatusChange[];
  output?: Value;
  error?: ErrorRecord;
  warnings?: string[];
  /** ISO times. */
  scheduledAt?: string;
  startedAt?: string;
  endedAt?: string;
  /** When its trigger rule decided that it runs, or that it is skipped. */
  readyAt?: string;
  /** The node whose end decided it. */
  after?: string;
  /** What its time went into since `readyAt`, in milliseconds; what runs now is added when it is over. */
  times?: Times;
  /** From first start to end, waits included. */
  durationMs?: number;
  /** The sum of the attempts' run times. */
  executionTimeMs?: number;
  /** RUNNING: how far its attempt says it is. The workflow does not know; `watch` finds it with the server. */
  progress?: Progress;
  /** RETRYING or SCHEDULED: when it goes on. PENDING: when it is looked at again. */
  nextRetryAt?: string;
  dependencies?: { done: number; total: number };
  /** The limit that it waits for a place in, and the places it needs. */
  limit?: { key: string; weight: number };
  /** The circuit that holds it. */
  circuit?: string;
  /** Where it is no task alone. A sub-graph and a map are executions of their own, `<execution>/<node>`. */
  kind?: 'graph' | 'map' | 'approval';
  /**
   * Of a sub-graph or a map: its nodes, or items, by status; once it has ended also where its manifest lies. While it runs
   * the workflow does not know the counts: `watch` asks what runs below.
   */
  below?: BelowEnd;
  /** Of an approval: what is asked, of whom, since when and until when. */
  approval?: ApprovalView;
  /** Its output is one that was kept; no attempt of its handler was made. */
  cached?: true;
  /** It is what it gave in an earlier execution; no attempt of its handler was made. */
  reused?: Reused;
  /** Of a node that is kept, while its execution runs: a page of views and its place there, with output and metrics. */
  kept?: { ref: string; at: number };
  inputHash?: string;
  outputHash?: string;
  taskVersion?: string;
  metrics?: Record<string, number>;
  /** Where its last attempt ran, where that was not in the worker itself. */
  environment?: RunEnvironment;
  /** A list of `{ name, bytes, contentType, ref }`: what its last attempt kept beside its output. */
  artifacts?: Value;
  /** Nothing depends on it: its output is part of the graph's. */
  leaf?: true;
}

export interface ApprovalView {
  message: string;
  by?: string[];
  /** ISO times. */
  askedAt: string;
  dueAt?: string;
  /** What no answer until then means. */
  onTimeout: 'fail' | 'approve' | 'deny';
  /** JSON Schema of what the answer has to bring. */
  payload?: JsonObject;
}

export interface NodesQuery {
  /** Only nodes changed after this sequence. */
  since?: number;
  /** Index to go on from. */
  cursor?: number;
  /** At most this many, up to 5,000; 1,000 by default. An answer that becomes too large has fewer. */
  limit?: number;
  /** Those whose ids come behind this one, in the order of the ids; `''` begins with the first. The others say nothing then. */
  after?: string;
}

export interface NodesPage {
  sequence: number;
  nodes: NodeView[];
  /** Give it as `cursor` for the rest; absent on the last page. */
  next?: number;
  /** They come in the order of their ids. An older worker does not do that, and has not got this. */
  byId?: true;
  /** Pages of ended nodes that the coordinator of a big graph no longer holds. */
  pages?: string[];
}

/** What a query is told while a large graph goes on in a new run, which has to read what the one before left. */
export const BETWEEN_RUNS = 'the execution goes on in a new run just now; ask again';

/** What a query is told whose worker has to read the history first, where a workflow task is due (`ahead.ts`). */
export const BETWEEN_TASKS = 'a workflow task is due that has to come first; ask again';

/** The answer to a verb: whether it did anything, and what, or why not. */
export interface Answer {
  success: boolean;
  message: string;
  /**
   * There is no such execution, or node of it; or the execution has ended, and this was not asked of it before; or an
   * approval is asked of others.
   */
  code?: 'NOT_FOUND' | 'NOT_RUNNING' | 'NOT_ASKED';
}

export interface CancelNodeRequest {
  nodeId: string;
  /** Who asks, and why, for the status history. */
  by?: string;
  reason?: string;
}

/** The argument of the update `approve`: the answer to an approval node. */
export interface ApproveRequest {
  nodeId: string;
  /** Yes or no. */
  approved: boolean;
  /** Who answers. */
  by?: string;
  note?: string;
  /** What the answer brings, where the node asks for something. */
  payload?: Json;
}

/** The argument of the updates `pause` and `resume`. */
export interface PauseRequest {
  /** One node; without it the whole graph. */
  nodeId?: string;
  /**
   * What becomes of attempts that run: `soft` (default) lets them end, `hard` asks them to stop; they go on from their
   * last checkpoint, and the stopped attempt is not counted. `resume` ignores it.
   */
  mode?: 'soft' | 'hard';
  /** Who asks, for the status history. */
  by?: string;
  note?: string;
  /** Why; the same as `note`, and stronger. */
  reason?: string;
}
