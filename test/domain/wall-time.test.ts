import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NodeClocks } from '../../src/domain/node-clocks.js';
import { splitRunning, totalOf, type Times } from '../../src/domain/node-times.js';
import type { ActivityOutcome, AttemptRecord } from '../../src/domain/outcome.js';
import { missingShare, wallTimeOf, type TimedNode } from '../../src/domain/wall-time.js';
import { timedRun } from './support/timed-run.js';
import { worldsOf } from './support/worlds.js';

const at = (ms: number): string => new Date(1_000_000 + ms).toISOString();
const attempt = (nth: number, from: number, entered: number, to: number, more = {}) =>
  ({
    attempt: nth,
    startedAt: at(from),
    enteredAt: at(entered),
    endedAt: at(to),
    outcome: 'COMPLETED',
    ...more,
  }) as AttemptRecord;

function split(
  until: number,
  attempts: AttemptRecord[],
  more: Partial<ActivityOutcome> = {},
  before: { attempts?: number; executionTimeMs?: number } = {},
): Times {
  return splitRunning({
    handedAt: 1_000_000,
    returnedAt: 1_000_000 + until,
    attemptsBefore: before.attempts ?? 0,
    executionTimeBeforeMs: before.executionTimeMs ?? 0,
    outcome: {
      ...{ status: 'COMPLETED', attempts, attemptCount: attempts.length },
      executionTimeMs: attempts.reduce(
        (sum, one) => sum + Date.parse(one.endedAt ?? '') - Date.parse(one.startedAt),
        before.executionTimeMs ?? 0,
      ),
      ...more,
    },
  });
}

describe('splitRunning', () => {
  it('divides an attempt into the wait for a worker, what comes before the handler, the handler, and the rest', () => {
    expect(split(100, [attempt(1, 10, 15, 95)])).toEqual({
      ...{ queue: 10, prepare: 5, run: 80, overhead: 5 },
    });
  });

  it('counts a wait of the server as backoff, and what it took longer as a wait for a worker', () => {
    const attempts = [attempt(1, 10, 10, 20, { waitMs: 50 }), attempt(2, 75, 75, 90)];
    expect(split(90, attempts)).toEqual({ queue: 15, run: 25, backoff: 50 });
  });

  it.each([
    ['circuit', { circuit: 30 }],
    ['coalesced', { coalesced: 30 }],
    ['no_handler', { no_handler: 30 }],
    ['looked', { prepare: 30 }],
  ] as const)('counts a look that ended held (%s) as that', (held, expected) => {
    const outcome = { held, waitMs: 5, attemptsUsed: 0 } as Partial<ActivityOutcome>;
    expect(split(30, [], { status: undefined, ...outcome })).toEqual(expected);
  });

  it('counts the run time of attempts that are only counted, and their waits as backoff', () => {
    const times = split(1_000, [attempt(41, 900, 900, 950)], { executionTimeMs: 450 });
    expect(times).toEqual({ run: 450, backoff: 500, overhead: 50 });
  });

  it('leaves attempts of earlier periods out', () => {
    const earlier = attempt(1, -500, -490, -400);
    const times = split(
      60,
      [earlier, attempt(2, 10, 10, 60)],
      { executionTimeMs: 150 },
      { attempts: 1, executionTimeMs: 100 },
    );
    expect(times).toEqual({ queue: 10, run: 50 });
  });

  it('calls a node that no worker took a wait for a worker', () => {
    expect(split(70, [], { status: 'TIMEOUT', reason: 'no_worker' })).toEqual({ queue: 70 });
  });

  it('adds up to the period however wrong the clocks of the workers are', () => {
    const record = fc.record({
      from: fc.integer({ min: -500, max: 500 }),
      entered: fc.option(fc.integer({ min: -500, max: 500 }), { nil: undefined }),
      to: fc.option(fc.integer({ min: -500, max: 500 }), { nil: undefined }),
      waitMs: fc.option(fc.nat({ max: 300 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 5 }),
        fc.nat({ max: 400 }),
        fc.nat({ max: 3 }),
        fc.nat({ max: 1_000 }),
        (records, until, before, executionTimeMs) => {
          const attempts = records.map(({ from, entered, to, waitMs }, nth) => ({
            attempt: nth + 1 + before,
            startedAt: at(from),
            ...(entered === undefined ? {} : { enteredAt: at(entered) }),
            ...(to === undefined ? {} : { endedAt: at(to) }),
            outcome: 'FAILED' as const,
            ...(waitMs === undefined ? {} : { waitMs }),
          }));
          const times = split(until, attempts, { executionTimeMs }, { attempts: before });
          expect(totalOf(times)).toBe(until);
          expect(Object.values(times).every((ms) => ms > 0)).toBe(true);
        },
      ),
    );
  });
});

describe('NodeClocks', () => {
  it('tells what a ready node waited for, in turns: its limit, a pause, the window', () => {
    const clocks = new NodeClocks(1, () => 0);
    const unheld = { held: undefined, paused: false };
    clocks.moved({ index: 0, from: 'waiting', to: 'ready', by: 7 }, 100, unheld);
    clocks.waitFor(['window', 'limit'], 100);
    clocks.waitFor(['pause', 'pause'], 130);
    clocks.waitFor(['window', 'window'], 150);
    expect(clocks.of(0, 155, true)?.times).toEqual({ limit: 30, pause: 20, window: 5 });
    clocks.paused(0, true, 160);
    clocks.paused(0, false, 200);
    clocks.moved({ index: 0, from: 'ready', to: 'running' }, 201, unheld);
    expect(clocks.of(0, 500, true)).toEqual({
      readyAt: 100,
      after: 7,
      since: 201,
      times: { limit: 30, pause: 60, window: 11 },
    });
  });

  it('is not changed by being asked', () => {
    const clocks = new NodeClocks(0, () => undefined);
    clocks.moved({ index: 0, from: 'waiting', to: 'ready' }, 0, { held: undefined, paused: false });
    for (const now of [50, 10, 90, 90]) clocks.of(0, now, true);
    expect(clocks.of(0, 40, true)?.times).toEqual({ window: 40 });
  });
});

describe('wallTimeOf', () => {
  const node = (id: string, readyAt: number, endedAt: number, after?: string): TimedNode => ({
    ...{ id, readyAt, endedAt, times: { queue: 1, run: endedAt - readyAt - 1 } },
    ...(after === undefined ? {} : { after }),
  });

  it('walks from the node that ended last back to the first, and names what took most', () => {
    const account = wallTimeOf({ startedAt: 0, endedAt: 110 }, [
      node('a', 0, 30),
      node('b', 0, 20),
      node('c', 30, 100, 'a'),
      node('d', 20, 90, 'b'),
    ]);
    expect(account.path.map(({ nodeId, fromMs }) => [nodeId, fromMs])).toEqual([
      ['a', 0],
      ['c', 30],
    ]);
    expect(account.byKind).toEqual({ queue: 2, run: 98, overhead: 10 });
    expect(account.bottleneck).toMatchObject({ kind: 'run', ms: 98, nodeId: 'c', nodeMs: 69 });
    expect(account.nodes[3]).toEqual({
      nodeId: 'd',
      totalMs: 90,
      times: { dependency: 20, queue: 1, run: 69 },
    });
  });

  it('counts the time before a node was added to the running graph as such, in its account and on the path', () => {
    const account = wallTimeOf({ startedAt: 0, endedAt: 100 }, [
      node('first', 10, 40), // the graph waited for another execution before
      node('added', 70, 100, 'first'),
    ]);
    expect(account.byKind).toMatchObject({ dependency: 10, edit: 30 });
    expect(account.nodes[1]?.times).toMatchObject({ dependency: 40, edit: 30 });
    expect(missingShare(account)).toBe(0);
  });

  it('has nothing to say of a graph without nodes or time', () => {
    expect(wallTimeOf({ startedAt: 5, endedAt: 5 }, [])).toMatchObject({
      ...{ totalMs: 0, path: [], byKind: {}, bottleneck: null },
    });
  });

  it('says of a record that holds no times that nothing is known, and still adds up', () => {
    const account = wallTimeOf({ startedAt: 0, endedAt: 50 }, [{ id: 'a', endedAt: 50 }]);
    expect(account).toMatchObject({ path: [], byKind: { overhead: 50 } });
  });

  it('adds up to the millisecond in random worlds, with retries, pauses, cancels, wrong clocks and a new run', () => {
    const weather = fc.record({
      pausedFrom: fc.nat({ max: 60 }),
      pausedFor: fc.integer({ min: 1, max: 40 }),
      skewMs: fc.integer({ min: -30, max: 30 }),
      carryAt: fc.nat({ max: 50 }),
    });
    fc.assert(
      fc.property(worldsOf(60), weather, (world, its) => {
        const { startedAt, endedAt, nodes } = timedRun(world, its);
        for (const { readyAt, endedAt: ended = 0, times = {} } of nodes)
          if (readyAt !== undefined) expect(totalOf(times)).toBe(ended - readyAt);
        const account = wallTimeOf({ startedAt, endedAt }, nodes);
        expect(missingShare(account)).toBe(0);
        if (world.cancels.length === 0) expect(account.byKind).not.toHaveProperty('dependency');
      }),
      { numRuns: 500 },
    );
  });
});
