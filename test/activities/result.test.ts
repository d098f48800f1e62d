import { z } from 'zod';
import { NonRetriableError } from '../../src/domain/errors.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';

const Page = z.object({ rows: z.array(z.number()), page: z.number() });
let runs = 0;
let processed = 0;

const stated = {
  name: 'pages',
  retry: 'NONE' as const,
  output: Page,
  run: (input: unknown) => {
    runs++;
    const { rows = 3, page = 1 } = (input ?? {}) as { rows?: number; page?: number | string };
    return { rows: Array.from({ length: rows }, (_, n) => n), page } as z.infer<typeof Page>;
  },
};
const pages = defineTask(stated);
const sums = defineTask({
  ...stated,
  name: 'sums',
  processResult: async ({ rows }, { artifact, nodeId }) => {
    await artifact('rows.json', { text: JSON.stringify(rows) });
    return { sum: rows.reduce((a, b) => a + b, 0), nodeId };
  },
});
const fails = defineTask({
  ...stated,
  name: 'fails',
  retry: { strategy: 'IMMEDIATE', maxRetries: 2 },
  processResult: ({ page }, { attempt }) => {
    processed++;
    if (page === 7) throw new NonRetriableError('page 7 is closed');
    if (attempt < 3) throw Object.assign(new Error('not now'), { code: 'E_NOT_NOW' });
    return attempt;
  },
});

describe('the result of a task', () => {
  let harness: Harness;
  beforeAll(async () => void (harness = await startHarness({ tasks: [pages, sums, fails] })));
  afterAll(() => harness.stop());

  const run = async (ask: Parameters<Harness['engine']['scheduleTask']>[0]) =>
    await (await harness.engine.scheduleTask(ask)).result();

  it('is what select, transform and merge make of the output, for result and dependants', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'shaping',
      tasks: [
        { id: 'a', task: 'pages', input: { rows: 4 }, result: { select: 'output.rows' } },
        {
          id: 'b',
          task: 'echo',
          dependsOn: ['a'],
          input: { got: '${{ tasks.a.output }}' },
          result: { transform: '{"count": size(output.got)}', merge: 'input' },
        },
      ],
    });
    const { nodes } = await handle.result();
    expect(nodes['a']?.output).toEqual([0, 1, 2, 3]);
    expect(nodes['b']?.output).toEqual({ got: [0, 1, 2, 3], count: 4 });
  });

  it('is what processResult makes of it, before the expressions; it may keep artifacts', async () => {
    const { output, artifacts } = await run({ task: 'sums', result: { select: 'output.sum' } });
    expect(output).toBe(3);
    expect(artifacts).toMatchObject([{ name: 'rows.json', contentType: 'application/json' }]);
  });

  it('is checked by the output schema before anything is made of it', async () => {
    const { error } = await run({ task: 'sums', input: { page: 'first' } });
    expect(error).toMatchObject({ code: 'OUTPUT_INVALID' });
  });

  it('fails the attempt where processResult throws, which is tried again', async () => {
    processed = 0;
    const { output, nodes } = await run({ task: 'fails' });
    expect({ output, processed }).toEqual({ output: 3, processed: 3 });
    expect(nodes['task']?.attemptHistory.map(({ error }) => error)).toMatchObject([
      { code: 'RESULT_FAILED', message: 'processResult failed: not now' },
      { code: 'RESULT_FAILED' },
      {},
    ]);
  });

  it('is not tried again where what it threw says so', async () => {
    const { nodes } = await run({ task: 'fails', input: { page: 7 } });
    expect(nodes['task']).toMatchObject({
      ...{ status: 'FAILED', attempts: 1 },
      error: { code: 'RESULT_FAILED', cause: { code: 'NON_RETRIABLE' }, origin: 'task' },
    });
  });

  it('fails where an expression does, without a retry', async () => {
    const retry = { strategy: 'IMMEDIATE' as const, maxRetries: 2 };
    const { nodes } = await run({ task: 'pages', retry, result: { select: 'output.total' } });
    expect(nodes['task']).toMatchObject({
      ...{ status: 'FAILED', attempts: 1 },
      error: { code: 'RESULT_FAILED', cause: { code: 'EXPRESSION' } },
    });
    expect(nodes['task']?.error?.message).toMatch(/^result\.select: .*total/);
  });

  it('lies where store says: by reference however small, or inline and nowhere else', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'stored',
      tasks: [
        { id: 'ref', task: 'pages', result: { store: 'reference' } },
        { id: 'small', task: 'pages', result: { store: 'inline' } },
        { id: 'large', task: 'pages', input: { rows: 5_000 }, result: { store: 'inline' } },
      ],
    });
    const { nodes } = await handle.result();
    expect(nodes['ref']?.output).toEqual({ rows: [0, 1, 2], page: 1 });
    const view = await handle.node('ref').status();
    expect(view.output).toMatchObject({ ref: expect.stringMatching(/^sha256-/) as string });
    expect(nodes['small']).toMatchObject({ status: 'COMPLETED' });
    expect(nodes['large']).toMatchObject({ status: 'FAILED', error: { code: 'TOO_LARGE' } });
    expect(nodes['large']?.error?.message).toMatch(/at most 4,096/);
  });

  it('is kept as it was made: another shape is work of its own', async () => {
    const input = { rows: 6, page: 99 };
    for (const cache of [true, { key: `shape-${harness.taskQueue}` }]) {
      runs = 0;
      const ask = { task: 'pages', input, cache };
      const first = await run({ ...ask, result: { select: 'output.page' } });
      const same = await run({ ...ask, result: { select: 'output.page' } });
      const other = await run({ ...ask, result: { select: 'size(output.rows)' } });
      expect([first.output, same.output, other.output, runs]).toEqual([99, 99, 6, 2]);
      expect(same.nodes['task']?.cached).toBe(true);
    }
  });
});
