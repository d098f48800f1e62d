/**
 * Nodes that are told of later than it happens: those that others are lent after, and those that were lent. When they began
 * and ended is what a segment or a worker says, by its own clock.
 *
 * Pure. L1. A node begins no earlier than any ended that it waited for and ends no earlier than it began, whatever the clocks
 * say and however late it is told: what its time went into adds up (K2 of `node-clocks.ts`).
 */
import type { NodeClocks } from './node-clocks.js';
import type { ActivityOutcome } from './outcome.js';

export class ToldLater {
  private readonly indexes: Set<number>;

  /** @param carried what {@link carry} gave in the run before */
  constructor(
    private readonly clocks: NodeClocks,
    carried: readonly number[] = [],
  ) {
    this.indexes = new Set(carried);
  }

  /** A node that runs is told of later from now on. */
  add(index: number): void {
    this.indexes.add(index);
  }

  /**
   * A lent node begins.
   *
   * @param at when, as its segment has it; absent where it was when the last of those ended that it waited for
   * @param lastEnded when the last of those ended, as far as that is still known
   * @returns when it began (L1)
   */
  began(
    index: number,
    { at, lastEnded }: { at?: number | undefined; lastEnded?: number | undefined },
    now: number,
  ): number {
    this.indexes.add(index);
    const said = Math.max(at ?? -Infinity, lastEnded ?? -Infinity);
    return this.clocks.began(index, Math.min(said, now), now);
  }

  /** A node is heard of. @param outcome absent where it has not ended @returns when that happened (L1) */
  heard(index: number, outcome: ActivityOutcome | undefined, now: number): number {
    if (!this.indexes.delete(index) || !outcome) return now;
    const since = this.clocks.runningSince(index);
    const ended = Date.parse(outcome.attempts.at(-1)?.endedAt ?? '');
    if (since === undefined || !Number.isFinite(ended)) return now;
    return Math.min(Math.max(ended, since), now);
  }

  /** What is told of later, to be carried over a continue-as-new. */
  carry(): number[] {
    return [...this.indexes];
  }
}
