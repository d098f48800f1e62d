import { afterEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { Lender, LENT_FIRST, LENT_MOST } from '../../src/domain/lender.js';
import { Scheduler } from '../../src/domain/scheduler.js';
import { LendingSimulation, lendingWorlds } from './support/lending-world.js';

describe('nodes that are lent, in random worlds', () => {
  // What is checked at every step stands in support/lending-world.ts: the window, that no node runs twice at once, that
  // nothing is lost. What is checked at the end, in support/lending-clocks.ts: that the parts of each node's time add up.
  afterEach(() => void jest.restoreAllMocks());

  it('end each once, within the window, and their times add up, however late messages come, what fails, is lost, cancelled, called back and goes on elsewhere', () => {
    let lent = 0;
    fc.assert(
      fc.property(lendingWorlds(60), (world) => {
        const simulation = new LendingSimulation(world);
        const ends = simulation.run();
        expect(ends.every((status) => status !== undefined)).toBe(true);
        lent += simulation.lentCount;
      }),
      { numRuns: 1_500 },
    );
    expect(lent).toBeGreaterThan(1_000);
  });

  it('run once each, all of them, and their times add up, where nothing fails', () => {
    fc.assert(
      fc.property(lendingWorlds(60), (world) => {
        const quiet = { loseAt: new Set<number>(), cancelAt: new Set<number>(), ends: [] };
        const simulation = new LendingSimulation({ ...world, ...quiet });
        expect(new Set(simulation.run())).toEqual(new Set(['COMPLETED']));
        expect([...simulation.runs.values()]).toEqual(world.nodes.map(() => 1));
      }),
      { numRuns: 700 },
    );
  });
});

describe('lending in wide graphs', () => {
  /** Roots that run, and nodes behind them. @returns the nodes that were looked at, each time counted */
  const looks = (behind: number[][], roots: number) => {
    const nodes = [...Array.from({ length: roots }, () => []), ...behind].map((dependsOn) => ({
      ...{ dependsOn, trigger: 'all_success' as const, allowFailure: false, priorityKey: 3 },
    }));
    const scheduler = new Scheduler(nodes, { concurrency: roots, onFailure: 'continue' });
    scheduler.start(0);
    const taken = scheduler.take();
    let looked = 0;
    const lender = new Lender({
      scheduler,
      mayBeLent: () => ++looked > 0,
      segmentOf: (index) => (scheduler.isLent(index) || index < roots ? 'one' : undefined),
      open: () => 'one',
      roomIn: () => Infinity,
    });
    lender.handedOver(taken);
    return { scheduler, lender, lookedSoFar: () => looked };
  };
  const of100 = (nth: number, count: number): number[] =>
    Array.from({ length: count }, (_, by) => (nth + by * 7) % 100);

  it('looks at no node more than once a time, however many it waits for and whatever was called back', () => {
    const behind = Array.from({ length: 2_000 }, (_, nth) => of100(nth, 50));
    const { scheduler, lender, lookedSoFar } = looks(behind, 100);
    const lent = [...lender.lend().values()].flat();
    expect(lent).toHaveLength(100);
    expect(lookedSoFar()).toBeLessThanOrEqual(2_000);
    for (const { index } of lent) {
      lender.left(index);
      scheduler.giveBack(index, 0);
    }
    lender.lend();
    expect(lookedSoFar()).toBeLessThanOrEqual(4_000);
  });

  it('lends no more than it may, of however many at once, and the others later', () => {
    const hub = Array.from({ length: 3_000 }, (_, nth) => [0, nth + 1]);
    const { scheduler, lender } = looks(hub, 3_001);
    lender.lend();
    expect(scheduler.lentCount).toBe(LENT_FIRST);
    let begun = 3_001;
    for (let most = LENT_FIRST; scheduler.lentCount > 0; most = Math.min(LENT_MOST, most * 2)) {
      for (; scheduler.lentCount > 0; begun++) {
        scheduler.settle(begun - 3_000, 'COMPLETED', 0);
        scheduler.lentBegan(begun);
      }
      lender.lend();
      expect(scheduler.lentCount).toBeLessThanOrEqual(most * 2);
    }
    expect(begun).toBe(6_001);
  });
});

describe('ready nodes that find no place', () => {
  const lendAll = (priorities: number[], mayBeLent: (index: number) => boolean) => {
    const nodes = priorities.map((priorityKey) => ({
      ...{ dependsOn: [], trigger: 'all_success' as const, allowFailure: false, priorityKey },
    }));
    const scheduler = new Scheduler(nodes, { concurrency: 1, onFailure: 'continue' });
    scheduler.start(0);
    const taken = scheduler.take();
    const segmentOf = (): string => 'one';
    const parts = { scheduler, mayBeLent, segmentOf, open: () => 'one', roomIn: () => 4 };
    const lender = new Lender(parts);
    lender.handedOver(taken);
    const lent = [...lender.lend().values()].flat().map(({ index }) => index);
    return { scheduler, lender, lent };
  };

  it('are lent in their order, as many as the segment takes', () => {
    const { lent, lender } = lendAll([1, 3, 2, 3, 2, 3], () => true);
    expect(lent).toEqual([2, 4, 1, 3]);
    expect(lender.mustCallBack).toBe(false);
  });

  it('are lent up to one that may not be, and what is lent is called back for it', () => {
    const { lent, lender } = lendAll([1, 3, 3, 3, 3], (index) => index !== 3);
    expect(lent).toEqual([1, 2]);
    expect(lender.isBlocked).toBe(true);
    expect(lender.mustCallBack).toBe(true);
  });

  it('are not lent again before one that may not be has begun, once what stood before it was called back', () => {
    const { scheduler, lender, lent } = lendAll([1, 3, 3, 3, 3], (index) => index !== 3);
    lender.calledBack();
    for (const index of lent) scheduler.giveBack(index, 0);
    expect(scheduler.firstWithoutPlace).toBe(1);
    expect(lender.isBlocked).toBe(true);
    for (const index of [0, 1, 2]) {
      scheduler.settle(index, 'COMPLETED', 0);
      scheduler.take();
    }
    expect(scheduler.state(3)).toBe('running');
    expect(lender.isBlocked).toBe(false);
  });

  it('that go before what another segment was lent are not lent beside it: all of that comes back', () => {
    const nodes = [1, 5, 5, 1].map((priorityKey, index) => ({
      ...{ dependsOn: [], trigger: 'all_success' as const, allowFailure: false, priorityKey },
      ...(index === 3 ? { startDelayMs: 10 } : {}),
    }));
    const scheduler = new Scheduler(nodes, { concurrency: 1, onFailure: 'continue' });
    scheduler.start(0);
    scheduler.take();
    let open = 'one';
    const lender = new Lender({
      ...{ scheduler, mayBeLent: () => true, roomIn: () => 9, open: () => open },
      segmentOf: () => (open === 'one' ? 'one' : undefined),
    });
    expect([...lender.lend().keys()]).toEqual(['one']);
    open = 'two';
    scheduler.release(10);
    expect([...lender.lend().values()]).toEqual([]);
    expect(lender.mustCallBack).toBe(true);
  });

  it('go before what is lent by their priority: they are lent beside it, or all is called back', () => {
    const { scheduler, lender } = lendAll([1, 3, 3, 3], () => true);
    scheduler.setPriority(3, 1);
    expect(lender.mustCallBack).toBe(false);
    const { scheduler: full, lender: other } = lendAll([1, 3, 3, 3, 3, 3], () => true);
    full.setPriority(5, 2);
    expect(other.mustCallBack).toBe(true);
  });

  it('stand for all who ask where they stood: ready, and not running', () => {
    const { scheduler } = lendAll([1, 3, 3, 3], () => true);
    expect([scheduler.ready, scheduler.running, scheduler.waitingCount]).toEqual([3, 1, 0]);
    expect(scheduler.state(2)).toBe('ready');
    const restored = Scheduler.restore(
      Array.from({ length: 4 }, () => ({
        ...{ dependsOn: [], trigger: 'all_success' as const, allowFailure: false, priorityKey: 3 },
      })),
      { concurrency: 1, onFailure: 'continue' },
      scheduler.snapshot(),
    );
    expect([restored.ready, restored.running, restored.lentCount]).toEqual([3, 1, 3]);
  });
});
