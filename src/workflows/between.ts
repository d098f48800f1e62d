/** What our workflows tell each other, and what a coordinator carries over a continue-as-new. */
import type { Undone } from '../domain/compensation.js';
import type { ClockCarry } from '../domain/node-clocks.js';
import type { GateSnapshot } from '../domain/limit-gate.js';
import type { LimitAsk } from '../domain/limit-messages.js';
import type { ErrorRecord } from '../domain/errors.js';
import type {
  ActivityOutcome,
  Begun,
  HoldReason,
  Left,
  NodeOutcome,
  Passed,
} from '../domain/outcome.js';
import type { NodeClass } from '../domain/plan.js';
import type { SchedulerSnapshot } from '../domain/scheduler-snapshot.js';
import type { GraphSpec, Submission } from '../domain/spec.js';
import type { SpecRef } from '../domain/spec-ref.js';
import type { StatusChange, StatusReason, TerminalStatus } from '../domain/status.js';
import type { NodeFailure } from './manifest.js';
import type { Answer } from './messages.js';
import type { OperatorCarry } from './operator-messages.js';
import type {
  BelowRequest,
  Burst,
  Lent,
  NodeOrder,
  Prepared,
  Question,
  Round,
  Upstream,
} from './requests.js';

/** Arguments of `taskGraph`. A raw client gives the spec and, if it likes, a submission; the carry is our own. */
export type TaskGraphArgs = [
  spec: GraphSpec | SpecRef | null,
  submission?: Submission | null,
  carry?: Carry | CarryAway | null,
];

/** Arguments of `taskSubgraph`, which only we start. The carry stands where `taskGraph` has it. */
export type SubgraphArgs = [
  request: Omit<BelowRequest, 'executionId' | 'run'> | null,
  unused?: null,
  carry?: Carry | CarryAway | null,
];

/** What a graph is told by the one above it, or a segment for the executions below its nodes. */
export interface AboveSignal {
  /** `cancel` only says who asks for it and why; the request itself is Temporal's own. */
  verb: 'pause' | 'resume' | 'cancel';
  mode?: 'soft' | 'hard';
  by?: string;
  reason?: string;
  note?: string;
}

/** A segment passes it on to the executions below these nodes. */
export interface TellSignal {
  indexes: number[];
  tell: AboveSignal;
}

/** A carry that is too large for an argument. */
export interface CarryAway {
  ref: string;
  /** What segments told while it was written. */
  late?: SettledSignal[];
}

export interface SegmentArgs {
  coordinatorId: string;
  prepared: Omit<Prepared, 'plan'>;
  classes: NodeClass[];
  orders: NodeOrder[];
  bursts?: Burst[];
  lent?: Lent;
  sealed: boolean;
}

export interface AssignSignal {
  orders: NodeOrder[];
  /** Light nodes, to be begun together. */
  bursts?: Burst[];
  /** Nodes that are begun later, without being asked for. */
  lent?: Lent;
  /** No more orders will come. */
  sealed: boolean;
}

export interface CancelSignal {
  indexes: number[];
  /** They are to stop at their last checkpoint and go on later; else for good. */
  pause?: true;
  /** They are to stop, and end as a person said. */
  end?: true;
}

export interface SettledSignal {
  segmentId: string;
  /**
   * `left`: it was handed over with others, and has not begun; `begun`: it was lent, and begins; `passed`: it has done its work,
   * and its outcome follows.
   */
  outcomes: [index: number, delivered: ActivityOutcome | Left | Begun | Passed][];
  /** Places of the window that the segment keeps for what was lent to it, beside those before; less than none: it gives some back. */
  kept?: number;
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
  /** Why nodes are held, and the error of their last attempt. */
  holds?: [index: number, why: HoldReason, lastError?: ErrorRecord][];
  /** How those ended that have done their work, and whose results are still made. */
  passed?: [index: number, outcome: NodeOutcome][];
  /** References of pages of ended nodes' records. */
  pages: string[];
  failures: NodeFailure[];
  /** The first of them, whole. */
  firstError?: ErrorRecord | undefined;
  segments: SegmentCarry[];
  nextSegment: number;
  sequence: number;
  /** Nodes that were asked to stop and have not ended. */
  cancelled: [index: number, reason: StatusReason][];
  cancelling?: StatusReason;
  /** Pauses and resumes of the whole graph, and of nodes that have not ended. */
  marks: StatusChange[];
  nodeMarks: [index: number, marks: StatusChange[]][];
  /** Where the time of nodes that have not ended went; absent in a carry of an older worker. */
  clocks?: ClockCarry[];
  /** Nodes that are told of later than it happens; absent in a carry of an older worker. */
  later?: number[];
  /** Executions that wait for this one. */
  subscribers: SubscribeSignal[];
  /** Completed nodes whose work can be undone, in the order of their ends. */
  undoable?: number[];
  /** What of it is undone already, in this order. */
  undone?: Undone[];
  /** Approvals that wait for their answer. */
  questions?: OpenQuestion[];
  limits?: LimitsCarry;
  /** Of the place that it has as a whole. */
  place?: LimitsCarry;
  operator?: OperatorCarry;
  /** Answers to updates, by their ids. */
  answered?: (readonly [updateId: string, answer: Answer])[];
}

/** A question that was asked and has no answer. */
export interface OpenQuestion {
  index: number;
  question: Question;
  /** Epoch milliseconds. */
  askedAt: number;
  dueAt?: number;
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
  inFlight: InFlightCarry[];
  /** Places that it keeps. */
  kept?: number;
}

/** A node that was handed over with others, or was lent, begins at once, or after others. */
export type Turn = 'first' | 'later';

/** A node that was handed over. */
export type InFlightCarry = readonly [
  index: number,
  round: Round | null,
  classIndex: number,
  turn?: Turn,
];
