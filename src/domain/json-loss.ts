/** What JSON.stringify drops without a word: a number that is none becomes null, a Map or a Promise an empty object. */
import { messageOf, TaskError, type ErrorCode } from './errors.js';
import { formatPath, preview, type Path } from './json.js';

export interface Loss {
  at: Path;
  /** What stands there, and what to give instead: `a Set; give a list of what is in it`. */
  what: string;
}

/** What to give instead of what is forgotten most often. */
const INSTEAD: Readonly<Record<string, string>> = {
  Map: 'give an object, as by Object.fromEntries',
  Set: 'give a list of what is in it',
  Promise: 'await it',
  Error: 'give its message',
};

/**
 * The first value that JSON would not hold, with its place; undefined where all of it comes back as it was.
 *
 * Taken as they are: what has a `toJSON` of its own, such as a Date; members that are undefined or functions, which are
 * no data; objects of classes with fields that can be read.
 *
 * @param value what JSON.stringify has taken: nothing in it refers back to itself
 */
export function lossIn(value: unknown): Loss | undefined {
  if (typeof value === 'number')
    return Number.isFinite(value)
      ? undefined
      : { at: [], what: `${value}; JSON has no such number, give null or a text` };
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return lossInList(value);
  if ('toJSON' in value && typeof value.toJSON === 'function') return undefined;
  const keys = Object.keys(value);
  if (keys.length === 0) return lossOfEmpty(value);
  for (const key of keys) {
    const loss = lossIn((value as Record<string, unknown>)[key]);
    if (loss) return { ...loss, at: [key, ...loss.at] };
  }
  return undefined;
}

function lossInList(list: readonly unknown[]): Loss | undefined {
  for (let index = 0; index < list.length; index++) {
    const loss = lossIn(list[index]);
    if (loss) return { ...loss, at: [index, ...loss.at] };
  }
  return undefined;
}

/** An object that shows nothing is empty only where it is a plain one: those of classes keep what they have elsewhere. */
function lossOfEmpty(value: object): Loss | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  // Plain is also what another realm made, such as a sandbox: its Object.prototype is not ours.
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return undefined;
  const { name } = (value.constructor as { name?: unknown } | undefined) ?? {};
  const known = typeof name === 'string' && name !== '' ? name : undefined;
  const kind = value instanceof Error ? 'Error' : known;
  const instead = (kind && INSTEAD[kind]) ?? 'give its fields as an object';
  return { at: [], what: `${known ? withArticle(known) : 'an object of a class'}; ${instead}` };
}

const withArticle = (name: string): string => `${/^[AEIOU]/i.test(name) ? 'an' : 'a'} ${name}`;

/**
 * The JSON of a value, `null` where it is undefined.
 *
 * @param what the value is, for the message: `the output`
 * @throws TaskError `code` where it comes to none (it refers back to itself, is a bigint or a function), or to less than it was
 */
export function jsonText(value: unknown, what: string, code: ErrorCode = 'OUTPUT_INVALID'): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value ?? null);
  } catch (error) {
    const why = `${messageOf(error)}, got ${preview(value)}`;
    throw new TaskError(code, `${what} is no JSON: ${why}`, { cause: error });
  }
  if (text === undefined) throw new TaskError(code, `${what} is no JSON, got a ${typeof value}`);
  const loss = lossIn(value);
  if (!loss) return text;
  const place = loss.at.length === 0 ? 'it' : formatPath(loss.at);
  throw new TaskError(code, `${what} is no JSON: ${place} is ${loss.what}`);
}
