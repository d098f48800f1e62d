import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  DurationSchema,
  formatDuration,
  MAX_DURATION_MS,
  parseDuration,
} from '../../src/domain/duration.js';

describe('parseDuration', () => {
  it.each([
    ['1ms', 1],
    ['5s', 5_000],
    ['10m', 600_000],
    ['1.5h', 5_400_000],
    ['3d', 259_200_000],
    ['2 days', 172_800_000],
    ['1 week', 604_800_000],
    ['.5s', 500],
    [' 5s ', 5_000],
    ['5 S', 5_000],
    ['250', 250],
    ['0', 0],
    ['10y', undefined], // ms counts 365.25 days a year: just over the limit
    ['3650d', MAX_DURATION_MS],
  ])('reads %j', (text, expected) => {
    if (expected === undefined) expect(() => parseDuration(text)).toThrow(RangeError);
    else expect(parseDuration(text)).toBe(expected);
  });

  it.each([
    [0, 0],
    [1, 1],
    [0.4, 0],
    [1.5, 2],
    [MAX_DURATION_MS, MAX_DURATION_MS],
  ])('takes %d as milliseconds', (value, expected) => {
    expect(parseDuration(value)).toBe(expected);
  });

  it.each([
    ['NaN', NaN],
    ['Infinity', Infinity],
    ['-1', -1],
    ['over ten years', MAX_DURATION_MS + 1],
    ['no text', ''],
    ['blanks', '   '],
    ['a unit alone', 's'],
    ['an unknown unit', '5 parsecs'],
    ['a negative text', '-5s'],
    ['an exponent', '1e400'],
    ['the word NaN', 'NaN'],
    ['the word Infinity', 'Infinity'],
    ['a signed text', '+5s'],
    ['a comma', '1,5s'],
    ['two units', '1h30m'],
    ['an ISO duration', 'PT5S'],
    ['fifty digits', '9'.repeat(50)],
    ['a huge text', `${'9'.repeat(100_000)}s`],
    ['null', null],
    ['undefined', undefined],
    ['true', true],
    ['a bigint', 5n],
    ['a list', ['5s']],
    ['an object', { seconds: 5 }],
    ['a function', () => 5],
  ])('refuses %s, showing the value and what is expected', (_title, value) => {
    expect(() => parseDuration(value)).toThrow(RangeError);
    expect(() => parseDuration(value)).toThrow(/expected a duration such as "5s".* got /);
  });

  it('gives a whole number from 0 to ten years or throws RangeError, whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true }), (value) => {
        try {
          const durationMs = parseDuration(value);
          expect(Number.isInteger(durationMs)).toBe(true);
          expect(durationMs).toBeGreaterThanOrEqual(0);
          expect(durationMs).toBeLessThanOrEqual(MAX_DURATION_MS);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });

  it('is settled after one pass: its result read again is the same', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: MAX_DURATION_MS, noNaN: true }), (value) => {
        const once = parseDuration(value);
        expect(parseDuration(once)).toBe(once);
      }),
    );
  });
});

describe('DurationSchema', () => {
  it('turns text and numbers into milliseconds', () => {
    expect(DurationSchema.parse('5s')).toBe(5_000);
    expect(DurationSchema.parse(DurationSchema.parse('5s'))).toBe(5_000);
  });

  it('answers a bad duration with an issue that shows it', () => {
    const { error } = DurationSchema.safeParse('5 parsecs');
    expect(error?.issues.map(({ message }) => message)).toEqual([
      expect.stringContaining('got "5 parsecs"'),
    ]);
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1_000, '1 s'],
    [1_250, '1.3 s'],
    [90_000, '1.5 min'],
    [3_600_000, '1 h'],
    [86_400_000, '1 d'],
    [259_200_000, '3 d'],
  ])('writes %d as %s', (durationMs, expected) => {
    expect(formatDuration(durationMs)).toBe(expected);
  });
});
