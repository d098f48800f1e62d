import TinyQueue from 'tinyqueue';

/**
 * Nodes that are ready, the first to start in front: by priority, then by their order in the spec. Those that may not
 * start yet (paused) are set aside when they come to the front, so that they block nobody.
 */
export class ReadyQueue {
  private readonly queue: TinyQueue<{ index: number; rank: number }>;
  private readonly aside = new Set<number>();

  /**
   * @param rank the lower goes first; equal ranks in the order of their indexes
   * @param isReady false for an entry that is stale: its node was cancelled, or stands in the queue twice. One whose rank
   *   has changed is stale too: push it again.
   * @param mayStart false for a node that has to be set aside
   */
  constructor(
    private readonly rank: (index: number) => number,
    private readonly isReady: (index: number) => boolean,
    private readonly mayStart: (index: number) => boolean,
  ) {
    this.queue = new TinyQueue<{ index: number; rank: number }>(
      [],
      (a, b) => a.rank - b.rank || a.index - b.index,
    );
  }

  push(index: number): void {
    this.queue.push({ index, rank: this.rank(index) });
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
      const { index, rank } = next;
      if (rank === this.rank(index) && this.isReady(index)) {
        if (this.mayStart(index)) return index;
        this.aside.add(index);
      }
      this.queue.pop();
    }
    return undefined;
  }

  /** Puts those back that were set aside; they may start now, or are set aside again. */
  reconsider(): void {
    for (const index of this.aside) this.push(index);
    this.aside.clear();
  }
}
