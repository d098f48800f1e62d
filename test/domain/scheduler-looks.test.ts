import fc from 'fast-check';
import type { StartGate } from '../../src/domain/limit-gate.js';
import { Scheduler, type SchedulerNode } from '../../src/domain/scheduler.js';

const MAX = 2;

/** Counts the places of one lane. */
class Places implements StartGate {
  readonly version = 0;
  used = 0;
  most = 0;
  free(): number {
    return MAX - this.used;
  }
  use(): void {
    this.most = Math.max(this.most, ++this.used);
  }
  leave(): void {
    this.used--;
  }
  freedBy(lane: number): number[] {
    return [lane];
  }
}

const nodesOf = (looks: readonly boolean[]): SchedulerNode[] =>
  looks.map((look, index) => ({
    ...{ dependsOn: index > 2 ? [index - 3] : [], trigger: 'all_success', allowFailure: false },
    ...{ priorityKey: 3, lane: 0 },
    ...(look ? { looksFirst: true as const } : {}),
  }));

describe('nodes that look before they wait for a place', () => {
  it('look without a place while none is free, and wait for one when they have to work', () => {
    const places = new Places();
    const scheduler = new Scheduler(
      nodesOf([false, false, true]),
      { concurrency: 10, onFailure: 'continue' },
      places,
    );
    scheduler.start(0);
    expect(scheduler.take()).toHaveLength(3);
    expect([places.used, scheduler.isLook(2)]).toEqual([2, true]);
    scheduler.lookedInVain(2, 0);
    scheduler.release(0);
    expect(scheduler.take()).toEqual([]);
    expect(scheduler.waitsForLimit(2)).toBe(true);
    scheduler.settle(0, 'COMPLETED', 1);
    expect(scheduler.take()).toEqual([2]);
    expect(places.used).toBe(2);
  });

  it('look once, never take more places than there are, and give all of them back, over snapshots at any point', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 30 }),
        fc.infiniteStream(fc.nat({ max: 99 })),
        (looks, dice) => {
          const throws = dice[Symbol.iterator]();
          const roll = (): number => throws.next().value as number;
          const places = new Places();
          const nodes = nodesOf(looks);
          const options = { concurrency: 5, onFailure: 'continue' } as const;
          let scheduler = new Scheduler(nodes, options, places);
          scheduler.start(0);
          const running: number[] = [];
          const haveLooked = new Set<number>();
          for (let now = 1; !scheduler.isDone; now++) {
            scheduler.release(now);
            running.push(...scheduler.take());
            const working = running.filter((index) => !scheduler.isLook(index));
            expect(places.used).toBe(working.length);
            const [index] = running.splice(roll() % running.length, 1);
            if (index === undefined) throw new Error('nothing runs, and not all has ended');
            if (scheduler.isLook(index)) {
              expect(haveLooked.has(index)).toBe(false);
              haveLooked.add(index);
              if (roll() < 60) scheduler.lookedInVain(index, now);
              else scheduler.settle(index, 'COMPLETED', now);
            } else if (roll() < 30) scheduler.hold(index, now + (roll() % 3));
            else scheduler.settle(index, 'COMPLETED', now);
            while (running.length === 0 && !scheduler.isDone && scheduler.ready === 0)
              scheduler.release(++now);
            if (roll() < 30)
              scheduler = Scheduler.restore(
                nodes,
                options,
                JSON.parse(JSON.stringify(scheduler.snapshot())) as never,
                places,
              );
          }
          expect(places.used).toBe(0);
          expect(places.most).toBeLessThanOrEqual(MAX);
        },
      ),
      { numRuns: 300 },
    );
  });
});
