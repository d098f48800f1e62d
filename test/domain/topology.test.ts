import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Ancestors, formatCycle, sortGraph, topologicalSort } from '../../src/domain/topology.js';
import { edgeLists } from './support/graphs.js';

const chain = (length: number): number[][] =>
  Array.from({ length }, (_, index) => (index === 0 ? [] : [index - 1]));
/** A list of dependencies with its nodes renamed, so that order in the list says nothing. */
const shuffled = fc.tuple(edgeLists, fc.infiniteStream(fc.nat())).map(([lists, chance]) => {
  const names = lists.map((_, index) => ({ index, key: chance.next().value as number }));
  names.sort((a, b) => a.key - b.key || a.index - b.index);
  const rename = new Map(names.map(({ index }, position) => [index, position]));
  const made: number[][] = lists.map(() => []);
  lists.forEach((list, index) => {
    made[rename.get(index) as number] = list.map((other) => rename.get(other) as number);
  });
  return made;
});
const isCycle = (dependsOn: readonly (readonly number[])[], cycle: readonly number[]): boolean =>
  cycle.length > 0 &&
  new Set(cycle).size === cycle.length &&
  cycle.every((index, i) => dependsOn[index]?.includes(cycle[(i + 1) % cycle.length] as number));
/** Whether a node reaches itself. */
const inKnot = (dependsOn: readonly (readonly number[])[], start: number): boolean => {
  const seen = new Set<number>();
  const open = [...(dependsOn[start] ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === start) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...(dependsOn[next] ?? []));
  }
  return false;
};

describe('sortGraph', () => {
  it('puts every node after its dependencies and on the level after the deepest of them', () => {
    fc.assert(
      fc.property(shuffled, (dependsOn) => {
        const sorted = sortGraph(dependsOn);
        if (!('order' in sorted)) throw new Error('found a cycle in a graph without one');
        const { order, levels } = sorted;
        const place = new Map(order.map((index, position) => [index, position]));
        expect(place.size).toBe(dependsOn.length);
        dependsOn.forEach((list, index) => {
          for (const other of list)
            expect(place.get(other) as number).toBeLessThan(place.get(index) as number);
          const deepest = Math.max(-1, ...list.map((other) => levels[other] as number));
          expect(levels[index]).toBe(deepest + 1);
        });
      }),
    );
  });

  it('keeps the order of the list among nodes of equal standing', () => {
    expect(sortGraph([[], [], [0, 1], []])).toEqual({ order: [0, 1, 3, 2], levels: [0, 0, 1, 0] });
  });

  it('counts a dependency that is listed twice', () => {
    expect(sortGraph([[], [0, 0]])).toEqual({ order: [0, 1], levels: [0, 1] });
  });

  it('takes no nodes', () => {
    expect(sortGraph([])).toEqual({ order: [], levels: [] });
  });

  it.each<[string, number[][], number[][]]>([
    ['a node that waits for itself', [[0]], [[0]]],
    ['two nodes', [[1], [0]], [[0, 1]]],
    ['three nodes', [[2], [0], [1]], [[0, 2, 1]]],
    ['a cycle behind a path into it', [[1], [2], [1]], [[1, 2]]],
    ['a cycle before nodes that only wait for it', [[1], [0], [1], [2]], [[0, 1]]],
    [
      'two knots of which one waits for the other',
      [[2, 1], [0], [3], [2]],
      [
        [2, 3],
        [0, 1],
      ],
    ],
    [
      'two cycles in one knot that share no node',
      [[1, 3], [0], [3], [2, 0]],
      [
        [0, 1],
        [3, 2],
      ],
    ],
  ])('finds %s whole', (_title, dependsOn, cycles) => {
    expect(sortGraph(dependsOn)).toEqual({ cycles });
  });

  it('finds a true cycle in every knot that was planted', () => {
    const planted = fc.tuple(
      shuffled,
      fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 5 }),
    );
    fc.assert(
      fc.property(planted, ([lists, extra]) => {
        fc.pre(lists.length > 0);
        const dependsOn = lists.map((list) => [...list]);
        for (const [from, to] of extra) dependsOn[from % lists.length]?.push(to % lists.length);
        const sorted = sortGraph(dependsOn);
        const knots = dependsOn.flatMap((_, index) => (inKnot(dependsOn, index) ? [index] : []));
        if ('order' in sorted) return expect(knots).toEqual([]);
        const { cycles } = sorted;
        for (const cycle of cycles) expect(isCycle(dependsOn, cycle)).toBe(true);
        const all = cycles.flat();
        expect(new Set(all).size).toBe(all.length);
        // Without the nodes of the cycles, and without what hangs on them, every knot is touched.
        const ancestors = new Ancestors(dependsOn);
        for (const index of knots) {
          const sameKnot = all.some(
            (other) =>
              other === index || (ancestors.has(index, other) && ancestors.has(other, index)),
          );
          expect(sameKnot).toBe(true);
        }
      }),
    );
  });

  it('sorts a chain of 20,000 nodes, and finds one of 20,000 in a circle', () => {
    const line = chain(20_000);
    expect(sortGraph(line)).toMatchObject({ levels: line.map((_, index) => index) });
    line[0] = [19_999];
    const sorted = sortGraph(line);
    expect('cycles' in sorted && sorted.cycles.map((cycle) => cycle.length)).toEqual([20_000]);
  });
});

describe('Ancestors', () => {
  it('knows exactly what a node waits for, directly or not', () => {
    fc.assert(
      fc.property(shuffled, fc.nat(), fc.nat(), (dependsOn, a, b) => {
        fc.pre(dependsOn.length > 0);
        const [node, other] = [a % dependsOn.length, b % dependsOn.length];
        const ancestors = new Ancestors(dependsOn);
        const withEdge = dependsOn.map((list, index) => (index === other ? [...list, node] : list));
        // `other` is an ancestor just when an edge back to `node` closes a circle through both.
        const closes = node !== other && inKnot(withEdge, node) && 'cycles' in sortGraph(withEdge);
        expect(ancestors.has(node, other)).toBe(closes);
        expect(ancestors.has(node, other)).toBe(closes); // remembered
      }),
    );
  });

  it('answers for every node of a chain of 20,000 about its first', () => {
    const ancestors = new Ancestors(chain(20_000));
    for (let node = 1; node < 20_000; node++) expect(ancestors.has(node, 0) ? 1 : node).toBe(1);
    expect(ancestors.has(0, 0)).toBe(false);
    expect(ancestors.has(5, 6)).toBe(false);
  });
});

describe('topologicalSort', () => {
  it('orders ids, those that only occur as dependencies too', () => {
    expect(topologicalSort({ c: ['b', 'a'], b: ['a'] })).toEqual(['a', 'b', 'c']);
    expect(topologicalSort({})).toEqual([]);
  });

  it('names a cycle', () => {
    expect(() => topologicalSort({ a: ['c'], b: ['a'], c: ['b'] })).toThrow(RangeError);
    expect(() => topologicalSort({ a: ['c'], b: ['a'], c: ['b'] })).toThrow('a → c → b → a');
  });

  it('takes __proto__ and constructor for names', () => {
    const graph = JSON.parse('{"constructor": ["__proto__"], "__proto__": ["toString"]}') as Record<
      string,
      string[]
    >;
    expect(topologicalSort(graph)).toEqual(['toString', '__proto__', 'constructor']);
  });
});

describe('formatCycle', () => {
  it('goes round to where it began', () => {
    expect(formatCycle([1, 0], ['a', 'b'])).toBe('b → a → b');
    expect(formatCycle([0], ['a'])).toBe('a → a');
  });

  it('shortens a cycle of over 50 nodes in the middle', () => {
    const ids = Array.from({ length: 60 }, (_, index) => `n${index}`);
    const text = formatCycle(
      ids.map((_, index) => index),
      ids,
    );
    expect(text).toMatch(/^n0 → n1 → .* → n39 → … 11 more … → n51 → .* → n59 → n0$/);
    expect(
      formatCycle(
        ids.slice(0, 50).map((_, index) => index),
        ids,
      ),
    ).not.toContain('more');
  });
});
