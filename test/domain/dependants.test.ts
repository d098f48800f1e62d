import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Dependants } from '../../src/domain/dependants.js';
import { IndexLists } from '../../src/domain/index-lists.js';
import { edgeLists } from './support/graphs.js';

const expected = (dependsOn: readonly (readonly number[])[], index: number): number[] =>
  dependsOn.flatMap((list, at) => list.filter((one) => one === index).map(() => at));

describe('Dependants', () => {
  it('lists who waits for a node, in the order of the nodes, also after edits (property)', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.array(fc.nat(), { maxLength: 4 })));
    fc.assert(
      fc.property(edgeLists, edits, (lists, changes) => {
        const dependsOn = lists.map((list) => [...list]);
        const dependants = new Dependants(new IndexLists(lists));
        for (const [place, others] of changes) {
          const index = place % (dependsOn.length + 1); // the last is a new node
          const now = others.map((one) => one % (dependsOn.length + 1));
          const before = dependsOn[index] ?? [];
          dependsOn[index] = now;
          dependants.renew(index, before, now);
        }
        for (let index = 0; index <= dependsOn.length; index++)
          expect(dependants.of(index)).toEqual(expected(dependsOn, index));
      }),
    );
  });

  it('gives a long list as the same one each time, and a listed twice twice', () => {
    const dependants = new Dependants(
      new IndexLists([[], ...Array.from({ length: 40 }, () => [0]), [1, 1]]),
    );
    expect(dependants.of(0)).toHaveLength(40);
    expect(dependants.of(0)).toBe(dependants.of(0));
    expect(dependants.of(1)).toEqual([41, 41]);
  });
});
