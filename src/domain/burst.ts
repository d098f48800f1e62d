/**
 * A burst: light nodes that are handed over together, some of them ahead of what they wait for. Within it a node begins
 * once all that it waits for there has completed; whatever else happens, it is left and given back.
 *
 * Pure. Nodes are known by their position in the burst.
 * B1. At most `places` run at once; among those that may begin the first that could goes first.
 * B2. Only COMPLETED lets others begin: for any other end the graph's own rules decide.
 */
import type { ActivityOutcome } from './outcome.js';

/** Nodes in one burst. */
export const BURST_NODES = 500;
/** Of them at once: a failure's record has some 3 KB, and a payload at most 2 MB. */
export const BURST_PLACES = 200;
/** Bytes of JSON of a burst's orders, and of what its nodes give. */
export const BURST_BYTES = 500_000;
/** After this long a burst begins nothing more. */
export const BURST_BEGINS_MS = 500;
/** After this long what still runs is asked to stop, and runs again as an activity of its own. */
export const BURST_RUNS_MS = 1_500;

export class BurstSchedule {
  private readonly missing: number[];
  private readonly followers: number[][];
  private readonly ready: number[] = [];
  private readonly over = new Set<number>();
  private at = 0;
  private running = 0;

  /**
   * @param waitsFor for each node the positions of those it waits for
   * @param places how many may run at once
   * @param before what has ended already
   */
  constructor(
    waitsFor: readonly (readonly number[])[],
    private readonly places: number,
    before: Iterable<readonly [position: number, outcome: ActivityOutcome]> = [],
  ) {
    this.missing = waitsFor.map((others) => others.length);
    this.followers = waitsFor.map(() => []);
    waitsFor.forEach((others, position) => {
      for (const other of others) this.followers[other]?.push(position);
      if (others.length === 0) this.ready.push(position);
    });
    for (const [position, outcome] of before) {
      this.over.add(position);
      this.follow(position, outcome);
    }
  }

  /** The next that begins now. */
  take(): number | undefined {
    if (this.running >= this.places) return undefined;
    for (let next = this.ready[this.at++]; next !== undefined; next = this.ready[this.at++]) {
      if (this.over.has(next)) continue;
      this.running++;
      return next;
    }
    this.at = this.ready.length;
    return undefined;
  }

  /** One that was taken has ended. */
  ended(position: number, outcome: ActivityOutcome): void {
    this.running--;
    this.over.add(position);
    this.follow(position, outcome);
  }

  get isRunning(): boolean {
    return this.running > 0;
  }

  private follow(position: number, outcome: ActivityOutcome): void {
    if (!('status' in outcome) || outcome.status !== 'COMPLETED') return;
    for (const follower of this.followers[position] ?? []) {
      const missing = (this.missing[follower] ?? 0) - 1;
      this.missing[follower] = missing;
      if (missing === 0) this.ready.push(follower);
    }
  }
}
