import { Outage } from '../../src/domain/outage.js';

describe('Outage', () => {
  it('has calls tried again until nobody has answered for its patience, and not after', () => {
    const outage = new Outage(3_000);
    expect([0, 2_999, 3_000, 90_000].map((ms) => outage.missed(1_000 + ms))).toEqual([
      ...[true, true],
      ...[false, false],
    ]);
  });

  it('is over with the first answer', () => {
    const outage = new Outage(3_000);
    outage.missed(0);
    expect(outage.missed(5_000)).toBe(false);
    outage.answered();
    expect(outage.missed(6_000)).toBe(true);
    expect(outage.missed(9_000)).toBe(false);
  });
});
