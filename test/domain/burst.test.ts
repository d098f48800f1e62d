import fc from 'fast-check';
import { BurstSchedule } from '../../src/domain/burst.js';
import type { NodeOutcome } from '../../src/domain/outcome.js';

const outcome = (status: NodeOutcome['status']): NodeOutcome => ({
  ...{ status, attempts: [], attemptCount: 1, executionTimeMs: 0 },
});

const bursts = fc.record({
  parents: fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 30 }),
  places: fc.integer({ min: 1, max: 5 }),
  fails: fc.infiniteStream(fc.constantFrom(false, false, false, true)),
  next: fc.infiniteStream(fc.nat()),
  before: fc.nat({ max: 30 }),
});

/** Runs a schedule to its end, in any order. */
function play(
  schedule: BurstSchedule,
  {
    places,
    fails,
    next,
  }: Pick<typeof bursts extends fc.Arbitrary<infer T> ? T : never, 'places' | 'fails' | 'next'>,
  began: (position: number) => void,
): [number, NodeOutcome][] {
  const running: number[] = [];
  const ended: [number, NodeOutcome][] = [];
  for (;;) {
    for (let one = schedule.take(); one !== undefined; one = schedule.take()) {
      began(one);
      running.push(one);
    }
    expect(running.length).toBeLessThanOrEqual(places);
    expect(schedule.isRunning).toBe(running.length > 0);
    if (running.length === 0) return ended;
    const at = (next.next().value as number) % running.length;
    const [position = 0] = running.splice(at, 1);
    const how = outcome(fails.next().value ? 'FAILED' : 'COMPLETED');
    ended.push([position, how]);
    schedule.ended(position, how);
  }
}

describe('BurstSchedule', () => {
  it('begins each node once, after all that it waits for have completed, and no more at once than there are places', () => {
    fc.assert(
      fc.property(bursts, ({ parents, places, fails, next }) => {
        const waitsFor = parents.map((some, index) =>
          index === 0 ? [] : [...new Set(some.map((one) => one % index))],
        );
        const began: number[] = [];
        const schedule = new BurstSchedule(waitsFor, places);
        const ended = new Map(play(schedule, { places, fails, next }, (one) => began.push(one)));
        expect(new Set(began).size).toBe(began.length);
        const completed = (one: number): boolean => ended.get(one)?.status === 'COMPLETED';
        waitsFor.forEach((others, position) =>
          expect(began.includes(position)).toBe(others.every(completed)),
        );
      }),
    );
  });

  it('goes on from what had ended, and begins none of that again', () => {
    fc.assert(
      fc.property(bursts, ({ parents, places, fails, next, before }) => {
        const waitsFor = parents.map((_, index) => (index === 0 ? [] : [index - 1]));
        const first = play(new BurstSchedule(waitsFor, places), { places, fails, next }, () => {});
        const had = first.slice(0, before);
        const began: number[] = [];
        const schedule = new BurstSchedule(waitsFor, places, had);
        play(schedule, { places, fails, next }, (one) => began.push(one));
        const known = had.map(([position]) => position);
        expect(began.filter((one) => known.includes(one))).toEqual([]);
        const [last] = had.slice(-1);
        const goesOn = !last || last[1].status === 'COMPLETED';
        if (goesOn && had.length < waitsFor.length) expect(began[0]).toBe(had.length);
      }),
    );
  });
});
