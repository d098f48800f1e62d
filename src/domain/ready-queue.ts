import TinyQueue from 'tinyqueue';

/**
 * Nodes that are ready, the first to start in front: by priority, then by their order in the spec. Those that may not
 * start yet (paused) are set aside when they come to the front, so that they block nobody.
 */
export class ReadyQueue {
  private readonly queue: TinyQueue<number>;
  private readonly aside = new Set<number>();

  /**
   * @param rank the lower goes first; equal ranks in the order of their indexes
   * @param isReady false for an entry that is stale: its node was cancelled, or stands in the queue twice
   * @param mayStart false for a node that has to be set aside
   */
  constructor(
    rank: (index: number) => number,
    private readonly isReady: (index: number) => boolean,
    private readonly mayStart: (index: number) => boolean,
  ) {
    this.queue = new TinyQueue<number>([], (a, b) => rank(a) - rank(b) || a - b);
  }

  push(index: number): void {
    this.queue.push(index);
  }

  /** Takes out the first that may start. */
  pop(): number | undefined {
    const next = this.peek();
    if (next !== undefined) this.queue.pop();
    return next;
  }

  /** The first that may start. */
  peek(): number | undefined {
    for (let next = this.queue.peek(); next !== undefined; next = this.queue.peek()) {
      if (this.isReady(next)) {
        if (this.mayStart(next)) return next;
        this.aside.add(next);
      }
      this.queue.pop();
    }
    return undefined;
  }

  /** Puts those back that were set aside; they may start now, or are set aside again. */
  reconsider(): void {
    for (const index of this.aside) this.queue.push(index);
    this.aside.clear();
  }
}
