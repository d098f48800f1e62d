/** Random graphs without cycles, for properties. */
import fc from 'fast-check';

/**
 * Nodes that depend on earlier ones in the list, each with a `part` of its own. Mostly small, now and then up to `max`
 * nodes. Shrinks towards few nodes, few edges and simple parts.
 */
export function nodesOf<T>(
  max: number,
  part: fc.Arbitrary<T>,
): fc.Arbitrary<{ dependsOn: number[]; part: T }[]> {
  const near = fc.array(fc.nat({ max: 6 }), { maxLength: 3 });
  const far = fc.array(fc.nat({ max: 1_000 }), { maxLength: 5 });
  const steps = fc.oneof({ weight: 3, arbitrary: near }, { weight: 1, arbitrary: far });
  const node = fc.record({ steps, part });
  return fc
    .oneof(
      { weight: 4, arbitrary: fc.array(node, { maxLength: 12 }) },
      { weight: 1, arbitrary: fc.array(node, { maxLength: max, size: 'max' }) },
    )
    .map((nodes) =>
      nodes.map((one, index) => {
        const before = one.steps.flatMap((step) => (step < index ? [index - 1 - step] : []));
        return { dependsOn: [...new Set(before)], part: one.part };
      }),
    );
}

/** For each node the nodes it depends on, all of them earlier in the list. */
export const edgeLists = nodesOf(60, fc.constant(null)).map((nodes) =>
  nodes.map(({ dependsOn }) => dependsOn),
);
