/** Retry policies for tests: of what a caller may write, and any at all. */
import fc from 'fast-check';
import {
  RetryOptionsSchema,
  resolveRetry,
  type RetryInput,
} from '../../../src/domain/retry-options.js';
import { RETRY_STRATEGIES, type RetryPolicy } from '../../../src/domain/retry.js';

/** The policy of one layer of options. */
export const retryPolicy = (options: RetryInput): RetryPolicy =>
  resolveRetry(RetryOptionsSchema.parse(options));

const durations = fc.oneof(
  fc.constantFrom(0, 1, 5_000, '5s', '1h', '3650d'),
  fc.nat({ max: 10_000_000 }),
);
const errorNames = fc.array(fc.constantFrom('TIMEOUT', 'WORKER_LOST', 'X', 'ECONNRESET'), {
  maxLength: 3,
});

/** What a caller may write; some of it contradicts itself. */
export const retryInputs: fc.Arbitrary<Exclude<RetryInput, string>> = fc.record(
  {
    strategy: fc.constantFrom(...RETRY_STRATEGIES),
    maxRetries: fc.nat({ max: 1_000 }),
    delay: durations,
    factor: fc.double({ min: 1, max: 100, noNaN: true }),
    maxDelay: fc.oneof(durations, fc.constant(null)),
    delays: fc.array(durations, { minLength: 1, maxLength: 5 }),
    jitter: fc.oneof(fc.boolean(), fc.double({ min: 0, max: 1, noNaN: true })),
    retryOn: errorNames,
    neverRetryOn: errorNames,
    unknownErrors: fc.constantFrom('retry' as const, 'fail' as const),
  },
  { requiredKeys: [] },
);

/** Every policy that options can lead to. */
export const retryPolicies: fc.Arbitrary<RetryPolicy> = retryInputs
  .map((options) => {
    try {
      return retryPolicy(consistent(options));
    } catch {
      return undefined;
    }
  })
  .filter((policy) => policy !== undefined);

/** The same without its most usual contradictions, so that few are thrown away. */
function consistent(options: Exclude<RetryInput, string>): RetryInput {
  const { strategy, delays, maxRetries, ...rest } = options;
  const list = strategy === 'DELAY_LIST' ? { delays: delays ?? [1] } : {};
  const count = strategy === 'NONE' || maxRetries === undefined ? {} : { maxRetries };
  return { ...rest, ...(strategy === undefined ? {} : { strategy }), ...list, ...count };
}
