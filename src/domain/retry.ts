/**
 * Retry: whether a failed attempt is followed by another, and after how long.
 *
 * Pure. The pipeline asks it for the next wait, validation checks with it what a caller sends, `retry-preview` prints it.
 * R1. Attempts count from 1; the wait after attempt n answers the n-th failure.
 * R2. Cap first, then jitter, then clamp to [1 ms, 365 d]: a wait of 0 would mean "no retry" to the server.
 * R3. The same policy, n and `random` give the same wait.
 */
export const RETRY_STRATEGIES = [
  'NONE',
  'IMMEDIATE',
  'FIXED_DELAY',
  'EXPONENTIAL_BACKOFF',
  'FIBONACCI_BACKOFF',
  'DELAY_LIST',
] as const;
/** How waits between attempts grow. */
export type RetryStrategy = (typeof RETRY_STRATEGIES)[number];

const MIN_WAIT_MS = 1;
const MAX_WAIT_MS = 365 * 86_400_000;

/** A whole policy, times in milliseconds. */
export interface RetryPolicy {
  strategy: RetryStrategy;
  maxRetries: number;
  delayMs: number;
  factor: number;
  /** Cap of EXPONENTIAL and FIBONACCI waits; null for none. */
  maxDelayMs: number | null;
  delaysMs?: number[];
  jitter: number;
  retryOn?: string[];
  neverRetryOn: string[];
  unknownErrors: 'retry' | 'fail';
  maxRetryAfterMs: number;
  byError?: Record<string, RetryPolicy>;
}

/** The library's defaults. */
export const DEFAULT_RETRY = {
  maxRetries: 3,
  delayMs: 5_000,
  factor: 2,
  maxDelayMs: 60_000,
} as const;

/** True for a strategy whose waits `maxDelay` caps. */
export const grows = (strategy: RetryStrategy): boolean =>
  strategy === 'EXPONENTIAL_BACKOFF' || strategy === 'FIBONACCI_BACKOFF';

/** The wait after the n-th failure before cap and jitter. TypeScript refuses a strategy without a row. */
const BASE: Record<RetryStrategy, (policy: RetryPolicy, n: number) => number> = {
  NONE: () => 0,
  IMMEDIATE: () => 0,
  FIXED_DELAY: (policy) => policy.delayMs,
  // ×1, 2, 4, 8; never ×Infinity, which would make NaN of a delay of 0
  EXPONENTIAL_BACKOFF: (policy, n) =>
    policy.delayMs * Math.min(policy.factor ** (n - 1), MAX_WAIT_MS),
  FIBONACCI_BACKOFF: (policy, n) => policy.delayMs * fibonacci(n), // ×1, 1, 2, 3, 5
  DELAY_LIST: (policy, n) => policy.delaysMs?.[Math.min(n, policy.delaysMs.length) - 1] ?? 0,
};

/**
 * The wait after the n-th failure, in milliseconds from 1 to 365 days. Jitter comes after the cap, so a wait may pass
 * `maxDelay` by that fraction.
 *
 * @param n the attempt that just failed; the first is 1
 * @param random source of jitter in [0, 1)
 * @throws RangeError when n is not a positive integer
 */
export function waitTime(policy: RetryPolicy, n: number, random: () => number): number {
  if (!Number.isInteger(n) || n < 1)
    throw new RangeError(`attempt must be a positive integer, got ${n}`);
  const base = BASE[policy.strategy](policy, n);
  const capped =
    grows(policy.strategy) && policy.maxDelayMs !== null ? Math.min(base, policy.maxDelayMs) : base;
  const spread = policy.jitter === 0 ? 1 : 1 + policy.jitter * (2 * random() - 1);
  return Math.round(Math.min(Math.max(capped * spread, MIN_WAIT_MS), MAX_WAIT_MS));
}

/** The waits before each retry of a policy, in milliseconds, without jitter unless `random` is given. */
export function previewWaits(policy: RetryPolicy, random?: () => number): number[] {
  const steady = random ? policy : { ...policy, jitter: 0 };
  return Array.from({ length: policy.maxRetries }, (_, i) =>
    waitTime(steady, i + 1, random ?? (() => 0.5)),
  );
}

/** The policy for an error of this kind: its own one, where `byError` has it. */
export function policyFor(policy: RetryPolicy, kinds: readonly string[]): RetryPolicy {
  const kind = kinds.find(
    (name) => policy.byError !== undefined && Object.hasOwn(policy.byError, name),
  );
  return (kind === undefined ? undefined : policy.byError?.[kind]) ?? policy;
}

/**
 * The nearest thing to a policy that Temporal's server can say by itself. It rules the retries that no worker decides:
 * after a time-out or a lost worker.
 */
export interface FallbackPolicy {
  maximumAttempts: number;
  initialIntervalMs: number;
  backoffCoefficient: number;
  maximumIntervalMs: number;
  nonRetryableErrorTypes: string[];
}

/** @param attemptsUsed attempts spent in earlier activities of the same node */
export function fallbackPolicy(policy: RetryPolicy, attemptsUsed = 0): FallbackPolicy {
  const first =
    policy.strategy === 'IMMEDIATE' || policy.strategy === 'NONE'
      ? 0
      : (policy.delaysMs?.[0] ?? policy.delayMs);
  const initialIntervalMs = Math.min(Math.max(first, MIN_WAIT_MS), MAX_WAIT_MS);
  const backoffCoefficient =
    policy.strategy === 'EXPONENTIAL_BACKOFF'
      ? policy.factor
      : policy.strategy === 'FIBONACCI_BACKOFF'
        ? 1.618
        : 1;
  const cap = grows(policy.strategy) ? (policy.maxDelayMs ?? MAX_WAIT_MS) : initialIntervalMs;
  // A kind of error may be worth more attempts than the others: the pipeline decides, the server must not stop it.
  const most = Math.max(
    policy.maxRetries,
    ...Object.values(policy.byError ?? {}).map((own) => own.maxRetries),
  );
  return {
    maximumAttempts: Math.max(1, most + 1 - attemptsUsed),
    initialIntervalMs,
    backoffCoefficient,
    maximumIntervalMs: Math.max(initialIntervalMs, cap),
    // Any other spelling makes the workflow task fail for ever ("Invalid timeout").
    nonRetryableErrorTypes: [
      ...(policy.neverRetryOn.includes('TIMEOUT') ? ['TemporalTimeout:StartToClose'] : []),
      ...(policy.neverRetryOn.includes('WORKER_LOST') ? ['TemporalTimeout:Heartbeat'] : []),
    ],
  };
}

function fibonacci(n: number): number {
  let [previous, current] = [0, 1];
  for (let i = 1; i < n && current < MAX_WAIT_MS; i++)
    [previous, current] = [current, previous + current];
  return current;
}
