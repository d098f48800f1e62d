/** Document 003, TaskOperationExecutor: what no other test shows of rows D1 to D7, under a clock that skips. */
import { defineTask, type RetryingOptions } from '../../src/index.js';
import { startTestEngine, type TestEngine } from '../../src/testing.js';
import { shared } from '../support/shared.js';

class Busy extends Error {
  retriable = true;
}
const busy = defineTask<{ failures: number }>({
  name: 'busy',
  // Document 003: an error on no list is not retried.
  run: ({ failures }, { attempt }) => {
    if (attempt <= failures) throw new Busy('busy');
    return attempt;
  },
});

let test: TestEngine;
beforeAll(async () => {
  test = await startTestEngine({ tasks: [busy], serverPath: shared().timeSkipping });
});
afterAll(() => test.stop());

describe('rows D1 and D2: what execute_with_retry takes', () => {
  const SECOND = 1_000;
  it.each<[string, RetryingOptions, number[]]>([
    ['the defaults, without jitter', { jitter: false }, [SECOND, 2 * SECOND, 4 * SECOND]],
    ['max_retries', { jitter: false, maxRetries: 1 }, [SECOND]],
    ['max_retries 0', { jitter: false, maxRetries: 0 }, []],
    ['backoff_factor', { jitter: false, backoffFactor: 3 }, [1, 3, 9].map((n) => n * SECOND)],
    ['initial_wait', { jitter: false, initialWait: '10s' }, [10, 20, 40].map((n) => n * SECOND)],
    [
      'max_wait',
      { jitter: false, maxWait: '3s', maxRetries: 5 },
      [1, 2, 3, 3, 3].map((n) => n * SECOND),
    ],
    [
      'all of the example: 5 retries from 2 s, at most 120 s',
      { jitter: false, maxRetries: 5, initialWait: 2_000, maxWait: 120_000 },
      [2, 4, 8, 16, 32].map((n) => n * SECOND),
    ],
  ])('%s', async (_name, options, expected) => {
    const told: [number, number][] = [];
    const failures = expected.length;
    const result = await test.engine.executeWithRetry(
      busy,
      { failures },
      { ...options, onRetry: (_error, attempt, waitMs) => void told.push([attempt, waitMs]) },
    );
    expect(result).toMatchObject({ ok: true, output: failures + 1, attempts: failures + 1 });
    expect(told).toEqual(expected.map((waitMs, at) => [at + 1, waitMs]));
    const spent = test.engine.executeWithRetry(busy, { failures: failures + 1 }, options);
    if (options.maxRetries === failures || options.maxRetries === undefined)
      await expect(spent).rejects.toMatchObject({
        name: 'MaxRetriesExceededError',
        attemptErrors: { length: failures + 1 },
      });
  });

  it('the default jitter: each wait within 25 % of 1 s, 2 s and 4 s, and not on it', async () => {
    const waits: number[] = [];
    await test.engine.executeWithRetry(
      busy,
      { failures: 3 },
      { onRetry: (_error, _attempt, waitMs) => void waits.push(waitMs) },
    );
    expect(waits).toHaveLength(3);
    waits.forEach((waitMs, at) => {
      expect(Math.abs(waitMs / (SECOND * 2 ** at) - 1)).toBeLessThanOrEqual(0.25);
    });
    expect(waits).not.toEqual([SECOND, 2 * SECOND, 4 * SECOND]);
  });
});
