import { describe, expect, it } from '@jest/globals';
import { didYouMean, hintBudget, suggest } from '../../src/domain/suggest.js';

describe('suggest', () => {
  it.each([
    ['lod', ['store', 'load'], 'load'],
    ['DEPENDSON', ['dependsOn'], 'dependsOn'],
    ['maxRetry', ['retry', 'maxRetries', 'maxDelay'], 'maxRetries'],
    ['b', ['a'], 'a'],
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

describe('hintBudget', () => {
  it('answers so often, and then looks no more', () => {
    const hints = hintBudget(2);
    let looks = 0;
    const answers = [1, 2, 3].map(() => hints(() => ++looks));
    expect([answers, looks]).toEqual([[1, 2, undefined], 2]);
  });
});
