/** The shape of a graph: order, levels and cycles. Nodes are indexes; `dependsOn[i]` lists what node i waits for. */
import { append } from './append.js';
import { Dependants } from './dependants.js';
import { IndexLists } from './index-lists.js';

/** The order in which a graph can run, or the cycles that forbid it. */
export type SortResult = { order: number[]; levels: number[] } | { cycles: number[][] };

/**
 * Kahn's algorithm: an order in which every node comes after its dependencies, first in the list first, and each node's
 * level (the length of the longest path to it). Where that is impossible, the cycles, whole, from every knot.
 */
export function sortGraph(dependsOn: readonly (readonly number[])[]): SortResult {
  const waiting = dependsOn.map((list) => list.length);
  const dependants = new Dependants(new IndexLists(dependsOn));
  const order: number[] = [];
  const levels = dependsOn.map(() => 0);
  waiting.forEach((count, index) => count === 0 && order.push(index));
  for (let position = 0; position < order.length; position++) {
    const index = order[position] as number;
    for (const dependant of dependants.of(index)) {
      levels[dependant] = Math.max(levels[dependant] ?? 0, (levels[index] ?? 0) + 1);
      const left = (waiting[dependant] ?? 0) - 1;
      waiting[dependant] = left;
      if (left === 0) order.push(dependant);
    }
  }
  if (order.length === dependsOn.length) return { order, levels };
  const stuck = new Set(waiting.flatMap((count, index) => (count > 0 ? [index] : [])));
  return { cycles: findCycles(dependsOn, stuck) };
}

/**
 * At least one cycle in each knot among the stuck nodes, no two of them sharing a node. A depth-first walk: whatever
 * knot it enters, it meets its own path again in there.
 */
function findCycles(
  dependsOn: readonly (readonly number[])[],
  stuck: ReadonlySet<number>,
): number[][] {
  const cycles: number[][] = [];
  const inCycle = new Set<number>();
  const walked = new Map<number, number>(); // how many of a node's dependencies were followed
  for (const start of stuck) {
    const path = walked.has(start) ? [] : [start];
    const position = new Map(path.map((index) => [index, 0]));
    for (let current = path.at(-1); current !== undefined; current = path.at(-1)) {
      const edge = walked.get(current) ?? 0;
      walked.set(current, edge + 1);
      const next = dependsOn[current]?.[edge];
      const met = next === undefined ? undefined : position.get(next);
      if (next === undefined) {
        path.pop();
        position.delete(current);
      } else if (met !== undefined) {
        const cycle = path.slice(met);
        if (cycle.some((index) => inCycle.has(index))) continue;
        cycle.forEach((index) => inCycle.add(index));
        cycles.push(cycle);
      } else if (stuck.has(next) && !walked.has(next)) {
        position.set(next, path.push(next) - 1);
      }
    }
  }
  return cycles;
}

/** For each node, the set of nodes it can read from: everything it waits for, directly or not. */
export class Ancestors {
  /** One bit a node: sets of numbers would fill the memory where thousands of nodes read far back. */
  private readonly memo = new Map<number, Uint32Array>();

  constructor(private readonly dependsOn: readonly (readonly number[])[]) {}

  /** True when `ancestor` is among what `node` waits for. Costs one walk per node asked about, remembered. */
  has(node: number, ancestor: number): boolean {
    if (this.dependsOn[node]?.includes(ancestor)) return true;
    let set = this.memo.get(node);
    if (!set) this.memo.set(node, (set = this.collect(node)));
    return hasBit(set, ancestor);
  }

  private collect(node: number): Uint32Array {
    const found = new Uint32Array(Math.ceil(this.dependsOn.length / 32));
    const open = [...(this.dependsOn[node] ?? [])];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (hasBit(found, next)) continue;
      setBit(found, next);
      const known = this.memo.get(next);
      if (known) known.forEach((bits, word) => (found[word] = (found[word] ?? 0) | bits));
      else append(open, this.dependsOn[next] ?? []);
    }
    return found;
  }
}

const hasBit = (bits: Uint32Array, index: number): boolean =>
  (((bits[index >> 5] ?? 0) >>> (index & 31)) & 1) === 1;
const setBit = (bits: Uint32Array, index: number): void => {
  bits[index >> 5] = (bits[index >> 5] ?? 0) | (1 << (index & 31));
};

/**
 * The ids of a graph in an order in which each comes after what it depends on.
 *
 * @param graph what each id depends on: `{ b: ['a'] }`; ids that only occur as dependencies count too
 * @throws RangeError naming a cycle, `a → b → a`
 */
export function topologicalSort(graph: Readonly<Record<string, readonly string[]>>): string[] {
  const ids = [...new Set([...Object.keys(graph), ...Object.values(graph).flat()])];
  const indexOf = new Map(ids.map((id, index) => [id, index]));
  const dependsOn = ids.map((id) =>
    (Object.hasOwn(graph, id) ? (graph[id] ?? []) : []).map((d) => indexOf.get(d) as number),
  );
  const sorted = sortGraph(dependsOn);
  if ('order' in sorted) return sorted.order.map((index) => ids[index] as string);
  throw new RangeError(`the graph has a cycle: ${formatCycle(sorted.cycles[0] ?? [], ids)}`);
}

/** `a → b → a`: each node depends on the next. A cycle of over 50 nodes is shortened in the middle. */
export function formatCycle(cycle: readonly number[], ids: readonly string[]): string {
  const names = [...cycle, ...cycle.slice(0, 1)].map((index) => ids[index] ?? String(index));
  const shown =
    names.length > 51
      ? [...names.slice(0, 40), `… ${names.length - 50} more …`, ...names.slice(-10)]
      : names;
  return shown.join(' → ');
}
