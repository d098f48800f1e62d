/**
 * How many items of a batch are handed over at once. All of a run could be, but what no worker has room for the server keeps in
 * its store and reads again. So a run begins with some, and opens its window as far as it helps. Measured: decision 0055.
 */

/** Half of a worker's slots, where nobody says otherwise: other runs are there too. */
const FIRST = 50;
/** An item begins so soon where a worker has room for it, in milliseconds. */
const SOON_MS = 100;
/** How long nothing has to end before more are handed over, in milliseconds; looked for less often while items end. */
const LOOK_MS = 1_000;
const MOST_LOOK_MS = 8_000;
/** How many times as many are handed over then. */
const STEP = 4;

export class OpeningWindow {
  private places: number;
  /** The shortest time from hand-over to begin so far: two clocks have measured it. */
  private leastMs = Infinity;
  private hasEnded = false;
  private lookMs = LOOK_MS;
  private lookAt: number | undefined;

  /** @param most places of the window that is open */
  constructor(private readonly most: number) {
    this.places = Math.min(FIRST, most);
  }

  get size(): number {
    return this.places;
  }

  get isOpen(): boolean {
    return this.places === this.most;
  }

  /**
   * An item has ended. Where it had begun as soon as any, there is room for one more.
   *
   * @param waitedMs from hand-over to begin; undefined for one that never began
   */
  ended(waitedMs: number | undefined): void {
    this.hasEnded = true;
    if (waitedMs === undefined || !Number.isFinite(waitedMs)) return;
    this.leastMs = Math.min(this.leastMs, waitedMs);
    if (waitedMs <= this.leastMs + SOON_MS) this.widen(this.places + 1);
  }

  /**
   * Items wait for a place. Where none has ended for a while they take long, and other workers may have room: four times as many.
   *
   * @param now epoch milliseconds, as what is returned
   * @returns when to look again; undefined once it is open
   */
  look(now: number): number | undefined {
    if (this.isOpen) return undefined;
    this.lookAt ??= now + this.lookMs;
    if (now >= this.lookAt) {
      this.lookMs = this.hasEnded ? Math.min(this.lookMs * 2, MOST_LOOK_MS) : LOOK_MS;
      if (!this.hasEnded) this.widen(this.places * STEP);
      this.hasEnded = false;
      this.lookAt = now + this.lookMs;
    }
    return this.isOpen ? undefined : this.lookAt;
  }

  private widen(places: number): void {
    this.places = Math.min(this.most, places);
  }
}
