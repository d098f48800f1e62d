/** What lists have in common: limits, and lists of values that a caller gives. */
import { TaskError } from '../domain/errors.js';
import { preview } from '../domain/json.js';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

/** A limit from 1 to 1,000, or the default. @throws TaskError CONFIGURATION */
export function limitOf(limit: number | undefined, otherwise = DEFAULT_LIMIT): number {
  return wholeNumber('limit', limit ?? otherwise, 1, MAX_LIMIT);
}

/** @throws TaskError CONFIGURATION for what is no whole number in the range */
export function wholeNumber(name: string, value: number, from: number, to: number): number {
  if (Number.isInteger(value) && value >= from && value <= to) return value;
  throw new TaskError(
    'CONFIGURATION',
    `${name}: got ${preview(value)}, expected a whole number from ${from} to ${to}`,
  );
}

/** One value or several as a list without repeats. @throws TaskError CONFIGURATION for one that is not known */
export function someOf<T extends string>(
  name: string,
  value: T | readonly T[],
  known: readonly T[],
): readonly T[] {
  const list = [...new Set<T>(typeof value === 'string' ? [value] : value)];
  const wrong = list.find((one) => !known.includes(one));
  if (wrong === undefined) return list;
  throw new TaskError(
    'CONFIGURATION',
    `${name}: got ${preview(wrong)}, expected ${known.join(', ')} or a list of these`,
  );
}

/** An opaque mark of where a page ended. */
export function encodeCursor(place: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/**
 * What {@link encodeCursor} was given.
 *
 * @param length how many values it has to have
 * @throws TaskError CONFIGURATION when it is no cursor of such a list
 */
export function decodeCursor(cursor: string, length: number): (string | number)[] {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const fits =
      Array.isArray(place) &&
      place.length === length &&
      place.every((value) => typeof value === 'string' || typeof value === 'number');
    if (fits) return place;
  } catch {
    // Said below.
  }
  throw new TaskError(
    'CONFIGURATION',
    `cursor: ${preview(cursor)} is none of this list; take nextCursor of the page before`,
  );
}
