/** A coordinator keeps its memory and its history small: pages of ended nodes are written away, then a new run goes on. */
import { allHandlersFinished, condition, continueAsNew, workflowInfo } from '@temporalio/workflow';
import { jsonBytes } from '../domain/json.js';
import type { Carry, CarryAway, TaskGraphArgs } from './between.js';
import { writeAway } from './finish.js';
import type { GraphState } from './graph-state.js';
import type { KindsExecutor } from './kinds-executor.js';
import type { GraphClose } from './manifest.js';

/** Bytes of JSON that are carried in the arguments of a new run; a payload has at most 2 MB. */
const CARRY_INLINE = 1_000_000;
/** Bytes that a run's history may grow by, at most and at least, and may have in all: the server ends a run at 50 MB. */
const GROWTH_BYTES = 8_000_000;
const LEAST_GROWTH_BYTES = 2_000_000;
const MOST_BYTES = 24_000_000;
/** Ended nodes after which a coordinator writes a page of them away. */
const PAGE_NODES = 1_000;

export interface GoingOnParts {
  state: GraphState;
  executor: KindsExecutor;
  /** Where pages of ended nodes lie, oldest first. */
  pages: string[];
  /** Events of history after which a new run goes on. */
  maxEvents: number;
  /** Nothing is to be carried: every node has ended, or post hooks are under way. */
  isEnding: () => boolean;
  /** Something of the run is on its way to another workflow, or is to come back from there. */
  isSending: () => boolean;
  /** Grows with whatever comes. */
  version: () => number;
  carry: () => Omit<Carry, 'segments' | 'nextSegment' | 'pages'>;
  /** The run is left. */
  leave: () => void;
}

export class GoingOn {
  /** Bytes of history once the plan was read. */
  private atStart: number | undefined;

  constructor(private readonly parts: GoingOnParts) {}

  /** Writes away what is due. @throws what ends this run, where a new one goes on */
  async shed(): Promise<void> {
    const { state, isEnding } = this.parts;
    while (state.unpagedCount >= PAGE_NODES) await this.writePage();
    if (!isEnding() && this.isLong()) await this.goOn(isEnding);
  }

  /** Goes on in a new run where this one's history is long, also where every node has ended. */
  async between(): Promise<void> {
    if (this.parts.executor.carry && this.isLong()) await this.goOn(() => false);
  }

  /** Not as the server suggests it, at 4 MB: the plan of a big graph alone may be more. But of updates it takes only so many. */
  private isLong(): boolean {
    const { historyLength, historySize, suggestedContinueAsNewReasons } = workflowInfo();
    if (suggestedContinueAsNewReasons?.includes('TOO_MANY_UPDATES')) return true;
    this.atStart ??= historySize;
    const grown = historySize - this.atStart;
    const room = Math.max(LEAST_GROWTH_BYTES, Math.min(GROWTH_BYTES, MOST_BYTES - this.atStart));
    return historyLength >= this.parts.maxEvents || grown >= room;
  }

  private async goOn(isOver: () => boolean): Promise<void> {
    await this.quiet();
    const { executor, pages, leave } = this.parts;
    if (isOver() || !executor.carry) return;
    const carry: Carry = { ...this.parts.carry(), pages, ...executor.carry() };
    const next = jsonBytes(carry) > CARRY_INLINE ? await this.carryAway(carry) : carry;
    if (!next) return;
    leave(); // not before: going round again needs it
    await continueAsNew<(...args: TaskGraphArgs) => Promise<GraphClose>>(null, null, next);
  }

  /** Writes away what has ended. */
  async writeAll(): Promise<void> {
    while (this.parts.state.unpagedCount > 0) await this.writePage();
  }

  private async writePage(): Promise<void> {
    this.parts.pages.push(await writeAway(this.parts.state.takePage()));
  }

  /** @returns undefined when something came meanwhile that is not in it: go round again */
  private async carryAway(carry: Carry): Promise<CarryAway | undefined> {
    const { executor, version } = this.parts;
    const seen = version();
    const late = executor.freeze?.() ?? [];
    const ref = await writeAway(carry);
    const still = version() === seen && executor.pending() === 0 && allHandlersFinished();
    if (still && jsonBytes(late) <= CARRY_INLINE) return { ref, late };
    executor.thaw?.();
    return undefined;
  }

  /** Waits until nothing would be lost by a new run: ended nodes are written, sends have arrived, handlers have answered. */
  private async quiet(): Promise<void> {
    const { state, executor, isSending } = this.parts;
    const still = (): boolean => executor.pending() === 0 && !isSending() && allHandlersFinished();
    while (state.unpagedCount > 0 || !still()) {
      if (state.unpagedCount > 0) await this.writePage();
      else await condition(still);
    }
  }
}
