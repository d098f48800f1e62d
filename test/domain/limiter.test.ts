import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { LimitAsk } from '../../src/domain/limit-messages.js';
import { Limiter } from '../../src/domain/limiter.js';
import { LimitWorld, type GraphPlan } from './support/limit-world.js';

function ask(graph: string, want: number, more: Partial<LimitAsk> = {}): LimitAsk {
  return {
    graph,
    run: `run of ${graph}`,
    sequence: 1,
    priority: 3,
    fairnessKey: '',
    asked: { 1: want },
    granted: {},
    released: {},
    ...more,
  };
}

/** What was decided, as `a +2 b -1`: places granted in all, and wished back in all. */
function decided(limiter: Limiter, now = 0): string {
  return limiter
    .decide(now)
    .map(({ graph, grant }) => {
      const sum = (totals: Record<string, number>): number =>
        Object.values(totals).reduce((all, one) => all + one, 0);
      const back = sum(grant.giveBack);
      return `${graph} +${sum(grant.granted)}${back > 0 ? ` -${back}` : ''}`;
    })
    .join(' ');
}

describe('Limiter', () => {
  it('grants what is asked for as far as there are places, and the rest as they come back', () => {
    const limiter = new Limiter(3);
    limiter.hear(ask('a', 5), 0);
    expect(decided(limiter)).toBe('a +3');
    expect(decided(limiter)).toBe('');
    limiter.hear(ask('a', 5, { sequence: 2, granted: { 1: 3 }, released: { 1: 2 } }), 0);
    expect(decided(limiter)).toBe('a +5');
    expect(limiter.used).toBe(3);
  });

  it('shares among graphs, one place after the other', () => {
    const limiter = new Limiter(4);
    limiter.hear(ask('a', 9), 0);
    limiter.hear(ask('b', 9), 0);
    limiter.hear(ask('c', 1), 0);
    expect(decided(limiter)).toBe('a +2 b +1 c +1');
  });

  it('tells the line in the order in which places are then given out', () => {
    const limiter = new Limiter(1);
    limiter.hear(ask('has', 1), 0);
    decided(limiter);
    limiter.hear(ask('a', 3), 1);
    limiter.hear(ask('b', 1, { priority: 1 }), 2);
    limiter.hear(ask('c', 2), 3);
    const line = limiter.line(4, 100).map(({ graph }) => graph);
    expect(line).toEqual(['b', 'a', 'c', 'a', 'c', 'a']);
    expect(limiter.line(4, 2)).toEqual([
      { graph: 'b', weight: 1 },
      { graph: 'a', weight: 1 },
    ]);
    limiter.setMax(7);
    expect(decided(limiter, 4)).toBe('has +1 a +3 b +1 c +2');
  });

  it('tells who is next, whoever asks for what', () => {
    const asks = fc.array(
      fc.record({
        graph: fc.constantFrom('a', 'b', 'c', 'd'),
        want: fc.integer({ min: 1, max: 4 }),
        priority: fc.integer({ min: 1, max: 5 }),
        fairnessKey: fc.constantFrom('', 'x'),
        at: fc.nat({ max: 90_000 }),
      }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(asks, (asked) => {
        const limiter = new Limiter(1);
        limiter.hear(ask('has', 1), 0);
        decided(limiter);
        for (const { graph, want, at, ...more } of [...asked].sort((a, b) => a.at - b.at))
          limiter.hear(ask(graph, want, more), at);
        for (let max = 2; ; max++) {
          const [next] = limiter.line(100_000, 1);
          if (!next) break;
          const before = new Map(limiter.view().holders.map((one) => [one.graph, one.places]));
          limiter.setMax(max);
          limiter.decide(100_000);
          const given = limiter
            .view()
            .holders.filter(({ graph, places }) => places > (before.get(graph) ?? 0));
          expect(given.map(({ graph }) => graph)).toEqual([next.graph]);
        }
      }),
    );
  });

  it('changes nothing on a message that comes twice or late', () => {
    const limiter = new Limiter(3);
    const first = ask('a', 5);
    const second = ask('a', 2, { sequence: 2, granted: { 1: 2 }, released: { 1: 1 } });
    limiter.hear(first, 0);
    decided(limiter);
    limiter.hear(second, 0);
    const before = limiter.snapshot();
    limiter.hear(first, 0);
    limiter.hear(second, 0);
    expect(limiter.snapshot()).toEqual(before);
  });

  it('asks nobody back while nobody waits', () => {
    const limiter = new Limiter(2);
    limiter.hear(ask('a', 9), 0);
    decided(limiter);
    expect(decided(limiter, 50_000)).toBe('');
  });

  it('asks a place back once it has been held for a quantum and one waits who has less', () => {
    const limiter = new Limiter(2);
    limiter.hear(ask('a', 9), 0);
    decided(limiter);
    limiter.hear(ask('b', 9), 400);
    expect(decided(limiter, 400)).toBe('');
    expect(limiter.nextDue()).toBe(1_000);
    expect(decided(limiter, 1_000)).toBe('a +2 -1');
    expect(decided(limiter, 5_000)).toBe(''); // b gets as much as a has then: no more is asked back
    limiter.hear(
      ask('a', 9, { sequence: 2, granted: { 1: 2 }, released: { 1: 1 }, asked: { 1: 9 } }),
      5_000,
    );
    expect(decided(limiter, 5_000)).toBe('b +1');
  });

  it('prefers the more urgent, and takes places for it from the less urgent', () => {
    const limiter = new Limiter(2);
    limiter.hear(ask('low', 2, { priority: 4 }), 0);
    decided(limiter);
    limiter.hear(ask('medium', 2), 10);
    limiter.hear(ask('high', 1, { priority: 2 }), 20);
    expect(decided(limiter, 1_000)).toBe('low +2 -2');
    limiter.hear(ask('low', 2, { sequence: 2, priority: 4, released: { 1: 2 } }), 1_000);
    expect(decided(limiter, 1_000)).toBe('high +1 medium +1');
  });

  it('gives fairness keys equal parts, however many graphs each has', () => {
    const limiter = new Limiter(4);
    for (const graph of ['a1', 'a2', 'a3']) limiter.hear(ask(graph, 4, { fairnessKey: 'a' }), 0);
    limiter.hear(ask('b', 4, { fairnessKey: 'b' }), 0);
    expect(decided(limiter)).toBe('a1 +1 b +2 a2 +1');
  });

  it('keeps places free for a heavy node that is first in the queue', () => {
    const limiter = new Limiter(3);
    limiter.hear(ask('light', 3), 0);
    decided(limiter);
    limiter.hear(ask('heavy', 0, { asked: { 3: 1 } }), 1);
    limiter.hear(ask('light', 9, { sequence: 2, released: { 1: 2 } }), 2);
    expect(decided(limiter, 2)).toBe('');
    limiter.hear(ask('light', 9, { sequence: 3, released: { 1: 3 } }), 3);
    expect(decided(limiter, 3)).toBe('heavy +1');
  });

  it('counts ten seconds of waiting as one priority', () => {
    const limiter = new Limiter(1);
    limiter.hear(ask('a', 1), 0);
    decided(limiter);
    limiter.hear(ask('low', 1, { priority: 4 }), 0);
    limiter.hear(ask('high', 1, { priority: 2 }), 21_000);
    limiter.hear(ask('a', 1, { sequence: 2, released: { 1: 1 } }), 30_000);
    expect(decided(limiter, 30_000)).toBe('low +1');
  });

  it('puts one that has waited a minute before everybody', () => {
    const limiter = new Limiter(1);
    limiter.hear(ask('a', 1, { fairnessKey: 'x' }), 0);
    decided(limiter);
    limiter.hear(ask('old', 1, { priority: 4, fairnessKey: 'x' }), 0);
    limiter.hear(ask('urgent', 1, { priority: 1, fairnessKey: 'y' }), 60_000);
    limiter.hear(ask('a', 1, { sequence: 2, fairnessKey: 'x', released: { 1: 1 } }), 60_000);
    expect(decided(limiter, 60_000)).toBe('old +1');
  });

  it('asks back what is over a max that was lowered, at once', () => {
    const limiter = new Limiter(3);
    limiter.hear(ask('a', 9), 0);
    decided(limiter);
    limiter.setMax(1);
    expect(decided(limiter, 1)).toBe('a +3 -2');
    limiter.hear(ask('a', 9, { sequence: 2, granted: { 1: 3 }, released: { 1: 2 } }), 2);
    expect(decided(limiter, 2)).toBe('');
    limiter.setMax(2);
    expect(decided(limiter, 2)).toBe('a +4 -2');
  });

  it('lets a node that is heavier than a lowered max run alone', () => {
    const limiter = new Limiter(3);
    limiter.hear(ask('heavy', 0, { asked: { 3: 1 } }), 0);
    limiter.setMax(2);
    expect(decided(limiter)).toBe('heavy +1');
    limiter.hear(ask('light', 1), 0);
    expect(decided(limiter)).toBe('');
  });

  it('frees the places of a graph that has ended, and knows its late messages', () => {
    const limiter = new Limiter(1);
    limiter.hear(ask('a', 1), 0);
    limiter.hear(ask('b', 1), 0);
    expect(decided(limiter)).toBe('a +1');
    limiter.hear(ask('a', 0, { sequence: 9, closed: true }), 0);
    limiter.hear(ask('a', 7, { sequence: 5 }), 0);
    expect(decided(limiter)).toBe('b +1');
    limiter.forget('b', 'run of b');
    expect(limiter.isEmpty).toBe(true);
  });

  it('takes another run under the same id for a new graph, and ignores what the old one said late', () => {
    const limiter = new Limiter(2);
    limiter.hear(ask('a', 2), 0);
    decided(limiter);
    limiter.hear(ask('a', 1, { run: 'second', sequence: 0 }), 0);
    limiter.hear(ask('a', 9, { sequence: 8 }), 0);
    limiter.forget('a', 'run of a');
    expect(decided(limiter)).toBe('a +1');
    expect(limiter.used).toBe(1);
  });

  it('learns from a graph what it granted before it lost its memory', () => {
    const limiter = new Limiter(2);
    const told = { sequence: 12, asked: { 1: 9 }, granted: { 1: 7 }, released: { 1: 6 } };
    limiter.hear(ask('a', 0, told), 0);
    expect(limiter.used).toBe(1);
    expect(decided(limiter)).toBe('a +8');
  });

  it('wants graphs looked at that it has not heard of for a minute, then after 2, 4 … 60 minutes', () => {
    const limiter = new Limiter(1);
    limiter.hear(ask('a', 1), 0);
    decided(limiter);
    const waits: number[] = [];
    let now = 0;
    for (let i = 0; i < 8; i++) {
      const due = limiter.nextDue() ?? 0;
      expect(limiter.overdue(due - 1)).toEqual([]);
      expect(limiter.overdue(due)).toEqual([{ graph: 'a', run: 'run of a' }]);
      waits.push((due - now) / 60_000);
      limiter.stillThere('a', (now = due));
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it('says who has what and who waits', () => {
    const limiter = new Limiter(1);
    limiter.hear(ask('a', 3), 5);
    decided(limiter, 5);
    expect(limiter.view()).toEqual({
      max: 1,
      used: 1,
      holders: [{ graph: 'a', places: 1, weight: 1, since: 5 }],
      waiters: [{ graph: 'a', places: 2, weight: 1, since: 5, priority: 3 }],
    });
  });
});

const plans: fc.Arbitrary<{ max: number; graphs: GraphPlan[] }> = fc
  .integer({ min: 1, max: 5 })
  .chain((max) =>
    fc.record({
      max: fc.constant(max),
      graphs: fc.array(
        fc.record({
          priority: fc.integer({ min: 1, max: 4 }),
          fairnessKey: fc.constantFrom('', 'x', 'y'),
          window: fc.integer({ min: 1, max: 6 }),
          lanes: fc.uniqueArray(
            fc.record({ weight: fc.integer({ min: 1, max }), nodes: fc.nat({ max: 8 }) }),
            { minLength: 1, maxLength: 2, selector: ({ weight }) => weight },
          ),
        }),
        { minLength: 1, maxLength: 5 },
      ),
    }),
  );

const step = fc.record({
  do: fc.constantFrom(
    ...([
      'ask',
      'askCopy',
      'grant',
      'grantCopy',
      'end',
      'end',
      'decide',
      'decide',
      'wait',
    ] as const),
    ...(['turn', 'more', 'close', 'restoreKeeper', 'restoreGate'] as const),
  ),
  graph: fc.nat({ max: 4 }),
  which: fc.nat({ max: 7 }),
});

describe('a limit among graphs whose messages come late, twice and in any order', () => {
  it('is never passed, and everything that waits has its turn in the end', () => {
    fc.assert(
      fc.property(plans, fc.array(step, { maxLength: 120 }), ({ max, graphs }, steps) => {
        const world = new LimitWorld(max, graphs);
        for (const { do: what, graph: index, which } of steps) {
          const graph = world.graphs[index % world.graphs.length]!;
          const lane = which % graph.plan.lanes.length;
          if (what === 'ask' || what === 'askCopy')
            world.deliverAsk(graph, which, what === 'askCopy');
          else if (what === 'grant' || what === 'grantCopy')
            world.deliverGrant(graph, which, what === 'grantCopy');
          else if (what === 'end') world.end(graph, lane, which % 2);
          else if (what === 'decide') world.decide();
          else if (what === 'wait') world.now += which * 400;
          else if (what === 'turn') world.turn(graph);
          else if (what === 'more' && !graph.closed) {
            graph.ready[lane]! += which;
            world.turn(graph);
          } else if (what === 'close' && which === 0) world.close(graph);
          else if (what === 'restoreKeeper') world.restoreKeeper();
          else if (what === 'restoreGate') world.restoreGate(graph);
        }
        world.runOut();
        for (const graph of world.graphs) world.close(graph);
        world.settle();
        expect(world.keeper.isEmpty).toBe(true);
      }),
      { numRuns: 1_500 },
    );
  });

  it('has the same future after a snapshot and a restore', () => {
    fc.assert(
      fc.property(plans, fc.nat({ max: 60 }), ({ max, graphs }, restoreAt) => {
        const story = (restore: boolean): unknown => {
          const world = new LimitWorld(max, graphs);
          for (let round = 0; round < 60; round++) {
            if (restore && round === restoreAt) world.restoreKeeper();
            world.settle();
            world.now = Math.max(
              world.now + 300,
              Math.min(world.keeper.nextDue() ?? 0, world.now + 900),
            );
            const graph = world.graphs[round % world.graphs.length]!;
            graph.running.forEach((_, lane) => world.end(graph, lane));
          }
          return [world.starts, world.keeper.snapshot(), world.keeper.nextDue()];
        };
        expect(story(true)).toEqual(story(false));
      }),
      { numRuns: 300 },
    );
  });

  it('lets nobody wait much longer than its share asks for, while others never run out of nodes', () => {
    fc.assert(
      fc.property(plans, ({ max, graphs }) => {
        const world = new LimitWorld(max, graphs);
        const first = world.graphs[0]!;
        first.ready.fill(0);
        first.ready[0] = 1;
        world.turn(first);
        // Two minutes of nodes of half a second; all the others have endless work.
        for (let round = 0; round < 240; round++) {
          world.settle();
          world.now += 500;
          for (const graph of world.graphs)
            graph.running.forEach((count, lane) => {
              for (let i = 0; i < count; i++) world.end(graph, lane, graph === first ? 0 : 1);
            });
        }
        expect(first.ended).toBeGreaterThanOrEqual(1);
      }),
      { numRuns: 200 },
    );
  });
});

describe('messages', () => {
  it('are none at all for node after node while nobody else waits', () => {
    const lanes = [{ weight: 1, nodes: 200 }];
    const world = new LimitWorld(3, [{ priority: 3, fairnessKey: '', window: 10, lanes }]);
    world.runOut(10);
    expect(world.graphs[0]?.ended).toBe(200);
    // ask, grant; then what is no longer wanted or used at the end
    expect(world.sent.grants).toBeLessThanOrEqual(3);
    expect(world.sent.asks).toBeLessThanOrEqual(5);
  });

  it('are one a quantum or so where graphs take turns', () => {
    const plan: GraphPlan = {
      priority: 3,
      fairnessKey: '',
      window: 10,
      lanes: [{ weight: 1, nodes: 200 }],
    };
    const world = new LimitWorld(3, [plan, plan, plan, plan]);
    world.runOut(10);
    const seconds = world.now / 1_000;
    expect(world.sent.asks).toBeLessThanOrEqual(4 * 6 + 3 * seconds);
    expect(world.sent.grants).toBeLessThanOrEqual(4 * 6 + 6 * seconds);
  });
});
