/** `tempograph retry-preview`: the waits of a retry policy, without running anything. */
import { formatDuration } from '../domain/duration.js';
import {
  previewWaits,
  RETRY_STRATEGIES,
  type RetryPolicy,
  type RetryStrategy,
} from '../domain/retry.js';
import { resolveRetry, RetryOptionsSchema } from '../domain/retry-options.js';
import { table, type Cell } from './columns.js';
import {
  option,
  decimal,
  duration,
  wholeNumber,
  type CommandDefinition,
  type CommonOptions,
} from './command.js';
import { oneOf } from './one-of.js';
import { EXIT, UsageError } from './exit.js';
import type { Output } from './output.js';

interface RetryPreviewOptions extends CommonOptions {
  strategy?: RetryStrategy;
  delay?: number;
  maxRetries?: number;
  factor?: number;
  maxDelay?: number | 'none';
  jitter?: number | true;
  delays?: number[];
}

export const retryPreview: CommandDefinition<RetryPreviewOptions> = {
  name: 'retry-preview',
  summary: 'Show the waits of a retry policy',
  description:
    'What is not given is as in a task: EXPONENTIAL_BACKOFF, 3 retries, 5 s, factor 2, at most 60 s, no jitter.',
  connects: false,
  options: [
    option('--strategy <name>', RETRY_STRATEGIES.join(', '), oneOf('--strategy', RETRY_STRATEGIES)),
    option('--delay <duration>', 'such as 5s, 1.5h, or milliseconds', duration('--delay')),
    option(
      '--max-retries <n>',
      'retries after the first attempt',
      wholeNumber('--max-retries', 0, 1_000),
    ),
    option('--factor <number>', 'growth of EXPONENTIAL_BACKOFF', decimal('--factor', 1, 100)),
    option('--max-delay <duration>', 'cap of growing waits; none for no cap', (text) =>
      text === 'none' ? 'none' : duration('--max-delay')(text),
    ),
    option(
      '--jitter [fraction]',
      'random spread of each wait, 0.25 if none is given',
      decimal('--jitter', 0, 1),
    ),
    option('--delays <list>', 'the waits of DELAY_LIST, such as 1s,5s,30s', (text) =>
      text.split(',').map(duration('--delays')),
    ),
  ],
  examples: [
    ['tempograph retry-preview --strategy FIBONACCI_BACKOFF --delay 1s --max-retries 6', ''],
    ['tempograph retry-preview --delays 1s,5s,30s', 'a list of waits'],
  ],
  run: async (out, options) => {
    const policy = policyOf(options);
    const waitsMs = previewWaits(policy);
    out.document({ waitsMs });
    print(out, policy, waitsMs);
    return EXIT.done;
  },
};

/** @throws UsageError when the options contradict each other */
function policyOf({ json: _json, maxDelay, ...given }: RetryPreviewOptions): RetryPolicy {
  const cap = maxDelay === undefined ? {} : { maxDelay: maxDelay === 'none' ? null : maxDelay };
  try {
    return resolveRetry(RetryOptionsSchema.parse({ ...given, ...cap }));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function print(out: Output, policy: RetryPolicy, waitsMs: readonly number[]): void {
  const { style } = out;
  const { jitter } = policy;
  if (waitsMs.length === 0) {
    out.print(`${policy.strategy}: one attempt, no retry`);
    return;
  }
  const titles = ['AFTER ATTEMPT', 'WAIT', ...(jitter > 0 ? ['FROM', 'TO'] : []), 'TOTAL'];
  let totalMs = 0;
  const rows = waitsMs.map((waitMs, index): Cell[] => {
    totalMs += waitMs;
    const spread = jitter > 0 ? [waitMs * (1 - jitter), waitMs * (1 + jitter)] : [];
    const texts = [String(index + 1), ...[waitMs, ...spread, totalMs].map(formatDuration)];
    return texts.map((text) => ({ text }));
  });
  const head = titles.map((text): Cell => ({ text, paint: style.dim }));
  for (const line of table([head, ...rows])) out.print(line);
  const attempts = `${waitsMs.length + 1} attempts, ${formatDuration(totalMs)} of waiting`;
  out.print(
    `${policy.strategy}: ${attempts}${jitter > 0 ? `, each wait ±${Math.round(jitter * 100)} %` : ''}`,
  );
}
