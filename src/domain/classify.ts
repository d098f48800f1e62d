/**
 * Which errors are worth a retry. The order is fixed: never-retry list, retriable list, the error's own `retriable`,
 * then what the policy says of unknown errors.
 */
import { NO_KINDS, type ErrorKinds } from './error-kinds.js';
import { isObject } from './json.js';
import type { RetryPolicy } from './retry.js';

/** Errors that are retried unless a policy says otherwise: mostly a network that may recover. */
export const RETRIABLE_BY_DEFAULT: readonly string[] = [
  ...[
    'ECONNRESET',
    'ECONNREFUSED',
    'ECONNABORTED',
    'ETIMEDOUT',
    'EPIPE',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
  ],
  ...['EBUSY', 'EAGAIN', 'EMFILE'],
  // Of `AbortSignal.timeout`, and of Node's own fetch.
  ...['TimeoutError', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT'],
  ...['UND_ERR_BODY_TIMEOUT', 'UND_ERR_SOCKET'],
  ...['HTTP_408', 'HTTP_425', 'HTTP_429', 'HTTP_500', 'HTTP_502', 'HTTP_503', 'HTTP_504'],
];

/** Errors that are never retried unless a policy names them in `retryOn`. */
export const NEVER_RETRIED_BY_DEFAULT: readonly string[] = [
  ...[
    'INPUT_INVALID',
    'OUTPUT_INVALID',
    'CONFIGURATION',
    'UNKNOWN_TASK',
    'EXPRESSION',
    'TOO_LARGE',
    'VETOED',
  ],
  ...['CANCELLED', 'NON_RETRIABLE', 'NonRetriableError'],
];

/**
 * Every name that a thrown thing answers to: its `code`, its `name`, `HTTP_<status>`, `EXIT_<code>` of a program, the
 * names of its classes, and the same along `cause` (at most ten deep), nearest first.
 */
export function errorKinds(error: unknown): string[] {
  return safely(() => readKinds(error)) ?? [];
}

/** Undefined where an error's fields cannot be read. */
function safely<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function readKinds(error: unknown): string[] {
  const kinds = new Set<string>();
  let current = error;
  for (let depth = 0; depth < 10 && isObject(current); depth++) {
    const { details } = current;
    const exit =
      current['code'] === 'PROGRAM_FAILED' && isObject(details) ? details['exitCode'] : undefined;
    if (typeof exit === 'number') kinds.add(`EXIT_${exit}`); // before the code, which all of them have
    for (const field of [current['code'], current['type'], current['name']]) {
      if (typeof field === 'string' && field !== '') kinds.add(field);
    }
    if (typeof current['status'] === 'number') kinds.add(`HTTP_${current['status']}`);
    for (
      let proto: unknown = Object.getPrototypeOf(current);
      isObject(proto);
      proto = Object.getPrototypeOf(proto)
    ) {
      const name = (proto['constructor'] as { name?: unknown } | undefined)?.name;
      // Every error is an Error: listing it would make any list that names it match all.
      if (typeof name === 'string' && name !== 'Object' && name !== 'Error') kinds.add(name);
    }
    current = current['cause'];
  }
  return [...kinds];
}

/**
 * True when an error is worth another attempt under this policy.
 *
 * @param added what was added to the lists at run time
 */
export function isRetriable(
  error: unknown,
  policy: Pick<RetryPolicy, 'retryOn' | 'neverRetryOn' | 'unknownErrors'>,
  added: ErrorKinds = NO_KINDS,
): boolean {
  const kinds = errorKinds(error);
  const on = (list: readonly string[]): boolean => kinds.some((kind) => list.includes(kind));
  if (on(policy.neverRetryOn) || on(added.neverRetryOn)) return false;
  if (on(policy.retryOn ?? []) || on(added.retryOn)) return true;
  if (on(NEVER_RETRIED_BY_DEFAULT) || on(added.takenOff)) return false;
  if (!policy.retryOn && on(RETRIABLE_BY_DEFAULT)) return true;
  const own = safely(() => ownVerdict(error));
  return own ?? policy.unknownErrors === 'retry';
}

function ownVerdict(error: unknown): boolean | undefined {
  if (!isObject(error)) return undefined;
  if (typeof error['retriable'] === 'boolean') return error['retriable'];
  return error['nonRetryable'] === true ? false : undefined;
}
