/** Which nodes nothing depends on: their outputs are the graph's. An edit changes it. */
import type { Scheduler } from '../domain/scheduler.js';

export class Leaves {
  /** By node, 1 where another waits for it. */
  private hasDependants: Uint8Array;

  constructor(
    private readonly scheduler: Scheduler,
    count: number,
  ) {
    this.hasDependants = this.dependedOn(count);
  }

  has(index: number): boolean {
    return this.hasDependants[index] === 0;
  }

  /** The graph was edited. @returns the nodes that have become a leaf, or are none any more */
  edited(count: number): number[] {
    const before = this.hasDependants;
    this.hasDependants = this.dependedOn(count);
    return Array.from(this.hasDependants.keys()).filter(
      (index) => this.hasDependants[index] !== before[index],
    );
  }

  private dependedOn(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, (_, index) =>
      this.scheduler.hasDependants(index) ? 1 : 0,
    );
  }
}
