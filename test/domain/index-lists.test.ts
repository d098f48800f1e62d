import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { IndexLists } from '../../src/domain/index-lists.js';

/** Lists of up to 40 entries that name one another's nodes. */
const lists = fc.nat({ max: 30 }).chain((last) =>
  fc.array(fc.array(fc.nat({ max: last }), { maxLength: 40 }), {
    ...{ minLength: last + 1, maxLength: last + 1 },
  }),
);

describe('IndexLists', () => {
  it('gives every list as it was put, short, long, empty or changed (property)', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.array(fc.nat(), { maxLength: 40 })));
    fc.assert(
      fc.property(lists, changes, (given, changed) => {
        const expected = given.map((list) => [...list]);
        const kept = new IndexLists(given);
        for (const [place, list] of changed) {
          const index = place % (expected.length + 1); // the last is a new node
          expected[index] = list;
          kept.set(index, list);
        }
        expected.forEach((list, index) => {
          expect(kept.of(index)).toEqual(list);
          expect(kept.lengthOf(index)).toBe(list.length);
        });
        expect(kept.of(expected.length)).toEqual([]);
      }),
    );
  });

  it('turned round, names for each node those whose lists name it (property)', () => {
    fc.assert(
      fc.property(lists, (given) => {
        const inverse = new IndexLists(given).inverse();
        given.forEach((_, index) =>
          expect(inverse.of(index)).toEqual(
            given.flatMap((list, at) => list.filter((one) => one === index).map(() => at)),
          ),
        );
      }),
    );
  });
});
