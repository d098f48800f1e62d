/** The port between the graph's decisions and where nodes run: in this workflow (`here.ts`) or in segments (`segments.ts`). */
import type { ActivityOutcome } from '../domain/outcome.js';
import type { NodeOrder } from './requests.js';
import type { AboveSignal, OpenQuestion, SegmentCarry, SettledSignal } from './between.js';

/** Called with a node's outcome; with `warnings` only, for a node whose post hooks ran after it had ended. */
export type Deliver = (index: number, outcome: ActivityOutcome) => void;

/** What an executor carries over a continue-as-new. */
export interface CarriedSegments {
  segments: SegmentCarry[];
  nextSegment: number;
  questions?: OpenQuestion[];
}

/**
 * For good, or to go on later: then they come back held, the stopped attempt not counted. `end`: they come back held too,
 * with the attempt, and whoever asked ends them.
 */
export type StopHow = 'cancel' | 'pause' | 'end';

export interface NodeExecutor {
  /** Begins nodes. Outcomes are delivered later, each once. */
  begin(orders: readonly NodeOrder[]): void;
  /** Asks running nodes to stop; they still deliver an outcome. */
  stop(indexes: readonly number[], how: StopHow): void;
  /** Passes on what was asked of the graph to the executions below these nodes. */
  tell(indexes: readonly number[], signal: AboveSignal): void;
  /** False while this workflow task has taken all that it may; `begin` again in the next one. */
  hasRoom(): boolean;
  /** Workflows that hold the activities. */
  runs(): string[];
  /** The workflow that holds a running node's activity. */
  runOf(index: number): string | undefined;
  /** Messages to segments that are still under way. */
  pending(): number;
  /** Tells segments that no more orders come. */
  close(): Promise<void>;
  /** What to carry over a continue-as-new; undefined where that is impossible because activities run here. */
  carry?: (() => CarriedSegments) | undefined;
  /** Keeps reports of segments back, in the list that is returned, until `thaw`. */
  freeze?(): SettledSignal[];
  thaw?(): void;
}
