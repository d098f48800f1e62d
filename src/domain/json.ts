/** JSON values, and how a place inside one is named in messages: `tasks[3].input.files`. */

export type Json = null | boolean | number | string | Json[] | JsonObject;
/** An object of JSON. */
export interface JsonObject {
  [key: string]: Json;
}

/** A place inside a JSON document: object keys and array indexes, outermost first. */
export type Path = readonly (string | number)[];

/** True for `{…}`: an object that is neither null nor an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A path as a person writes it: `tasks[3].retry.delay`; keys that are no plain words are quoted, `params["a b"]`.
 * The empty path is `(root)`.
 */
export function formatPath(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text === '' ? '(root)' : text;
}

/** A place, as {@link formatPath} writes it, below another. */
export function joinPath(above: Path, below: string): string {
  if (below === formatPath([])) return formatPath(above);
  return `${formatPath(above)}${below.startsWith('[') ? '' : '.'}${below}`;
}

/** Sets an own property even where the key is `__proto__`, which plain assignment would swallow. */
export function setOwn<T>(target: Record<string, T>, key: string, value: T): void {
  Object.defineProperty(target, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/** The own property `key`, or undefined: never something inherited, such as `constructor`. */
export function getOwn<T>(target: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(target, key) ? target[key] : undefined;
}

/** The value shortened for a message: at most `max` characters of its JSON. */
export function preview(value: unknown, max = 80): string {
  let text: string;
  try {
    text = typeof value === 'bigint' ? `${value}` : (JSON.stringify(value) ?? String(value));
  } catch {
    text = Object.prototype.toString.call(value);
  }
  return text.length > max ? `${text.slice(0, max)}…` : text;
}

/** Bytes of a text in UTF-8, which is what Temporal's limits count. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else bytes += unit >= 0xd800 && unit < 0xe000 ? 2 : 3; // half of a pair that takes four
  }
  return bytes;
}

/** Bytes of a value's JSON. */
export function jsonBytes(value: unknown): number {
  return utf8Bytes(JSON.stringify(value) ?? '');
}

/**
 * A value's JSON, or undefined where it has more than `most` bytes: what is much longer is not written out to find that.
 *
 * @param value nothing in it refers back to itself
 */
export function shortJson(value: Json, most: number): string | undefined {
  if (leastBytes(value, most) > most) return undefined;
  const text = JSON.stringify(value);
  return utf8Bytes(text) <= most ? text : undefined;
}

/** Bytes that a value's JSON has at least: its texts and brackets; counted no further than `most`. */
function leastBytes(value: Json, most: number): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 1;
  let bytes = 2;
  for (const inner of Array.isArray(value) ? value : Object.values(value)) {
    if (bytes > most) break;
    bytes += leastBytes(inner, most - bytes);
  }
  return bytes;
}

/** The longest beginning of a text that has at most so many bytes; no character is cut in two. */
export function cutBytes(text: string, most: number): string {
  let cut = '';
  let bytes = 0;
  for (const character of text) {
    bytes += utf8Bytes(character);
    if (bytes > most) break;
    cut += character;
  }
  return cut;
}
