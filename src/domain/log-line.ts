/**
 * A line of a task's log as it is kept: what a handler or a hook says to `ctx.log`, or a program on standard output or
 * error. Bounded, whatever was said: L1. no text over {@link TEXT_LIMIT}; L2. no fields over {@link FIELDS_LIMIT}.
 */
import { messageOf } from './errors.js';
import { isObject, type JsonObject } from './json.js';

export const LINE_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
/** How grave a log line is. */
export type LineLevel = (typeof LINE_LEVELS)[number];

export const LINE_SOURCES = ['log', 'stdout', 'stderr'] as const;
/** Where a log line comes from. */
export type LineSource = (typeof LINE_SOURCES)[number];

/** Characters of a line's text. */
export const TEXT_LIMIT = 16_384;
/** Characters of a line's fields, as JSON. */
export const FIELDS_LIMIT = 4_096;
/** Places in the fields that are looked at. */
const MAX_PLACES = 1_000;

/** One line, as plain JSON. */
export interface LogLine {
  /** Its place among all lines of the store: what comes later is greater. */
  position: number;
  /** Of the node that said it: `<execution>/<node>`, or the lone task's id. */
  executionId: string;
  /** Where that is below its execution; null for a lone task. */
  nodeId: string | null;
  /** From 1. */
  attempt: number;
  /** From 1 within an attempt, and again where the same attempt was begun once more. */
  sequence: number;
  /** When it was said, ISO. */
  at: string;
  level: LineLevel;
  source: LineSource;
  text: string;
  /** What was said beside the text; of too much of it `{ cut }`, its beginning as a text. */
  fields?: JsonObject;
}

/** What was said as a text within its limit, with a mark where it was cut. */
export function lineText(said: unknown): string {
  const text = typeof said === 'string' ? said : (jsonOf(said).text ?? String(said));
  if (text.length <= TEXT_LIMIT) return text;
  const missing = (text.length - TEXT_LIMIT).toLocaleString('en');
  return `${text.slice(0, TEXT_LIMIT)}… (${missing} more characters)`;
}

/** Fields as JSON within their limit; undefined where there are none. */
export function fieldsText(fields: object | undefined): string | undefined {
  if (fields === undefined) return undefined;
  const { text, whole } = jsonOf(fields);
  if (text === undefined || text === '{}') return undefined;
  if (whole && text.length <= FIELDS_LIMIT && text.startsWith('{')) return text;
  // Quotes take two characters each once more.
  return JSON.stringify({ cut: `${text.slice(0, FIELDS_LIMIT / 2)}…` });
}

/**
 * A handler may say anything, also what is endless, refers back to itself or throws when it is read.
 *
 * @returns `whole` where no place was left out; of a text that is too long all that matters is that it is
 */
function jsonOf(value: unknown): { text: string | undefined; whole: boolean } {
  const above: unknown[] = [];
  let places = 0;
  try {
    const text = JSON.stringify(value, function (this: unknown, _key, inner: unknown) {
      if (++places > MAX_PLACES) return undefined;
      if (typeof inner === 'bigint') return String(inner);
      if (typeof inner === 'string') return inner.slice(0, FIELDS_LIMIT + 1);
      if (typeof inner !== 'object' || inner === null) return inner;
      while (above.length > 0 && above.at(-1) !== this) above.pop();
      if (above.includes(inner)) return '(itself)';
      const plain = plainOf(inner);
      above.push(plain);
      return plain;
    });
    return { text, whole: places <= MAX_PLACES };
  } catch (error) {
    return { text: JSON.stringify({ unreadable: messageOf(error) }), whole: true };
  }
}

function plainOf(value: object): object {
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    return { ...value, name, message, stack, ...(cause === undefined ? {} : { cause }) };
  }
  if (value instanceof Map) return plainOf(Object.fromEntries(value) as object);
  if (value instanceof Set) return [...(value as Set<unknown>)];
  return isObject(value) ? value : (value as unknown[]).slice(0, MAX_PLACES + 1);
}
