import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { IndexLists } from '../../src/domain/index-lists.js';
import { planPages, takePage, type PlanPage } from '../../src/domain/plan-page.js';
import type { HeldNode, PlanNode } from '../../src/domain/plan.js';

/** Nodes that wait for any others, before or after them. */
const nodes: fc.Arbitrary<PlanNode[]> = fc.nat({ max: 40 }).chain((last) =>
  fc.array(
    fc.record(
      {
        id: fc.string({ unit: 'grapheme' }),
        dependsOn: fc.array(fc.nat({ max: last }), { maxLength: 30 }),
        class: fc.nat({ max: 9 }),
        reads: fc.array(fc.nat({ max: last })),
        trigger: fc.constant('all_done' as const),
        startDelayMs: fc.nat(),
      },
      { requiredKeys: ['id', 'dependsOn', 'class'] },
    ),
    { minLength: last + 1, maxLength: last + 1 },
  ),
);

function taken(pages: readonly string[]): PlanNode[] {
  const into: { nodes: HeldNode[]; lists: IndexLists } = { nodes: [], lists: new IndexLists() };
  for (const page of pages) takePage(JSON.parse(page) as PlanPage, into);
  return into.nodes.map((node, index) => ({ ...node, dependsOn: [...into.lists.of(index)] }));
}

describe('pages of a plan', () => {
  it('give back every node as it was, however they are cut (property)', () => {
    fc.assert(
      fc.property(nodes, fc.integer({ min: 1, max: 2_000 }), (plan, bytes) => {
        expect(taken([...planPages(plan, bytes)])).toEqual(plan);
      }),
    );
  });

  it('hold what they may, and of a node that is larger only that', () => {
    const plan = ['a', 'x'.repeat(500), 'b', 'c'].map((id) => ({ id, dependsOn: [], class: 0 }));
    const pages = [...planPages(plan, 100)].map((page) => (JSON.parse(page) as PlanPage).ids);
    expect(pages).toEqual([['a'], ['x'.repeat(500)], ['b', 'c']]);
  });

  it('are none of a plan without nodes', () => {
    expect([...planPages([], 100)]).toEqual([]);
  });
});
