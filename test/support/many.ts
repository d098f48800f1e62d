/** A property of executions: each check waits for a server, so several go at a time and none is shrunk. */
import pMap from 'p-map';
import fc from 'fast-check';

const AT_ONCE = 8;

/** @throws AggregateError of the checks that fail, each with its value and the seed that gives it again */
export async function holdsForMany<T>(
  arbitrary: fc.Arbitrary<T>,
  numRuns: number,
  check: (value: T) => Promise<void>,
  seed = Date.now() % 2 ** 31,
): Promise<void> {
  const one = async (value: T): Promise<void> => {
    try {
      await check(value);
    } catch (error) {
      throw new Error(`with seed ${seed}, of ${JSON.stringify(value)}: ${String(error)}`, {
        cause: error,
      });
    }
  };
  await pMap(fc.sample(arbitrary, { numRuns, seed }), one, {
    concurrency: AT_ONCE,
    stopOnError: false, // else the others would go on while their server is stopped
  });
}
