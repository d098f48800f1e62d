/**
 * The nodes of a graph as its scheduler has them. Of 100,000 nodes with an object and a list each, those alone took 12 MB of
 * the thread that runs the workflows: what equal nodes have stands here once, and their lists in two arrays.
 */
import { IndexLists } from './index-lists.js';
import type { NodeTraits, SchedulerNode } from './scheduler-node.js';

export class NodeTable {
  private readonly traits: NodeTraits[] = [];
  private readonly known = new Map<string, NodeTraits>();
  /** For each node those that it waits for. */
  readonly dependsOn = new IndexLists();

  constructor(nodes: Iterable<SchedulerNode>) {
    for (const { dependsOn, ...traits } of nodes) {
      this.dependsOn.push(dependsOn);
      this.traits.push(this.shared(traits));
    }
  }

  get count(): number {
    return this.traits.length;
  }

  /** What a node has besides those that it waits for. @throws RangeError for an index that no node has */
  of(index: number): NodeTraits {
    const traits = this.traits[index];
    if (!traits) throw new RangeError(`no node with index ${index}`);
    return traits;
  }

  /** A node is new, by the next index, or another one takes its place. */
  put(index: number, { dependsOn, ...traits }: SchedulerNode): void {
    this.dependsOn.set(index, dependsOn);
    this.traits[index] = this.shared(traits);
  }

  private shared(traits: NodeTraits): NodeTraits {
    const key = JSON.stringify(traits);
    const same = this.known.get(key) ?? traits;
    this.known.set(key, same);
    return same;
  }
}
