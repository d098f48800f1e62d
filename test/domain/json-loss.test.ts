import fc from 'fast-check';
import { TaskError } from '../../src/domain/errors.js';
import { jsonText, lossIn } from '../../src/domain/json-loss.js';
import type { Json, Path } from '../../src/domain/json.js';

class Account {
  readonly #balance: number;
  constructor(balance: number) {
    this.#balance = balance;
  }
  get balance(): number {
    return this.#balance;
  }
}
class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}

/** A list or object with one more member, anywhere in it, and the place of that member. */
function withOne(value: Json, one: unknown, step: number): { value: unknown; at: Path } {
  if (typeof value !== 'object' || value === null) return { value: one, at: [] };
  const list = Array.isArray(value);
  const keys = list ? [...value.keys()] : Object.keys(value);
  const key = keys[step % (keys.length + 1)];
  if (key === undefined)
    return list
      ? { value: [...(value as unknown[]), one], at: [value.length] }
      : { value: { ...value, one }, at: ['one'] };
  const inner = withOne((value as Record<string | number, Json>)[key] as Json, one, step >> 1);
  const copy: unknown = list ? [...(value as unknown[])] : { ...value };
  Object.defineProperty(copy, key, { value: inner.value, enumerable: true });
  return { value: copy, at: [key, ...inner.at] };
}

describe('what JSON would lose', () => {
  it.each<[string, unknown, string]>([
    ['a number that is none', NaN, 'NaN; JSON has no such number, give null or a text'],
    ['a number without end', -Infinity, '-Infinity; JSON has no such number, give null or a text'],
    ['a Map', new Map([['a', 1]]), 'a Map; give an object, as by Object.fromEntries'],
    ['a Set', new Set([1]), 'a Set; give a list of what is in it'],
    ['a promise', Promise.resolve(1), 'a Promise; await it'],
    ['an error', new RangeError('x'), 'a RangeError; give its message'],
    [
      'an error with a code',
      Object.assign(new Error('x'), { code: 1 }),
      'an Error; give its message',
    ],
    ['a date that is none', new Date(NaN), 'NaN; JSON has no such number, give null or a text'],
    ['a function in a list', [() => 1], 'a function; give what it returns'],
    ['an object with private fields', new Account(5), 'an Account; give its fields as an object'],
    ['a pattern', /x/, 'a RegExp; give its fields as an object'],
  ])('%s is named with its place, wherever it stands', (_title, one, what) => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(), (json, step) => {
        const { value, at } = withOne(json as Json, one, step);
        const inner = Array.isArray(one) ? [0] : [];
        expect(lossIn(value)).toEqual({ at: [...at, ...inner], what });
      }),
    );
  });

  it('is nothing in JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        expect(lossIn(json)).toBeUndefined();
      }),
    );
  });

  it.each<[string, unknown]>([
    ['a Date', { at: new Date(0) }],
    ['an address', [new URL('http://example.com')]],
    ['bytes', Buffer.from('x')],
    ['an object of a class', new Point(1, 2)],
    ['a number as an object', Object(5)],
    ['bytes of which there are none', new Uint8Array(0)],
    ['what inherits from a plain object', Object.create({ a: 1 })],
    ['an empty object', {}],
    ['an empty object without a prototype', Object.create(null)],
    ['a member that is undefined', { a: undefined }],
    ['a member that is a function', { close: () => undefined, a: 1 }],
  ])('is nothing in %s, which says itself what it is or has no data there', (_title, value) => {
    expect(lossIn(value)).toBeUndefined();
  });

  it('refuses what is nested too deep for a look, and what cannot be looked at twice', () => {
    let deep: unknown = 0;
    for (let level = 0; level < 20_000; level++) deep = [deep];
    expect(() => jsonText(deep, 'x')).toThrow(TaskError);
    let reads = 0;
    const once = {
      get a() {
        if (reads++ > 0) throw new Error('once');
        return 1;
      },
    };
    expect(() => jsonText(once, 'x')).toThrow('x is no JSON: once');
  });

  it.each<[string, unknown, string]>([
    ['a bigint', { a: 1n }, 'x is no JSON: Do not know how to serialize a BigInt, got '],
    ['a function', () => 1, 'x is no JSON, got a function'],
    ['a NaN', NaN, 'x is no JSON: it is NaN; '],
    ['a NaN inside', { rows: [{ p: NaN }] }, 'x is no JSON: rows[0].p is NaN; '],
  ])('refuses %s with a message that says where', (_title, value, message) => {
    expect(() => jsonText(value, 'x')).toThrow(message);
  });
});
