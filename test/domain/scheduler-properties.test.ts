import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Simulation } from './support/simulation.js';
import { operatedWorldsOf, worldsOf } from './support/worlds.js';

describe('Scheduler in random worlds', () => {
  // What is checked at every step stands in support/simulation.ts: dependency order and trigger rules, concurrency,
  // priority, failFast, cancels, counts, and that each node ends once.
  it('starts what may start, in order of priority, and ends every node exactly once', () => {
    fc.assert(
      fc.property(worldsOf(200), (world) => {
        const story = new Simulation(world).run();
        const ends = story.filter((line) => line.includes(' end '));
        expect(ends).toHaveLength(world.nodes.length);
      }),
      { numRuns: 1_000 },
    );
  });

  it('keeps its rules whatever people ask of it: ends, hurry, priority, window, pauses, edits', () => {
    fc.assert(
      fc.property(operatedWorldsOf(60), (world) => {
        const story = new Simulation(world).run();
        const nodes = new Set(story.flatMap((line) => / end (\d+)/.exec(line)?.[1] ?? []));
        const ends = story.filter((line) => line.includes(' end '));
        expect(ends).toHaveLength(nodes.size);
      }),
      { numRuns: 1_500 },
    );
  });

  it('has the same future after a restore that comes between what people ask', () => {
    fc.assert(
      fc.property(operatedWorldsOf(40), fc.nat({ max: 40 }), (world, restoreAt) => {
        const told = new Simulation(world).run();
        expect(new Simulation(world, restoreAt).run()).toEqual(told);
      }),
      { numRuns: 600 },
    );
  });

  it('has the same future after a snapshot and a restore, whenever that is', () => {
    fc.assert(
      fc.property(worldsOf(100), fc.nat({ max: 40 }), (world, restoreAt) => {
        const told = new Simulation(world).run();
        expect(new Simulation(world, restoreAt).run()).toEqual(told);
      }),
      { numRuns: 400 },
    );
  });
});
