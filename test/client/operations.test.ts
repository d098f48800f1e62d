import { setTimeout as wait } from 'node:timers/promises';
import {
  defineTask,
  SpecInvalidError,
  TaskError,
  TaskStateError,
  type Operation,
  type OperationsProgress,
} from '../../src/index.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const order: string[] = [];
/** Says when it ran, and ends as it is told. */
const step = defineTask<{ name?: string; fails?: string; ms?: number }>({
  name: 'step',
  run: async (input, { attempt, warn }) => {
    const { name = '', fails, ms = 0 } = input ?? {};
    order.push(`${name} begins`);
    await wait(ms);
    if (fails) throw Object.assign(new Error(fails), { code: fails, retriable: fails === 'AGAIN' });
    if (name === 'warns') warn('careful');
    order.push(`${name} ends`);
    return { input, attempt };
  },
});
/** No thread can be started for it, as long as it is told so. */
const poolless = { broken: 0 };
const pooled = defineTask({
  name: 'pooled',
  run: (input) => {
    if (poolless.broken-- > 0)
      throw new TaskError('ENVIRONMENT', 'a process cannot be started: EAGAIN', {
        details: { pool: 'process' },
      });
    return input;
  },
});
const atOnce = { now: 0, most: 0 };
const counting = defineTask({
  name: 'counting',
  run: async () => {
    atOnce.most = Math.max(atOnce.most, ++atOnce.now);
    await until(() => atOnce.most >= 3, 'three at once');
    atOnce.now--;
  },
});

const op = (name: string, params: Record<string, unknown> = {}, task = 'step'): Operation => ({
  name,
  task,
  params: { name, ...params },
});
const statuses = (results: Record<string, { status: string }>): string[] =>
  Object.entries(results).map(([name, { status }]) => `${name} ${status}`);

const measures = defineTask({
  name: 'measures',
  run: async (_input, { metric, artifact }) => {
    metric('rows', 3);
    await artifact('rows.csv', { text: '1\n2\n3\n' });
  },
});

let harness: Harness;
beforeAll(
  async () => void (harness = await startHarness({ tasks: [step, pooled, counting, measures] })),
);
afterAll(() => harness.stop());
beforeEach(() => void order.splice(0));

describe('executeOperations', () => {
  it('runs one after another in the order given, with results by name', async () => {
    const results = await harness.engine.executeOperations([op('b'), op('a', { ms: 5 }), op('c')]);
    expect(order).toEqual(['b', 'a', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]));
    expect(Object.keys(results)).toEqual(['b', 'a', 'c']);
    expect(results['a']).toEqual({
      status: 'COMPLETED',
      ok: true,
      output: { input: { name: 'a', ms: 5 }, attempt: 1 },
      error: null,
      attempts: 1,
      startedAt: expect.any(String) as string,
      endedAt: expect.any(String) as string,
      durationMs: expect.any(Number) as number,
      executionTimeMs: expect.any(Number) as number,
      metrics: {},
      artifacts: [],
      warnings: [],
    });
  });

  it('gives the metrics and artifacts of each operation, and where to read them', async () => {
    const { engine } = harness;
    const several = await engine.executeOperations([op('b'), { name: 'm', task: 'measures' }]);
    const [found] = several['m']?.artifacts ?? [];
    expect(several['m']).toMatchObject({ metrics: { rows: 3 }, artifacts: [{ name: 'rows.csv' }] });
    expect(several['b']?.artifacts).toEqual([]);
    const { executionId = '', nodeId = '', name = '' } = found ?? {};
    const { data } = await engine.handle(executionId).artifact(nodeId, name);
    expect(Buffer.from(data).toString()).toBe('1\n2\n3\n');
    const one = await engine.executeOperation('measures');
    expect(one).toMatchObject({ metrics: { rows: 3 }, artifacts: [{ name: 'rows.csv' }] });
  });

  it.each(['sequential', 'parallel'] as const)(
    'stops at a failure, and what did not start is SKIPPED and in the answer: %s',
    async (mode) => {
      const results = await harness.engine.executeOperations(
        [op('a'), op('b', { fails: 'BROKEN' }), op('c'), op('d')],
        { mode, maxWorkers: 1, retry: 'NONE' },
      );
      expect(statuses(results)).toEqual(['a COMPLETED', 'b FAILED', 'c SKIPPED', 'd SKIPPED']);
      expect(results['b']).toMatchObject({ ok: false, error: { code: 'BROKEN' }, attempts: 1 });
      expect(results['d']).toMatchObject({ ok: false, error: null, attempts: 0, output: null });
    },
  );

  it.each(['sequential', 'parallel'] as const)(
    'goes on after a failure where it is told to: %s',
    async (mode) => {
      const results = await harness.engine.executeOperations(
        [op('a', { fails: 'BROKEN' }), op('b'), op('c', { fails: 'BROKEN' }), op('d')],
        { mode, continueOnError: true, retry: 'NONE' },
      );
      expect(statuses(results)).toEqual(['a FAILED', 'b COMPLETED', 'c FAILED', 'd COMPLETED']);
    },
  );

  it.each([
    ['a task that no worker has', 'stepp', { code: 'UNKNOWN_TASK' }, /stepp.*did you mean "step"/],
    ['a name of our own', 'tempograph.process', { code: 'UNKNOWN_TASK' }, /name of our own/],
    ['no name', '', { code: 'SPEC_INVALID' }, /^task: /],
    ['no task', null, { code: 'SPEC_INVALID' }, /^task: /],
  ])(
    'ends the operation with %s REJECTED, and runs the others where a failure stops nothing',
    async (_what, task, error, says) => {
      const wrong = [op('b', {}, task as string), op('c', {}, task as string)];
      for (const mode of ['sequential', 'parallel'] as const) {
        const seen: number[] = [];
        const results = await harness.engine.executeOperations([op('a'), ...wrong, op('d')], {
          ...{ mode, continueOnError: true, onProgress: ({ done }) => void seen.push(done) },
        });
        expect(statuses(results)).toEqual([
          'a COMPLETED',
          'b REJECTED',
          'c REJECTED',
          'd COMPLETED',
        ]);
        expect(results['b']).toMatchObject({ ok: false, attempts: 0, error });
        expect(results['c']?.error?.message).toMatch(says);
        expect(seen.at(-1)).toBe(4);
      }
    },
  );

  it('gives REJECTED for each where there is no task of any', async () => {
    const ended: string[] = [];
    const results = await harness.engine.executeOperations([op('a', {}, 'nope'), op('b', {}, '')], {
      continueOnError: true,
      reporter: { taskFinished: ({ status }) => void ended.push(status) },
    });
    expect(statuses(results)).toEqual(['a REJECTED', 'b REJECTED']);
    expect(ended).toEqual(['REJECTED']);
  });

  it('runs no more than maxWorkers at once', async () => {
    const many = Array.from({ length: 12 }, (_none, n) => ({ name: `op ${n}`, task: counting }));
    const results = await harness.engine.executeOperations(many, {
      mode: 'parallel',
      maxWorkers: 3,
    });
    expect(Object.values(results).every(({ ok }) => ok)).toBe(true);
    expect(atOnce.most).toBe(3);
  });

  it('gives each operation the common params under its own, as data', async () => {
    const results = await harness.engine.executeOperations(
      [op('a', { dir: '/own' }), { name: 'b', task: step }, op('c', { text: '${{ 1 + 1 }}' })],
      { commonParams: { dir: '/tmp', level: 1 } },
    );
    expect(
      Object.values(results).map(({ output }) => (output as { input: unknown }).input),
    ).toEqual([
      { name: 'a', dir: '/own', level: 1 },
      { dir: '/tmp', level: 1 },
      { name: 'c', dir: '/tmp', level: 1, text: '${{ 1 + 1 }}' },
    ]);
  });

  it('takes any name, and gives a task without params null', async () => {
    const names = ['mask names!', 'operation-1', '__proto__', 'ключ'];
    const results = await harness.engine.executeOperations(
      names.map((name) => ({ name, task: 'echo' })),
    );
    expect(Object.keys(results)).toEqual(names);
    expect(Object.values(results).map(({ output }) => output)).toEqual([null, null, null, null]);
  });

  it('has the time with its waits beside the time that it ran, and none where it did not begin', async () => {
    const [times, delay] = [1, 1_500];
    const retry = { strategy: 'FIXED_DELAY', delay, jitter: 0, unknownErrors: 'retry' } as const;
    const { a, b, c } = await harness.engine.executeOperations(
      [{ name: 'a', task: 'fail', params: { times } }, op('b', { fails: 'NEVER' }), op('c')],
      { retry },
    );
    expect(a).toMatchObject({ status: 'COMPLETED', attempts: 2 });
    const { startedAt, endedAt, durationMs, executionTimeMs = Infinity } = a ?? {};
    expect(durationMs).toBeGreaterThanOrEqual(delay + executionTimeMs);
    expect(Date.parse(endedAt ?? '') - Date.parse(startedAt ?? '')).toBe(durationMs);
    expect(b).toMatchObject({ status: 'FAILED', startedAt: expect.any(String) as string });
    const none = { startedAt: null, endedAt: null, durationMs: null, executionTimeMs: 0 };
    expect(c).toMatchObject({ status: 'SKIPPED', ...none });
    const alone = await harness.engine.executeOperation('noop');
    expect(alone).toMatchObject({ durationMs: expect.any(Number) as number });
  });

  it('counts a warning as no failure', async () => {
    const { warns } = await harness.engine.executeOperations([op('warns')]);
    expect(warns).toMatchObject({ ok: true, warnings: ['careful'] });
  });

  it('retries with the defaults of document 003, which an option changes', async () => {
    const executionId = `retried-${Date.now()}`;
    await harness.engine.executeOperations([{ name: 'x', task: 'fail', params: { times: 1 } }], {
      executionId,
      retry: { unknownErrors: 'retry' },
    });
    const { nodes } = await harness.engine.handle(executionId).result();
    const [first] = nodes['x']?.attemptHistory ?? [];
    expect(Math.abs((first?.waitMs ?? 0) - 1_000)).toBeLessThanOrEqual(250);
    const ask = { retry: { maxRetries: 1, delay: 1, strategy: 'FIXED_DELAY' } } as const;
    const operations = [op('a', { fails: 'AGAIN' })];
    const { a } = await harness.engine.executeOperations(operations, ask);
    expect(a).toMatchObject({ status: 'FAILED', attempts: 2 });
  });

  it('tells how far it is, from none to all', async () => {
    const seen: OperationsProgress[] = [];
    await harness.engine.executeOperations([op('a'), op('b', { fails: 'BROKEN' }), op('c')], {
      retry: 'NONE',
      description: 'Masking',
      onProgress: (progress) => {
        seen.push(progress);
        if (progress.done === 0) throw new Error('changes nothing');
      },
    });
    expect(seen[0]).toEqual({ done: 0, total: 3, description: 'Masking', unit: 'operations' });
    expect(seen.at(-1)).toMatchObject({ done: 3, total: 3 });
    expect(seen.map(({ done }) => done)).toEqual([...new Set(seen.map(({ done }) => done))].sort());
  });

  it('runs what has not started one after another when no process can be started', async () => {
    poolless.broken = 2;
    const results = await harness.engine.executeOperations(
      [op('a', {}, 'pooled'), op('b', {}, 'step'), op('c', {}, 'pooled'), op('d', {}, 'pooled')],
      { mode: 'parallel', maxWorkers: 4, retry: 'NONE', continueOnError: true },
    );
    expect(Object.values(results).map(({ ok }) => ok)).toEqual([true, true, true, true]);
    expect(order).toEqual(['b begins', 'b ends']);
    const warned = Object.values(results).flatMap(({ warnings }) => warnings);
    expect(warned).toContain(
      'a process cannot be started: EAGAIN; ran one after another instead of in parallel',
    );
  });

  it('runs one after another when params do not survive a structured clone, and says which', async () => {
    const params = { log: () => undefined, list: [1, { f: Symbol('f') }], keep: 1 };
    const { a, b } = await harness.engine.executeOperations([op('a', params), op('b')], {
      mode: 'parallel',
      maxWorkers: 2,
    });
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
    expect(a?.output).toMatchObject({ input: { name: 'a', list: [1, {}], keep: 1 } });
    for (const { warnings = [] } of [a ?? {}, b ?? {}])
      expect(warnings).toEqual([
        expect.stringMatching(/operation "a": params\.log .*structured clone.*one after another/),
        expect.stringMatching(/operation "a": params\.list\[1\]\.f .*one after another/),
      ]);
  });

  it.each([
    ['a name that repeats', [op('a'), op('a')], {}, /operations\[1\]\.name: "a" is the name/],
    ['an empty name', [op('')], {}, /operations\[0\]\.name: must be a text/],
    ['nothing among them', [op('a'), null], {}, /operations\[1\]: expected .*, got null/],
    ['no task', [op('a', {}, '')], {}, /tasks\[0\]\.task/],
    ['no workers', [op('a')], { maxWorkers: 0 }, /maxWorkers: expected a whole number/],
    [
      'params that are no JSON',
      [op('a', { when: new Date(0) })],
      {},
      /operations\[0\]\.params\.when: a Date is not JSON/,
    ],
  ])('refuses %s', async (_name, operations, options, message) => {
    const refused = harness.engine.executeOperations(operations as Operation[], options);
    await expect(refused).rejects.toBeInstanceOf(SpecInvalidError);
    await expect(refused).rejects.toThrow(message);
    expect(order).toEqual([]);
  });

  it.each([
    [null, {}, 'expected a list of { name, task, params }, got null'],
    [[op('a')], null, 'expected an object of options, got null'],
  ])('refuses %j with the options %j, and says what was expected', async (list, options, says) => {
    await expect(
      harness.engine.executeOperations(list as Operation[], options as object),
    ).rejects.toMatchObject({ code: 'CONFIGURATION', message: `executeOperations: ${says}` });
  });

  it('gives an empty answer for no operations', async () => {
    expect(await harness.engine.executeOperations([])).toEqual({});
  });

  it('is an execution like any other, under the id it is given', async () => {
    const executionId = `operations-${Date.now()}`;
    await harness.engine.executeOperations([op('a')], { executionId, project: 'masking' });
    expect(await harness.engine.getExecution(`${executionId}/a`)).toMatchObject({
      status: 'COMPLETED',
    });
    await expect(
      harness.engine.executeOperations([op('a')], { executionId }),
    ).rejects.toBeInstanceOf(TaskStateError);
  });

  it('ends one operation REJECTED where its task refuses the params, and no other', async () => {
    const results = await harness.engine.executeOperations(
      [op('a'), { name: 'b', task: 'sleep', params: { ms: 'long' } }, op('c')],
      { continueOnError: true },
    );
    expect(statuses(results)).toEqual(['a COMPLETED', 'b REJECTED', 'c COMPLETED']);
    expect(results['b']).toMatchObject({ ok: false, error: { code: 'INPUT_INVALID' } });
  });

  it('hands params on as they are', async () => {
    const params = {
      numbers: [0, -1, 1.5, 1e21, 2 ** 53 - 1],
      text: '${{ x }} $${{ 😀 \u0000',
      nothing: null,
      deep: [[{ '': [] }]],
      ...(JSON.parse('{"__proto__": {"a": 1}, "a-b": true}') as object),
    };
    const { a } = await harness.engine.executeOperations([{ name: 'a', task: 'echo', params }]);
    expect(a?.output).toEqual(params);
  });
});
