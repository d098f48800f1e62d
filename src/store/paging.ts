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

/** The lists that go by page, and what a place in each is made of: texts, and whole numbers as texts. */
const LISTS = {
  executions: ['number'],
  nodes: ['text'],
  audit: ['number'],
  projects: ['text'],
  tasks: ['text', 'text'],
} as const satisfies Record<string, readonly ('text' | 'number')[]>;
export type PagedList = keyof typeof LISTS;
type Texts<T extends readonly unknown[]> = { -readonly [At in keyof T]: string };
type Place<L extends PagedList> = Texts<(typeof LISTS)[L]>;

/** The largest number that a column holds. */
const MAX_NUMBER = 2n ** 63n - 1n;

/** An opaque mark of where a page of a list ended. */
export function encodeCursor<L extends PagedList>(list: L, place: Place<L>): string {
  return Buffer.from(JSON.stringify([list, ...(place as string[])])).toString('base64url');
}

/**
 * What {@link encodeCursor} was given.
 *
 * @throws TaskError CONFIGURATION when it is no cursor of this list: one of another list, or one that nobody gave
 */
export function decodeCursor<L extends PagedList>(list: L, cursor: string): Place<L> {
  try {
    const read: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(read) && read[0] === list && isPlaceOf(list, read.slice(1)))
      return read.slice(1) as unknown as Place<L>;
  } catch {
    // Said below.
  }
  throw new TaskError(
    'CONFIGURATION',
    `cursor: ${preview(cursor)} is none of this list; take nextCursor of the page before`,
  );
}

function isPlaceOf(list: PagedList, place: readonly unknown[]): boolean {
  const kinds = LISTS[list];
  return (
    place.length === kinds.length &&
    place.every(
      (value, at) =>
        typeof value === 'string' &&
        (kinds[at] === 'text' || (/^\d{1,19}$/.test(value) && BigInt(value) <= MAX_NUMBER)),
    )
  );
}
