import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import {
  formatPath,
  getOwn,
  isObject,
  preview,
  setOwn,
  cutBytes,
  shortJson,
  utf8Bytes,
  type Json,
} from '../../src/domain/json.js';

describe('formatPath', () => {
  it.each([
    [[], '(root)'],
    [['tasks', 3, 'retry', 'delay'], 'tasks[3].retry.delay'],
    [[0, 'a'], '[0].a'],
    [['params', 'a b', 'x'], 'params["a b"].x'],
    [['a.b'], '["a.b"]'],
    [['x-1', '1x', '"'], 'x-1["1x"]["\\""]'],
    [['__proto__'], '__proto__'],
  ])('writes %j as %s', (path, expected) => {
    expect(formatPath(path)).toBe(expected);
  });
});

describe('setOwn and getOwn', () => {
  it.each(['a', '__proto__', 'constructor', 'toString', ''])(
    'know %j as an own key only',
    (key) => {
      const target: Record<string, number> = {};
      expect(getOwn(target, key)).toBeUndefined();
      setOwn(target, key, 1);
      expect(getOwn(target, key)).toBe(1);
      expect(Object.keys(target)).toEqual([key]);
      expect(Object.getPrototypeOf(target)).toBe(Object.prototype);
    },
  );
});

describe('isObject', () => {
  it.each([
    [{}, true],
    [null, false],
    [[], false],
    ['x', false],
    [undefined, false],
  ])('of %j is %s', (value, expected) => {
    expect(isObject(value)).toBe(expected);
  });
});

describe('preview', () => {
  it('is at most so long, whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true }), (value) => {
        expect(preview(value, 20).length).toBeLessThanOrEqual(21);
      }),
    );
    const loop: unknown[] = [];
    loop.push(loop);
    expect([preview(loop), preview(undefined), preview(5n), preview('x'.repeat(9), 4)]).toEqual([
      '[object Array]',
      'undefined',
      '5',
      '"xxx…',
    ]);
  });
});

describe('utf8Bytes and cutBytes', () => {
  it('count what Buffer counts, and cut no character in two (property)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat({ max: 80 }), (text, most) => {
        fc.pre(!text.includes('\uFFFD')); // a half of a character comes out as this
        expect(utf8Bytes(text)).toBe(Buffer.byteLength(text));
        const cut = cutBytes(text, most);
        expect(text.startsWith(cut)).toBe(true);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(most);
        expect(cut).not.toContain('\uFFFD');
      }),
    );
  });
});

describe('shortJson', () => {
  it('is the JSON of what has at most so many bytes of it, and of nothing longer (property)', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat({ max: 120 }), (made, most) => {
        const value = made as Json;
        const text = JSON.stringify(value);
        expect(shortJson(value, most)).toBe(Buffer.byteLength(text) <= most ? text : undefined);
      }),
    );
  });

  it('writes nothing out that is much longer', () => {
    const written = jest.spyOn(JSON, 'stringify');
    expect(shortJson([{ text: 'x'.repeat(101) }], 100)).toBeUndefined();
    expect(written).not.toHaveBeenCalled();
    written.mockRestore();
  });
});
