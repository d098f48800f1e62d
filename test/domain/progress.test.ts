import { progressOf, progressText } from '../../src/domain/progress.js';

describe('progressOf', () => {
  it.each([
    [0, { done: 0, total: 1 }],
    [0.25, { done: 0.25, total: 1 }],
    [1.5, { done: 1, total: 1 }],
    [{ done: 3 }, { done: 3 }],
    [
      { done: 3, total: 12, message: 'rows' },
      { done: 3, total: 12, message: 'rows' },
    ],
    [{ done: 3, total: NaN, message: 7, more: true }, { done: 3 }],
  ])('takes %j as %j', (said, expected) => {
    expect(progressOf(said)).toEqual(expected);
  });

  it.each([NaN, -0.1, Infinity, '50%', null, undefined, {}, { done: -1 }, { done: '3' }])(
    'passes over %j',
    (said) => {
      expect(progressOf(said)).toBeUndefined();
    },
  );

  it('keeps 200 characters of a message', () => {
    expect(progressOf({ done: 1, message: 'x'.repeat(500) })?.message).toHaveLength(200);
  });
});

describe('progressText', () => {
  it.each([
    [{ done: 0.426, total: 1 }, '42 %'],
    [{ done: 0.999, total: 1 }, '99 %'],
    [{ done: 1, total: 1 }, '100 %'],
    [{ done: 3, total: 12, message: 'rows' }, '3 of 12, rows'],
    [{ done: 1_200 }, '1,200 done'],
    [{ done: 2.5, total: 4_000 }, '2.5 of 4,000'],
  ])('of %j is %s', (progress, text) => {
    expect(progressText(progress)).toBe(text);
  });
});
