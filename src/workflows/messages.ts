/**
 * The contract of our workflows: what starts them, what they answer, what their activities take. Public for raw clients
 * (`taskGraph`, the queries and updates); the rest is between our own parts.
 */
import type { AwaitSpec } from '../domain/awaited.js';
import type { CachePolicy } from '../domain/cache.js';
import type { Circuit } from '../domain/circuit.js';
import type { ErrorRecord } from '../domain/errors.js';
import type { Fault } from '../domain/fault.js';
import type { Json } from '../domain/json.js';
import type { GateSnapshot } from '../domain/limit-gate.js';
import type { LimitAsk, PreparedLimit } from '../domain/limit-messages.js';
import type { ActivityOutcome, AttemptRecord, NodeOutcome, Value } from '../domain/outcome.js';
import type { NodeBody, NodeClass, Plan } from '../domain/plan.js';
import type { RetryPolicy } from '../domain/retry.js';
import type { SchedulerSnapshot } from '../domain/scheduler-snapshot.js';
import type { GraphSpec, Submission } from '../domain/spec.js';
import type { Status, StatusChange, StatusReason, TerminalStatus } from '../domain/status.js';

export const TASK_QUEUE = 'tempograph';

export const WORKFLOW = {
  graph: 'taskGraph',
  segment: 'taskSegment',
  ask: 'tempographAsk',
  limit: 'tempographLimit',
} as const;

export const ACTIVITY = {
  prepare: 'tempograph.prepare',
  readPlan: 'tempograph.readPlan',
  settle: 'tempograph.settle',
  record: 'tempograph.record',
  writeBlob: 'tempograph.writeBlob',
  describe: 'tempograph.describe',
  lookAt: 'tempograph.lookAt',
  readBlob: 'tempograph.readBlob',
  check: 'tempograph.check',
  worker: 'tempograph.worker',
  tellLimits: 'tempograph.tellLimits',
} as const;

export const QUERY = { status: 'status', nodes: 'nodes', node: 'node', limit: 'limit' } as const;
export const UPDATE = {
  cancelNode: 'cancelNode',
  pause: 'pause',
  resume: 'resume',
  setMax: 'setMax',
} as const;
export const SIGNAL = {
  settled: 'tempograph.settled',
  assign: 'tempograph.assign',
  cancel: 'tempograph.cancel',
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
}

/** How a workflow of ours ends other than COMPLETED: the failure's type. */
export const FAILURE = {
  failed: 'GraphFailed',
  timeout: 'GraphTimeout',
  rejected: 'SpecInvalid',
} as const;

/** Arguments of `taskGraph`. A raw client gives the spec and, if it likes, a submission; the carry is our own. */
export type TaskGraphArgs = [
  spec: GraphSpec | null,
  submission?: Submission | null,
  carry?: Carry | { ref: string } | null,
];

/** What an execution is known by, in every request that leaves the workflow. */
export interface ExecutionInfo {
  id: string;
  /** What was submitted: a graph, a lone task, or a batch whose items are executions of their own. */
  kind: 'graph' | 'task' | 'batch';
  /** The first run of the workflow. */
  run: { id: string; startedAt: number };
  graph: string;
  version: string;
  project?: string;
  sessionId?: string;
  metadata?: Value;
  /** Names of the graph's own hooks. */
  hooks: { pre: string[]; post: string[] };
}

export interface PrepareRequest {
  spec: Json;
  submission: Json;
  executionId: string;
  run: ExecutionInfo['run'];
}

/** The argument of `record`: how an execution ended. */
export interface RecordRequest {
  execution: ExecutionInfo;
  close: GraphClose;
}

/** What `prepare` pins for an execution. */
export interface Prepared {
  execution: ExecutionInfo;
  params: Value;
  /** Waits up to this are the server's. */
  serverWaitsMs: number;
  /** The worker has a store, so how it ends is recorded. */
  records?: true;
  /** Executions that have to end before it starts. */
  awaits?: AwaitSpec;
  /** As the plan's limits. */
  limits?: PreparedLimit[];
  /** The plan itself for a graph that fits one run, else where its pages lie. */
  plan: Plan | PlanPages;
  tags?: string[];
  /** W3C trace parent, where the worker began the execution's trace because it came without one. */
  trace?: string;
}

export interface PlanPages {
  /** References of JSON arrays of plan nodes, in order. */
  nodes: string[];
  /** References of JSON arrays of {@link NodeBody}, `bodiesPerPage` each. */
  bodies: string[];
  bodiesPerPage: number;
  head: Omit<Plan, 'nodes'>;
  nodeCount: number;
  /** Nodes that one segment takes. */
  segmentNodes: number;
  /** History events after which the coordinator continues as new. */
  coordinatorEvents: number;
}

export type PrepareResult = { faults: Fault[] } | { prepared: Prepared };

/** How a node stands that another one reads. */
export interface Upstream {
  status: Status;
  output?: Value;
}

/** What a node has behind it when it is begun again after a hold. */
export interface Round {
  attemptsUsed: number;
  attempts: AttemptRecord[];
  executionTimeMs: number;
  /** Epoch milliseconds of the first time it was handed to a worker. */
  firstScheduledAt: number;
  checkpoint?: Json;
  /** When the tries to find a worker that knows the task began. */
  unknownSince?: number;
  /** Held by a circuit, or while another one does the same work: since when. */
  waiting?: { for: 'circuit' | 'coalesced'; since: number };
}

/** The order to run a node once more or for the first time. */
export interface NodeOrder {
  index: number;
  id: string;
  class: number;
  body: NodeBody | { ref: string; index: number };
  reads?: Record<string, Upstream>;
  readsParams?: true;
  /** Largest output that stays in the envelope, where it is not the run's usual one. */
  inlineLimit?: number;
  round?: Round;
  /** The node has ended where no pipeline saw it: only its post hooks run. */
  ended?: NodeOutcome;
  neverStarted?: boolean;
}

/** The argument of every task's activity. */
export interface NodeRequest {
  execution: ExecutionInfo;
  node: { id: string; task: string; taskVersion: string };
  body: NodeBody | { ref: string; index: number };
  params?: Value;
  reads?: Record<string, Upstream>;
  retry: RetryPolicy;
  maxLostWorkers: number;
  timeoutMs: number;
  heartbeatTimeoutMs: number;
  queueTimeoutMs: number | null;
  /** What is left of `totalTimeout` when this activity is scheduled. */
  totalLeftMs?: number;
  serverWaitsMs: number;
  inlineLimit: number;
  circuit?: Circuit;
  cache?: CachePolicy;
  round?: Round;
}

/** The argument of `settle`: the post hooks of a node that ended where the pipeline could not see it. */
export interface SettleRequest {
  request: NodeRequest;
  outcome: NodeOutcome;
  /** It never started: only hooks registered with `onSkipped` run. */
  neverStarted: boolean;
}

export interface SegmentArgs {
  coordinatorId: string;
  prepared: Omit<Prepared, 'plan'>;
  classes: NodeClass[];
  orders: NodeOrder[];
  sealed: boolean;
}

export interface AssignSignal {
  orders: NodeOrder[];
  /** No more orders will come. */
  sealed: boolean;
}

export interface CancelSignal {
  indexes: number[];
  /** They are to stop at their last checkpoint and go on later; else for good. */
  pause?: true;
}

export interface SettledSignal {
  segmentId: string;
  outcomes: [index: number, outcome: ActivityOutcome][];
}

/** An execution wants to be told how this one ends, or one of its nodes. */
export interface SubscribeSignal {
  subscriber: string;
  /** When the subscriber started, epoch milliseconds. */
  startedAt: number;
  nodeId?: string;
}

/** The answer to {@link SubscribeSignal}, once. */
export interface EndedSignal {
  /** As it was asked for: `<execution>` or `<execution>/<node>`. */
  executionId: string;
  status: TerminalStatus;
  reason?: string | undefined;
}

/** Executions that wait for each other in a row: whoever finds itself at the front has found a cycle. */
export interface ProbeSignal {
  path: string[];
}

/** How an execution stands when it is looked at. */
export type ExecutionLook =
  { state: 'open' | 'unknown' } | { state: 'closed'; status: TerminalStatus; reason?: string };

/** What a coordinator carries over a continue-as-new. */
export interface Carry {
  prepared: Prepared;
  startedAt: number;
  scheduler: SchedulerSnapshot;
  /** What the not yet started nodes still have to read. */
  upstream: [index: number, upstream: Upstream][];
  rounds: [index: number, round: Round][];
  /** References of pages of ended nodes' records. */
  pages: string[];
  failures: NodeFailure[];
  segments: SegmentCarry[];
  nextSegment: number;
  sequence: number;
  /** Nodes that were asked to stop and have not ended. */
  cancelled: [index: number, reason: StatusReason][];
  cancelling?: StatusReason;
  /** Pauses and resumes of the whole graph, and of nodes that have not ended. */
  marks: StatusChange[];
  nodeMarks: [index: number, marks: StatusChange[]][];
  /** Executions that wait for this one. */
  subscribers: SubscribeSignal[];
  limits?: LimitsCarry;
}

/** Places in limits, and the last message to each limit's keeper. */
export interface LimitsCarry {
  gate: GateSnapshot;
  last: LimitAsk[];
}

export interface SegmentCarry {
  id: string;
  handed: number;
  sealed: boolean;
  inFlight: (readonly [index: number, round: Round | null, classIndex: number])[];
}

export interface NodeFailure {
  nodeId: string;
  status: Status;
  error?: ErrorRecord;
}

export type Counts = Partial<Record<Status, number>>;

/** The answer to the query `status`. */
export interface GraphStatus {
  executionId: string;
  graph: string;
  status: Status;
  counts: Counts;
  total: number;
  startedAt: string;
  /** Grows with every change; give it to the query `nodes` as `since`. */
  sequence: number;
  /** Workflows that hold the running nodes' activities: this one, or its segments. */
  runs: string[];
  /** When it was paused and resumed, and by whom. */
  marks?: StatusChange[];
  /** The executions that it waits for, or waited for, and how they ended; null while they have not. */
  awaits?: { executionId: string; status: TerminalStatus | null }[];
  project?: string;
  sessionId?: string;
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
  /** When it was paused and resumed, and by whom. */
  marks?: StatusChange[];
  output?: Value;
  error?: ErrorRecord;
  warnings?: string[];
  /** ISO times. */
  scheduledAt?: string;
  startedAt?: string;
  endedAt?: string;
  /** From first start to end, waits included. */
  durationMs?: number;
  /** The sum of the attempts' run times. */
  executionTimeMs?: number;
  /** RETRYING or SCHEDULED: when it goes on. PENDING: when it is looked at again. */
  nextRetryAt?: string;
  dependencies?: { done: number; total: number };
  /** The limit that it waits for a place in, and the places it needs. */
  limit?: { key: string; weight: number };
  /** The circuit that holds it. */
  circuit?: string;
  /** Its output is one that was kept; no attempt of its handler was made. */
  cached?: true;
  inputHash?: string;
  outputHash?: string;
  taskVersion?: string;
  metrics?: Record<string, number>;
  /** Nothing depends on it: its output is part of the graph's. */
  leaf?: true;
}

export interface NodesQuery {
  /** Only nodes changed after this sequence. */
  since?: number;
  /** Index to go on from. */
  cursor?: number;
  /** At most this many, 1,000 by default. */
  limit?: number;
}

export interface NodesPage {
  sequence: number;
  nodes: NodeView[];
  /** Give it as `cursor` for the rest; absent on the last page. */
  next?: number;
  /** Pages of ended nodes that the coordinator of a big graph no longer holds. */
  pages?: string[];
}

/** The manifest of an execution's result: `result()` reads it. */
export interface Manifest {
  executionId: string;
  graph: string;
  version: string;
  status: TerminalStatus;
  counts: Counts;
  startedAt: string;
  endedAt: string;
  durationMs: number;
  /** Ended nodes, in the order of the spec, or by reference, a page of them each. */
  nodes: NodeView[] | { pages: string[] };
  error?: ErrorRecord;
  /** When it was paused and resumed, and by whom. */
  marks?: StatusChange[];
  project?: string;
  sessionId?: string;
}

/** The result of a completed `taskGraph`, and the details of a failed one. */
export interface GraphClose {
  status: TerminalStatus;
  manifest: Manifest | { ref: string };
  counts: Counts;
  failures?: NodeFailure[];
}

/** The answer to a verb: whether it did anything, and what, or why not. */
export interface Answer {
  success: boolean;
  message: string;
}

export interface CancelNodeRequest {
  nodeId: string;
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
}

/** A question to a worker: is this spec sound, or what stands in this blob from that character on? */
export type AskRequest = CheckRequest | ReadRequest | { kind: 'worker' };
export type AskAnswer = CheckAnswer | ReadAnswer | WorkerAnswer;

/** What a worker tells of itself. */
export interface WorkerAnswer {
  identity: string;
  pid: number;
  /** Of Tempograph and of Node.js. */
  version: string;
  node: string;
  startedAt: string;
  tasks: string[];
  modes: {
    mode: 'in-process' | 'thread' | 'process';
    size: number | null;
    memoryMb: number | null;
  }[];
  /** Attempts that run now, and how many may. */
  running: number;
  slots: number;
  /** Attempts that run on although they were asked to stop. */
  overrunning: { executionId: string; task: string; sinceMs: number }[];
  /** Whether it records in a store. */
  store: string | null;
}

export interface CheckRequest {
  kind: 'check';
  spec: Json;
  submission: Json;
}

export interface CheckAnswer {
  faults: Fault[];
}

export interface ReadRequest {
  kind: 'read';
  ref: string;
  offset: number;
}

export interface ReadAnswer {
  text: string;
  /** Characters of the whole text. */
  total: number;
}
