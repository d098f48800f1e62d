import TinyQueue from 'tinyqueue';

/** Nodes that wait for a time, the earliest first. A node that is held again, or no longer, leaves a stale entry behind. */
export class HeldQueue {
  private readonly queue = new TinyQueue<{ index: number; until: number }>(
    [],
    (a, b) => a.until - b.until || a.index - b.index,
  );
  private readonly untilOf = new Map<number, number>();

  get size(): number {
    return this.untilOf.size;
  }

  /** @param until epoch milliseconds */
  hold(index: number, until: number): void {
    this.untilOf.set(index, until);
    this.queue.push({ index, until });
  }

  remove(index: number): void {
    this.untilOf.delete(index);
  }

  until(index: number): number | undefined {
    return this.untilOf.get(index);
  }

  /** When the next node is due. */
  nextDue(): number | undefined {
    for (let next = this.queue.peek(); next !== undefined; next = this.queue.peek()) {
      if (this.untilOf.get(next.index) === next.until) return next.until;
      this.queue.pop();
    }
    return undefined;
  }

  /** Takes out the next node whose time has come. */
  takeDue(now: number): number | undefined {
    const due = this.nextDue();
    if (due === undefined || due > now) return undefined;
    const index = this.queue.pop()?.index;
    if (index !== undefined) this.untilOf.delete(index);
    return index;
  }

  entries(): [index: number, until: number][] {
    return [...this.untilOf];
  }
}
