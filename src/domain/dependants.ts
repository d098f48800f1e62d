/** Who waits for whom, the other way round. */
import type { IndexLists } from './index-lists.js';

export class Dependants {
  private readonly lists: IndexLists;

  /** @param dependsOn for each node those that it waits for, all of them nodes of the same lists */
  constructor(dependsOn: IndexLists) {
    this.lists = dependsOn.inverse();
  }

  /** Nodes that wait for a node, in their order. */
  of(index: number): readonly number[] {
    return this.lists.of(index);
  }

  /** True for a node that another one waits for. */
  has(index: number): boolean {
    return this.lists.lengthOf(index) > 0;
  }

  /** A node waits for others than before, or is new. */
  renew(index: number, before: readonly number[], now: readonly number[]): void {
    for (const dependency of before)
      this.lists.set(
        dependency,
        this.of(dependency).filter((one) => one !== index),
      );
    for (const dependency of now)
      this.lists.set(
        dependency,
        [...this.of(dependency), index].sort((a, b) => a - b),
      );
  }
}
