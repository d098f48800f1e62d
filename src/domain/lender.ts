/**
 * Which nodes are lent: those that follow what a segment has, so that they need no trip to whoever decides. A segment is a
 * run that holds other nodes' activities, and begins what is lent to it by itself.
 *
 * N1. A node is lent once all that it waits for has completed or is in one segment, there to run or lent too.
 * N2. It gets the place of one of those that have not ended, and a place goes to one node only. It is kept for it from that
 *     one's end on, so the window holds, and what is lent has a place as soon as it waits for nothing else.
 * N3. Looking costs O(edges of what is looked at): who has found no place is not looked at again before one of those that
 *     it waits for is lent.
 * N4. Nothing is lent while more run than the window holds: their places are not theirs to give.
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
  /** Nodes without a place, until one that they wait for is lent. */
  refused: Set<number>;
}

export class Lender<S> {
  /** Nodes whose followers have not been looked at. */
  private readonly frontier = new Set<number>();
  private most = LENT_FIRST;

  constructor(private readonly parts: LenderParts<S>) {}

  /** Segments have been given nodes. */
  handedOver(indexes: readonly number[]): void {
    for (const index of indexes) this.frontier.add(index);
  }

  /** What was lent is called back: others wait for a place. Less is lent from now on, until it goes well again. */
  calledBack(): void {
    this.most = Math.max(LENT_LEAST, Math.floor(this.most / 4));
  }

  /** A node that was lent is given back: it may be lent again, after those that it waits for. */
  left(index: number): void {
    this.handedOver(this.openOf(index));
  }

  /**
   * Lends what may be lent, once half of what was is not lent any more.
   *
   * @returns by segment what it gets, each node behind those that it waits for
   */
  lend(): Map<S, Loan[]> {
    const { scheduler } = this.parts;
    const chosen: Chosen<S> = { bySegment: new Map(), segments: new Map(), refused: new Set() };
    const isTooMany = scheduler.inWindow > scheduler.concurrency;
    if (isTooMany || scheduler.lentCount > this.most / 2) return chosen.bySegment;
    for (const index of this.frontier) {
      if (!this.lendAfter(index, chosen)) break;
      this.frontier.delete(index);
    }
    if (chosen.bySegment.size > 0) this.most = Math.min(LENT_MOST, this.most * 2);
    return chosen.bySegment;
  }

  /** Lends what follows a node. @returns false where as many are lent as may be, and not all were looked at */
  private lendAfter(index: number, { bySegment, segments, refused }: Chosen<S>): boolean {
    const { scheduler, roomIn } = this.parts;
    for (const next of scheduler.dependants(index)) {
      if (refused.has(next)) continue;
      if (scheduler.lentCount >= this.most) return false;
      const place = this.placeOf(next, segments);
      const loans = (place && bySegment.get(place.segment)) ?? [];
      if (!place || loans.length >= roomIn(place.segment)) {
        refused.add(next);
        continue;
      }
      loans.push({ index: next, waitsFor: this.openOf(next) });
      bySegment.set(place.segment, loans);
      segments.set(next, place.segment);
      scheduler.lend(next, place.giver);
      this.frontier.add(next);
      for (const after of scheduler.dependants(next)) refused.delete(after);
    }
    return true;
  }

  /** Those of some nodes that only lent ones wait for: nobody else waits to hear of their end. */
  onlyBeforeLent(indexes: Iterable<number>): number[] {
    const { scheduler } = this.parts;
    const isLent = (index: number): boolean => scheduler.isLent(index);
    return [...indexes].filter((index) => scheduler.dependants(index).every(isLent));
  }

  private openOf(index: number): number[] {
    const { scheduler } = this.parts;
    const open = scheduler.dependsOn(index).filter((other) => !scheduler.ending(other));
    return [...new Set(open)];
  }

  /** @param segments where nodes go that are being lent */
  private placeOf(
    index: number,
    segments: ReadonlyMap<number, S>,
  ): { segment: S; giver: number } | undefined {
    const { scheduler, mayBeLent, segmentOf } = this.parts;
    if (!this.isFree(index)) return undefined;
    const dependsOn = scheduler.dependsOn(index);
    if (dependsOn.length > WAITS_MOST || !mayBeLent(index)) return undefined;
    let segment: S | undefined;
    let giver: number | undefined;
    for (const other of dependsOn) {
      if (scheduler.ending(other)?.status === 'COMPLETED') continue;
      const its = segments.get(other) ?? segmentOf(other);
      if (its === undefined || (segment ?? its) !== its) return undefined;
      segment = its;
      if (!scheduler.givesPlace(other)) giver ??= other;
    }
    return segment === undefined || giver === undefined ? undefined : { segment, giver };
  }

  /** It waits, here, and for other nodes only. */
  private isFree(index: number): boolean {
    const { scheduler } = this.parts;
    const waits = scheduler.state(index) === 'waiting' && !scheduler.isAhead(index);
    return waits && !scheduler.isPaused(index) && !scheduler.isLook(index);
  }
}
