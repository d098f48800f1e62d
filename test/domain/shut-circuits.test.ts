import type { ActivityOutcome } from '../../src/domain/outcome.js';
import { ShutCircuits } from '../../src/domain/shut-circuits.js';

const none = { attempts: [], executionTimeMs: 0 };
const heldBy = (held: 'circuit' | 'retry', waitMs: number): ActivityOutcome => ({
  ...none,
  ...{ held, waitMs, attemptsUsed: 0 },
});
const ended = (status: 'COMPLETED' | 'FAILED'): ActivityOutcome => ({
  ...none,
  ...{ status, attemptCount: 1 },
});

describe('ShutCircuits', () => {
  const setup = (): ShutCircuits => {
    const circuits = new ShutCircuits();
    circuits.heard('a', 0, heldBy('circuit', 5_000), 0);
    return circuits;
  };

  it('holds the nodes of a circuit that held one, and no others', () => {
    const circuits = setup();
    expect(circuits.holds('a', 1, 4_999)).toBe(5_000);
    expect(circuits.holds('b', 1, 4_999)).toBeUndefined();
    expect(circuits.holds(undefined, 1, 4_999)).toBeUndefined();
  });

  it('sends one node when the time is over, and holds the others for as long as it has tried', () => {
    const circuits = setup();
    expect(circuits.holds('a', 1, 5_000)).toBeUndefined();
    expect(circuits.holds('a', 1, 5_000)).toBeUndefined();
    expect(circuits.holds('a', 2, 5_000)).toBe(6_000);
    expect(circuits.holds('a', 2, 15_000)).toBe(25_000);
    expect(circuits.holds('a', 2, 500_000)).toBe(560_000);
  });

  it('sends all once one of them has succeeded', () => {
    const circuits = setup();
    circuits.heard('a', 3, ended('COMPLETED'), 100);
    expect(circuits.holds('a', 1, 100)).toBeUndefined();
    expect(circuits.holds('a', 2, 100)).toBeUndefined();
  });

  it.each([heldBy('retry', 1), ended('FAILED')])(
    'sends another when the first failed',
    (outcome) => {
      const circuits = setup();
      circuits.holds('a', 1, 5_000);
      circuits.heard('a', 1, outcome, 5_100);
      expect(circuits.holds('a', 2, 5_100)).toBeUndefined();
      expect(circuits.holds('a', 3, 5_100)).toBe(6_100);
    },
  );
});
