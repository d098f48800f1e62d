/** What can be handed to a thread or process: what a structured clone keeps whole. */
import { types } from 'node:util';
import { formatPath, type Path } from '../domain/json.js';

/**
 * The first thing in a value that would not arrive as it is, as `input.when: a Moment …`; undefined when all of it
 * would. Beside what `structuredClone` refuses, that is any object of a class, which would silently lose its methods.
 *
 * @param name what the value is called in the message
 */
export function cloneFault(value: unknown, name: string): string | undefined {
  const found = firstFault(value, [name], new Set());
  return (
    found &&
    `${formatPath(found.path)}: ${found.what} cannot be handed to a thread or process; give JSON, or a Date, Map, Set or bytes`
  );
}

interface Found {
  path: Path;
  what: string;
}

function firstFault(value: unknown, path: Path, seen: Set<object>): Found | undefined {
  switch (typeof value) {
    case 'function':
      return { path, what: value.name ? `the function ${value.name}` : 'a function' };
    case 'symbol':
      return { path, what: 'a symbol' };
    case 'object':
      break;
    default:
      return undefined;
  }
  if (value === null || seen.has(value)) return undefined;
  seen.add(value);
  if (isWhole(value)) return undefined;
  const inside = entriesOf(value);
  if (!inside) return { path, what: className(value) };
  for (const [step, inner] of inside) {
    const found = firstFault(inner, [...path, step], seen);
    if (found) return found;
  }
  return undefined;
}

/** Objects that arrive whole and hold nothing else. */
function isWhole(value: object): boolean {
  return (
    types.isDate(value) ||
    types.isRegExp(value) ||
    types.isArrayBuffer(value) ||
    (ArrayBuffer.isView(value) && types.isArrayBuffer(value.buffer)) ||
    (types.isBoxedPrimitive(value) && !types.isSymbolObject(value)) ||
    types.isNativeError(value)
  );
}

/** What an object holds; undefined for one that a clone would break. */
function entriesOf(value: object): Iterable<[string | number, unknown]> | undefined {
  if (Array.isArray(value)) return value.entries();
  if (types.isMap(value))
    return [...value].flatMap(([key, inner], index): [string | number, unknown][] => [
      [`key ${index}`, key],
      [`value ${index}`, inner],
    ]);
  if (types.isSet(value)) return [...value].map((inner, index) => [index, inner]);
  const prototype: unknown = Object.getPrototypeOf(value);
  const plain = prototype === null || Object.getPrototypeOf(prototype) === null;
  return plain && !types.isProxy(value) && !types.isExternal(value)
    ? Object.entries(value)
    : undefined;
}

function className(value: object): string {
  if (types.isProxy(value)) return 'a Proxy';
  const { name } = (value.constructor as { name?: unknown } | null | undefined) ?? {};
  return typeof name === 'string' && name !== '' ? `a ${name}` : 'an object of a class';
}
