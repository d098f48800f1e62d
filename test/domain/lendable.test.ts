import { expect, it } from '@jest/globals';
import { Scheduler } from '../../src/domain/scheduler.js';
import type { GraphState } from '../../src/workflows/graph-state.js';
import { Lendable } from '../../src/workflows/lendable.js';
import type { NodeOrder } from '../../src/workflows/requests.js';

it('nothing is lent after a node once a person has said how it ends', () => {
  const node = { trigger: 'all_success' as const, allowFailure: false, priorityKey: 3 };
  const nodes = [
    { ...node, dependsOn: [] },
    { ...node, dependsOn: [0] },
  ];
  const scheduler = new Scheduler(nodes, { concurrency: 1, onFailure: 'continue' });
  scheduler.start(0);
  scheduler.take();
  const said = new Set<number>();
  const lendable = new Lendable({
    ...{ scheduler, hasDeadline: () => false, isEnding: (index) => said.has(index) },
    state: { classOf: () => ({}) } as unknown as GraphState,
    order: (index) => ({ index }) as NodeOrder,
  });
  expect(lendable.runsPlainly(0)).toBe(true);
  said.add(0);
  expect(lendable.runsPlainly(0)).toBe(false);
});
