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

/** What they are made of is no field of theirs, also where they have some: an Error of the system has a code. */
const KEEP_ELSEWHERE = [Error, Map, Set, Promise] as const;

/**
 * The first value that JSON would not hold, with its place; undefined where all of it comes back as it was.
 *
 * Taken as they are: what has a `toJSON` of its own, such as a Date; members of objects that are undefined or functions,
 * which are no data; objects of classes with fields that can be read.
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
  if (KEEP_ELSEWHERE.some((kind) => value instanceof kind)) return lossOf(value);
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return value instanceof Date ? lossIn(value.getTime()) : undefined;
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
    const one = list[index];
    // In an object it would be no member; here it would be null at the place of something.
    if (typeof one === 'function') return { at: [index], what: 'a function; give what it returns' };
    const loss = lossIn(one);
    if (loss) return { ...loss, at: [index, ...loss.at] };
  }
  return undefined;
}

/** An object that shows nothing is empty only where it is a plain one: those of classes keep what they have elsewhere. */
function lossOfEmpty(value: object): Loss | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  // Plain is also what another realm made, such as a sandbox: its Object.prototype is not ours.
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return undefined;
  if (ArrayBuffer.isView(value) || nameOf(value) === 'Object') return undefined;
  const boxed = value instanceof Number || value instanceof String || value instanceof Boolean;
  return boxed ? lossIn(value.valueOf()) : lossOf(value);
}

function lossOf(value: object): Loss {
  const name = nameOf(value);
  const kind = value instanceof Error ? 'Error' : name;
  const instead = (kind && INSTEAD[kind]) ?? 'give its fields as an object';
  return { at: [], what: `${name ? withArticle(name) : 'an object of a class'}; ${instead}` };
}

function nameOf(value: object): string | undefined {
  const { name } = (value.constructor as { name?: unknown } | undefined) ?? {};
  return typeof name === 'string' && name !== '' ? name : undefined;
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
  let loss: Loss | undefined;
  try {
    text = JSON.stringify(value ?? null);
    loss = lossIn(value);
  } catch (error) {
    const why = `${messageOf(error)}, got ${preview(value)}`;
    throw new TaskError(code, `${what} is no JSON: ${why}`, { cause: error });
  }
  if (text === undefined) throw new TaskError(code, `${what} is no JSON, got a ${typeof value}`);
  if (!loss) return text;
  const place = loss.at.length === 0 ? 'it' : formatPath(loss.at);
  throw new TaskError(code, `${what} is no JSON: ${place} is ${loss.what}`);
}
