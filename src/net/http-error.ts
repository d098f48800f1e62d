/** What an answer's status means: which are worth another attempt, and when. */

/** Statuses after which the same request may do better. */
const RETRIABLE: readonly number[] = [408, 425, 429, 500, 502, 503, 504];

export function isRetriableStatus(status: number): boolean {
  return RETRIABLE.includes(status);
}

/** An answer that is no success, as an error with the code `HTTP_<status>`. */
export function httpError(message: string, status: number, retryAfter: unknown): Error {
  const afterMs = retryAfterMs(retryAfter);
  return Object.assign(new Error(message), {
    name: 'HttpError',
    code: `HTTP_${status}`,
    retriable: isRetriableStatus(status),
    ...(afterMs === undefined ? {} : { retryAfterMs: afterMs }),
  });
}

/** Retry-After is seconds or a date (RFC 9110, 10.2.3). Undefined for anything else. */
export function retryAfterMs(value: unknown, now = Date.now()): number | undefined {
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1_000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
