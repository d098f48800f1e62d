/** The port between the graph's decisions and where nodes run: in this workflow (`here.ts`) or in segments (`segments.ts`). */
import type { ActivityOutcome, Begun, Left, Passed } from '../domain/outcome.js';
import type { Burst, Lent, NodeOrder } from './requests.js';
import type { AboveSignal, OpenQuestion, SegmentCarry, SettledSignal } from './between.js';

/**
 * What an executor tells of a node: its outcome, that it has not begun though it was handed over with others, that one that
 * was lent begins now, or that one has done its work and only its result is still made.
 */
export type Delivered = ActivityOutcome | Left | Begun | Passed;

/** Called with what became of a node; with `warnings` only, for one whose post hooks ran after it had ended. */
export type Deliver = (index: number, delivered: Delivered) => void;

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
  /** Begins light nodes together. Of each an outcome is delivered, after those of the nodes that it waits for, or that it is left. */
  beginBurst(burst: Burst): void;
  /** Asks running nodes to stop; they still deliver an outcome. */
  stop(indexes: readonly number[], how: StopHow): void;
  /** Lends nodes to a run that {@link lendsTo} or {@link openRun} named, or places to one that has some. */
  lend?(run: string, lent: Lent): void;
  /** The run that has a node and takes more. */
  lendsTo?(index: number): string | undefined;
  /** The run that takes more. */
  openRun?(): string | undefined;
  /** Places of the window that a run keeps for what was lent to it. */
  keptIn?(run: string): number;
  /** How many more nodes a run takes. */
  roomIn?(run: string): number;
  /** Calls back what was lent and has not begun: it is delivered as left, or as begun. */
  recall?(): void;
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
