/** What the query `waiting` is asked, and what it answers: what each node that has not ended waits for. */
import type { OpenDependency } from '../domain/explain.js';
import type { StatusReason } from '../domain/status.js';
import type { TriggerRule } from '../domain/trigger.js';
import type { GraphStatus, NodeView } from './messages.js';
/** The argument of the query `waiting`. */
export interface WaitingQuery {
  /** One node, however it stands; without it all that have not ended. */
  node?: string;
  /** Index to go on from. */
  cursor?: number;
}

/** A node, with what its wait depends on. Times are ISO. */
export interface WaitingNode extends NodeView {
  since?: string;
  kind?: 'graph' | 'map' | 'approval';
  trigger: TriggerRule;
  /** The first ten dependencies that have not ended. */
  open?: OpenDependency[];
  /** Its place among the nodes of this graph that wait for the same, from 1. */
  place?: number;
  queue: string;
  timeoutMs: number;
  queueTimeoutMs: number | null;
  totalTimeoutAt?: string;
  /** The graph's deadline does not bind it. */
  noDeadline?: true;
  unknownSince?: string;
}

/** The answer to the query `waiting`: what each node that has not ended waits for. */
export interface WaitingPage {
  graph: GraphStatus & {
    /** The queue of nodes that name none. */
    queue: string;
    concurrency: number;
    /** Nodes that take a place in the window. */
    inWindow: number;
    running: number;
    deadlineAt?: string;
    /** Why it is being stopped. */
    stopping?: StatusReason;
    /** Nodes that a cancel leaves alone and that have not ended, and those of them that run; where it is being stopped. */
    cleanUp?: { open: number; running: number };
    /** All nodes have ended. */
    closing?: true;
    /** When it starts, while it waits for that. */
    startsAt?: string;
    /** Until when it waits for other executions. */
    awaitsUntil?: string;
  };
  nodes: WaitingNode[];
  /** Give it as `cursor` for the rest. */
  next?: number;
}
