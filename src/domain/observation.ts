/** What workflows tell their worker for traces, metrics and the store. It leaves by sinks, so it is told once and never replayed. */
import type { Status, StatusChange, TerminalStatus } from './status.js';
import type { TraceContext } from './trace-context.js';

export type SpanAttributes = Record<string, string | number | boolean>;

/** A span that has ended: an execution's, or a node's. */
export interface EndedSpan {
  name: string;
  spanId: string;
  parent: TraceContext;
  /** Epoch milliseconds of the workflow's clock. */
  startedAt: number;
  endedAt: number;
  attributes: SpanAttributes;
  /** What went wrong, if it did. */
  error?: { code: string; message: string };
}

/** What is told of every execution. */
export interface ExecutionLabels {
  kind: string;
  project?: string;
}

export interface ExecutionEnd extends ExecutionLabels {
  status: TerminalStatus;
  durationMs: number;
  /** Its nodes, by how they stand. */
  counts: Partial<Record<Status, number>>;
}

export interface NodeHold {
  reason: string;
  task: string;
  project?: string;
}

/** A pause or a resume of an execution, or of one of its nodes. */
export interface Marked {
  execution: MarkedExecution;
  mark: StatusChange;
  /** Since when the execution runs; epoch milliseconds. */
  startedAt: number;
  /** Of a node; `goesOn` where the mark leaves its status as it is, since its attempt runs on. */
  node?: { id: string; task: string; goesOn: boolean };
}

/** What a row of an execution is known by. */
export interface MarkedExecution {
  id: string;
  kind: 'graph' | 'task' | 'batch';
  run: { id: string; startedAt: number };
  graph: string;
  version: string;
  project?: string;
  sessionId?: string;
  /** It runs below a node of another execution, and has no row of its own. */
  below?: true;
}

/** The name of our sink, and its functions. */
export const SINK = 'tempograph';
export interface Observer {
  span(span: EndedSpan): void;
  started(labels: ExecutionLabels): void;
  ended(end: ExecutionEnd): void;
  held(hold: NodeHold): void;
  marked(marked: Marked): void;
}
