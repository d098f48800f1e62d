import { z } from 'zod';
import { TaskStateError, type GraphSpec } from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const load = defineTask({
  name: 'load',
  version: '7',
  input: z.object({ from: z.string() }).nullable(),
  timeout: '2m',
  retry: { maxRetries: 1 },
  expectedDuration: '4s',
  run: () => null,
});
const blocked = defineTask({
  name: 'blocked',
  run: async (_input, { signal }) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  },
});
const sleeps = (ids: readonly string[], more: object = {}): GraphSpec => ({
  name: 'sleeps',
  tasks: ids.map((id) => ({ id, task: 'sleep', input: { ms: 200 } })),
  ...more,
});

describe('engine.plan', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ tasks: [load, blocked], limits: { api: { max: 1 } } });
  });
  afterAll(() => harness.stop());

  it('asks a worker for what only it knows: definitions, limits, settings', async () => {
    const plan = await harness.engine.plan({
      name: 'g',
      tasks: [
        { id: 'a', task: 'load', limit: 'api' },
        { id: 'b', task: 'load', limit: 'api', timeout: '9s' },
      ],
    });
    expect(plan).toMatchObject({
      tasksChecked: true,
      ...{ makespanMs: 8_022, peakParallelism: 1, limits: [{ key: 'api', max: 1 }] },
      nodes: {
        a: {
          durationFrom: 'expectedDuration',
          options: {
            timeout: { value: 120_000, from: 'definition' },
            'retry.maxRetries': { value: 1, from: 'definition' },
          },
        },
        b: { options: { timeout: { value: 9_000, from: 'node' } } },
      },
    });
  });

  it('throws every fault that a worker finds, as a start would', async () => {
    const graph = {
      name: 'g',
      tasks: [
        { id: 'a', task: 'lod' },
        { id: 'b', task: 'load', input: { from: 5 } },
      ],
    };
    await expect(harness.engine.plan(graph)).rejects.toMatchObject({
      code: 'SPEC_INVALID',
      faults: [{ path: 'tasks[0].task' }, { code: 'INPUT_INVALID' }],
    });
    const plan = await harness.engine.plan(graph, { askWorker: false });
    expect(plan.tasksChecked).toBe(false);
  });

  it('knows how long a task took before, from the store', async () => {
    const { engine } = harness;
    for (const from of ['x', 'y']) await (await engine.scheduleTaskGraph(sleeps([from]))).result();
    const seen = async () => (await engine.plan(sleeps(['a']))).nodes['a'];
    await until(async () => (await seen())?.durationFrom === 'history');
    const node = await seen();
    expect(node?.durationMs).toBeGreaterThanOrEqual(190); // within 4 % of at least 200 ms
    expect(node?.durationMs).toBeLessThan(2_000);
    const without = await engine.plan(sleeps(['a']), { history: false });
    expect(without.nodes['a']?.durationFrom).toBe('default');
  });

  it('learns from the store what a step costs outside its handler', async () => {
    const { engine } = harness;
    const tasks = Array.from({ length: 30 }, (_, at) => ({
      ...{ id: `n${at}`, task: 'noop', dependsOn: at === 0 ? [] : [`n${at - 1}`] },
    }));
    const chain: GraphSpec = { name: 'chain', tasks };
    const { durationMs } = await (await engine.scheduleTaskGraph(chain)).result();
    const seen = async () => (await engine.plan(chain)).overhead;
    await until(async () => (await seen()).stepFrom === 'history');
    const { stepMs, graphs, makespanMs } = await seen();
    expect(graphs.step).toBe(1);
    expect(stepMs).toBeLessThanOrEqual(durationMs / 30 + 0.1); // it is rounded to tenths
    expect(makespanMs).toBe(Math.round(30 * stepMs));
    const without = await engine.plan(chain, { history: false });
    expect(without.overhead).toMatchObject({ stepMs: 11, stepFrom: 'default' });
    const given = await engine.plan(chain, { overhead: { stepMs: 5 } });
    expect(given.overhead).toMatchObject({ stepMs: 5, stepFrom: 'given' });
  });

  it('plans a map and a sub-graph, and refuses what is said of nothing', async () => {
    const plan = await harness.engine.plan(
      {
        name: 'g',
        params: { days: { type: 'array' } },
        tasks: [
          { id: 'm', task: 'load', map: { over: 'params.days', concurrency: 2 } },
          { id: 'g', graph: { name: 'in', tasks: [{ id: 'x', task: 'load' }] }, dependsOn: ['m'] },
        ],
      },
      { params: { days: [1, 2, 3] }, history: false },
    );
    expect(plan.makespanMs).toBe(12_000 + 5 * 11);
    await expect(
      harness.engine.plan(sleeps(['a']), { durations: { b: '1s' } }),
    ).rejects.toMatchObject({ faults: [{ path: 'durations.b', code: 'UNKNOWN_REFERENCE' }] });
  });

  it('says NO_WORKER where one has to be asked and there is none', async () => {
    const { TaskEngine } = await import('../../src/client.js');
    const lonely = await TaskEngine.connect({
      ...{ address: harness.address, taskQueue: `nobody-${Date.now()}`, storeUrl: 'none' },
    });
    try {
      const plan = await lonely.plan(sleeps(['a', 'b']));
      expect(plan).toMatchObject({ tasksChecked: false, makespanMs: 1_014 });
      await expect(lonely.plan(sleeps(['a']), { askWorker: true })).rejects.toMatchObject({
        code: 'NO_WORKER',
      });
    } finally {
      await lonely.shutdown();
    }
  });
});

describe('engine.whatIf', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ tasks: [blocked] });
  });
  afterAll(() => harness.stop());

  const run = async (spec: GraphSpec): Promise<string> => {
    const handle = await harness.engine.scheduleTaskGraph(spec);
    await handle.result();
    return handle.executionId;
  };

  it('finds the recorded time again, and what a wider window would have saved', async () => {
    const id = await run(sleeps(['a', 'b', 'c', 'd'], { concurrency: 1 }));
    const told = await harness.engine.whatIf(id, { concurrency: 4 });
    expect(told.recordedMs).toBeGreaterThanOrEqual(800);
    expect(told.simulatedMs).toBeGreaterThanOrEqual(800);
    expect(told.simulatedMs).toBeLessThanOrEqual(told.recordedMs);
    // All begin at once: what is left is the slowest, and the three others are saved.
    expect(Object.values(told.nodes).map(({ after }) => after.startMs)).toEqual([0, 0, 0, 0]);
    expect(told.savedMs).toBeGreaterThanOrEqual(600);
    expect(told.savedMs).toBe(told.simulatedMs - told.changedMs);
    expect(told.waits.before.window).toBeGreaterThan(0);
    expect(told).toMatchObject({
      waits: { after: { window: 0 } },
      peakParallelism: { before: 1, after: 4 },
    });
  });

  it('plays another place of a limit, another priority, another duration', async () => {
    const limit = { key: `k${Date.now()}`, max: 1 };
    const nodes = ['a', 'b', 'c'].map((id) => ({ id, task: 'sleep', input: { ms: 200 }, limit }));
    const id = await run({ name: 'limited', tasks: nodes });
    const wider = await harness.engine.whatIf(id, { limits: { [limit.key]: 3 } });
    expect(wider.waits.before.limit).toBeGreaterThan(0);
    expect(wider.waits.after.limit).toBe(0);
    expect(wider.changedMs).toBeLessThan(wider.simulatedMs);
    const { nodes: moved } = await harness.engine.whatIf(id, { priorities: { c: 'HIGH' } });
    expect(moved['c']?.after.startMs).toBe(0);
    expect(moved['c']?.before.startMs).toBeGreaterThan(0);
    const slow = await harness.engine.whatIf(id, { durations: { a: '1h' } });
    expect(slow.changedMs).toBeGreaterThan(3_600_000);
  });

  it('takes maps, sub-graphs and what was skipped as they were', async () => {
    const sleep = { task: 'sleep', input: { ms: 100 } };
    const id = await run({
      name: 'below',
      tasks: [
        { id: 'm', ...sleep, map: { over: [1, 2] } },
        { id: 'g', graph: { name: 'in', tasks: [{ id: 'x', ...sleep }] }, dependsOn: ['m'] },
        { id: 'no', task: 'noop', when: 'false', dependsOn: ['g'] },
      ],
    });
    const { recordedMs, simulatedMs, nodes } = await harness.engine.whatIf(id);
    expect(simulatedMs).toBeGreaterThanOrEqual(200);
    expect(simulatedMs).toBeLessThanOrEqual(recordedMs);
    expect(nodes['g']?.before.startMs).toBe(nodes['m']?.before.endMs);
    expect(nodes['no']?.before.status).toBe('SKIPPED');
  });

  it('plays failed attempts and their waits as they were, and the trigger rules after them', async () => {
    const id = await run({
      name: 'fails',
      tasks: [
        {
          ...{ id: 'a', task: 'fail', input: { times: 1 } },
          retry: { strategy: 'FIXED_DELAY', delay: '300ms' },
        },
        { id: 'b', task: 'fail', retry: 'NONE', dependsOn: ['a'] },
        { id: 'c', task: 'noop', dependsOn: ['b'] },
        { id: 'd', task: 'noop', dependsOn: ['b'], trigger: 'one_failed' },
      ],
    });
    const { nodes, waits } = await harness.engine.whatIf(id);
    expect(waits.before.backoff).toBe(300);
    const statuses = Object.fromEntries(
      Object.entries(nodes).map(([node, { before }]) => [node, before.status]),
    );
    expect(statuses).toEqual({ a: 'COMPLETED', b: 'FAILED', c: 'SKIPPED', d: 'COMPLETED' });
  });

  it('refuses what runs, what is not there, and a change that names nothing', async () => {
    const { engine } = harness;
    const handle = await engine.scheduleTaskGraph({
      name: 'runs',
      tasks: [{ id: 'a', task: 'blocked' }],
    });
    await expect(engine.whatIf(handle.executionId)).rejects.toThrow(TaskStateError);
    await handle.cancel();
    await handle.result();
    await expect(engine.whatIf('never-was')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const id = await run(sleeps(['load']));
    await expect(
      engine.whatIf(id, { concurrency: 0, priorities: { lod: 'HIGH' }, limits: { x: 1 } }),
    ).rejects.toMatchObject({
      faults: [
        { path: 'concurrency' },
        { path: 'limits.x' },
        { path: 'priorities.lod', hint: 'did you mean "load"?' },
      ],
    });
  });
});
