/**
 * Who waits for whom, the other way round. Most nodes are waited for by a few others, and of 250,000 nodes each list of its
 * own takes 70 bytes: short ones stand together in one array of numbers.
 */

/** A longer list is an array of its own, so that it is not made anew whenever it is asked for. */
const SHORT = 16;

export class Dependants {
  /** Where each node's list begins in {@link all}, and where the last one ends. */
  private readonly starts: Uint32Array;
  private readonly all: Uint32Array;
  /** Lists that are long, or not as they were at first. */
  private readonly own = new Map<number, readonly number[]>();

  /** @param dependsOn for each node those that it waits for, all of them nodes of the same list */
  constructor(dependsOn: readonly (readonly number[])[]) {
    const ends = new Uint32Array(dependsOn.length + 1);
    for (const list of dependsOn) for (const index of list) ends[index] = (ends[index] ?? 0) + 1;
    let total = 0;
    for (let index = 0; index < ends.length; index++) ends[index] = total += ends[index] ?? 0;
    this.all = new Uint32Array(total);
    // From the last on, so that each list is in the order of the nodes.
    for (let index = dependsOn.length - 1; index >= 0; index--)
      for (const dependency of dependsOn[index] ?? []) {
        const at = (ends[dependency] ?? 0) - 1;
        ends[dependency] = at;
        this.all[at] = index;
      }
    this.starts = ends;
    for (let index = 0; index < dependsOn.length; index++)
      if (this.end(index) - this.start(index) > SHORT) this.own.set(index, this.read(index));
  }

  /** Nodes that wait for a node, in their order. */
  of(index: number): readonly number[] {
    return this.own.get(index) ?? this.read(index);
  }

  /** A node waits for others than before, or is new. */
  renew(index: number, before: readonly number[], now: readonly number[]): void {
    for (const dependency of before)
      this.own.set(
        dependency,
        this.of(dependency).filter((one) => one !== index),
      );
    for (const dependency of now)
      this.own.set(
        dependency,
        [...this.of(dependency), index].sort((a, b) => a - b),
      );
  }

  private start(index: number): number {
    return this.starts[index] ?? 0;
  }

  private end(index: number): number {
    return this.starts[index + 1] ?? 0;
  }

  private read(index: number): number[] {
    const found: number[] = [];
    for (let at = this.start(index); at < this.end(index); at++) found.push(this.all[at] ?? 0);
    return found;
  }
}
