/**
 * Nodes whose work is done while their results are still made of it (`result.async`): those that read such a result wait for
 * it, all others have the node completed.
 */

/** A node, as far as it reads results. */
interface Reader {
  readsResults?: readonly number[];
}

export class EarlyResults {
  private readonly open = new Set<number>();
  /** By the index of a node with `result.async`, who reads its result. */
  private readonly readers = new Map<number, Set<number>>();
  /** By the index of a node, whose results it reads. */
  private readonly read = new Map<number, readonly number[]>();

  /** A node is new, or another one than before. */
  note(index: number, { readsResults = [] }: Reader): void {
    for (const other of this.read.get(index) ?? []) this.readers.get(other)?.delete(index);
    if (readsResults.length > 0) this.read.set(index, readsResults);
    else this.read.delete(index);
    for (const other of readsResults) {
      const readers = this.readers.get(other) ?? new Set<number>();
      this.readers.set(other, readers.add(index));
    }
  }

  /** Its work is done. */
  add(index: number): void {
    this.open.add(index);
  }

  has(index: number): boolean {
    return this.open.has(index);
  }

  /** Its result is there. @returns those that may have waited for it; undefined for a node that was not waited for so */
  take(index: number): readonly number[] | undefined {
    return this.open.delete(index) ? [...(this.readers.get(index) ?? [])] : undefined;
  }

  /** Results that a node reads and that are still made. */
  awaitedBy({ readsResults = [] }: Reader): readonly number[] {
    return this.open.size === 0 ? [] : readsResults.filter((other) => this.open.has(other));
  }

  indexes(): number[] {
    return [...this.open];
  }
}
