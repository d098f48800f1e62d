/** What a caller may say of retries, and how several such sayings become one policy. */
import { z } from 'zod';
import { byName } from './by-name.js';
import { DurationSchema, formatDuration } from './duration.js';
import { DEFAULT_RETRY, grows, RETRY_STRATEGIES, type RetryPolicy } from './retry.js';

const shape = {
  /** How waits grow. Default EXPONENTIAL_BACKOFF, or DELAY_LIST where `delays` is given. */
  strategy: z.enum(RETRY_STRATEGIES).optional(),
  /** Retries after the first attempt, so `maxRetries + 1` attempts in all. Default 3; with `delays`, their number. */
  maxRetries: z.int().min(0).max(1_000).optional(),
  /** The wait that the strategy multiplies. Default 5 s. */
  delay: DurationSchema.optional(),
  /** Growth of EXPONENTIAL_BACKOFF. Default 2. */
  factor: z.number().min(1).max(100).optional(),
  /** Cap of EXPONENTIAL and FIBONACCI waits; null for none. Default: the larger of 60 s and `delay`. */
  maxDelay: DurationSchema.nullable().optional(),
  /** The waits of DELAY_LIST, in order; the last one repeats. */
  delays: z.array(DurationSchema).min(1).max(1_000).optional(),
};

export const RetryObjectSchema = z.strictObject({
  ...shape,
  /** Random spread either side of a wait, as a fraction: 0.25 is ±25 %; `true` means 0.25. Default 0. */
  jitter: z
    .union([z.boolean(), z.number().min(0).max(1)])
    .transform((value) => (value === true ? 0.25 : value === false ? 0 : value))
    .optional(),
  /** Codes or names of errors that are retried; where given, other errors are not. */
  retryOn: z.array(z.string().min(1)).max(200).optional(),
  /** Codes or names of errors that are never retried; `TIMEOUT` and `WORKER_LOST` among them. */
  neverRetryOn: z.array(z.string().min(1)).max(200).optional(),
  /** What happens to an error on no list. Default 'retry'; 'fail' where `retryOn` is given. */
  unknownErrors: z.enum(['retry', 'fail']).optional(),
  /** Longest wait an error may ask for itself (`retryAfterMs`). Default 1 h. */
  maxRetryAfter: DurationSchema.optional(),
  /** A policy of its own for a kind of error, by code or name. */
  byError: byName(z.string(), z.strictObject(shape)).optional(),
});

/** What a caller may say of retries: a strategy's name, or an object. Every field optional, unknown ones refused. */
export const RetryOptionsSchema = z.union([
  z
    .enum(RETRY_STRATEGIES)
    .transform((strategy): z.output<typeof RetryObjectSchema> => ({ strategy })),
  RetryObjectSchema,
]);
/** A policy as parsed: durations in milliseconds. */
export type RetryOptions = z.output<typeof RetryOptionsSchema>;
/** A policy as one writes it: a strategy's name, or its fields. */
export type RetryInput = z.input<typeof RetryOptionsSchema>;
type Waits = Pick<RetryOptions, keyof typeof shape>;

/**
 * One policy out of several layers, strongest first: each field from the strongest layer that has it. A layer that
 * names a strategy or a list starts afresh: weaker layers' waits do not mix into it.
 *
 * @throws RangeError when the fields contradict each other
 */
export function resolveRetry(...layers: readonly (RetryOptions | undefined)[]): RetryPolicy {
  return complete(mergeRetry(layers).merged);
}

/** What the layers say together, and of each field the index of the layer that it is from. */
export function mergeRetry(layers: readonly (RetryOptions | undefined)[]): {
  merged: RetryOptions;
  from: Map<keyof RetryOptions, number>;
} {
  const merged: RetryOptions = {};
  const from = new Map<keyof RetryOptions, number>();
  layers.forEach((layer, index) => {
    if (layer === undefined) return;
    const settled = merged.strategy !== undefined || merged.delays !== undefined;
    for (const [key, value] of Object.entries(layer)) {
      if (value === undefined || Object.hasOwn(merged, key)) continue;
      const ofWaits = Object.hasOwn(shape, key) && key !== 'maxRetries';
      if (settled && (ofWaits || (key === 'maxRetries' && merged.strategy === 'NONE'))) continue;
      // A stronger layer that asks for retries has overruled a weaker NONE.
      if (key === 'strategy' && value === 'NONE' && (merged.maxRetries ?? 0) > 0) continue;
      Object.assign(merged, { [key]: value });
      from.set(key as keyof RetryOptions, index);
    }
  });
  return { merged, from };
}

function complete(options: RetryOptions): RetryPolicy {
  const { retryOn, byError } = options;
  const common = {
    jitter: options.jitter ?? 0,
    neverRetryOn: options.neverRetryOn ?? [],
    unknownErrors: options.unknownErrors ?? (retryOn ? 'fail' : 'retry'),
    maxRetryAfterMs: options.maxRetryAfter ?? 3_600_000,
    ...(retryOn ? { retryOn } : {}),
  };
  const policy: RetryPolicy = { ...completeWaits(options), ...common };
  if (byError) {
    const own = Object.entries(byError).map(([code, waits]) => [
      code,
      { ...completeWaits({ ...inheritedWaits(options, waits), ...waits }), ...common },
    ]);
    policy.byError = Object.fromEntries(own) as Record<string, RetryPolicy>;
  }
  return policy;
}

/** A kind of error takes over how often, not how long; and nothing where it is never retried. */
const inheritedWaits = ({ maxRetries }: Waits, own: Waits): Waits =>
  maxRetries === undefined || own.strategy === 'NONE' ? {} : { maxRetries };

function completeWaits(
  waits: Waits,
): Pick<RetryPolicy, 'strategy' | 'maxRetries' | 'delayMs' | 'factor' | 'maxDelayMs' | 'delaysMs'> {
  const strategy = waits.strategy ?? (waits.delays ? 'DELAY_LIST' : 'EXPONENTIAL_BACKOFF');
  // A cap below the default delay is no contradiction: nobody asked for that delay.
  const delayMs = waits.delay ?? Math.min(DEFAULT_RETRY.delayMs, waits.maxDelay ?? Infinity);
  if ((strategy === 'DELAY_LIST') !== (waits.delays !== undefined)) {
    throw new RangeError(
      `strategy ${strategy} ${waits.delays ? 'takes no "delays"' : 'needs "delays"'}; use one or the other`,
    );
  }
  if (strategy === 'NONE' && (waits.maxRetries ?? 0) > 0) {
    throw new RangeError(
      `strategy NONE means no retry, but maxRetries is ${waits.maxRetries}; drop one of the two`,
    );
  }
  if (typeof waits.maxDelay === 'number' && waits.maxDelay < delayMs && grows(strategy)) {
    throw new RangeError(
      `maxDelay (${formatDuration(waits.maxDelay)}) is below delay (${formatDuration(delayMs)}); raise it, or null for no cap`,
    );
  }
  return {
    strategy,
    maxRetries:
      strategy === 'NONE'
        ? 0
        : (waits.maxRetries ?? waits.delays?.length ?? DEFAULT_RETRY.maxRetries),
    delayMs,
    factor: waits.factor ?? DEFAULT_RETRY.factor,
    maxDelayMs:
      waits.maxDelay === undefined ? Math.max(DEFAULT_RETRY.maxDelayMs, delayMs) : waits.maxDelay,
    ...(waits.delays ? { delaysMs: waits.delays } : {}),
  };
}
