import { describe, expect, it } from '@jest/globals';
import {
  didYouMean,
  didYouMeanValue,
  hintBudget,
  nearOrFirst,
  suggest,
} from '../../src/domain/suggest.js';

describe('suggest', () => {
  it.each([
    ['lod', ['store', 'load'], 'load'],
    ['DEPENDSON', ['dependsOn'], 'dependsOn'],
    ['maxRetry', ['retry', 'maxRetries', 'maxDelay'], 'maxRetries'],
    ['b', ['a'], 'a'],
    ['pya', ['pay'], 'pay'],
    ['zyx', ['xyz'], undefined],
    ['xyz', ['load'], undefined],
    ['load', [], undefined],
    ['', ['load'], undefined],
    ['lod', ['lad', 'lid'], 'lad'],
  ])('for %j among %j is %j', (word, candidates, expected) => {
    expect(suggest(word, candidates)).toBe(expected);
  });

  it('asks in words', () => {
    expect([didYouMean('lod', ['load']), didYouMean('x', ['load'])]).toEqual([
      'did you mean "load"?',
      undefined,
    ]);
  });
});

describe('nearOrFirst', () => {
  it.each([
    ['lod', ['load', 'x'], 'did you mean "load"?'],
    ['nope', ['a', 'b'], 'there are "a", "b"'],
    ['nope', ['a'], 'there is "a"'],
    [
      'elsewhere',
      ['a', 'b', 'c', 'd', 'e', 'f', 'g'],
      'there are "a", "b", "c", "d", "e" and 2 more',
    ],
    ['nope', [], undefined],
  ])('for %j among %j is %j', (word, candidates, expected) => {
    expect(nearOrFirst(word, candidates)).toBe(expected);
  });
});

describe('hintBudget', () => {
  it('answers so often, and then looks no more', () => {
    const hints = hintBudget(2);
    let looks = 0;
    const answers = [1, 2, 3].map(() => hints(() => ++looks));
    expect([answers, looks]).toEqual([[1, 2, undefined], 2]);
  });
});

describe('didYouMeanValue', () => {
  const STRATEGIES = ['NONE', 'FIXED_DELAY', 'EXPONENTIAL_BACKOFF', 'FIBONACCI_BACKOFF'];

  it.each([
    ['FIXED_DELY', STRATEGIES, 'FIXED_DELAY'],
    ['EXPONENTAL', STRATEGIES, 'EXPONENTIAL_BACKOFF'],
    ['fibonacci', STRATEGIES, 'FIBONACCI_BACKOFF'],
    ['fail', ['continue', 'failFast'], 'failFast'],
    ['BACKOFF', STRATEGIES, undefined],
    ['one', ['one_success', 'one_failed', 'always'], undefined],
  ])('for %j among %j is %j', (word, values, expected) => {
    expect(didYouMeanValue(word, values)).toBe(
      expected === undefined ? undefined : `did you mean "${expected}"?`,
    );
  });
});
