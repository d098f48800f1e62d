/**
 * What a coordinator lends to segments, and when: the nodes that follow those that a segment has, and those that wait for a
 * place, so that they need no trip from one to the next. Which ones, `domain/lender.ts` says.
 *
 * D1. What is lent is called back, and nothing lent, once a node waits for a place that may not be lent, or has a higher
 *     priority than some that are and may not be lent beside them: it comes first.
 * D2. Whatever is asked of the graph, all that is lent and has not begun is called back first, and meanwhile nothing is lent.
 * D3. No place is free while a lent node waits for one: what is lent was ready before what is not, so it gets them first.
 */
import { condition } from '@temporalio/workflow';
import { Lender } from '../domain/lender.js';
import type { Begun } from '../domain/outcome.js';
import { ToldLater } from '../domain/told-later.js';
import { InOrder } from './in-order.js';
import { Lendable, type LendableParts } from './lendable.js';
import type { Delivered, NodeExecutor } from './node-executor.js';
import { logTransition } from './transition.js';

/** A segment that does not answer for so long has more wrong with it than what was lent. */
const PATIENCE = '10s';

export interface LendingParts extends LendableParts {
  executor: () => NodeExecutor;
  /** It runs in segments, and nothing stops it. */
  mayLend: () => boolean;
  /** Something has come that the graph has to look at. */
  wake: () => void;
  /** What {@link Lending.carry} gave in the run before. */
  carried: readonly number[] | undefined;
}

export class Lending {
  private readonly lendable: Lendable;
  private readonly lender: Lender<string>;
  /** Questions that are being answered. */
  private asking = 0;
  private readonly questions = new InOrder();
  /** What is lent was called back, and is not here yet. */
  private recalling = false;
  private readonly later: ToldLater;

  constructor(private readonly parts: LendingParts) {
    const lendable = new Lendable(parts);
    this.lendable = lendable;
    this.later = new ToldLater(parts.state.clocks, parts.carried);
    this.lender = new Lender({
      scheduler: parts.scheduler,
      mayBeLent: (index) => lendable.mayBeLent(index),
      segmentOf: (index) =>
        lendable.runsPlainly(index) ? parts.executor().lendsTo?.(index) : undefined,
      open: () => parts.executor().openRun?.(),
      roomIn: (run) => parts.executor().roomIn?.(run) ?? 0,
    });
  }

  /** Somebody waits for an answer until nothing is lent. */
  get isAsked(): boolean {
    return this.asking > 0;
  }

  /** Nodes were handed over that others may be lent after. */
  handedOver(indexes: readonly number[]): void {
    if (this.parts.mayLend()) this.lender.handedOver(indexes);
  }

  /** The run before has handed over what runs. */
  goesOn(nodes: number): void {
    const indexes = Array.from({ length: nodes }, (_, index) => index);
    this.handedOver(indexes.filter((index) => this.lendable.runsPlainly(index)));
  }

  /** Gives places of the window to segments where lent nodes wait for nothing else. */
  givePlaces(): void {
    const { scheduler, executor } = this.parts;
    if (scheduler.lentReady.size === 0 || !this.mayLend) return;
    const waiting = new Map<string, number>();
    for (const index of scheduler.room > 0 ? scheduler.lentReady : []) {
      const run = executor().runOf(index);
      if (run !== undefined) waiting.set(run, (waiting.get(run) ?? 0) + 1);
    }
    for (const [run, nodes] of waiting) {
      const lacking = nodes - (executor().keptIn?.(run) ?? 0);
      const places = Math.min(lacking, scheduler.room);
      if (places > 0) executor().lend?.(run, { nodes: [], quiet: [], places, ...this.roomLeft });
    }
  }

  /** True where a lent node waits for a place that is free, and that is given to it once messages have arrived. */
  get lacksPlaces(): boolean {
    const { scheduler, executor } = this.parts;
    return scheduler.lentReady.size > 0 && scheduler.room > 0 && !executor().hasRoom();
  }

  /** Lends what may be lent, or calls back what is lent where others come first. */
  review(): void {
    const { scheduler, executor } = this.parts;
    if (scheduler.lentCount === 0) this.recalling = false;
    if (this.mayLend && !this.lender.isBlocked) this.lend();
    if (!this.lender.mustCallBack || scheduler.lentCount === 0 || this.recalling) return;
    this.recalling = true;
    this.lender.calledBack();
    executor().recall?.();
  }

  /**
   * A node is heard of.
   *
   * @returns when that happened: of nodes that others are lent after it is told later, with others
   */
  heard(index: number, delivered: Delivered, now: number): number {
    return this.later.heard(index, 'attempts' in delivered ? delivered : undefined, now);
  }

  /** A node that was lent begins, when the last of those ended that it waited for, or later where it waited for a place. */
  began(index: number, begun: Begun, now: number): void {
    const { scheduler, state } = this.parts;
    const before = state.lastOf(scheduler.dependsOn(index));
    const lastEnded = before === undefined ? undefined : state.timesOf(before).endedAt;
    scheduler.lentBegan(index);
    state.scheduled(index, this.later.began(index, { at: begun.at, lastEnded }, now));
    logTransition(state, index, 'PENDING', 'SCHEDULED', 'queue');
  }

  /** Nodes that are told of later, for the run that goes on. */
  carry(): number[] {
    return this.later.carry();
  }

  /** A node that was handed over has not begun. */
  left(index: number): void {
    if (this.parts.mayLend()) this.lender.left(index);
  }

  /**
   * Has a question answered once nothing is lent any more, and after those that were asked before.
   *
   * @param unheard the answer where a segment does not give back what it has
   */
  async recalled<T>(answer: () => T | Promise<T>, unheard: () => T): Promise<T> {
    const { scheduler, wake } = this.parts;
    this.asking++;
    try {
      if (this.asking > 1 || scheduler.lentCount > 0) {
        if (!(await this.questions.take(() => this.allBack()))) return unheard();
      }
      return await answer();
    } finally {
      this.asking--;
      wake();
    }
  }

  private async allBack(): Promise<boolean> {
    const { scheduler, executor, wake } = this.parts;
    if (scheduler.lentCount === 0) return true;
    executor().recall?.();
    wake(); // what is being carried away was made before this
    return await condition(() => scheduler.lentCount === 0, PATIENCE);
  }

  private get mayLend(): boolean {
    const { scheduler, executor, mayLend } = this.parts;
    const stops = scheduler.isAllPaused || scheduler.stopping !== undefined || !mayLend();
    return this.asking === 0 && !this.recalling && !stops && executor().hasRoom();
  }

  private get roomLeft(): { room?: true } {
    return this.parts.scheduler.room > 0 ? { room: true } : {};
  }

  private lend(): void {
    const { executor, scheduler } = this.parts;
    for (const [run, loans] of this.lender.lend()) {
      const before = new Set(loans.flatMap(({ index, waitsFor }) => [index, ...waitsFor]));
      for (const index of before) if (!scheduler.isLent(index)) this.later.add(index);
      const nodes = loans.map((loan) => this.lendable.lentNode(loan));
      const quiet = this.lender.onlyBeforeLent(before);
      executor().lend?.(run, { nodes, quiet, ...this.roomLeft });
    }
  }
}
