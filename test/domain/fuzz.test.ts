import { describe, expect, it } from '@jest/globals';
import { fuzz } from './support/fuzz.js';

describe('random specs', () => {
  // 10,000 and more by night (test/nightly/fuzz.nightly.ts).
  it('are refused with a place or planned and run to their end, 500 of them', () => {
    const { planned, refused } = fuzz(500);
    // Both happen often, or nothing is proven.
    expect(planned).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(100);
  });
});
