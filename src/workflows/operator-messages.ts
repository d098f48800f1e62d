/** What people ask of a running graph beside pause, resume and cancel: the arguments of these updates, and their answers. */
import type { NodeKind } from '../domain/node-kind.js';
import type { CompensationRule } from '../domain/compensation.js';
import type { Fault } from '../domain/fault.js';
import type { Json } from '../domain/json.js';
import type { NodeOutcome, Value, Spent } from '../domain/outcome.js';
import type { EditedNode } from '../domain/graph-edit.js';
import type { Plan } from '../domain/plan.js';
import type { Priority } from '../domain/priority.js';
import type { GraphSpec } from '../domain/spec.js';
import type { OperatorVerb } from '../domain/status.js';
import type { Answer } from './messages.js';
import type { NodeRequest } from './requests.js';

/** Who asks, and why: both stand in the status history. */
export interface Asked {
  /** 1 to 1,000 characters. */
  reason: string;
  by?: string;
}

export interface NodeVerbRequest extends Asked {
  nodeId: string;
}

export interface CompleteRequest extends NodeVerbRequest {
  /** The node's output; at most 1 MB of JSON. */
  value: Json;
}

export interface FailRequest extends NodeVerbRequest {
  /** The message of its error, 1 to 4,000 characters. */
  message: string;
}

export interface PriorityRequest extends Asked {
  /** One node; without it all that have not started. */
  nodeId?: string;
  priority: Priority;
}

export interface ConcurrencyRequest extends Asked {
  /** 1 to 1,000. */
  concurrency: number;
}

export type NodeSpecInput = GraphSpec['tasks'][number];

export interface EditRequest extends Asked {
  /** Nodes that the graph does not have. */
  add?: NodeSpecInput[];
  /** Nodes to take the place of those of the same ids, which must not have started. */
  replace?: NodeSpecInput[];
  /** The graph's version that the edit was made for; another is refused. */
  ifVersion?: number;
}

/** What became of an edit. */
export interface EditAnswer extends Answer {
  /** Of the graph, after the edit. */
  graphVersion?: number;
  /** Why it was refused. */
  faults?: Fault[];
}

/** The requests by their verb, which is the update's name. */
export interface OperatorRequests extends Record<OperatorVerb, Asked> {
  retryNow: NodeVerbRequest;
  skip: NodeVerbRequest;
  complete: CompleteRequest;
  fail: FailRequest;
  setPriority: PriorityRequest;
  setConcurrency: ConcurrencyRequest;
  edit: EditRequest;
}

/** The argument of `checkValue`: a value that a person gives for a node's output. */
export interface CheckValueRequest {
  task: string;
  value: Json;
  inlineLimit: number;
  /** The node's output is made of what its task gives, so the task's schema says nothing of it. */
  shaped: boolean;
  /** Of a program: its schema stands there. */
  body?: NodeRequest['body'];
  /** What the node is, where it does not run the task itself. */
  kind?: Exclude<NodeKind, 'task'>;
}

export type CheckedValue =
  | { output: Value; outputHash: string; taskVersion?: string; unchecked?: string }
  | { refused: string };

/** The argument of `lookAtAttempts`: the activities of nodes, and where they are. The answers come in the same order. */
export interface LookAtAttempts {
  workflowId: string;
  nodeIds: string[];
}

/** How a node's activity stands with the server. */
export type AttemptLook =
  | { state: 'none' | 'queued' | 'started' }
  | ({ state: 'waiting'; /** Epoch milliseconds of the server's clock. */ dueAt: number } & Spent);

/** The argument of `planEdit`. */
export interface PlanEditRequest {
  executionId: string;
  /** As the graph is now. */
  spec: Json;
  submission: Json;
  add: Json[];
  replace: Json[];
  /** What the new nodes have to fit. */
  plan: Pick<Plan, 'limits' | 'lanes'>;
}

export type PlannedEdit =
  { faults: Fault[] } | { nodes: EditedNode[]; compensation?: CompensationRule };

/** The argument of `readKept`: where it stands what kept nodes of a rerun gave. */
export interface ReadKept {
  places: { index: number; ref: string; at: number }[];
}

/** What of all this a coordinator carries over a continue-as-new. */
export interface OperatorCarry {
  /** Running nodes that are to end as a person said. */
  ends: [index: number, end: AskedEnd][];
  /** Running nodes whose next attempt is to come at once. */
  hurried: [index: number, spent: Spent][];
}

export type GivenEnd = Pick<
  NodeOutcome,
  'status' | 'output' | 'outputHash' | 'taskVersion' | 'error'
>;

/** How a node is to end, and who said so. */
export interface AskedEnd {
  outcome: GivenEnd;
  asked: Asked;
  verb: OperatorVerb;
}
