/** What our workflows ask of their activities: the arguments of `prepare`, of every task, of `settle` and `record`. */
import type { AwaitSpec } from '../domain/awaited.js';
import type { CachePolicy } from '../domain/cache.js';
import type { Circuit } from '../domain/circuit.js';
import type { Fault } from '../domain/fault.js';
import type { Json } from '../domain/json.js';
import type { PreparedLimit } from '../domain/limit-messages.js';
import type { AttemptRecord, NodeOutcome, Value } from '../domain/outcome.js';
import type { NodeBody, Plan } from '../domain/plan.js';
import type { ResultOptions } from '../domain/result-options.js';
import type { RetryPolicy } from '../domain/retry.js';
import type { Status } from '../domain/status.js';
import type { GraphClose } from './messages.js';

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
  /** It only looks whether its work has to be done. */
  look?: true;
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
  /** Only to look whether the work has to be done: held as `looked` where it has. */
  look?: true;
  result?: ResultOptions;
  round?: Round;
}

/** The argument of `letGo`: a node whose attempt ends elsewhere, and was asked to stop. */
export interface LetGoRequest {
  workflowId: string;
  nodeId: string;
}

/** The argument of `settle`: the post hooks of a node that ended where the pipeline could not see it. */
export interface SettleRequest {
  request: NodeRequest;
  outcome: NodeOutcome;
  /** It never started: only hooks registered with `onSkipped` run. */
  neverStarted: boolean;
}
