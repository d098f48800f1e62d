import { describe, expect, it } from '@jest/globals';
import { NodeClocks } from '../../src/domain/node-clocks.js';
import { totalOf } from '../../src/domain/node-times.js';
import type { NodeOutcome } from '../../src/domain/outcome.js';
import { ToldLater } from '../../src/domain/told-later.js';

const outcome = (startedAt: number, endedAt: number): NodeOutcome => {
  const [from, to] = [new Date(startedAt).toISOString(), new Date(endedAt).toISOString()];
  return {
    ...{ status: 'COMPLETED', attemptCount: 1, executionTimeMs: endedAt - startedAt },
    attempts: [
      { attempt: 1, startedAt: from, enteredAt: from, endedAt: to, outcome: 'COMPLETED' },
    ] as NodeOutcome['attempts'],
  };
};
const unheld = { held: undefined, paused: false };

/** Node 0 runs from 0 on, and node 1 is lent after it. */
const setup = () => {
  const clocks = new NodeClocks(0, () => undefined);
  const later = new ToldLater(clocks);
  clocks.moved({ index: 0, from: 'waiting', to: 'ready' }, 0, unheld);
  clocks.moved({ index: 0, from: 'ready', to: 'running' }, 0, unheld);
  later.add(0);
  return { clocks, later };
};
/** A node is heard of, and the one that was lent after it waits for a place. @returns when it ended */
const hear = (
  { clocks, later }: Pick<ReturnType<typeof setup>, 'clocks' | 'later'>,
  index: number,
  told: NodeOutcome,
  now: number,
): number => {
  const at = later.heard(index, told, now);
  clocks.returned(index, told, at, { attempts: 0, executionTimeMs: 0 });
  clocks.ended(index, at);
  clocks.moved({ index: index + 1, from: 'waiting', to: 'ready', by: index }, at, {
    ...unheld,
    lent: true,
  });
  return at;
};

describe('a node that is told of later than it happens', () => {
  it('ended when its worker says, and one that was lent after it begins when its segment says', () => {
    const { clocks, later } = setup();
    expect(hear({ clocks, later }, 0, outcome(10, 50), 300)).toBe(50);
    expect(later.began(1, { at: 70, lastEnded: 50 }, 300)).toBe(70);
    expect(hear({ clocks, later }, 1, outcome(80, 120), 300)).toBe(120);
    expect(clocks.of(1, 300, false)).toMatchObject({
      ...{ readyAt: 50, after: 0 },
      times: { window: 20, queue: 10, run: 40 },
    });
  });

  it('is so in the next run of its coordinator too', () => {
    const { clocks, later } = setup();
    const next = new NodeClocks(0, () => undefined);
    next.restore(
      clocks.carry(100, () => true),
      100,
    );
    const scene = { clocks: next, later: new ToldLater(next, later.carry()) };
    expect(hear(scene, 0, outcome(10, 50), 300)).toBe(50);
  });

  it('never began before what it waited for ended, whatever the clocks say: its times add up', () => {
    const { clocks, later } = setup();
    expect(hear({ clocks, later }, 0, outcome(10, 250), 300)).toBe(250); // its worker's clock is fast
    expect(later.began(1, { at: 70, lastEnded: 250 }, 300)).toBe(250);
    expect(hear({ clocks, later }, 1, outcome(80, 120), 300)).toBe(250);
    expect(totalOf(clocks.of(1, 300, false)?.times ?? {})).toBe(0);
  });

  it('has its time until it ended where what was heard late took it along', () => {
    const { clocks, later } = setup();
    clocks.moved({ index: 2, from: 'waiting', to: 'ready' }, 0, unheld);
    clocks.waitFor(['window'], 0);
    clocks.waitFor(['window'], 200);
    const at = later.heard(0, outcome(10, 50), 300);
    clocks.moved({ index: 2, from: 'ready', to: 'settled' }, at, unheld);
    clocks.ended(2, 300);
    expect(clocks.of(2, 300, false)?.times).toEqual({ window: 200, overhead: 100 });
  });
});
