/** Text that is JSON, read as that: as YAML, which it is too, it takes some hundred times as long. */
import { LineCounter } from 'yaml';
import type { Json } from './json.js';
import type { TextPlace } from './text-places.js';
import { isExact } from './whole-number.js';

const QUOTE = 34;
const PLUS = 43;
const COMMA = 44;
const MINUS = 45;
const NINE = 57;
const COLON = 58;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/**
 * The value of a text.
 *
 * @param maxDepth how deep values may be nested
 * @returns undefined where the text is no object or list of JSON, and where there is something to be said of it: a key that is
 *   there twice, a whole number that JSON does not hold exactly, too deep a nesting
 */
export function readJson(text: string, maxDepth: number): { value: Json } | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
  const keys = countKeys(text, maxDepth);
  return keys !== undefined && keys === keysOf(value) ? { value } : undefined;
}

/** Keys that a text of JSON has; undefined where it is nested too deep, or has a number that is not exact. */
function countKeys(text: string, maxDepth: number): number | undefined {
  let keys = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = lastOfString(text, at);
    else if (code === COLON) keys++;
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      if (++depth > maxDepth) return undefined;
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth--;
    else if (code >= MINUS && code <= NINE) {
      const last = lastOfWord(text, at);
      const source = text.slice(at, last + 1);
      if (/^-?\d+$/.test(source) && !isExact(source, Number(source))) return undefined;
      at = last;
    }
  }
  return keys;
}

/** Keys that are left of them in its value: fewer, where one was there twice. */
function keysOf(value: Json): number {
  let keys = 0;
  const open = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    const inner: Json[] = Array.isArray(next) ? next : Object.values(next);
    if (!Array.isArray(next)) keys += inner.length;
    for (const one of inner) if (typeof one === 'object') open.push(one);
  }
  return keys;
}

/** The quote that ends a string. */
function lastOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let first = end;
    while (text.charCodeAt(first - 1) === BACKSLASH) first--;
    if ((end - first) % 2 === 0) return end;
  }
}

/** The last character of a number, or of `true`, `false` and `null`. */
function lastOfWord(text: string, start: number): number {
  let end = start;
  while (isOfWord(text.charCodeAt(end + 1))) end++;
  return end;
}

const isOfWord = (code: number): boolean =>
  code >= PLUS && code !== COMMA && code !== COLON && code !== CLOSE_LIST && code !== CLOSE_OBJECT;

/** Where the values of a text begin that {@link readJson} has read. */
export function jsonPlaces(text: string): { root: TextPlace; lines: LineCounter } {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1))
    lines.addNewLine(at + 1);
  return { root: new Places(text).value(), lines };
}

class Places {
  private at = 0;

  constructor(private readonly text: string) {}

  value(): TextPlace {
    const code = this.next();
    const start = this.at;
    if (code === OPEN_LIST) return this.list(start);
    if (code === OPEN_OBJECT) return this.object(start);
    this.at = (code === QUOTE ? lastOfString : lastOfWord)(this.text, start) + 1;
    return { start, inside: () => undefined };
  }

  private list(start: number): TextPlace {
    const items: TextPlace[] = [];
    while (this.more(CLOSE_LIST)) items.push(this.value());
    return {
      start,
      inside: (step) => {
        const value = typeof step === 'number' ? items[step] : undefined;
        return value && { value };
      },
    };
  }

  private object(start: number): TextPlace {
    const parts = new Map<string, { key: number; value: TextPlace }>();
    while (this.more(CLOSE_OBJECT)) {
      this.next();
      const key = this.at;
      this.at = lastOfString(this.text, key) + 1;
      const name = JSON.parse(this.text.slice(key, this.at)) as string;
      this.next();
      this.at++; // the colon
      parts.set(name, { key, value: this.value() });
    }
    return { start, inside: (step) => parts.get(String(step)) };
  }

  /** Whether another part follows. Goes past the bracket or comma before it, or the bracket that closes. */
  private more(close: number): boolean {
    const isFirst = [OPEN_LIST, OPEN_OBJECT].includes(this.next());
    if (isFirst) this.at++;
    const code = this.next();
    if (isFirst && code !== close) return true;
    this.at++;
    return code !== close;
  }

  /** The next character that is no blank, and goes there. */
  private next(): number {
    let code = this.text.charCodeAt(this.at);
    while (code <= 32) code = this.text.charCodeAt(++this.at);
    return code;
  }
}
