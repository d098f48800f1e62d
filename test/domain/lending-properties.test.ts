import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LendingSimulation, lendingWorlds } from './support/lending-world.js';

describe('nodes that are lent, in random worlds', () => {
  // What is checked at every step stands in support/lending-world.ts: the window, that no node runs twice at once, that
  // nothing is lost.
  it('end each once, within the window, however late messages come, what fails, is called back and goes on elsewhere', () => {
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

  it('run once each, all of them, where nothing fails', () => {
    fc.assert(
      fc.property(lendingWorlds(60), (world) => {
        const simulation = new LendingSimulation({ ...world, ends: [] });
        expect(new Set(simulation.run())).toEqual(new Set(['COMPLETED']));
        expect([...simulation.runs.values()]).toEqual(world.nodes.map(() => 1));
      }),
      { numRuns: 700 },
    );
  });
});
