/**
 * Lists of a graph's nodes by their indexes, one for each node. Most have a few entries, and of 250,000 nodes each array of
 * its own takes 70 bytes: short ones stand together in one array of numbers.
 */

/** A longer list is an array of its own, so that it is not made anew whenever it is asked for. */
const SHORT = 16;

export class IndexLists {
  private count = 0;
  /** By node, where its list ends in {@link packed}: it begins where the one before it ends. */
  private ends: Uint32Array = new Uint32Array(0);
  private packed: Uint32Array = new Uint32Array(0);
  /** Lists that are long, or not as they were at first. */
  private readonly own = new Map<number, readonly number[]>();

  constructor(lists: Iterable<ArrayLike<number>> = []) {
    for (const list of lists) this.push(list);
  }

  /** Adds the list of the next node. */
  push(list: ArrayLike<number>): void {
    const index = this.count++;
    const start = this.start(index);
    const isShort = list.length <= SHORT;
    const end = start + (isShort ? list.length : 0);
    this.ends = withRoom(this.ends, this.count);
    this.ends[index] = end;
    if (!isShort) return void this.own.set(index, Array.from(list));
    this.packed = withRoom(this.packed, end);
    this.packed.set(list, start);
  }

  /** A node's list; empty for a node that has none. A long one is the same array each time. */
  of(index: number): readonly number[] {
    const own = this.own.get(index);
    if (own) return own;
    const found: number[] = [];
    const end = this.end(index);
    for (let at = this.start(index); at < end; at++) found.push(this.packed[at] ?? 0);
    return found;
  }

  /** How many entries a node's list has. */
  lengthOf(index: number): number {
    return this.own.get(index)?.length ?? this.end(index) - this.start(index);
  }

  /** A node has another list than before, or is new. */
  set(index: number, list: readonly number[]): void {
    this.own.set(index, list);
  }

  /** For each node those whose lists name it, in their order, and as often as they do. Only nodes with lists are named. */
  inverse(): IndexLists {
    const starts = new Uint32Array(this.count + 1);
    for (let index = 0; index < this.count; index++)
      for (const named of this.of(index)) starts[named + 1] = (starts[named + 1] ?? 0) + 1;
    for (let index = 0; index < this.count; index++)
      starts[index + 1] = (starts[index + 1] ?? 0) + (starts[index] ?? 0);
    const next = starts.slice();
    const sorted = new Uint32Array(starts[this.count] ?? 0);
    for (let index = 0; index < this.count; index++)
      for (const named of this.of(index)) {
        const at = next[named] ?? 0;
        sorted[at] = index;
        next[named] = at + 1;
      }
    const inverse = new IndexLists();
    for (let index = 0; index < this.count; index++)
      inverse.push(sorted.subarray(starts[index], starts[index + 1]));
    return inverse;
  }

  private start(index: number): number {
    return index > 0 ? this.end(index - 1) : 0;
  }

  private end(index: number): number {
    return this.ends[index] ?? 0;
  }
}

/** The same numbers, with room for so many. */
function withRoom(numbers: Uint32Array, least: number): Uint32Array {
  if (numbers.length >= least) return numbers;
  const roomy = new Uint32Array(Math.max(least, numbers.length * 2, SHORT));
  roomy.set(numbers);
  return roomy;
}
