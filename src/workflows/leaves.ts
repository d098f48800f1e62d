/** Which nodes nothing depends on: their outputs are the graph's. An edit changes it. */
import type { PlanNode } from '../domain/plan.js';

export class Leaves {
  /** By node, 1 where another waits for it. */
  private hasDependants: Uint8Array;

  constructor(nodes: readonly PlanNode[]) {
    this.hasDependants = dependedOn(nodes);
  }

  has(index: number): boolean {
    return this.hasDependants[index] === 0;
  }

  /** The graph was edited. @returns the nodes that have become a leaf, or are none any more */
  edited(nodes: readonly PlanNode[]): number[] {
    const before = this.hasDependants;
    this.hasDependants = dependedOn(nodes);
    return nodes.flatMap((_, index) =>
      this.hasDependants[index] === before[index] ? [] : [index],
    );
  }
}

function dependedOn(nodes: readonly PlanNode[]): Uint8Array {
  const found = new Uint8Array(nodes.length);
  for (const { dependsOn } of nodes) for (const index of dependsOn) found[index] = 1;
  return found;
}
