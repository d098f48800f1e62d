import { expect, it } from '@jest/globals';
import { NodeClocks } from '../../src/domain/node-clocks.js';
import { Scheduler } from '../../src/domain/scheduler.js';
import type { GraphState } from '../../src/workflows/graph-state.js';
import { HandingOver, type HandingOverParts } from '../../src/workflows/handing-over.js';
import { Lending } from '../../src/workflows/lending.js';
import type { NodeExecutor } from '../../src/workflows/node-executor.js';
import type { Lent } from '../../src/workflows/requests.js';

it('a free place goes to a lent node that waits for it once messages under way have arrived, though nothing else happens', () => {
  const node = { trigger: 'all_success' as const, allowFailure: false, priorityKey: 3 };
  const scheduler = new Scheduler([{ ...node, dependsOn: [] }], {
    ...{ concurrency: 1, onFailure: 'continue' },
  });
  scheduler.start(0);
  scheduler.lend(0);
  const lent: Lent[] = [];
  let hasRoom = false;
  const executor = () =>
    ({
      hasRoom: () => hasRoom,
      runOf: () => 'segment',
      lend: (_run: string, one: Lent) => void lent.push(one),
    }) as unknown as NodeExecutor;
  const lending = new Lending({
    ...{ scheduler, executor, mayLend: () => true, wake: () => undefined, carried: undefined },
    ...{ order: () => ({}) as never, hasDeadline: () => false, isEnding: () => false },
    state: { clocks: new NodeClocks(0, () => undefined) } as unknown as GraphState,
  });
  let again = 0;
  const handingOver = new HandingOver({
    ...{ scheduler, lending, executor, more: () => void again++ },
  } as unknown as HandingOverParts);
  const round = (): void => {
    lending.givePlaces();
    handingOver.dispatch();
  };
  round();
  expect([lent, again]).toEqual([[], 1]); // else nobody would look again
  hasRoom = true;
  round();
  expect(lent).toMatchObject([{ nodes: [], places: 1 }]);
});
