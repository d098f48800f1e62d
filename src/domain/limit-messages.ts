/**
 * What graphs and the keeper of a limit tell each other. Every number is a total since the graph began, so that a
 * message that comes twice, late or out of order does no harm. Totals stand by the weight of a place.
 */
import type { LimiterSnapshot } from './limiter.js';

export type Totals = Record<string, number>;

/** A graph to the keeper: all that it knows of its places. */
export interface LimitAsk {
  /** The graph's workflow id, and the run that its first run was: an id may be used again. */
  graph: string;
  run: string;
  /** Grows with every message; 0 for the one that opens. */
  sequence: number;
  /** Temporal's `priorityKey` of the most urgent node that waits. */
  priority: number;
  fairnessKey: string;
  /** Places ever asked for, less those no longer wanted. */
  asked: Totals;
  /** Places granted, as far as the graph has heard: a keeper that lost its memory learns it again. */
  granted: Totals;
  /** Places given back. */
  released: Totals;
  /** What the limit is set to now, in the message that opens, where a setting says so: it is then defined so. */
  max?: number;
  /** The graph has ended. */
  closed?: true;
}

/** The keeper to a graph. */
export interface LimitGrant {
  /** The keeper's workflow id. */
  limit: string;
  /** The run that it is for. */
  run: string;
  granted: Totals;
  /** Places that should have been given back by the end of the nodes that are in them. */
  giveBack: Totals;
  max: number;
}

/** A limit that a graph is held to, as `prepare` pinned it. */
export interface PreparedLimit {
  /** The keeper's workflow id. */
  id: string;
  key: string;
  max: number;
  /** What the keeper was told when it was opened. */
  opened: LimitAsk;
}

/** The argument of `tempographLimit`. */
export interface LimitArgs {
  key: string;
  project?: string;
  max: number;
  /** As the graphs define it; `max` may have been changed since. */
  defined: number;
  /** Its memory, carried over a continue-as-new. */
  memory?: LimiterSnapshot;
}

/** What stands in the keeper's memo. */
export type LimitMemo = Pick<LimitArgs, 'key' | 'project' | 'max' | 'defined'>;

/** Messages to keepers that may have to be started first. */
export type TellLimits = { id: string; args: LimitArgs; ask: LimitAsk }[];

/** How a limit stands: the answer to the query `limit`. Times are ISO. */
export interface LimitStatus {
  key: string;
  project?: string;
  max: number;
  defined: number;
  /** Places that are taken, by weight. */
  used: number;
  holders: { executionId: string; places: number; weight: number; since: string }[];
  /** Graphs that wait, the longest first. */
  waiters: { executionId: string; places: number; weight: number; since: string }[];
  /** The next places in the order in which they will be given out, if nothing changes; the first 1,000. */
  line?: { executionId: string; weight: number }[];
}
