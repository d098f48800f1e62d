/**
 * Nodes that are lent: they wait elsewhere, and are begun there. Each has a node that gives it its place in the window: from
 * that one's end on the place is kept for it, so that however many begin elsewhere, no more run than the window holds.
 */
export class LentPlaces {
  private readonly givers = new Map<number, number>();
  private readonly takers = new Map<number, number>();
  /** Lent nodes whose place is free, and kept for them. */
  private readonly kept = new Set<number>();

  /** @throws RangeError where the giver gives its place already */
  lend(index: number, giver: number): void {
    if (this.takers.has(giver))
      throw new RangeError(`node ${giver} gives its place to node ${this.takers.get(giver)}`);
    this.givers.set(index, giver);
    this.takers.set(giver, index);
  }

  has(index: number): boolean {
    return this.givers.has(index);
  }

  /** True for a node whose place somebody gets. */
  gives(index: number): boolean {
    return this.takers.has(index);
  }

  get size(): number {
    return this.givers.size;
  }

  /** Places that nobody has and nobody else may take. */
  get keptCount(): number {
    return this.kept.size;
  }

  /** A node has ended. */
  ended(index: number): void {
    const taker = this.takers.get(index);
    if (taker !== undefined) this.kept.add(taker);
  }

  /** A node is not lent any more. @returns false where it was not */
  delete(index: number): boolean {
    const giver = this.givers.get(index);
    if (giver === undefined) return false;
    this.givers.delete(index);
    this.takers.delete(giver);
    this.kept.delete(index);
    return true;
  }

  entries(): [index: number, giver: number][] {
    return [...this.givers];
  }
}
