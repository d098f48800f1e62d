import { fuzz } from '../domain/support/fuzz.js';
import { runAll, startFuzzRuns, validSpecs } from '../support/fuzz-runs.js';

/**
 * Runs on one server. Its clock goes on by the ten years that it gives an execution with no time-out, nearly every
 * time that one ends, and from the year 6,500 on it starts none.
 */
const A_SERVER = 200;

/** Other specs each night; a failure prints its seed. */
describe('random specs', () => {
  it('are refused with a place or planned and run to their end, 10,000 of them', () => {
    const { planned, refused } = fuzz(10_000);
    expect(planned + refused).toBe(10_000);
    expect(planned).toBeGreaterThan(2_000);
  });

  it('end on a server, fail no workflow task and are replayed as they ran, 1,000 valid ones', async () => {
    const seed = Number(process.env['TEMPOGRAPH_FUZZ_SEED'] ?? Date.now() % 1_000_000_000);
    const wrong: string[] = [];
    let ran = 0;
    const specs = validSpecs(1_000, seed);
    for (let from = 0; from < specs.length; from += A_SERVER) {
      const test = await startFuzzRuns(seed + from);
      try {
        const found = await runAll(test, specs.slice(from, from + A_SERVER));
        wrong.push(...found.wrong);
        ran += found.ran;
      } finally {
        await test.stop();
      }
    }
    expect({ seed, wrong }).toEqual({ seed, wrong: [] });
    expect(ran).toBe(1_000);
  });
});
