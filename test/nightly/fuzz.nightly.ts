import { fuzz } from '../domain/support/fuzz.js';
import { runAll, startFuzzRuns, validSpecs } from '../support/fuzz-runs.js';

/** Other specs each night; a failure prints its seed. */
describe('random specs', () => {
  it('are refused with a place or planned and run to their end, 10,000 of them', () => {
    const { planned, refused } = fuzz(10_000);
    expect(planned + refused).toBe(10_000);
    expect(planned).toBeGreaterThan(2_000);
  });

  it('end on a server, fail no workflow task and are replayed as they ran, 1,000 valid ones', async () => {
    const seed = Number(process.env['TEMPOGRAPH_FUZZ_SEED'] ?? Date.now() % 1_000_000_000);
    const test = await startFuzzRuns(seed);
    try {
      const { wrong, ran } = await runAll(test, validSpecs(1_000, seed));
      expect({ seed, wrong }).toEqual({ seed, wrong: [] });
      expect(ran).toBe(1_000);
    } finally {
      await test.stop();
    }
  });
});
