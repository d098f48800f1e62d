import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  RETRY_STRATEGIES,
  fallbackPolicy,
  policyFor,
  previewWaits,
  waitTime,
} from '../../src/domain/retry.js';
import type { RetryInput } from '../../src/domain/retry-options.js';
import { retryPolicies, retryPolicy } from './support/retry.js';

const YEAR_MS = 365 * 86_400_000;
const waits = (options: Parameters<typeof retryPolicy>[0]): number[] =>
  [1, 2, 3, 4, 5, 6].map((n) => waitTime(retryPolicy(options), n, () => 0.5));

describe('waitTime', () => {
  it.each([
    ['NONE', [1, 1, 1, 1, 1, 1]],
    ['IMMEDIATE', [1, 1, 1, 1, 1, 1]],
    ['FIXED_DELAY', [1_000, 1_000, 1_000, 1_000, 1_000, 1_000]],
    ['EXPONENTIAL_BACKOFF', [1_000, 2_000, 4_000, 8_000, 16_000, 32_000]],
    ['FIBONACCI_BACKOFF', [1_000, 1_000, 2_000, 3_000, 5_000, 8_000]],
  ] as const)('follows the schedule of %s', (strategy, expected) => {
    expect(waits({ strategy, delay: 1_000 })).toEqual(expected);
  });

  it('repeats the last wait of a list', () => {
    expect(waits({ delays: [10, 70_000, 30] })).toEqual([10, 70_000, 30, 30, 30, 30]);
  });

  it('multiplies by the factor', () => {
    expect(waits({ delay: 100, factor: 3 })).toEqual([100, 300, 900, 2_700, 8_100, 24_300]);
  });

  it.each([
    ['EXPONENTIAL_BACKOFF', [1_000, 2_000, 3_000, 3_000, 3_000, 3_000]],
    ['FIBONACCI_BACKOFF', [1_000, 1_000, 2_000, 3_000, 3_000, 3_000]],
  ] as const)('caps %s at maxDelay', (strategy, expected) => {
    expect(waits({ strategy, delay: 1_000, maxDelay: 3_000 })).toEqual(expected);
  });

  it('never cuts FIXED_DELAY nor a list', () => {
    const fixed = { strategy: 'FIXED_DELAY', delay: 90_000, maxDelay: 1_000 } as const;
    expect(waits(fixed)[0]).toBe(90_000);
    expect(waits({ delays: [90_000], maxDelay: 60_000 })[0]).toBe(90_000);
  });

  it('has no cap where maxDelay is null, up to a year', () => {
    const policy = retryPolicy({ delay: 1_000, maxDelay: null });
    expect(waitTime(policy, 21, () => 0)).toBe(1_000 * 2 ** 20);
    expect(waitTime(policy, 900, () => 0)).toBe(YEAR_MS);
  });

  it.each([
    [0, 750],
    [0.5, 1_000],
    [0.999, 1_250],
  ])('spreads a wait by the jitter (random %d)', (random, expected) => {
    const policy = retryPolicy({ strategy: 'FIXED_DELAY', delay: 1_000, jitter: true });
    expect(waitTime(policy, 1, () => random)).toBe(expected);
  });

  it('applies jitter after the cap, so that a wait may pass it by that fraction', () => {
    const policy = retryPolicy({ delay: 1_000, maxDelay: 2_000, jitter: 0.5 });
    expect(waitTime(policy, 9, () => 0)).toBe(1_000);
    expect(waitTime(policy, 9, () => 0.999_999)).toBe(3_000);
  });

  it.each<[string, RetryInput]>([
    ['a delay of 0', { strategy: 'FIXED_DELAY', delay: 0 }],
    ['a growing delay of 0', { strategy: 'EXPONENTIAL_BACKOFF', delay: 0, factor: 100 }],
    ['a list of 0', { delays: [0] }],
    ['a spread down to 0', { strategy: 'FIXED_DELAY', delay: 1_000, jitter: 1 }],
  ])('waits at least 1 ms after the first and the 1,000th failure: %s', (_title, options) => {
    for (const n of [1, 1_000]) expect(waitTime(retryPolicy(options), n, () => 0)).toBe(1);
  });

  it.each([0, -1, 0.5, NaN, Infinity])('refuses the attempt %d', (n) => {
    expect(() => waitTime(retryPolicy({}), n, () => 0)).toThrow(RangeError);
  });

  it('is a whole number from 1 ms to a year, the same for the same arguments', () => {
    const attempts = fc.oneof(
      fc.integer({ min: 1, max: 20 }),
      fc.maxSafeNat().map((n) => n + 1),
    );
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(retryPolicies, attempts, chance, (policy, n, random) => {
        const waitMs = waitTime(policy, n, () => random);
        expect(Number.isInteger(waitMs)).toBe(true);
        expect(waitMs).toBeGreaterThanOrEqual(1);
        expect(waitMs).toBeLessThanOrEqual(YEAR_MS);
        expect(waitTime(policy, n, () => random)).toBe(waitMs);
      }),
    );
  });

  it('never shrinks from one failure to the next where the strategy grows', () => {
    fc.assert(
      fc.property(retryPolicies, fc.integer({ min: 1, max: 60 }), (policy, n) => {
        fc.pre(policy.strategy !== 'DELAY_LIST');
        const steady = { ...policy, jitter: 0 };
        expect(waitTime(steady, n + 1, () => 0)).toBeGreaterThanOrEqual(
          waitTime(steady, n, () => 0),
        );
      }),
    );
  });
});

describe('waitTime against closed forms, n = 1…50', () => {
  const NUMBERS = Array.from({ length: 50 }, (_none, at) => at + 1);
  /** Binet's formula; exact for all n here. */
  const fib = (n: number): number => Math.round(((1 + Math.sqrt(5)) / 2) ** n / Math.sqrt(5));
  const clamp = (ms: number): number => Math.round(Math.min(Math.max(ms, 1), YEAR_MS));
  const LIST = [250, 90_000, 7];

  it.each<[string, RetryInput, (n: number) => number]>([
    ['NONE', 'NONE', () => 1],
    ['IMMEDIATE', 'IMMEDIATE', () => 1],
    ['FIXED_DELAY', { strategy: 'FIXED_DELAY', delay: 90_000 }, () => 90_000],
    [
      'the defaults: 5 s × 2^(n−1), at most 60 s',
      {},
      (n) => Math.min(5_000 * 2 ** (n - 1), 60_000),
    ],
    [
      'document 003: 1 s × 2^(n−1), at most 60 s',
      { delay: '1s', factor: 2, maxDelay: '60s' },
      (n) => Math.min(1_000 * 2 ** (n - 1), 60_000),
    ],
    [
      'EXPONENTIAL_BACKOFF without a cap, beyond a year from the 24th',
      { delay: 5_000, maxDelay: null },
      (n) => 5_000 * 2 ** (n - 1),
    ],
    [
      'EXPONENTIAL_BACKOFF by 1.5',
      { delay: 1_000, factor: 1.5, maxDelay: null },
      (n) => 1_000 * 1.5 ** (n - 1),
    ],
    ['EXPONENTIAL_BACKOFF by 1', { delay: 777, factor: 1 }, () => 777],
    [
      'EXPONENTIAL_BACKOFF by 100, over all that numbers count exactly',
      { delay: '1h', factor: 100, maxDelay: null },
      (n) => 3_600_000 * 100 ** (n - 1),
    ],
    ['a growing delay of 0', { delay: 0, factor: 100, maxDelay: null }, () => 0],
    [
      'FIBONACCI_BACKOFF, at most 60 s',
      { strategy: 'FIBONACCI_BACKOFF', delay: 5_000 },
      (n) => Math.min(5_000 * fib(n), 60_000),
    ],
    [
      'FIBONACCI_BACKOFF without a cap',
      { strategy: 'FIBONACCI_BACKOFF', delay: 1, maxDelay: null },
      fib,
    ],
    [
      'FIBONACCI_BACKOFF of an hour, beyond a year from the 21st',
      { strategy: 'FIBONACCI_BACKOFF', delay: '1h', maxDelay: null },
      (n) => 3_600_000 * fib(n),
    ],
    ['DELAY_LIST', { delays: LIST }, (n) => LIST[Math.min(n, LIST.length) - 1] ?? NaN],
  ])('is exact: %s', (_title, options, closedForm) => {
    const policy = retryPolicy(options);
    expect(NUMBERS.map((n) => waitTime(policy, n, () => 0.5))).toEqual(
      NUMBERS.map((n) => clamp(closedForm(n))),
    );
  });

  const JITTERED = [
    ['FIXED_DELAY', { strategy: 'FIXED_DELAY', delay: 10_000 }],
    ['EXPONENTIAL_BACKOFF', { delay: 10_000, maxDelay: '10m' }],
    ['FIBONACCI_BACKOFF', { strategy: 'FIBONACCI_BACKOFF', delay: 10_000, maxDelay: '10m' }],
    ['DELAY_LIST', { delays: [10_000, 20_000, 5_000] }],
  ] as const satisfies readonly (readonly [string, RetryInput])[];
  const cases = JITTERED.flatMap(([name, options]) =>
    [true, 0.25, 0.5, 1].map((jitter) => [name, jitter, options] as const),
  );

  it.each(cases)(
    'draws within its bounds, all over them, and at the wait in the mean: %s, jitter %s',
    (_name, jitter, options) => {
      const policy = retryPolicy({ ...options, jitter });
      const fraction = typeof jitter === 'number' ? jitter : 0.25;
      const random = seeded(20_261_122);
      for (const n of [1, 2, 5, 50]) {
        const steady = waitTime({ ...policy, jitter: 0 }, n, random);
        const draws = Array.from({ length: 10_000 }, () => waitTime(policy, n, random));
        const [least, most] = [Math.min(...draws), Math.max(...draws)];
        const width = 2 * fraction * steady;
        expect(least).toBeGreaterThanOrEqual(Math.max(1, Math.round(steady * (1 - fraction))));
        expect(most).toBeLessThanOrEqual(Math.round(steady * (1 + fraction)));
        expect(most - least).toBeGreaterThan(0.99 * width);
        // Six times the standard error of the mean of a uniform spread.
        const mean = draws.reduce((sum, wait) => sum + wait, 0) / draws.length;
        expect(Math.abs(mean - steady)).toBeLessThan((6 * width) / Math.sqrt(12 * draws.length));
      }
    },
  );
});

describe('previewWaits', () => {
  it('lists one wait a retry', () => {
    expect(previewWaits(retryPolicy({ maxRetries: 4, delay: 1_000 }))).toEqual([
      1_000, 2_000, 4_000, 8_000,
    ]);
    expect(previewWaits(retryPolicy({ strategy: 'NONE' }))).toEqual([]);
  });

  it('leaves jitter out unless chance is given', () => {
    const policy = retryPolicy({ maxRetries: 1, delay: 1_000, jitter: 0.5 });
    expect(previewWaits(policy)).toEqual([1_000]);
    expect(previewWaits(policy, () => 0)).toEqual([500]);
  });
});

describe('policyFor', () => {
  const policy = retryPolicy({ byError: { SLOW: { strategy: 'FIXED_DELAY', delay: '5m' } } });

  it('gives the policy of the first kind that has its own', () => {
    expect(policyFor(policy, ['X', 'SLOW']).delayMs).toBe(300_000);
  });

  it.each([[['X']], [[]], [['constructor']], [['__proto__']]])('falls back for %j', (kinds) => {
    expect(policyFor(policy, kinds)).toBe(policy);
  });
});

describe('fallbackPolicy', () => {
  it.each([
    ['NONE', 1, 1, 1, 1],
    ['IMMEDIATE', 4, 1, 1, 1],
    ['FIXED_DELAY', 4, 2_000, 1, 2_000],
    ['EXPONENTIAL_BACKOFF', 4, 2_000, 2, 60_000],
    ['FIBONACCI_BACKOFF', 4, 2_000, 1.618, 60_000],
  ] as const)('says %s as the server can', (strategy, attempts, initial, coefficient, maximum) => {
    expect(fallbackPolicy(retryPolicy({ strategy, delay: 2_000 }))).toEqual({
      maximumAttempts: attempts,
      initialIntervalMs: initial,
      backoffCoefficient: coefficient,
      maximumIntervalMs: maximum,
      nonRetryableErrorTypes: [],
    });
  });

  it('takes the first wait of a list', () => {
    const list = fallbackPolicy(retryPolicy({ delays: [30, 40], delay: 9 }));
    expect(list).toMatchObject({
      initialIntervalMs: 30,
      backoffCoefficient: 1,
      maximumAttempts: 3,
    });
  });

  it('takes its own delay for a kind of error under a list', () => {
    const { byError } = retryPolicy({
      delays: [30],
      byError: { SLOW: { strategy: 'FIXED_DELAY', delay: 7_000 } },
    });
    expect(byError?.['SLOW'] && fallbackPolicy(byError['SLOW']).initialIntervalMs).toBe(7_000);
  });

  it('leaves what earlier activities spent, at least one attempt', () => {
    const policy = retryPolicy({ maxRetries: 3 });
    expect([0, 1, 3, 4, 99].map((used) => fallbackPolicy(policy, used).maximumAttempts)).toEqual([
      4, 3, 1, 1, 1,
    ]);
  });

  it('names time-outs in the only two spellings that the server takes, and nothing else', () => {
    const policy = retryPolicy({ neverRetryOn: ['TIMEOUT', 'WORKER_LOST', 'INPUT_INVALID'] });
    expect(fallbackPolicy(policy).nonRetryableErrorTypes).toEqual([
      'TemporalTimeout:StartToClose',
      'TemporalTimeout:Heartbeat',
    ]);
  });

  it('is always acceptable to the server', () => {
    fc.assert(
      fc.property(retryPolicies, fc.nat(2_000), (policy, attemptsUsed) => {
        const said = fallbackPolicy(policy, attemptsUsed);
        expect(said.initialIntervalMs).toBeGreaterThanOrEqual(1);
        expect(Number.isInteger(said.initialIntervalMs)).toBe(true);
        expect(said.maximumIntervalMs).toBeGreaterThanOrEqual(said.initialIntervalMs);
        expect(said.backoffCoefficient).toBeGreaterThanOrEqual(1);
        expect(said.maximumAttempts).toBeGreaterThanOrEqual(1);
        expect(Number.isInteger(said.maximumAttempts)).toBe(true);
        for (const name of said.nonRetryableErrorTypes)
          expect(name).toMatch(/^TemporalTimeout:(StartToClose|Heartbeat)$/);
      }),
    );
  });

  it.each(RETRY_STRATEGIES.filter((name) => name !== 'DELAY_LIST'))(
    'waits first as long as %s does',
    (strategy) => {
      const policy = retryPolicy({ strategy, delay: 1_234 });
      expect(fallbackPolicy(policy).initialIntervalMs).toBe(waitTime(policy, 1, () => 0));
    },
  );
});

/** Mulberry32: a small source of chance that is the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
