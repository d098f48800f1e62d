/**
 * What was thrown, on its way out of a thread or process: taken apart there, put together here, so that it answers to
 * the same names (`code`, `name`, classes, causes) and is classified and recorded as if it had been thrown here.
 */
import {
  ERROR_CODES,
  ExecutionError,
  MaxRetriesExceededError,
  messageOf,
  NonRetriableError,
  SpecInvalidError,
  TaskError,
  TaskStateError,
} from '../domain/errors.js';
import { setOwn } from '../domain/json.js';
import { cloneFault } from './clone.js';

/** A thrown thing taken apart: a value that can be cloned, or an object with its classes. */
export type ThrownData =
  | { value: unknown }
  | { classes: string[]; native: boolean; fields: Record<string, unknown>; cause?: ThrownData };

/** Read even where a class gives them by a getter: what classification and records ask for. */
const READ = [
  ...['name', 'message', 'stack', 'code', 'type', 'status'],
  ...['retriable', 'nonRetryable', 'retryAfterMs', 'details'],
];
const CAUSES = 10;
const CLASSES = 20;

/** Takes a thrown thing apart; fields that cannot be read or cloned are left out. Never throws. */
export function dehydrate(thrown: unknown, depth = 0): ThrownData {
  if (typeof thrown === 'function' || typeof thrown === 'symbol') return { value: String(thrown) };
  if (typeof thrown !== 'object' || thrown === null) return { value: thrown };
  try {
    return takeApart(thrown, depth);
  } catch {
    return { classes: [], native: true, fields: { message: messageOf(thrown) } };
  }
}

function takeApart(thrown: object, depth: number): ThrownData {
  const fields: Record<string, unknown> = {};
  const names = new Set([...READ, ...Object.keys(thrown)]);
  names.delete('cause');
  for (const name of names) {
    const value = readable(thrown, name);
    if (value !== undefined) setOwn(fields, name, value);
  }
  const cause = depth < CAUSES ? attempt(() => (thrown as { cause?: unknown }).cause) : undefined;
  return {
    classes: classesOf(thrown),
    native: thrown instanceof Error || Object.prototype.toString.call(thrown) === '[object Error]',
    fields,
    ...(cause === undefined ? {} : { cause: dehydrate(cause, depth + 1) }),
  };
}

/** A field's value, undefined where it cannot be read or cloned. */
function readable(thrown: object, name: string): unknown {
  return attempt(() => {
    const value = (thrown as Record<string, unknown>)[name];
    return cloneFault(value, name) === undefined ? value : undefined;
  });
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Names of an object's classes, nearest first, without the two that every error has. */
function classesOf(thrown: object): string[] {
  const names: string[] = [];
  let prototype: unknown = Object.getPrototypeOf(thrown);
  for (; typeof prototype === 'object' && prototype !== null && names.length < CLASSES;) {
    const name: unknown = (prototype.constructor as { name?: unknown } | undefined)?.name;
    if (typeof name === 'string' && name !== '' && name !== 'Object' && name !== 'Error')
      names.push(name);
    prototype = Object.getPrototypeOf(prototype);
  }
  return names;
}

/** Puts a thrown thing together again. */
export function rehydrate(data: ThrownData): unknown {
  if ('value' in data) return data.value;
  const { classes, native, fields, cause } = data;
  const thrown: object = native ? new Error() : {};
  Object.setPrototypeOf(thrown, prototypeOf(classes, native, fields));
  const hidden = native ? ['name', 'message', 'stack'] : [];
  for (const [name, value] of Object.entries(fields)) {
    const enumerable = !hidden.includes(name);
    Object.defineProperty(thrown, name, { value, enumerable, configurable: true, writable: true });
  }
  if (cause)
    Object.defineProperty(thrown, 'cause', {
      value: rehydrate(cause),
      configurable: true,
      writable: true,
    });
  return thrown;
}

const BUILT_IN = new Map<string, object>(
  [TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, AggregateError].map(
    (known) => [known.name, known.prototype as object],
  ),
);
const OURS = new Map<string, object>(
  [
    ...[TaskError, TaskStateError, SpecInvalidError],
    ...[ExecutionError, MaxRetriesExceededError, NonRetriableError],
  ].map((known) => [known.name, known.prototype as object]),
);

/** A prototype chain whose classes have these names: real ones as far as they are known here, look-alikes before them. */
function prototypeOf(
  classes: readonly string[],
  native: boolean,
  { code }: Record<string, unknown>,
): object {
  const ours =
    classes.includes('TaskError') && typeof code === 'string' && Object.hasOwn(ERROR_CODES, code);
  const real = (name: string): object | undefined =>
    BUILT_IN.get(name) ?? (ours ? OURS.get(name) : undefined);
  // What is no error has no real class here.
  const known = native ? classes.findIndex((name) => real(name) !== undefined) : -1;
  const strange = known < 0 ? classes : classes.slice(0, known);
  let prototype = real(classes[known] ?? '') ?? (native ? Error.prototype : Object.prototype);
  for (const name of [...strange].reverse()) prototype = lookAlike(prototype, name);
  return prototype;
}

function lookAlike(base: object, name: string): object {
  const constructor = Object.defineProperty(() => undefined, 'name', { value: name });
  return Object.create(base, { constructor: { value: constructor } }) as object;
}
