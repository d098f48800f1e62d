/** What our workflows ask of their activities: the arguments of `prepare`, of every task, of `settle` and `record`. */
import type { AwaitSpec } from '../domain/awaited.js';
import type { CachePolicy } from '../domain/cache.js';
import type { Circuit } from '../domain/circuit.js';
import type { Fault } from '../domain/fault.js';
import type { ErrorRecord } from '../domain/errors.js';
import type { Json, JsonObject } from '../domain/json.js';
import type { PreparedLimit } from '../domain/limit-messages.js';
import type {
  ActivityOutcome,
  AttemptRecord,
  NodeOutcome,
  Reused,
  Value,
} from '../domain/outcome.js';
import type { TaskOptions } from '../domain/spec.js';
import type { SpecRef } from '../domain/spec-ref.js';
import type { NodeBody, NodeClass, Plan, RunClass } from '../domain/plan.js';
import type { Priority } from '../domain/priority.js';
import type { ResultOptions } from '../domain/result-options.js';
import type { RetryPolicy } from '../domain/retry.js';
import type { RerunScope } from '../domain/rerun.js';
import type { Status } from '../domain/status.js';
import type { Basis, GraphClose } from './manifest.js';
import type { RequestContext } from './node-request.js';

/** What an execution is known by, in every request that leaves the workflow. */
export interface ExecutionInfo {
  id: string;
  /** What was submitted: a graph, a lone task, or a batch whose items are executions of their own. */
  kind: 'graph' | 'task' | 'batch';
  /** The first run of the workflow. */
  run: { id: string; startedAt: number };
  /** The time that it is for, ISO: that of its schedule, or of what it is a rerun of; else it is for when it began. */
  scheduledTime?: string;
  graph: string;
  version: string;
  project?: string;
  sessionId?: string;
  metadata?: Value;
  /** Names of the graph's own hooks. */
  hooks: { pre: string[]; post: string[] };
  /** The execution that it is a node of: it is a sub-graph's, or with `map` that of a map's items. */
  parent?: { id: string; map?: true };
  /** The execution that it is a rerun of. */
  rerunOf?: string;
}

export interface PrepareRequest {
  spec: Json | SpecRef;
  submission: Json;
  executionId: string;
  run: ExecutionInfo['run'];
  /** ISO: when its schedule meant it to start. */
  scheduledTime?: string;
}

/** The argument of `record`: how an execution ended. */
export interface RecordRequest {
  execution: ExecutionInfo;
  close: GraphClose;
  /** The manifest is to be kept as a blob too, because it is too large to stand where the workflow closes. */
  keep?: true;
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
  /** It starts then, in epoch milliseconds, also where its workflow was woken before. */
  startsAt?: number;
  /** As the plan's limits. */
  limits?: PreparedLimit[];
  /** What whole executions of its project are limited by: it waits for a place of this weight before its first node. */
  place?: { limit: PreparedLimit; weight: number };
  /** The plan itself for a graph that fits one run, else where its pages lie. */
  plan: Plan | PlanPages;
  tags?: string[];
  /** How many graphs it is below. Default 0. */
  depth?: number;
  /** What the submission said of tasks, for the graphs below it. */
  options?: TaskOptions;
  /** Of an execution below another one: where its nodes' bodies lie, and what its nodes read from above. */
  below?: Below;
  /** Of a rerun: what it keeps. */
  rerun?: Seeding;
  /** W3C trace parent, where the worker began the execution's trace because it came without one. */
  trace?: string;
}

/** What a rerun begins with. */
export interface Seeding {
  /**
   * A letter a node: it has ended as before (as in a scheduler's snapshot), `p` what it gave before is looked at when
   * its turn comes, `-` it runs.
   */
  nodes: string;
  /** The execution that did the kept work, where no view says otherwise. */
  of: string;
  /** References of JSON arrays of views: of the kept nodes, and of those that are looked at; `perPage` each, in order. */
  kept: string[];
  keptPerPage: number;
  looks: string[];
  looksPerPage: number;
  /** What nodes that run read of kept ones: here, or references of JSON arrays of such pairs. */
  outputs: [index: number, upstream: Upstream][] | { pages: string[] };
  inside: Inside;
  /**
   * Kept nodes whose work is this execution's to undo, in the order of their ends. None where the earlier execution
   * completed: what it did stands, whatever becomes of this one.
   */
  undo?: number[];
  /** Of an execution below another one of which nothing runs: what its node gives. */
  whole?: { output: Value; reused: Reused };
}

/** What was asked of a rerun, for what is below its nodes. */
export interface Inside {
  scope: RerunScope;
  versions?: true;
  /** Below which node what was asked for. */
  from?: Record<string, string[]>;
}

/** What a node gave in an earlier execution: its place in a page of views. */
export interface Previous {
  ref: string;
  at: number;
  /** Of a sub-graph or a map: what was asked. */
  inside?: Omit<Inside, 'from'> & { from?: string[] };
}

export interface Below {
  /** References of JSON arrays of {@link PagedBody}, `perPage` each; of a map one that is every item's. */
  bodies: string[];
  perPage: number;
  /** Of a map: references of JSON arrays of its items, `perPage` each, and what its template reads. */
  items?: { refs: string[]; perPage: number };
  reads?: Record<string, Upstream>;
  basis?: Basis;
  /** Epoch milliseconds of the server's clock: the deadline of what it is below. */
  deadlineAt?: number;
  /** Largest output that stays in the envelope. */
  inlineLimit: number;
}

/** The item of a map that a node runs for. */
export interface ItemRef {
  /** A JSON array of items, and its place in there. */
  ref: string;
  at: number;
  index: number;
}

/** The argument of `prepareBelow`: a sub-graph or a map begins. */
export interface BelowRequest {
  /** The node that it runs for, as any node's activity would get it. */
  request: NodeRequest;
  kind: 'graph' | 'map';
  /** Where the spec lies. */
  spec: string;
  /** How many graphs the new one is below. */
  depth: number;
  options?: TaskOptions;
  priority: Priority;
  deadlineAt?: number;
  /** Its own workflow. */
  executionId: string;
  run: ExecutionInfo['run'];
}

/** What becomes of a sub-graph or a map: it runs, its condition says no, or it cannot. */
export type BelowResult = { prepared: Prepared } | { skipped: true } | { refused: RefusedBelow };
export interface RefusedBelow {
  status: 'REJECTED' | 'FAILED';
  error: ErrorRecord;
}

/** The argument of `collect`: what a sub-graph or a map gives as its output. */
export interface CollectRequest {
  kind: 'graph' | 'map';
  manifest: string;
  inlineLimit: number;
}

/** The argument of `collectEnded`: a map that did not complete. */
export interface CollectEndedRequest {
  executionId: string;
  inlineLimit: number;
}

/** A question as it is asked, its message resolved. */
export interface Question {
  message: string;
  by?: string[];
  timeoutMs?: number;
  onTimeout: 'fail' | 'approve' | 'deny';
  onDeny: 'fail' | 'complete';
  payload?: JsonObject;
}
export type QuestionResult = { question: Question } | { skipped: true } | { error: ErrorRecord };

/** The argument of `answer`: what somebody answered, to be checked and stored. */
export interface AnswerRequest {
  schema?: JsonObject;
  output: Json;
  inlineLimit: number;
}
export type AnswerResult = { problems: string[] } | { output: Value; outputHash: string };

/** A node's body in its page, or where it lies. */
export type PagedBody = NodeBody | { at: string };

export interface PlanPages {
  /** References of the pages of its nodes (`domain/plan-page.ts`), in order. */
  nodes: string[];
  /** References of JSON arrays of {@link PagedBody}, `bodiesPerPage` each. */
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
  /** The list of what it kept beside its output. */
  artifacts?: Value;
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
  /** How often its environment could not be prepared, in a row. */
  setups?: number;
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
  item?: ItemRef;
  /** Of a sub-graph or a map: where the spec of the execution below it lies. */
  below?: string;
  /** Epoch milliseconds of the server's clock: when the graph's deadline is. */
  deadlineAt?: number;
  /** Where it was changed since the graph began. */
  priority?: Priority;
  /** It only looks whether its work has to be done. */
  look?: true;
  /** What it gave in the execution that this one is a rerun of. */
  previous?: Previous;
  /** The node has ended where no pipeline saw it: only its post hooks run. */
  ended?: NodeOutcome;
  neverStarted?: boolean;
}

/** Nodes that a segment begins by itself, each once all that it waits for has completed and it has a place. */
export interface Lent {
  nodes: LentNode[];
  /** Nodes whose good end nobody waits to hear: what waits for them is lent. */
  quiet: number[];
  /** Places of the window that the segment keeps for what was lent to it. */
  places?: number;
  /** The window has room for more: whoever waits for a place is told of at once. */
  room?: true;
}

export interface LentNode {
  order: NodeOrder;
  /** The lower begins first, of those that wait for a place; that of MEDIUM priority where absent. */
  rank?: number;
  /** Indexes of nodes that the segment has, or had when this was sent. */
  waitsFor: number[];
  /** Those whose output or status it reads, with their ids. */
  reads?: [index: number, id: string][];
}

/** Light nodes that are handed over together: `domain/burst.ts` says which of them begins when. */
export interface Burst {
  nodes: BurstNode[];
  /** How many may run at once. */
  places: number;
  /** Nothing more begins once one has come to any end but a good one. */
  failFast?: true;
}

export interface BurstNode {
  order: NodeOrder;
  /** Positions in the burst of those it waits for, and of those whose output or status it reads. */
  waitsFor: number[];
  reads?: number[];
}

/** The argument of `burst`. */
export interface BurstRequest extends Burst {
  context: RequestContext;
  /** When it was handed over, epoch milliseconds of the server's clock. */
  handedAt: number;
  /** The orders' classes, by their indexes in the plan. */
  classes: Record<number, NodeClass>;
}

/** What became of its nodes, by position, in the order of their ends; those that are not in it have not begun. */
export type BurstResult = [position: number, outcome: ActivityOutcome][];

/** The argument of every task's activity. */
export interface NodeRequest {
  execution: ExecutionInfo;
  node: { id: string; task: string; taskVersion: string };
  /** Default MEDIUM. */
  priority?: Priority;
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
  /** Only to look whether the work has to be done: held as `looked` where it has. */
  look?: true;
  /** What it gave in an earlier execution: kept, and its work not done, where version and input are the same. */
  previous?: Previous;
  result?: ResultOptions;
  round?: Round;
  item?: ItemRef;
  /** Where it runs, and how it is held. */
  run?: RunClass;
  /** What is left until the graph's deadline when this activity is scheduled. */
  deadlineLeftMs?: number;
  /** Where an attempt timed out, nobody knows whether its work was done: the node is held. */
  holdUnknown?: true;
  /** It is not the node's work but what follows it: the undoing of an output, or the look whether a lost attempt did it. */
  after?: { undo: Value | null } | { verify: { attempt: number } };
}

/** The argument of `letGo`: nodes whose attempts end elsewhere, and were asked to stop. */
export interface LetGoRequest {
  workflowId: string;
  nodeIds: string[];
}

export interface LetGoAnswer {
  /** Nodes whose handlers still run. */
  left: string[];
}

/** How often a result that is made apart is tried; an expression that failed once is not tried again. */
export const RESULT_TRIES = 3;

/** The argument of `makeResult`: a node that has done its work, as its pipeline left it. */
export interface ResultRequest {
  request: NodeRequest;
  outcome: NodeOutcome;
}

/** The argument of `settle`: the post hooks of a node that ended where the pipeline could not see it. */
export interface SettleRequest {
  request: NodeRequest;
  outcome: NodeOutcome;
  /** It never started: only hooks registered with `onSkipped` run. */
  neverStarted: boolean;
}
