import type { TestEngine } from '../../src/testing.js';
import { runAll, startFuzzRuns, validSpecs } from '../support/fuzz-runs.js';

describe('valid graphs at random', () => {
  const seed = 20_261_127;
  let test: TestEngine;
  beforeAll(async () => void (test = await startFuzzRuns(seed)));
  afterAll(() => test.stop());

  // A thousand others by night (test/nightly/fuzz.nightly.ts).
  it('end, fail no workflow task and are replayed as they ran, 20 of them', async () => {
    const { wrong, ran, statuses } = await runAll(test, validSpecs(20, seed));
    expect(wrong).toEqual([]);
    expect(ran).toBe(20);
    expect(Object.keys(statuses).length).toBeGreaterThan(2); // they end in more ways than one
  }, 300_000);
});
