import { Client, Connection } from '@temporalio/client';
import { limiterId } from '../../src/domain/limit.js';
import type { GraphSpec } from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { Gauge } from '../support/gauge.js';
import { until } from '../support/until.js';

interface CountInput {
  as: string;
  weight?: number;
  failFirst?: boolean;
}

describe('keyed limits', () => {
  const gauge = new Gauge();
  const gates = new Map<string, () => void>();
  const opened = new Set<string>();
  const tries = new Map<string, number>();
  const count = defineTask<CountInput>({
    name: 'count',
    run: ({ as, weight = 1, failFirst }, { executionId }) =>
      gauge.during(as, weight, async () => {
        await new Promise((resolve) => setImmediate(resolve));
        const attempt = (tries.get(executionId) ?? 0) + 1;
        tries.set(executionId, attempt);
        if (failFirst && attempt === 1) throw new Error('the first time');
      }),
  });
  /** Stays until its gate is opened. */
  const stay = defineTask<{ as: string; gate: string }>({
    name: 'stay',
    run: ({ as, gate }, { signal }) =>
      gauge.during(as, 1, () =>
        opened.has(gate)
          ? Promise.resolve()
          : new Promise<void>((done, failed) => {
              const before = gates.get(gate);
              gates.set(gate, () => {
                before?.();
                done();
              });
              signal.addEventListener('abort', () => failed(signal.reason as Error));
            }),
      ),
  });
  const open = (gate: string): void => {
    opened.add(gate);
    gates.get(gate)?.();
  };
  let harness: Harness;
  let client: Client;
  let keys = 0;
  const newKey = (): string => `key-${harness.taskQueue}-${++keys}`;

  beforeAll(async () => {
    harness = await startHarness({
      tasks: [count, stay],
      limits: { settled: { max: 2 } },
    });
    await harness.startWorker();
    client = new Client({ connection: await Connection.connect({ address: harness.address }) });
  });
  afterAll(async () => {
    await client.connection.close();
    await harness.stop();
  });

  const nodes = (many: number, as: string, limit: GraphSpec['tasks'][number]['limit']) =>
    Array.from({ length: many }, (_, index) => ({
      id: `n${index}`,
      task: 'count',
      input: { as },
      ...(limit === undefined ? {} : { limit }),
    }));
  const start = (name: string, tasks: GraphSpec['tasks'], more: Partial<GraphSpec> = {}) =>
    harness.engine.scheduleTaskGraph({ name, concurrency: 10, tasks, ...more });
  const keeper = (key: string) => client.workflow.getHandle(limiterId(key));
  const endOf = async (key: string): Promise<void> => {
    await until(async () => (await keeper(key).describe()).status.name === 'COMPLETED', 'its end');
  };

  it('lets never more than 3 run over 4 graphs and 2 workers, everything ends, and the limit too', async () => {
    const key = newKey();
    const handles = await Promise.all(
      [1, 2, 3, 4].map((n) => start(`shared ${n}`, nodes(50, key, { key, max: 3 }))),
    );
    const results = await Promise.all(handles.map((handle) => handle.result()));
    expect(results.map((result) => result.status)).toEqual(Array(4).fill('COMPLETED'));
    expect(gauge.most(key)).toBeLessThanOrEqual(3); // that 3 do run at once is proved below
    await endOf(key);
  });

  it('starves nobody: a small graph that comes late ends long before a large one', async () => {
    const key = newKey();
    const large = await start('large', nodes(300, key, { key, max: 1 }), { concurrency: 5 });
    await until(() => gauge.most(key) > 0, 'its start');
    const small = await start('small', nodes(3, key, { key, max: 1 }));
    expect((await small.result()).status).toBe('COMPLETED');
    const { status: its, counts } = await large.status();
    expect(its).toBe('RUNNING');
    expect(counts.PENDING).toBeGreaterThan(0);
    await large.cancel();
    expect((await large.result()).status).toBe('CANCELLED');
    expect(gauge.most(key)).toBe(1);
    await endOf(key);
  });

  it('counts a node by its weight, and lets the heavy one in among light ones', async () => {
    const key = newKey();
    const heavy = (id: string) => ({
      id,
      task: 'count',
      input: { as: key, weight: 3 },
      limit: { key, max: 3, weight: 3 },
    });
    const handle = await start('heavy', [
      ...nodes(30, key, { key, max: 3 }),
      heavy('h1'),
      heavy('h2'),
    ]);
    expect((await handle.result()).status).toBe('COMPLETED');
    expect(gauge.most(key)).toBe(3);
  });

  it('shows who waits for what, and lets what has no limit pass', async () => {
    const key = newKey();
    const handle = await start(
      'two and one',
      [
        { id: 'first', task: 'stay', input: { as: key, gate: key }, limit: { key, max: 1 } },
        { id: 'second', task: 'count', input: { as: key }, limit: key },
        { id: 'free', task: 'count', input: { as: `free ${key}` } },
        { id: 'after', task: 'count', input: { as: `free ${key}` }, dependsOn: ['free'] },
      ],
      { concurrency: 2 },
    );
    await until(async () => (await handle.status()).counts.COMPLETED === 2, 'the free ones');
    expect(await handle.node('second').status()).toMatchObject({
      status: 'PENDING',
      reason: 'limit',
      limit: { key, weight: 1 },
    });
    expect(await harness.engine.limits.get(key)).toMatchObject({
      key,
      max: 1,
      used: 1,
      holders: [{ executionId: handle.executionId, places: 1 }],
      waiters: [{ executionId: handle.executionId, places: 1 }],
    });
    await until(
      async () => (await harness.engine.limits.list()).some((one) => one.key === key),
      'its row in visibility',
    );
    open(key);
    expect((await handle.result()).status).toBe('COMPLETED');
    expect(gauge.most(key)).toBe(1);
    await endOf(key);
    await expect(harness.engine.limits.get(key)).rejects.toThrow('no running execution');
  });

  it('is kept by a graph whose window is full of what takes no place in it', async () => {
    const key = newKey();
    const limit = { key, max: 1 };
    const questions = ['q1', 'q2', 'q3'].map((id) => ({ id, approval: { message: 'may it?' } }));
    const stays = { id: 'stays', task: 'stay', input: { as: key, gate: key }, limit };
    const holder = await start('asks much', [...questions, stays], { concurrency: 2 });
    await until(() => gauge.running(key) === 1, 'the first');
    const other = await start('comes later', nodes(1, key, limit));
    await until(
      async () => ((await harness.engine.limits.get(key)).waiters ?? []).length === 1,
      'the second in line',
    );
    const { used } = await harness.engine.limits.get(key);
    expect({ used, running: gauge.running(key) }).toEqual({ used: 1, running: 1 });
    open(key);
    expect((await other.result()).status).toBe('COMPLETED');
    await Promise.all(questions.map(({ id }) => holder.node(id).approve({ by: 'ada' })));
    expect((await holder.result()).status).toBe('COMPLETED');
    expect(gauge.most(key)).toBe(1);
  });

  it('gives the place back before a retry, however short the wait', async () => {
    const key = newKey();
    const handle = await start(
      'fails once',
      Array.from({ length: 4 }, (_, index) => ({
        id: `n${index}`,
        task: 'count',
        input: { as: key, failFirst: true },
        limit: { key, max: 2 },
        retry: { strategy: 'FIXED_DELAY' as const, delay: 20, maxRetries: 2 },
      })),
    );
    const result = await handle.result();
    expect(result.status).toBe('COMPLETED');
    expect(Object.values(result.nodes).map(({ attempts }) => attempts)).toEqual([2, 2, 2, 2]);
    expect(gauge.most(key)).toBeLessThanOrEqual(2);
    const { events } = await client.workflow.getHandle(handle.executionId).fetchHistory();
    const begun = (events ?? []).filter(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'count',
    );
    expect(begun).toHaveLength(8);
  });

  it('gives places that it does not use back when it is paused', async () => {
    const key = newKey();
    const task = (id: string) => ({
      id,
      task: 'stay',
      input: { as: key, gate: `${key} ${id}` },
      limit: { key, max: 1 },
    });
    const paused = await start('paused', [task('a'), task('b')]);
    await until(() => gauge.running(key) === 1, 'the first');
    await paused.pause();
    const other = await start('other', nodes(2, key, { key, max: 1 }));
    open(`${key} a`);
    expect((await other.result()).status).toBe('COMPLETED');
    open(`${key} b`);
    await paused.resume();
    expect((await paused.result()).status).toBe('COMPLETED');
    expect(gauge.most(key)).toBe(1);
  });

  it('starts the keeper again with all it knows when it was terminated', async () => {
    const key = newKey();
    const handle = await start('kept', [
      { id: 'first', task: 'stay', input: { as: key, gate: key }, limit: { key, max: 1 } },
      { id: 'second', task: 'count', input: { as: key }, limit: key, dependsOn: ['first'] },
      { id: 'third', task: 'count', input: { as: key }, limit: key, dependsOn: ['first'] },
    ]);
    await until(() => gauge.running(key) === 1, 'the first');
    await keeper(key).terminate('test');
    open(key);
    expect((await handle.result()).status).toBe('COMPLETED');
    expect(gauge.most(key)).toBe(1);
  });

  it('is changed while it is in use: raised at once, lowered as nodes end', async () => {
    const key = newKey();
    const tasks = Array.from({ length: 6 }, (_, index) => ({
      id: `n${index}`,
      task: 'stay',
      input: { as: key, gate: `${key} ${index < 3 ? 'first' : 'rest'}` },
      limit: { key, max: 1 },
    }));
    const handle = await start('changed', tasks);
    await until(() => gauge.running(key) === 1, 'one');
    expect(await harness.engine.limits.setMax(key, 3)).toMatchObject({ success: true });
    await until(() => gauge.running(key) === 3, 'three');
    await harness.engine.limits.setMax(key, 1);
    // The definition still agrees; a new graph is told the truth.
    const beside = await start('beside', nodes(1, key, { key, max: 1 }));
    open(`${key} first`);
    await until(() => gauge.running(key) === 1, 'one again');
    open(`${key} rest`);
    const ended = await Promise.all([handle.result(), beside.result()]);
    expect(ended.map((result) => result.status)).toEqual(['COMPLETED', 'COMPLETED']);
    expect(gauge.most(key)).toBe(3);
  });

  it("takes its key from a parameter, and is the project's own", async () => {
    const name = newKey();
    const spec = {
      name: 'by tenant',
      params: { tenant: { type: 'string' as const } },
      tasks: [
        {
          id: 'a',
          task: 'stay',
          input: { as: name, gate: name },
          limit: { key: '${{ params.tenant }}', max: 1 },
        },
      ],
    };
    const options = { params: { tenant: name }, project: 'a/b' };
    const handle = await harness.engine.scheduleTaskGraph(spec, options);
    await until(() => gauge.running(name) === 1, 'its start');
    expect(await harness.engine.limits.get(name, { project: 'a/b' })).toMatchObject({ used: 1 });
    open(name);
    expect((await handle.result()).status).toBe('COMPLETED');
  });

  it('takes its max from the settings of the worker', async () => {
    const gate = newKey();
    const tasks = ['a', 'b', 'c'].map((id) => ({
      id,
      task: 'stay',
      input: { as: 'settled', gate },
      limit: 'settled',
    }));
    const handle = await start('settled', tasks);
    await until(() => gauge.running('settled') === 2, 'two of three');
    open(gate);
    expect((await handle.result()).status).toBe('COMPLETED');
    expect(gauge.most('settled')).toBe(2);
  });

  it.each<[string, GraphSpec['tasks'], string]>([
    ['a key that nobody defines', [{ id: 'a', task: 'noop', limit: 'nobody' }], 'has no max'],
    [
      'another max than the settings have',
      [{ id: 'a', task: 'noop', limit: { key: 'settled', max: 5 } }],
      "has max 5 here and 2 in the worker's settings",
    ],
    [
      'a weight over the max in the settings',
      [{ id: 'a', task: 'noop', limit: { key: 'settled', weight: 3 } }],
      'can never get into the limit',
    ],
    [
      'two different max in one graph',
      [
        { id: 'a', task: 'noop', limit: { key: 'k', max: 1 } },
        { id: 'b', task: 'noop', limit: { key: 'k', max: 2 } },
      ],
      'has max 2 here and 1 at tasks[0]',
    ],
  ])('refuses %s', async (_name, tasks, message) => {
    const { status: its, error } = await (await start('refused', tasks)).result();
    expect(its).toBe('REJECTED');
    expect(error?.message).toContain(message);
  });

  it('refuses a max that differs from that of the limit that runs, naming both, and leaves it as it was', async () => {
    const key = newKey();
    const handle = await start('three', [
      { id: 'a', task: 'stay', input: { as: key, gate: key }, limit: { key, max: 3 } },
    ]);
    await until(() => gauge.running(key) === 1, 'its start');
    const refused = await (await start('five', nodes(1, key, { key, max: 5 }))).result();
    expect(refused.status).toBe('REJECTED');
    expect(refused.error?.message).toContain('has max 5 here, and is running with 3');
    await until(
      async () => (await harness.engine.limits.get(key)).waiters.length === 0,
      'no waiter',
    );
    open(key);
    expect((await handle.result()).status).toBe('COMPLETED');
    await endOf(key);
  });

  it('ignores what is no message, to the keeper and to the graph', async () => {
    const key = newKey();
    const handle = await start('attacked', [
      { id: 'a', task: 'stay', input: { as: key, gate: key }, limit: { key, max: 1 } },
    ]);
    await until(() => gauge.running(key) === 1, 'its start');
    const junk = [null, 7, 'x', {}, { graph: 'g', run: 'r', asked: { x: 1 } }, { granted: [] }];
    for (const one of junk) {
      await keeper(key).signal('tempograph.limit.ask', one);
      await client.workflow.getHandle(handle.executionId).signal('tempograph.limit.granted', one);
    }
    await expect(harness.engine.limits.setMax(key, 0)).rejects.toThrow('max: expected');
    await expect(
      keeper(key).executeUpdate('setMax', { args: [{ max: 'many' }] }),
    ).rejects.toThrow();
    expect((await harness.engine.limits.get(key)).holders).toHaveLength(1);
    open(key);
    expect((await handle.result()).status).toBe('COMPLETED');
    const failed = async (workflowId: string): Promise<number> => {
      const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
      return (events ?? []).filter((event) => event.workflowTaskFailedEventAttributes).length;
    };
    expect(await failed(limiterId(key))).toBe(0);
    expect(await failed(handle.executionId)).toBe(0);
    await expect(
      client.workflow.execute('tempographLimit', {
        args: [{ max: 'x' }],
        taskQueue: harness.taskQueue,
        workflowId: `raw ${key}`,
      }),
    ).rejects.toThrow();
  });
});
