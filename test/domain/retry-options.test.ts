import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  RetryOptionsSchema,
  resolveRetry,
  type RetryInput,
} from '../../src/domain/retry-options.js';
import { previewWaits } from '../../src/domain/retry.js';
import { retryInputs, retryPolicy } from './support/retry.js';

const layers = (...inputs: (RetryInput | undefined)[]) =>
  resolveRetry(
    ...inputs.map((input) => (input === undefined ? undefined : RetryOptionsSchema.parse(input))),
  );

describe('resolveRetry', () => {
  it('fills in the defaults', () => {
    expect(layers()).toEqual({
      strategy: 'EXPONENTIAL_BACKOFF',
      maxRetries: 3,
      delayMs: 5_000,
      factor: 2,
      maxDelayMs: 60_000,
      jitter: 0,
      neverRetryOn: [],
      unknownErrors: 'retry',
      maxRetryAfterMs: 3_600_000,
    });
  });

  it.each<[string, RetryInput, object]>([
    ['a strategy by name', 'IMMEDIATE', { strategy: 'IMMEDIATE', maxRetries: 3 }],
    ['NONE as no retry at all', 'NONE', { strategy: 'NONE', maxRetries: 0 }],
    ['NONE with no retries', { strategy: 'NONE', maxRetries: 0 }, { maxRetries: 0 }],
    [
      'delays as a list, once each',
      { delays: ['1s', '2s'] },
      { strategy: 'DELAY_LIST', maxRetries: 2, delaysMs: [1_000, 2_000] },
    ],
    ['delays with a number of retries', { delays: [1], maxRetries: 9 }, { maxRetries: 9 }],
    ['maxDelay null as no cap', { maxDelay: null }, { maxDelayMs: null }],
    ['a long delay as its own cap', { delay: '2m' }, { maxDelayMs: 120_000 }],
    ['jitter true as a quarter', { jitter: true }, { jitter: 0.25 }],
    ['jitter false as none', { jitter: false }, { jitter: 0 }],
    ['retryOn as all that is retried', { retryOn: ['X'] }, { unknownErrors: 'fail' }],
    [
      'retryOn with unknownErrors said',
      { retryOn: ['X'], unknownErrors: 'retry' },
      { unknownErrors: 'retry' },
    ],
    ['neverRetryOn alone as an exception', { neverRetryOn: ['X'] }, { unknownErrors: 'retry' }],
    [
      'maxDelay below the delay of a strategy that does not grow',
      { strategy: 'FIXED_DELAY', delay: '5s', maxDelay: '1s' },
      { delayMs: 5_000 },
    ],
  ])('takes %s', (_title, input, expected) => {
    expect(layers(input)).toMatchObject(expected);
  });

  it.each<[string, RetryInput, RegExp]>([
    [
      'NONE with retries',
      { strategy: 'NONE', maxRetries: 2 },
      /NONE means no retry, but maxRetries is 2/,
    ],
    [
      'a cap below the delay',
      { delay: '10s', maxDelay: '1s' },
      /maxDelay \(1 s\) is below delay \(10 s\)/,
    ],
    [
      'a list for another strategy',
      { strategy: 'FIXED_DELAY', delays: [1] },
      /FIXED_DELAY takes no "delays"/,
    ],
    ['DELAY_LIST without a list', { strategy: 'DELAY_LIST' }, /DELAY_LIST needs "delays"/],
    [
      'the same within byError',
      { byError: { X: { delay: '10s', maxDelay: '1s' } } },
      /maxDelay \(1 s\)/,
    ],
  ])('refuses %s', (_title, input, message) => {
    expect(() => layers(input)).toThrow(RangeError);
    expect(() => layers(input)).toThrow(message);
  });

  it('takes the cap for the delay where the cap is below the default delay', () => {
    expect(layers({ maxDelay: '1s' })).toMatchObject({ delayMs: 1_000, maxDelayMs: 1_000 });
  });

  it('takes each field from the strongest layer that has it', () => {
    const policy = layers(
      { maxRetries: 1 },
      undefined,
      { maxRetries: 2, delay: 1_000 },
      { strategy: 'FIXED_DELAY', delay: 9_000, jitter: 0.5, neverRetryOn: ['X'] },
    );
    expect(policy).toMatchObject({
      strategy: 'FIXED_DELAY',
      maxRetries: 1,
      delayMs: 1_000,
      jitter: 0.5,
      neverRetryOn: ['X'],
    });
  });

  it.each<[string, RetryInput, RetryInput, object]>([
    [
      'a strategy',
      'EXPONENTIAL_BACKOFF',
      { delay: '1m', factor: 9, maxDelay: '2m' },
      { delayMs: 5_000, factor: 2, maxDelayMs: 60_000 },
    ],
    [
      'a strategy over a list',
      'FIXED_DELAY',
      { delays: [1, 2] },
      { strategy: 'FIXED_DELAY', delayMs: 5_000 },
    ],
    [
      'a list over a strategy',
      { delays: [1, 2] },
      { strategy: 'FIXED_DELAY', delay: 9 },
      { strategy: 'DELAY_LIST', delaysMs: [1, 2] },
    ],
    [
      'NONE over a number of retries',
      'NONE',
      { maxRetries: 9 },
      { strategy: 'NONE', maxRetries: 0 },
    ],
  ])('starts afresh where a layer names %s', (_title, strong, weak, expected) => {
    expect(layers(strong, weak)).toMatchObject(expected);
  });

  it('keeps how often and which errors from weaker layers where a layer names a strategy', () => {
    expect(layers('IMMEDIATE', { maxRetries: 9, jitter: 0.1, retryOn: ['X'] })).toMatchObject({
      maxRetries: 9,
      jitter: 0.1,
      retryOn: ['X'],
    });
  });

  it('gives what all layers together say where none repeats a field', () => {
    const whole = { strategy: 'FIXED_DELAY', maxRetries: 7, delay: 20, jitter: 0.5 } as const;
    const { strategy, maxRetries, ...rest } = whole;
    expect(layers({ maxRetries }, rest, { strategy })).toEqual(layers(whole));
  });

  it('either refuses with a RangeError or gives a policy that waits, whatever the layers', () => {
    fc.assert(
      fc.property(fc.array(retryInputs, { maxLength: 4 }), (inputs) => {
        try {
          const policy = layers(...inputs);
          expect(previewWaits(policy)).toHaveLength(policy.maxRetries);
          expect(policy.strategy === 'NONE' && policy.maxRetries > 0).toBe(false);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });

  it('lets the strongest strategy win, whatever stands below it', () => {
    fc.assert(
      fc.property(retryInputs, (weak) => {
        expect(layers({ strategy: 'FIXED_DELAY', delay: 77 }, weak)).toMatchObject({
          strategy: 'FIXED_DELAY',
          delayMs: 77,
        });
      }),
    );
  });
});

describe('resolveRetry with byError', () => {
  it('gives a kind of error waits of its own and the rest of the policy', () => {
    const policy = retryPolicy({
      maxRetries: 5,
      delay: 100,
      jitter: 0.1,
      neverRetryOn: ['X'],
      byError: { HTTP_429: { strategy: 'FIXED_DELAY', delay: '1m', maxRetries: 9 } },
    });
    expect(policy.byError?.['HTTP_429']).toMatchObject({
      strategy: 'FIXED_DELAY',
      delayMs: 60_000,
      maxRetries: 9,
      jitter: 0.1,
      neverRetryOn: ['X'],
    });
  });

  it('takes over how often, and not how long', () => {
    const policy = retryPolicy({ maxRetries: 5, delay: 100, byError: { X: { factor: 3 } } });
    expect(policy.byError?.['X']).toMatchObject({ maxRetries: 5, delayMs: 5_000, factor: 3 });
  });

  it('lets a kind of error never be retried, although others are', () => {
    const policy = retryPolicy({ maxRetries: 5, byError: { X: { strategy: 'NONE' } } });
    expect(policy.byError?.['X']).toMatchObject({ strategy: 'NONE', maxRetries: 0 });
    expect(policy.maxRetries).toBe(5);
  });

  it('brings nothing of the list above it', () => {
    const policy = retryPolicy({ delays: [1, 2], byError: { X: { strategy: 'IMMEDIATE' } } });
    expect(policy.byError?.['X']).not.toHaveProperty('delaysMs');
  });
});

describe('RetryOptionsSchema', () => {
  it.each([
    ['an unknown strategy', 'SOMETIMES'],
    ['an unknown field', { dely: 1 }],
    ['a fraction of a retry', { maxRetries: 1.5 }],
    ['fewer than no retries', { maxRetries: -1 }],
    ['over a thousand retries', { maxRetries: 1_001 }],
    ['a factor that shrinks', { factor: 0.5 }],
    ['an endless factor', { factor: Infinity }],
    ['jitter over 1', { jitter: 1.1 }],
    ['jitter that is no number', { jitter: NaN }],
    ['an empty list', { delays: [] }],
    ['a bad duration in a list', { delays: ['1s', 'soon'] }],
    ['an error without a name', { retryOn: [''] }],
    ['byError within byError', { byError: { X: { byError: {} } } }],
    ['a number', 5],
    ['null', null],
  ])('refuses %s', (_title, input) => {
    expect(RetryOptionsSchema.safeParse(input).success).toBe(false);
  });
});
