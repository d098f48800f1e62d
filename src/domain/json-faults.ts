/** Refuses what is no JSON before anything walks it: cycles, functions, NaN, and documents that are too large or deep. */
import { fault, type Fault } from './fault.js';
import { jsonBytes, preview, type Path } from './json.js';

/** Levels of lists and objects in each other that are taken. */
export const JSON_DEPTH = 64;

interface Limits {
  /** Characters of the document's JSON. */
  bytes: number;
  depth: number;
}

/** The first thing in a value that JSON cannot hold or that is over a limit; empty when there is none. */
export function jsonFaults(value: unknown, limits: Limits, at: Path = []): Fault[] {
  const found = firstNonJson(value, limits.depth, at, new Set());
  if (found) return [found];
  const size = jsonBytes(value);
  if (size <= limits.bytes) return [];
  const largest = largestIn(value, limits.bytes, at);
  return [
    fault(
      largest.at,
      'TOO_LARGE',
      `is ${largest.size.toLocaleString('en')} bytes of JSON; the limit is ${limits.bytes.toLocaleString('en')}`,
      'pass large values by a file or address that the tasks read',
    ),
  ];
}

/** True where lists and objects lie in each other over more levels; also of what refers back to itself. */
export function isNestedOver(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isNestedOver(levels - 1, inner));
}

/** What is over a limit by itself, as far in as can be: the parameter rather than all that is submitted. */
function largestIn(value: unknown, most: number, at: Path): { at: Path; size: number } {
  const inside: [string, unknown][] =
    typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const found = inside.find(([, one]) => jsonBytes(one) > most);
  if (!found) return { at, size: jsonBytes(value) };
  const [key, one] = found;
  return largestIn(one, most, [...at, Array.isArray(value) ? Number(key) : key]);
}

function firstNonJson(
  value: unknown,
  depth: number,
  at: Path,
  above: Set<unknown>,
): Fault | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return undefined;
    case 'number':
      return Number.isFinite(value)
        ? undefined
        : fault(at, 'INVALID_VALUE', `${value} is not JSON`);
    case 'object':
      return value === null ? undefined : insideObject(value, depth, at, above);
    default:
      return fault(at, 'INVALID_TYPE', `a ${typeof value} is not JSON, got ${preview(value)}`);
  }
}

/** `a Date`; an object may also come from a class without a name, or bring a `constructor` of its own. */
function className(value: object): string {
  const { name } = (value.constructor as { name?: unknown } | null | undefined) ?? {};
  return typeof name === 'string' && name !== '' ? `a ${name}` : 'an object of a class';
}

function insideObject(
  value: object,
  depth: number,
  at: Path,
  above: Set<unknown>,
): Fault | undefined {
  if (above.has(value))
    return fault(at, 'INVALID_VALUE', 'refers back to something that contains it');
  if (depth === 0)
    return fault(at, 'TOO_LARGE', `is nested too deep; the limit is ${JSON_DEPTH} levels`);
  const prototype: unknown = Object.getPrototypeOf(value);
  const foreign =
    !Array.isArray(value) && prototype !== null && Object.getPrototypeOf(prototype) !== null;
  if (foreign) return fault(at, 'INVALID_TYPE', `${className(value)} is not JSON`);
  above.add(value);
  const entries: Iterable<[string | number, unknown]> = Array.isArray(value)
    ? value.entries()
    : Object.entries(value);
  for (const [key, inner] of entries) {
    const found = firstNonJson(inner, depth - 1, [...at, key], above);
    if (found) return found;
  }
  above.delete(value);
  return undefined;
}
