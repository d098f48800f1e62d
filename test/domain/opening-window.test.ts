import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OpeningWindow } from '../../src/domain/opening-window.js';

/** Looks so often, when the window asks for it, after an item has ended that waited long. @returns the last look's time */
function flow(window: OpeningWindow, looks: number, from = 0): number {
  let now = from;
  for (let nth = 0; nth < looks; nth++) {
    window.ended(5_000 + now);
    now = window.look(now) ?? now;
  }
  return now;
}

describe('the window of a batch', () => {
  it('begins with fifty places, or all where there are fewer', () => {
    expect(new OpeningWindow(500).size).toBe(50);
    expect(new OpeningWindow(30)).toMatchObject({ size: 30, isOpen: true });
  });

  it('has four times the places after each second in which nothing ends', () => {
    const window = new OpeningWindow(500);
    expect(window.look(5_000)).toBe(6_000);
    expect(window.look(5_999)).toBe(6_000);
    expect(window.size).toBe(50);
    expect(window.look(6_000)).toBe(7_000);
    expect(window.size).toBe(200);
    expect(window.look(7_000)).toBeUndefined();
    expect(window).toMatchObject({ size: 500, isOpen: true });
  });

  it('stays as it is while items end that waited longer than others, and is looked at less often', () => {
    const window = new OpeningWindow(500);
    window.ended(10);
    expect(window.size).toBe(51);
    const long = flow(window, 100);
    expect(flow(window, 1, long) - long).toBe(8_000);
    expect(window.size).toBe(51);
  });

  it('has a place more for each that began as soon as any, whatever the clocks say', () => {
    for (const skewMs of [-60_000, 0, 60_000]) {
      const window = new OpeningWindow(500);
      for (let count = 0; count < 50; count++) window.ended(skewMs + count);
      expect(window.size).toBe(100);
      for (let count = 0; count < 50; count++) window.ended(skewMs + 200);
      expect(window.size).toBe(100);
    }
  });

  it('opens soon where items ended one after another, and then none does', () => {
    const window = new OpeningWindow(500);
    window.ended(0);
    const stopped = flow(window, 20);
    let [now, next]: [number, number | undefined] = [stopped, stopped];
    for (; next !== undefined; next = window.look(now)) now = next;
    expect(window.isOpen).toBe(true);
    expect(now - stopped).toBe(1_000);
  });

  it('takes no number that is none for a wait, and never has more places than it may (property)', () => {
    const waits = fc.array(fc.option(fc.double(), { nil: undefined }));
    fc.assert(
      fc.property(waits, fc.integer({ min: 1, max: 300 }), (given, most) => {
        const window = new OpeningWindow(most);
        given.forEach((waitedMs, nth) => {
          window.ended(waitedMs);
          window.look(nth * 100);
          expect(window.size).toBeLessThanOrEqual(most);
          expect(window.size).toBeGreaterThanOrEqual(Math.min(most, 50));
        });
      }),
    );
  });
});
