import { fuzz } from '../domain/support/fuzz.js';

/** Other specs each night; fast-check prints the seed of a failure. */
describe('random specs', () => {
  it('are refused with a place or planned and run to their end, 10,000 of them', () => {
    const { planned, refused } = fuzz(10_000);
    expect(planned + refused).toBe(10_000);
    expect(planned).toBeGreaterThan(2_000);
  });
});
