/** A node as the scheduler knows it, and the states that one can be in. */
import type { LedgerNode } from './dependency-ledger.js';

export interface SchedulerNode extends NodeTraits {
  dependsOn: readonly number[];
}

/** What a node has besides those that it waits for: many have the same. */
export interface NodeTraits extends LedgerNode {
  /** 1 (first) to 5 (last), as Temporal's `priorityKey`. */
  priorityKey: number;
  /** Not before this long after its dependencies allow it, in milliseconds. */
  startDelayMs?: number;
  /** Not before this time, in epoch milliseconds. */
  notBefore?: number;
  /** Index of the lane in which it waits for a place, where it is held to a limit. */
  lane?: number;
  /** It runs whether or not the window has room, and counts in it as little as a held node: a sub-graph, an approval. */
  takesNoPlace?: true;
  /** It may end without its work: it runs once to look, without a place, before it waits for one. */
  looksFirst?: true;
  /** A cancel of the graph does not touch it: it runs as its trigger says, or goes on. */
  runsOnCancel?: true;
}

export type NodeState = 'waiting' | 'held' | 'ready' | 'running' | 'settled';
