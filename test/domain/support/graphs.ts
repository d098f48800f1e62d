/** Random graphs without cycles, for properties. */
import fc from 'fast-check';

/**
 * For each node the nodes it depends on, all of them earlier in the list. Mostly small, now and then up to `max`.
 * Shrinks towards few nodes and few edges.
 */
export const edgeListsOf = (max: number): fc.Arbitrary<number[][]> => {
  const near = fc.array(fc.nat({ max: 6 }), { maxLength: 3 });
  const far = fc.array(fc.nat({ max: 1_000 }), { maxLength: 5 });
  const node = fc.oneof({ weight: 3, arbitrary: near }, { weight: 1, arbitrary: far });
  return fc
    .oneof(
      { weight: 4, arbitrary: fc.array(node, { maxLength: 12 }) },
      { weight: 1, arbitrary: fc.array(node, { maxLength: max, size: 'max' }) },
    )
    .map((nodes) =>
      nodes.map((steps, index) => [
        ...new Set(steps.flatMap((step) => (step < index ? [index - 1 - step] : []))),
      ]),
    );
};

export const edgeLists = edgeListsOf(60);
