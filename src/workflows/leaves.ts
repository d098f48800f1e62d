/** Which nodes nothing depends on: their outputs are the graph's. An edit changes it. */
import type { PlanNode } from '../domain/plan.js';

export class Leaves {
  private hasDependants: readonly boolean[];

  constructor(nodes: readonly PlanNode[]) {
    this.hasDependants = dependedOn(nodes);
  }

  has(index: number): boolean {
    return this.hasDependants[index] === false;
  }

  /** The graph was edited. @returns the nodes that have become a leaf, or are none any more */
  edited(nodes: readonly PlanNode[]): number[] {
    const before = this.hasDependants;
    this.hasDependants = dependedOn(nodes);
    return this.hasDependants.flatMap((has, index) => (has === before[index] ? [] : [index]));
  }
}

function dependedOn(nodes: readonly PlanNode[]): boolean[] {
  const found = nodes.map(() => false);
  for (const { dependsOn } of nodes) for (const index of dependsOn) found[index] = true;
  return found;
}
