/**
 * Which nodes are lent: those that follow what a segment has, so that they need no trip to whoever decides. A segment is a
 * run that holds other nodes' activities, and begins what is lent to it by itself.
 *
 * N1. A node is lent once all that it waits for has completed or is in one segment, there to run or lent too.
 * N2. It gets the place of one of those that have not ended, and a place goes to one node only. It is kept for it from that
 *     one's end on, so the window holds, and what is lent has a place as soon as it waits for nothing else.
 * N3. It costs O(edges) in all: the followers of a node are looked at once, unless a node comes back.
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

export class Lender<S> {
  /** Nodes whose followers have not been looked at. */
  private readonly frontier: number[] = [];
  private most = LENT_FIRST;

  constructor(private readonly parts: LenderParts<S>) {}

  /** Segments have been given nodes. */
  handedOver(indexes: readonly number[]): void {
    for (const index of indexes) this.frontier.push(index);
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
    const { scheduler, roomIn } = this.parts;
    const lent = new Map<S, Loan[]>();
    if (scheduler.lentCount > this.most / 2) return lent;
    const segments = new Map<number, S>();
    let looked = 0;
    for (const index of this.frontier) {
      if (scheduler.lentCount >= this.most) break;
      looked++;
      for (const next of scheduler.dependants(index)) {
        const place = this.placeOf(next, segments);
        const loans = (place && lent.get(place.segment)) ?? [];
        if (!place || loans.length >= roomIn(place.segment)) continue;
        const waitsFor = this.openOf(next);
        scheduler.lend(next, place.giver);
        this.frontier.push(next);
        segments.set(next, place.segment);
        loans.push({ index: next, waitsFor });
        lent.set(place.segment, loans);
      }
    }
    this.frontier.splice(0, looked);
    if (lent.size > 0) this.most = Math.min(LENT_MOST, this.most * 2);
    return lent;
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
