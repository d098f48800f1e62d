import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Scheduler, type SchedulerNode } from '../../src/domain/scheduler.js';

const node = (free: boolean, priorityKey = 3, dependsOn: number[] = []): SchedulerNode => ({
  ...{ dependsOn, trigger: 'all_success', allowFailure: false, priorityKey },
  ...(free ? { takesNoPlace: true as const } : {}),
});

describe('nodes that take no place in the window', () => {
  it('run although the window is full, and are not counted in it', () => {
    const nodes = [node(false), node(true), node(false), node(true)];
    const scheduler = new Scheduler(nodes, { concurrency: 1, onFailure: 'continue' });
    scheduler.start(0);
    expect(scheduler.take().sort()).toEqual([0, 1, 3]);
    expect(scheduler.hasStartable).toBe(false);
    scheduler.settle(0, 'COMPLETED', 0);
    expect(scheduler.take()).toEqual([2]);
  });

  it('and a node that is paused by itself does not lack one, as one does that waits for nothing else', () => {
    const nodes = [node(false), node(false), node(false)];
    const scheduler = new Scheduler(nodes, { concurrency: 1, onFailure: 'continue' });
    scheduler.pauseNode(1);
    scheduler.pauseNode(2);
    scheduler.start(0);
    scheduler.take();
    expect(scheduler.firstWithoutPlace).toBeUndefined();
    scheduler.resumeNode(2);
    expect(scheduler.firstWithoutPlace).toBe(2);
  });

  it('are set aside by a pause as others are', () => {
    const scheduler = new Scheduler([node(true)], { concurrency: 1, onFailure: 'continue' });
    scheduler.start(0);
    scheduler.pause();
    expect(scheduler.take()).toEqual([]);
    scheduler.resume();
    expect(scheduler.take()).toEqual([0]);
  });

  it('never keep others waiting, nor these them, in any order of ends, over a restore', () => {
    const worlds = fc.record({
      nodes: fc.array(fc.record({ free: fc.boolean(), key: fc.integer({ min: 1, max: 5 }) }), {
        minLength: 1,
        maxLength: 30,
      }),
      concurrency: fc.integer({ min: 1, max: 4 }),
      order: fc.infiniteStream(fc.nat()),
      restoreAt: fc.nat({ max: 30 }),
    });
    fc.assert(
      fc.property(worlds, ({ nodes: made, concurrency, order, restoreAt }) => {
        const nodes = made.map(({ free, key }, index) =>
          node(free, key, index > 2 ? [index - 3] : []),
        );
        const options = { concurrency, onFailure: 'continue' } as const;
        let scheduler = new Scheduler(nodes, options);
        scheduler.start(0);
        const running = new Set<number>();
        for (let step = 0; !scheduler.isDone; step++) {
          for (const index of scheduler.take()) running.add(index);
          const placed = [...running].filter((index) => !nodes[index]?.takesNoPlace);
          expect(placed.length).toBeLessThanOrEqual(concurrency);
          expect(scheduler.withoutPlace).toBe(running.size - placed.length);
          const ready = nodes.flatMap((_, index) =>
            scheduler.state(index) === 'ready' ? [index] : [],
          );
          // Nobody waits but for a place.
          if (placed.length < concurrency) expect(ready).toEqual([]);
          expect(ready.filter((index) => nodes[index]?.takesNoPlace)).toEqual([]);
          if (step === restoreAt)
            scheduler = Scheduler.restore(nodes, options, scheduler.snapshot());
          const next = [...running][order.next().value % running.size] ?? 0;
          running.delete(next);
          scheduler.settle(next, 'COMPLETED', step);
        }
      }),
      { numRuns: 300 },
    );
  });
});
