import { describe, expect, it } from '@jest/globals';
import { planGraph, type ForecastOptions, type GraphForecast } from '../../src/domain/forecast.js';
import { NO_FACTS, type PlanFacts } from '../../src/domain/plan-facts.js';
import type { TaskOptions } from '../../src/domain/spec.js';

const task = (id: string, dependsOn: string[] = [], more: object = {}): object => ({
  ...{ id, task: id, dependsOn },
  ...more,
});
const diamond = [task('a'), task('b', ['a']), task('c', ['a']), task('d', ['b', 'c'])];
const spec = (tasks: object[], more: object = {}): object => ({ name: 'g', tasks, ...more });
/** Handlers' times alone, unless a test says what nodes cost beside them. */
const planOf = (graph: object, options: ForecastOptions = {}): GraphForecast => {
  const none = { overhead: { stepMs: 0, perNodeMs: 0 } };
  const { plan, faults } = planGraph(graph, { ...none, ...options });
  if (!plan) throw new Error(JSON.stringify(faults));
  return plan;
};
const faultsOf = (graph: object, options: object): string[] =>
  planGraph(graph, options as ForecastOptions).faults.map(
    ({ path, message, hint }) => `${path}: ${message}${hint ? ` (${hint})` : ''}`,
  );
const facts = (tasks: Record<string, TaskOptions>): PlanFacts => ({
  ...NO_FACTS,
  tasks: Object.fromEntries(
    Object.entries(tasks).map(([name, options]) => [
      name,
      { version: '1', options, postHooks: false, postHooksOnSkipped: false },
    ]),
  ),
});

describe('planGraph', () => {
  it('gives order, levels, critical path and slack of a diamond', () => {
    const plan = planOf(spec(diamond), { durations: { a: '1s', b: '5s', c: '2s', d: '1s' } });
    expect(plan).toMatchObject({
      order: ['a', 'b', 'c', 'd'],
      levels: [['a'], ['b', 'c'], ['d']],
      ...{ criticalPath: ['a', 'b', 'd'], criticalPathMs: 7_000, makespanMs: 7_000 },
      ...{ peakParallelism: 2, maxParallelism: 2, totalWorkMs: 9_000 },
    });
    expect(Object.values(plan.nodes).map(({ slackMs }) => slackMs)).toEqual([0, 0, 3_000, 0]);
  });

  it('puts the nodes into the window, and says what the makespan is due to', () => {
    const plan = planOf(spec(diamond), {
      ...{ concurrency: 1, durations: { a: 1_000, b: 5_000, c: 2_000, d: 1_000 } },
    });
    expect(plan).toMatchObject({
      ...{ concurrency: 1, makespanMs: 9_000, criticalPathMs: 7_000 },
      ...{ peakParallelism: 1, maxParallelism: 2, makespanPath: ['a', 'b', 'c', 'd'] },
    });
    expect(plan.nodes['c']?.waits.window).toBe(5_000);
  });

  it('takes nothing of the history of other programs for a program', () => {
    const graph = { name: 'g', tasks: [{ id: 'a', process: { command: ['sleep', '600'] } }] };
    const { nodes } = planOf(graph, { history: { 'tempograph.process': 110 } });
    expect(nodes['a']).toMatchObject({ durationMs: 1_000, durationFrom: 'default' });
  });

  it('takes a duration as given, else from the history, else as expected, else a second', () => {
    const plan = planOf(
      spec([task('a'), task('b'), task('c', [], { expectedDuration: '4s' }), task('d')]),
      { durations: { a: 9 }, history: { a: 8, b: 7 } },
    );
    const told = Object.values(plan.nodes).map((node) => [node.durationMs, node.durationFrom]);
    expect(told).toEqual([
      ...[
        [9, 'given'],
        [7, 'history'],
        [4_000, 'expectedDuration'],
        [1_000, 'default'],
      ],
    ]);
    expect(plan.durations).toEqual({ given: 1, history: 1, expectedDuration: 1, default: 1 });
  });

  it('adds up the worst that retries and time-outs allow', () => {
    const retry = { strategy: 'FIXED_DELAY', delay: '2s', maxRetries: 2, jitter: 0.5 };
    const plan = planOf(spec([task('a', [], { retry, timeout: '1m' })]), {
      durations: { a: '10s' },
    });
    expect(plan.worstCase).toEqual({ retriesMs: 36_000, timeoutsMs: 186_000 });
    const bound = spec([task('a', [], { retry, timeout: '1m', totalTimeout: '90s' })]);
    expect(planOf(bound, { durations: { a: '10s' } }).worstCase.timeoutsMs).toBe(90_000);
  });

  it('plays failures with their waits, and a node that runs out of retries', () => {
    const retry = { strategy: 'FIXED_DELAY', delay: '2s', maxRetries: 1 };
    const graph = spec([task('a', [], { retry }), task('b', ['a'])]);
    expect(planOf(graph, { failures: { a: 1 } }).nodes['a']).toMatchObject({
      ...{ status: 'COMPLETED', endMs: 4_000 },
    });
    const { nodes } = planOf(graph, { failures: { a: 2 } });
    expect(nodes['a']?.status).toBe('FAILED');
    expect(nodes['b']).toMatchObject({
      status: 'SKIPPED',
      reason: 'upstream_failed',
      slackMs: null,
    });
  });

  it('evaluates what only reads parameters, and takes the rest for true', () => {
    const graph = spec(
      [
        task('a', [], { when: 'params.full' }),
        task('b', ['a'], { when: 'tasks.a.output.n > 3', trigger: 'all_done' }),
        task('c', ['a'], { trigger: 'all_skipped' }),
      ],
      { params: { full: { type: 'boolean' } } },
    );
    const statuses = (full: boolean): unknown =>
      Object.values(planOf(graph, { submission: { params: { full } } }).nodes).map(
        ({ status }) => status,
      );
    expect(statuses(true)).toEqual(['COMPLETED', 'COMPLETED', 'SKIPPED']);
    expect(statuses(false)).toEqual(['SKIPPED', 'COMPLETED', 'COMPLETED']);
    expect(
      planOf(graph, {
        ...{ submission: { params: { full: true } }, outcomes: { b: 'FAILED' } },
      }).nodes['b']?.status,
    ).toBe('FAILED');
  });

  it('has what a node says of when it runs, and of its failure, among its options', () => {
    const { a, b } = planOf(
      spec([
        task('a'),
        { ...task('b', ['a']), trigger: 'all_done', onCancel: 'run', allowFailure: true },
      ]),
    ).nodes;
    expect(b?.options).toMatchObject({
      trigger: { value: 'all_done', from: 'node' },
      onCancel: { value: 'run', from: 'node' },
      allowFailure: { value: true, from: 'node' },
    });
    for (const name of ['trigger', 'onCancel', 'allowFailure'])
      expect(a?.options).not.toHaveProperty(name);
  });

  it('says of each option who said it', () => {
    const graph = spec([task('a', [], { priority: 'HIGH', retry: { maxRetries: 1 } })], {
      defaults: { timeout: '1m', retry: { delay: '7s' } },
    });
    const { options } = planOf(graph, {
      submission: { options: { queue: 'gpu' } },
      facts: facts({ a: { heartbeatTimeout: 5_000, priority: 'LOW', retry: { jitter: 0.5 } } }),
    }).nodes['a'] ?? { options: {} };
    expect(options).toMatchObject({
      priority: { value: 'HIGH', from: 'node' },
      timeout: { value: 60_000, from: 'defaults' },
      queue: { value: 'gpu', from: 'submission' },
      heartbeatTimeout: { value: 5_000, from: 'definition' },
      queueTimeout: { value: 86_400_000, from: 'library' },
      'retry.maxRetries': { value: 1, from: 'node' },
      'retry.delay': { value: 7_000, from: 'defaults' },
      'retry.jitter': { value: 0.5, from: 'definition' },
      'retry.factor': { value: 2, from: 'library' },
    });
  });

  it('keeps the nodes of a limit to its places', () => {
    const limited = ['a', 'b', 'c'].map((id) => task(id, [], { limit: { key: 'api', max: 1 } }));
    const plan = planOf(spec(limited));
    expect(plan).toMatchObject({ makespanMs: 3_000, limits: [{ key: 'api', max: 1 }] });
    const open = planOf(spec([task('a', [], { limit: 'db' })]));
    expect(open.limits).toEqual([{ key: 'db', max: null }]);
    expect(open.notes.join()).toContain('the limit "db" has no max here');
  });

  it('counts a map by its list, by what is given, else as ten items', () => {
    const graph = (map: unknown): object => spec([{ id: 'm', task: 't', map }]);
    const lasts = (map: unknown, options: ForecastOptions = {}): number =>
      planOf(graph(map), options).makespanMs;
    expect(lasts({ over: [1, 2, 3, 4], concurrency: 2 })).toBe(2_000);
    expect(lasts({ over: '[1, 2, 3]', concurrency: 1 })).toBe(3_000);
    const unknown = spec([
      task('a'),
      { id: 'm', task: 't', map: { over: 'tasks.a.output', concurrency: 4 }, dependsOn: ['a'] },
    ]);
    expect(planOf(unknown).makespanMs).toBe(4_000);
    expect(planOf(unknown, { items: { m: 100 } })).toMatchObject({
      ...{ makespanMs: 26_000, peakParallelism: 4, totalWorkMs: 101_000 },
    });
    const limited = { id: 'm', task: 't', map: [1, 2, 3, 4], limit: { key: 'k', max: 2 } };
    expect(planOf(spec([{ ...limited, map: { over: [1, 2, 3, 4] } }])).makespanMs).toBe(2_000);
  });

  it('plans a sub-graph where it stands, and one that a worker knows by name', () => {
    const inner = { name: 'in', tasks: [task('x'), task('y', ['x'])] };
    const graph = (below: unknown): object => spec([{ id: 'g', graph: below }, task('z', ['g'])]);
    expect(planOf(graph(inner), { durations: { 'g/x': '5s', z: '2s' } })).toMatchObject({
      makespanMs: 8_000,
      temporal: { executionsBelow: 1, eventsBelow: 12 },
    });
    const known = { ...NO_FACTS, pipelines: { nightly: inner } } as unknown as PlanFacts;
    expect(planOf(graph('nightly'), { facts: known }).makespanMs).toBe(3_000);
    const unknown = planOf(graph('nightly'));
    expect(unknown.makespanMs).toBe(2_000);
    expect(unknown.notes).toEqual(['g: the pipeline "nightly" is not known here']);
  });

  it('lets an approval take no time, or what is given', () => {
    const graph = spec([{ id: 'ok', approval: { message: '?', timeout: '1h' } }]);
    expect(planOf(graph).makespanMs).toBe(0);
    expect(planOf(graph, { durations: { ok: '5m' } }).makespanMs).toBe(300_000);
    expect(planOf(graph).worstCase.timeoutsMs).toBe(3_600_000);
  });

  it('says how a large graph is cut, and whether a deadline is met', () => {
    const tasks = Array.from({ length: 9_000 }, (_, index) => task(`n${index}`));
    const plan = planOf(spec(tasks, { deadline: '1m' }));
    expect(plan.temporal.split).toMatchObject({ pieces: 'segments' });
    expect(plan.temporal.events).toBe(54_000);
    expect(plan.deadline).toEqual({ deadlineMs: 60_000, met: false });
  });

  it('gives every fault at once, of the graph and of what is assumed of it', () => {
    const broken = spec([task('a', ['b']), task('a', ['a'])]);
    const found = faultsOf(broken, { concurrency: 0, durations: { a: 'soon' } });
    expect(found.length).toBeGreaterThanOrEqual(4);
    expect(found.map((one) => one.split(':')[0])).toEqual(
      expect.arrayContaining(['tasks[1].id', 'concurrency', 'durations.a']),
    );
  });

  it.each<[string, object, string]>([
    ['a name that nothing has', { durations: { lod: 1 } }, 'durations.lod: the graph has no such'],
    ['items of a task', { items: { load: 3 } }, 'items.load: only a map has items'],
    ['a negative duration', { durations: { load: -1 } }, 'durations.load: expected a duration'],
    ['an outcome that is none', { outcomes: { load: 'OK' } }, 'outcomes.load:'],
    [
      'a field that is none',
      { duration: {} },
      'duration: unknown field (did you mean "durations"?)',
    ],
    [
      'a name that cannot be set',
      JSON.parse('{"items":{"__proto__":1}}') as object,
      'items.__proto__',
    ],
  ])('refuses %s, naming it', (_what, options, says) => {
    expect(faultsOf(spec([task('load')]), options).join()).toContain(says);
  });

  it('keeps nodes apart that have names of objects', () => {
    const plan = planOf(spec([task('__proto__'), task('constructor', ['__proto__'])]));
    expect(Object.keys(plan.nodes)).toEqual(['__proto__', 'constructor']);
    expect(plan.makespanMs).toBe(2_000);
  });
});
