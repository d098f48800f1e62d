/** What an Argo template says of how its step runs: retries, time-outs, locks. */
import { preview } from '../domain/json.js';
import type { TaskOptionsInput } from '../domain/spec.js';
import { piecesOf, staticText, type Scope } from './argo-scope.js';
import { NotTranslatable } from './logic.js';
import type { Source } from './source.js';

/** Ten years, in milliseconds. */
const MOST_MS = 10 * 365 * 24 * 3_600_000;
const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** The text of a part with its tags put in, where that is known before the run; else a loss. */
export function knownText(source: Source, scope: Scope, otherwise: string): string | undefined {
  const text = source.text();
  if (text === undefined) return undefined;
  try {
    const fixed = staticText(piecesOf(text, scope));
    if (fixed !== undefined) return fixed;
  } catch (error) {
    if (!(error instanceof NotTranslatable)) throw error;
  }
  source.lose(`${preview(text)} is not known before the run; ${otherwise}`);
  return undefined;
}

/** A duration as Go writes it, `1h30m` or `20s`; a number alone is seconds. */
export function durationOf(source: Source, scope: Scope): string | number | undefined {
  const text = knownText(source, scope, 'left out');
  if (text === undefined) return undefined;
  const seconds = Number(text);
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  const ms =
    text.trim() !== '' && !Number.isNaN(seconds)
      ? seconds * 1_000
      : parts.map(([whole]) => whole).join('') === text.trim() && parts.length > 0
        ? parts.reduce(
            (sum, [, value, unit]) => sum + Number(value) * (UNIT_MS[unit ?? ''] ?? NaN),
            0,
          )
        : NaN;
  if (!(ms >= 0 && ms <= MOST_MS)) {
    source.lose(`${preview(text)} is no duration; left out`);
    return undefined;
  }
  const [only] = parts;
  if (parts.length === 1 && only?.[0] === text) return text;
  return Number.isInteger(ms / 1_000) ? `${ms / 1_000}s` : ms;
}

/** `activeDeadlineSeconds` or `timeout` of a template. */
export function timeoutOf(template: Source, scope: Scope): string | number | undefined {
  const deadline = template.get('activeDeadlineSeconds');
  const timeout = template.get('timeout');
  const first = deadline.given ? durationOf(deadline, scope) : undefined;
  const second = timeout.given ? durationOf(timeout, scope) : undefined;
  return first ?? second;
}

/** `retryStrategy`, with the bound of all attempts where it has one. */
export function retryOf(
  source: Source,
  scope: Scope,
): Pick<TaskOptionsInput, 'retry' | 'totalTimeout'> {
  if (!source.given) return {};
  const policy = source.get('retryPolicy');
  if (policy.given && !['Always', 'OnFailure'].includes(String(policy.value)))
    policy.lose(
      `${preview(policy.value)}: every kind of failure is retried here, unless retryOn or neverRetryOn says else`,
    );
  else policy.text();
  const expression = source.get('expression');
  if (expression.given)
    expression.lose(
      `${preview(expression.text()?.trim(), 300)}: whether to retry is decided by retryOn, neverRetryOn or classifyError of the task; left out`,
    );
  const maxRetries = limitOf(source.get('limit'), scope);
  const backoff = source.get('backoff');
  if (!backoff.given) return { retry: { strategy: 'IMMEDIATE', maxRetries } };
  const delay = durationOf(backoff.get('duration'), scope) ?? '5s';
  const factor = factorOf(backoff.get('factor'), scope);
  const cap = durationOf(backoff.get('cap'), scope);
  const totalTimeout = durationOf(backoff.get('maxDuration'), scope);
  const retry =
    factor === undefined
      ? ({ strategy: 'FIXED_DELAY', maxRetries, delay } as const)
      : ({
          strategy: 'EXPONENTIAL_BACKOFF',
          maxRetries,
          delay,
          factor,
          maxDelay: cap ?? null,
        } as const);
  return { retry, ...(totalTimeout === undefined ? {} : { totalTimeout }) };
}

function limitOf(source: Source, scope: Scope): number {
  const text = source.given ? knownText(source, scope, '3 retries instead') : undefined;
  if (!source.given) {
    source.losses.add(source.path, 'limit', 'retried without end there; at most 1,000 times here');
    return 1_000;
  }
  const limit = Number(text ?? 3);
  if (Number.isInteger(limit) && limit >= 0 && limit <= 1_000) return limit;
  source.lose(`${preview(text)} retries; at most 1,000 here`);
  return 1_000;
}

function factorOf(source: Source, scope: Scope): number | undefined {
  if (!source.given) return undefined;
  const text = knownText(source, scope, '2 instead');
  const factor = Number(text ?? 2);
  if (factor >= 1 && factor <= 100) return factor;
  source.lose(`the factor ${preview(text)} is not one from 1 to 100; 2 instead`);
  return 2;
}

/** One mutex of a template is a limit of one. */
export function lockOf(source: Source, scope: Scope): TaskOptionsInput['limit'] {
  if (!source.given) return undefined;
  const single = source.get('mutex');
  const mutexes = [...(single.given ? [single] : []), ...source.get('mutexes').items()];
  const [first, ...more] = mutexes;
  for (const one of more) one.lose('a node has one limit; this mutex is left out');
  for (const key of ['semaphore', 'semaphores'])
    if (source.get(key).given)
      source.get(key).lose('its size stands in a ConfigMap; say limit: { key, max } at the node');
  if (!first) return undefined;
  const namespace = first.get('namespace').text();
  const name = knownText(first.get('name'), scope, 'left out');
  if (name === undefined || name === '') return undefined;
  return { key: namespace === undefined ? name : `${namespace}/${name}`, max: 1 };
}
