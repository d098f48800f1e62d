/** How an execution closes, and the manifest that it leaves: all that its result is made of. Public for raw clients. */
import type { Undone } from '../domain/compensation.js';
import type { ErrorRecord } from '../domain/errors.js';
import type { Reused, Value } from '../domain/outcome.js';
import type { Status, StatusChange, TerminalStatus } from '../domain/status.js';
import type { Counts, NodeView } from './messages.js';

/** How a workflow of ours ends other than COMPLETED: the failure's type. */
export const FAILURE = {
  failed: 'GraphFailed',
  timeout: 'GraphTimeout',
  rejected: 'SpecInvalid',
} as const;

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
  /** Of nodes that an edit made a leaf, or none any more, after their page was written: what they are. */
  releafed?: (readonly [nodeId: string, leaf: boolean])[];
  error?: ErrorRecord;
  /** What was undone after it had failed or was cancelled, in this order. */
  compensation?: Undone[];
  /** When it was paused and resumed, and by whom. */
  marks?: StatusChange[];
  project?: string;
  sessionId?: string;
  /** The execution that it is a rerun of. */
  rerunOf?: string;
  /** Of an execution below another one: what its nodes had from elsewhere than each other. */
  basis?: Basis;
}

/** Where it is the same, a node that reads the same of its own graph has the same input. */
export interface Basis {
  /** Of the spec's reference, the parameters and what comes from above. */
  hash: string;
  /** Of a map: references of the pages of its items. */
  items?: string[];
}

/** Failures that a {@link GraphClose} has at most: the first that made the graph fail. */
export const FAILURES_KEPT = 10;

export interface NodeFailure {
  nodeId: string;
  status: Status;
  error?: ErrorRecord;
}

/** The result of a completed `taskGraph`, and the details of a failed one. */
export interface GraphClose {
  status: TerminalStatus;
  manifest: Manifest | { ref: string };
  counts: Counts;
  failures?: NodeFailure[];
  error?: ErrorRecord;
  /** Of a graph that was edited while it ran: where its spec lies, as it was at last. */
  edited?: string;
  /** Of an execution below another one: its output, and whether all of it is an earlier one's. */
  output?: Value;
  reused?: Reused;
}
