import { describe, expect, it } from '@jest/globals';
import { DEFAULT_OVERHEAD, learnOverhead, type PastGraph } from '../../src/domain/overhead.js';
import { planGraph, type ForecastOptions, type GraphForecast } from '../../src/domain/forecast.js';
import { whatIf, type RecordedNode } from '../../src/domain/what-if.js';
import { makePlan } from '../../src/domain/make-plan.js';
import { NO_FACTS, planContextOf, type PlanFacts } from '../../src/domain/plan-facts.js';
import { validateGraph } from '../../src/domain/validate.js';

/** 100 nodes of 2 ms one after the other, each 5 ms until a worker had it and 8 ms until it was heard of. */
const chain: PastGraph = {
  ...{ nodes: 100, attempts: 100, durationMs: 1_500, nodesMs: 200, queueMs: 500 },
};
/** 3,000 nodes of 1 ms, ten at once, each 70 ms until a worker had it. */
const wide: PastGraph = {
  ...{ nodes: 3_000, attempts: 3_000, durationMs: 24_000, nodesMs: 3_000, queueMs: 210_000 },
};

describe('learnOverhead', () => {
  it('takes the cost of a step from graphs whose nodes followed each other', () => {
    expect(learnOverhead([chain])).toEqual({
      ...{ stepMs: 13, stepFrom: 'history', perNodeMs: 2.5, perNodeFrom: 'default' },
      graphs: { step: 1, perNode: 0 },
    });
  });

  it('takes what is carried from graphs of which many nodes were under way', () => {
    expect(learnOverhead([wide])).toEqual({
      ...{ stepMs: 11, stepFrom: 'default', perNodeMs: 8, perNodeFrom: 'history' },
      graphs: { step: 0, perNode: 1 },
    });
  });

  it('takes the median of several', () => {
    const graphs = [16_000, 24_000, 60_000].map((durationMs) => ({ ...wide, durationMs }));
    expect(learnOverhead(graphs)).toMatchObject({ perNodeMs: 8, graphs: { perNode: 3 } });
  });

  it.each<[string, PastGraph]>([
    ['few nodes', { ...chain, nodes: 19, attempts: 19 }],
    ['retries', { ...chain, attempts: 101 }],
    ['long waits between its steps', { ...chain, durationMs: 200_000 }],
    ['nodes that ran long side by side', { ...wide, nodesMs: 240_000 }],
    ['light nodes', { ...wide, durationMs: 2_000 }],
    ['neither a row nor much side by side', { ...chain, queueMs: 2_000 }],
    ['no time at all', { ...chain, durationMs: 0 }],
  ])('learns nothing from a graph of %s', (_what, graph) => {
    const { graphs, ...told } = learnOverhead([graph]);
    expect(graphs).toEqual({ step: 0, perNode: 0 });
    expect(told).toMatchObject(DEFAULT_OVERHEAD);
  });

  it('believes the caller before the history', () => {
    expect(learnOverhead([chain, wide], { perNodeMs: 0 })).toMatchObject({
      ...{ stepMs: 13, stepFrom: 'history', perNodeMs: 0, perNodeFrom: 'given' },
    });
  });
});

const planOf = (tasks: object[], options: ForecastOptions = {}): GraphForecast => {
  const { plan, faults } = planGraph({ name: 'g', tasks }, options);
  if (!plan) throw new Error(JSON.stringify(faults));
  return plan;
};
const row = (count: number): object[] =>
  Array.from({ length: count }, (_, at) => ({
    ...{ id: `n${at}`, task: 'echo', dependsOn: at === 0 ? [] : [`n${at - 1}`] },
  }));
const beside = (count: number, more: object = {}): object[] =>
  Array.from({ length: count }, (_, at) => ({ id: `n${at}`, task: 'echo', ...more }));
const quick = { durations: { echo: 1 } };

describe('planGraph, with what nodes cost outside their handlers', () => {
  it('counts every step of a chain', () => {
    const plan = planOf(row(10), quick);
    expect(plan).toMatchObject({ makespanMs: 120, criticalPathMs: 120, totalWorkMs: 10 });
    expect(plan.overhead).toEqual({
      ...{ makespanMs: 110, stepMs: 11, perNodeMs: 2.5, stepFrom: 'default' },
      ...{ perNodeFrom: 'default', graphs: { step: 0, perNode: 0 } },
    });
    expect(plan.nodes['n1']).toMatchObject({ startMs: 23, endMs: 24, waits: { overhead: 11 } });
  });

  it('carries no more nodes than server and workers do, whatever the window', () => {
    const plan = planOf(beside(3_000), { ...quick, pastGraphs: [wide], concurrency: 100 });
    expect(plan.overhead).toMatchObject({ perNodeMs: 8, perNodeFrom: 'history' });
    // The last is handed over after 2,999 others.
    expect(plan.makespanMs).toBe(2_999 * 8 + 11 + 1);
    expect(plan.overhead.makespanMs).toBe(plan.makespanMs - 30);
    expect(plan.criticalPathMs).toBe(12);
  });

  it('is bound by the window where nodes run long', () => {
    const plan = planOf(beside(20), { durations: { echo: '10s' }, concurrency: 10 });
    expect(plan.makespanMs).toBe(20_045);
    expect(plan.overhead.makespanMs).toBe(45);
  });

  it('keeps the worst case above it', () => {
    const { makespanMs, worstCase } = planOf(beside(300, { retry: 'NONE' }), quick);
    expect(worstCase.retriesMs).toBeGreaterThanOrEqual(makespanMs);
  });

  it('counts items of a map and nodes of a sub-graph where they run', () => {
    const items = Array.from({ length: 100 }, (_, item) => item);
    const map = planOf([{ id: 'm', task: 'echo', map: { over: items, concurrency: 10 } }], quick);
    expect(map.makespanMs).toBe(Math.round(11 + 99 * 2.5 + 12));
    expect(map.overhead.makespanMs).toBe(map.makespanMs - 10);
    const below = planOf([{ id: 'g', graph: { name: 'in', tasks: row(10) } }], quick);
    expect(below.makespanMs).toBe(11 + 120);
    expect(below.overhead.makespanMs).toBe(121);
  });

  it('counts less for light nodes, and nothing for an approval or what is skipped', () => {
    const facts: PlanFacts = {
      ...NO_FACTS,
      tasks: {
        echo: {
          ...{ version: '1', options: {}, postHooks: false, postHooksOnSkipped: false },
          inProcess: true,
        },
      },
    };
    const light = planOf(beside(1_000, { light: true }), { ...quick, facts, concurrency: 100 });
    expect(light.makespanMs).toBe(501);
    const none = planOf([
      { id: 'a', approval: { message: 'go on?' } },
      { id: 'b', task: 'echo', when: 'false' },
    ]);
    expect(none.makespanMs).toBe(0);
  });

  it('counts nothing where the caller says so', () => {
    const plan = planOf(row(10), { ...quick, overhead: { stepMs: 0, perNodeMs: 0 } });
    expect(plan).toMatchObject({ makespanMs: 10, overhead: { makespanMs: 0, stepFrom: 'given' } });
  });

  it('refuses a cost that is none', () => {
    const { faults } = planGraph({ name: 'g', tasks: row(1) }, { overhead: { stepMs: -1 } });
    expect(faults).toMatchObject([{ path: 'overhead.stepMs' }]);
  });
});

describe('whatIf, of a record that tells what its nodes cost', () => {
  /** Quick nodes, ten at once, one handed over every 8 ms. */
  const recorded = (count: number) => {
    const { valid } = validateGraph({ name: 'g', concurrency: 10, tasks: beside(count) });
    if (!valid) throw new Error('not valid');
    const nodes = Array.from({ length: count }, (_, at): RecordedNode => {
      const endedAt = (at + 1) * 8;
      const attempts = [{ startedAt: endedAt - 1, endedAt }];
      return { status: 'COMPLETED', scheduledAt: Math.max(0, endedAt - 75), endedAt, attempts };
    });
    return {
      ...{ plan: makePlan(valid, planContextOf(NO_FACTS)), nodes, startedAt: 0 },
      ...{ durationMs: count * 8, limits: {}, serverWaitsMs: 60_000 },
    };
  };

  it('finds the recorded time again, and does not believe in a wider window', () => {
    const told = whatIf(recorded(1_000), { concurrency: 100 });
    expect(told.overhead).toEqual({ stepMs: 0, perNodeMs: 8 });
    expect(told.recordedMs).toBe(8_000);
    expect(told.simulatedMs).toBeGreaterThanOrEqual(7_900);
    expect(told.simulatedMs).toBeLessThanOrEqual(8_200);
    expect(told.changedMs).toBeGreaterThanOrEqual(7_900);
    expect(told.notes).toEqual([
      'server and workers carried a node every 8 ms, however many could run: taken as it was',
    ]);
  });
});
