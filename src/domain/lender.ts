/**
 * Which nodes are lent: those that follow what a segment has, and those that are ready and find no place, so that none needs
 * a trip to whoever decides. A segment is a run that holds other nodes' activities; it begins what is lent to it by itself,
 * in places that it keeps: one of each node that ends well there, while it has more to begin than places.
 *
 * N1. A node is lent once all that it waits for has completed or is in one segment, there to run or lent too.
 * N2. Ready nodes are lent in their order, to the segment that takes more. One that may not be lent stops that: what stands
 *     behind it would go first.
 * N3. Looking costs O(edges of what is looked at): who waits for others elsewhere is not looked at again before one of those
 *     that it waits for is lent.
 * N4. Nothing is lent while more run than the window holds: their places are to be given back.
 */
import type { Scheduler } from './scheduler.js';

/** Nodes that are lent at once: to begin with, at most, and at least after some had to be called back. */
export const LENT_FIRST = 100;
export const LENT_MOST = 1_000;
export const LENT_LEAST = 10;
/** Nodes that a lent one may wait for: it is looked at once for each of them, and at all of them each time. */
const WAITS_MOST = 100;

/** @typeParam S what names a segment */
export interface LenderParts<S> {
  scheduler: Scheduler;
  /** It begins once all that it waits for has completed, and needs nothing else. */
  mayBeLent: (index: number) => boolean;
  /** The segment that has a node, where others may be lent after it. */
  segmentOf: (index: number) => S | undefined;
  /** The segment that takes nodes now. */
  open: () => S | undefined;
  /** How many more nodes a segment takes. */
  roomIn: (segment: S) => number;
}

/** A node that was lent; `waitsFor`: nodes that have not ended. */
export interface Loan {
  index: number;
  waitsFor: number[];
}

/** What one look has found so far. */
interface Chosen<S> {
  bySegment: Map<S, Loan[]>;
  /** Where nodes go that are being lent. */
  segments: Map<number, S>;
  /** Nodes that may not be lent before one that they wait for is. */
  refused: Set<number>;
}

export class Lender<S> {
  /** Nodes whose followers have not been looked at. */
  private readonly frontier = new Set<number>();
  private most = LENT_FIRST;
  /** The node that may not be lent for which what was lent was called back last. */
  private blocker: number | undefined;

  constructor(private readonly parts: LenderParts<S>) {}

  /** Segments have been given nodes. */
  handedOver(indexes: readonly number[]): void {
    for (const index of indexes) this.frontier.add(index);
  }

  /** What was lent is called back: others wait for a place. Less is lent from now on, until it goes well again. */
  calledBack(): void {
    const first = this.parts.scheduler.firstWithoutPlace;
    this.blocker = first === undefined || this.isLendable(first) ? undefined : first;
    this.most = Math.max(LENT_LEAST, Math.floor(this.most / 4));
  }

  /** A node that was lent is given back: it may be lent again, after those that it waits for. */
  left(index: number): void {
    this.handedOver(this.openOf(index));
  }

  /**
   * Lends what may be lent, once half of what was is not lent any more, or a node is ready that goes before some of it.
   *
   * @returns by segment what it gets, each node behind those that it waits for
   */
  lend(): Map<S, Loan[]> {
    const { scheduler } = this.parts;
    const chosen: Chosen<S> = { bySegment: new Map(), segments: new Map(), refused: new Set() };
    const isTooMany = scheduler.inWindow > scheduler.concurrency;
    if (isTooMany || !this.isDue()) return chosen.bySegment;
    this.lendReady(chosen);
    for (const index of this.frontier) {
      if (!this.lendAfter(index, chosen)) break;
      this.frontier.delete(index);
    }
    if (chosen.bySegment.size > 0) this.most = Math.min(LENT_MOST, this.most * 2);
    return chosen.bySegment;
  }

  /**
   * True where a node waits for a place that may not be lent: it would come after all that is lent. So too while it stands
   * behind others that may be, once something was called back for it: they would be lent up to it again, and called back.
   */
  get isBlocked(): boolean {
    const first = this.parts.scheduler.firstWithoutPlace;
    return first !== undefined && (!this.isLendable(first) || this.blockerWaits);
  }

  /** True where what is lent has to be called back: a node waits for a place that may not be lent, or goes before some of it. */
  get mustCallBack(): boolean {
    const { scheduler } = this.parts;
    const first = scheduler.firstWithoutPlace;
    return first !== undefined && (scheduler.goesBeforeLent(first) || !this.isLendable(first));
  }

  /** Those of some nodes that only lent ones wait for: nobody else waits to hear of their end. */
  onlyBeforeLent(indexes: Iterable<number>): number[] {
    const { scheduler } = this.parts;
    const isLent = (index: number): boolean => scheduler.isLent(index);
    return [...indexes].filter((index) => scheduler.dependants(index).every(isLent));
  }

  private get blockerWaits(): boolean {
    const { scheduler } = this.parts;
    const { blocker } = this;
    if (blocker === undefined || this.isLendable(blocker)) return false;
    const isReady = scheduler.state(blocker) === 'ready' && !scheduler.isPaused(blocker);
    return isReady && !scheduler.waitsForLimit(blocker);
  }

  private isDue(): boolean {
    const { scheduler } = this.parts;
    if (scheduler.lentCount <= this.most / 2) return true;
    const first = scheduler.firstWithoutPlace;
    return first !== undefined && scheduler.goesBeforeLent(first);
  }

  /** Lends ready nodes that find no place, as far as they may be lent. */
  private lendReady(chosen: Chosen<S>): void {
    const { scheduler, open } = this.parts;
    const segment = open();
    if (segment === undefined) return;
    let isAlone: boolean | undefined; // what is lent here does not change it
    while (scheduler.lentCount < this.most && this.hasRoom(segment, chosen)) {
      const next = scheduler.firstWithoutPlace;
      if (next === undefined || !this.isLendable(next)) return;
      if (scheduler.goesBeforeLent(next) && !(isAlone ??= this.hasAllLent(segment, chosen))) return;
      this.choose(next, segment, chosen);
    }
  }

  /** Lends what follows a node. @returns false where as many are lent as may be, and not all were looked at */
  private lendAfter(index: number, chosen: Chosen<S>): boolean {
    const { scheduler } = this.parts;
    const { segments, refused } = chosen;
    for (const next of scheduler.dependants(index)) {
      if (refused.has(next)) continue;
      if (scheduler.lentCount >= this.most) return false;
      const segment = this.segmentFor(next, segments);
      if (segment === undefined || !this.hasRoom(segment, chosen)) refused.add(next);
      else {
        this.choose(next, segment, chosen);
        for (const after of scheduler.dependants(next)) refused.delete(after);
      }
    }
    return true;
  }

  private choose(index: number, segment: S, { bySegment, segments }: Chosen<S>): void {
    const loans = bySegment.get(segment) ?? [];
    loans.push({ index, waitsFor: this.openOf(index) });
    bySegment.set(segment, loans);
    segments.set(index, segment);
    this.parts.scheduler.lend(index);
    this.frontier.add(index);
  }

  /** False where lent nodes of another segment have the places there: what is lent here does not go before them. */
  private hasAllLent(segment: S, { segments }: Chosen<S>): boolean {
    const { scheduler, segmentOf } = this.parts;
    return scheduler.lentIndexes.every(
      (index) => (segments.get(index) ?? segmentOf(index)) === segment,
    );
  }

  private hasRoom(segment: S, { bySegment }: Chosen<S>): boolean {
    return (bySegment.get(segment)?.length ?? 0) < this.parts.roomIn(segment);
  }

  private openOf(index: number): number[] {
    const { scheduler } = this.parts;
    const open = scheduler.dependsOn(index).filter((other) => !scheduler.ending(other));
    return [...new Set(open)];
  }

  /** @param segments where nodes go that are being lent */
  private segmentFor(index: number, segments: ReadonlyMap<number, S>): S | undefined {
    const { scheduler, mayBeLent, segmentOf } = this.parts;
    if (!this.isFree(index)) return undefined;
    const dependsOn = scheduler.dependsOn(index);
    if (dependsOn.length > WAITS_MOST || !mayBeLent(index)) return undefined;
    let segment: S | undefined;
    for (const other of dependsOn) {
      if (scheduler.ending(other)?.status === 'COMPLETED') continue;
      const its = segments.get(other) ?? segmentOf(other);
      if (its === undefined || (segment ?? its) !== its) return undefined;
      segment = its;
    }
    return segment;
  }

  private isLendable(index: number): boolean {
    return !this.parts.scheduler.isLook(index) && this.parts.mayBeLent(index);
  }

  /** It waits, here, and for other nodes only. */
  private isFree(index: number): boolean {
    const { scheduler } = this.parts;
    const waits = scheduler.state(index) === 'waiting' && !scheduler.isAhead(index);
    return waits && !scheduler.isPaused(index) && !scheduler.isLook(index);
  }
}
