import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hashJson } from '../../src/activities/values.js';

const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  );
};

describe('hashJson', () => {
  it('is the same for equal values, whatever the order of their keys, and what JSON leaves out (property)', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const again: unknown = JSON.parse(JSON.stringify(value));
        expect(hashJson(reversed(value))).toBe(hashJson(again));
        expect(hashJson({ value, none: undefined })).toBe(hashJson({ value: again }));
      }),
    );
  });

  it('is SHA-256 of the JSON with its keys in order and no spaces', () => {
    // printf '{"a":null,"b":[1,0,1e+21,"ü\u2028"]}' | sha256sum
    expect(hashJson({ b: [1, -0, 1e21, 'ü\u2028'], a: null })).toBe(
      'e81c6615ccfdba04689f3ecc3690061b8e1ed37b06a0d38102ba9beb209cb4b9',
    );
  });

  it('names what is nested too deep', () => {
    let deep: unknown = null;
    for (let level = 0; level < 200_000; level++) deep = [deep];
    expect(() => hashJson(deep)).toThrow(/^the value is nested too deep: /);
  });
});
