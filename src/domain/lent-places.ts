/**
 * Nodes that are lent: they wait elsewhere, for others or for a place, and are begun there. Whoever has them keeps places of
 * the window for them, of nodes that have ended there or that were given: however many begin elsewhere, no more run than the
 * window holds.
 */
export class LentPlaces {
  private readonly ranks = new Map<number, number>();
  /** How many are lent of each rank. */
  private readonly perRank = new Map<number, number>();
  /** Those that wait for nothing but a place. */
  private readonly queue = new Set<number>();
  private kept = 0;

  /** @param rank its rank among ready nodes: the lower goes first */
  lend(index: number, rank: number): void {
    this.ranks.set(index, rank);
    this.perRank.set(rank, (this.perRank.get(rank) ?? 0) + 1);
  }

  has(index: number): boolean {
    return this.ranks.has(index);
  }

  get size(): number {
    return this.ranks.size;
  }

  /** All that a node waited for has ended. */
  queued(index: number): void {
    if (this.ranks.has(index)) this.queue.add(index);
  }

  isQueued(index: number): boolean {
    return this.queue.has(index);
  }

  get inQueue(): ReadonlySet<number> {
    return this.queue;
  }

  /** The rank of those that go last; undefined where nothing is lent. */
  get lastRank(): number | undefined {
    return this.perRank.size === 0 ? undefined : Math.max(...this.perRank.keys());
  }

  /** Whoever has what is lent keeps so many more places, or gives so many back. */
  keep(places: number): void {
    this.kept += places;
  }

  /** Places that nobody has and nobody else may take. */
  get keptCount(): number {
    return this.kept;
  }

  /** A node is not lent any more. @returns false where it was not */
  delete(index: number): boolean {
    const rank = this.ranks.get(index);
    if (rank === undefined) return false;
    this.ranks.delete(index);
    this.queue.delete(index);
    const left = (this.perRank.get(rank) ?? 0) - 1;
    if (left > 0) this.perRank.set(rank, left);
    else this.perRank.delete(rank);
    return true;
  }

  indexes(): number[] {
    return [...this.ranks.keys()];
  }
}
