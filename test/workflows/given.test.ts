import type { GraphSpec } from '../../src/index.js';
import { defineGraph } from '../../src/builder.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

/** Undone work, in the order in which it was undone. */
const undone: { by: string; of: string; input: unknown }[] = [];
const undoing = (name: string) =>
  defineTask({
    name,
    run: (input, { executionId }) => void undone.push({ by: name, of: executionId, input }),
  });
const refund = undoing('refund');
const sweep = undoing('sweep');

/** What handlers saw of their metadata, by execution. */
const seen = new Map<string, unknown>();
const charge = defineTask<{ cents: number }, { receipt: string }>({
  name: 'charge',
  metadata: { team: 'money' },
  tags: ['payment'],
  run: ({ cents }, { executionId, metadata }) => {
    seen.set(executionId, metadata);
    return { receipt: `r${cents}` };
  },
  compensate: {
    task: refund,
    inputOf: (input, output) => ({ cents: input.cents, receipt: output.receipt }),
  },
});
const running: string[] = [];
const endless = defineTask({
  name: 'endless',
  run: async (_input, { executionId, signal }) => {
    running.push(executionId);
    await new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  },
});
/** Undoes what it did by doing it once more. */
const toggle = defineTask<unknown, unknown>({
  name: 'toggle',
  compensate: 'toggle',
  run: (input, { executionId }) => {
    undone.push({ by: 'toggle', of: executionId, input });
    return input;
  },
});

const TASKS = [charge, endless, sweep, toggle];
const failing = { id: 'last', task: 'fail', input: { times: 9 }, retry: 'NONE' } as const;
const of = (id: string) =>
  undone
    .filter((one) => one.of.startsWith(`${id}/`))
    .map(({ by, of: at, input }) => ({ by, of: at.slice(id.length + 1), input }));

describe('what nodes have of defaults and definitions', () => {
  let harness: Harness;
  beforeAll(async () => void (harness = await startHarness({ tasks: TASKS })));
  afterAll(() => harness.stop());

  const run = async (tasks: object[], more: object = {}, submission: object = {}) => {
    const graph = { name: 'given', tasks: tasks as GraphSpec['tasks'], ...more };
    return await harness.engine.scheduleTaskGraph(graph, submission);
  };
  /** The record, once it is in the store. */
  const recorded = async (id: string) => {
    const record = async () => await harness.engine.getExecution(id);
    await until(async () => ((await record()).tags ?? []).length > 0, `the record of ${id}`);
    return await record();
  };
  const pay = (id: string, cents: number, more: object = {}): object => ({
    ...{ id, task: 'charge', input: { cents }, ...more },
  });

  it('undoes by the definition what completed, newest first, by a task that came with it', async () => {
    expect(harness.worker.tasks).toContain('refund');
    const handle = await run([
      pay('a', 1),
      pay('b', 2, { dependsOn: ['a'] }),
      pay('kept', 3, { dependsOn: ['b'], compensate: false }),
      { ...failing, dependsOn: ['kept'] },
    ]);
    const { status, compensation } = await handle.result();
    expect(status).toBe('FAILED');
    expect(of(handle.executionId)).toEqual([
      { by: 'refund', of: 'b~undo', input: { cents: 2, receipt: 'r2' } },
      { by: 'refund', of: 'a~undo', input: { cents: 1, receipt: 'r1' } },
    ]);
    expect(compensation.map(({ nodeId, task }) => [nodeId, task])).toEqual([
      ['b', 'refund'],
      ['a', 'refund'],
    ]);
  });

  it('undoes by the defaults of the graph after a cancel, which are stronger than definitions', async () => {
    const graph = defineGraph('builder', {
      defaults: { compensate: { task: sweep, input: '${{ output }}' } },
    });
    const first = graph.add('a', charge, { input: { cents: 5 } });
    graph.add('b', endless, { dependsOn: [first] });
    const handle = await harness.engine.scheduleTaskGraph(graph);
    await until(() => running.includes(`${handle.executionId}/b`));
    await handle.cancel();
    expect((await handle.result()).status).toBe('CANCELLED');
    expect(of(handle.executionId)).toEqual([
      { by: 'sweep', of: 'a~undo', input: { receipt: 'r5' } },
    ]);
  });

  it('leaves maps, approvals and sub-graphs alone; a sub-graph that fails undoes its own', async () => {
    const inner = (last: object[]): object => ({
      name: 'inner',
      tasks: [pay('x', 7), ...last],
    });
    const handle = await run(
      [
        { id: 'each', task: 'charge', map: [1, 2], input: { cents: '${{ item }}' } },
        {
          id: 'ask',
          approval: { message: 'go?', timeout: '10ms', onTimeout: 'approve' },
          dependsOn: ['each'],
        },
        { id: 'done', graph: inner([]), dependsOn: ['ask'] },
        { id: 'sub', graph: inner([{ ...failing, dependsOn: ['x'] }]), dependsOn: ['done'] },
      ],
      { defaults: { compensate: 'sweep' } },
    );
    expect(await handle.result()).toMatchObject({ status: 'FAILED', compensation: [] });
    expect(of(handle.executionId)).toEqual([
      { by: 'refund', of: 'sub/x~undo', input: { cents: 7, receipt: 'r7' } },
    ]);
  });

  it('undoes the items of a map once, where its node says how, and none by their definition', async () => {
    const handle = await run([
      {
        ...{ id: 'each', task: 'charge', map: { over: [1, 'x', 3] }, compensate: 'sweep' },
        ...{
          input: { cents: '${{ item }}' },
          result: { transform: "input.cents == 'x' ? 1/0 : output" },
        },
        retry: 'NONE',
      },
    ]);
    expect((await handle.result()).status).toBe('FAILED');
    const [first, ...more] = of(handle.executionId);
    expect(more).toEqual([]);
    expect(first).toMatchObject({ by: 'sweep', of: 'each~undo' });
  });

  it('undoes by the very task once, and does not undo that', async () => {
    const handle = await run([
      { id: 'a', task: 'toggle', input: 1 },
      { ...failing, dependsOn: ['a'] },
    ]);
    expect((await handle.result()).compensation).toHaveLength(1);
    expect(of(handle.executionId)).toEqual([
      { by: 'toggle', of: 'a', input: 1 },
      { by: 'toggle', of: 'a~undo', input: { input: 1, output: 1 } },
    ]);
  });

  it('undoes nothing of a batch, whose items have nothing to do with each other', async () => {
    const { engine } = harness;
    const { successful } = await engine.scheduleTaskBatch([
      { task: 'charge', input: { cents: 11 }, idempotencyKey: 'eleven' },
      { task: 'fail', input: { times: 9 }, retry: 'NONE' },
    ]);
    const [paid = '', failed = ''] = successful.map(({ executionId }) => executionId);
    await Promise.all([paid, failed].map(async (id) => await engine.handle(id).result()));
    const [batch = ''] = paid.split('/');
    await engine.handle(batch).result();
    expect(of(batch)).toEqual([]);
    expect(await recorded(paid)).toMatchObject({
      ...{ status: 'COMPLETED', metadata: { team: 'money' }, tags: ['payment'] },
    });
  });

  it('undoes nodes that an edit adds', async () => {
    const handle = await run([pay('a', 21), { id: 'b', task: 'endless', dependsOn: ['a'] }]);
    await until(() => running.includes(`${handle.executionId}/b`));
    await handle.edit({
      add: [pay('more', 22, { dependsOn: ['a'] })] as GraphSpec['tasks'],
      ...{ reason: 'one more', by: 'ada' },
    });
    const more = handle.node('more');
    await until(async () => (await more.status()).status === 'COMPLETED', 'the new one');
    await handle.cancel();
    await handle.result();
    const cents = of(handle.executionId).map(({ input }) => (input as { cents: number }).cents);
    expect(cents).toEqual([22, 21]);
  });

  it('undoes what a rerun has kept, where that fails in turn', async () => {
    const tasks = [pay('a', 31), { ...failing, dependsOn: ['a'] }];
    const first = await run(tasks, { compensation: 'none' });
    await first.result();
    expect(of(first.executionId)).toEqual([]);
    const graph = { name: 'given', tasks: tasks as GraphSpec['tasks'] };
    const again = await harness.engine.rerun(first.executionId, { from: 'failed', graph });
    expect((await again.result()).compensation.map(({ nodeId }) => nodeId)).toEqual(['a']);
    expect(of(again.executionId)).toEqual([
      { by: 'refund', of: 'a~undo', input: { cents: 31, receipt: 'r31' } },
    ]);
  });

  it('shows metadata and tags to handlers, in records and in lists', async () => {
    const { engine } = harness;
    const tag = `t-${Date.now()}`;
    const handle = await run(
      [pay('a', 1), pay('own', 2, { metadata: { own: 1 }, tags: [`${tag}-own`] })],
      { defaults: { tags: [tag] }, metadata: { of: 'graph', team: 'graph' } },
    );
    await handle.result();
    const { executionId: id } = handle;
    expect(seen.get(`${id}/a`)).toEqual({ of: 'graph', team: 'money', tags: [tag] });
    expect(seen.get(`${id}/own`)).toEqual({
      ...{ of: 'graph', team: 'graph', own: 1 },
      tags: [`${tag}-own`],
    });
    await recorded(`${id}/own`);
    expect(await recorded(`${id}/a`)).toMatchObject({
      metadata: { team: 'money' },
      tags: [tag],
    });
    const listed = async (query: object) =>
      (await engine.listExecutions(query)).executions.map(({ executionId }) => executionId);
    expect(await listed({ tags: [tag], kind: 'node' })).toEqual([`${id}/a`]);
    expect(await listed({ tags: [`${tag}-own`], metadata: { own: 1 }, kind: 'node' })).toEqual([
      `${id}/own`,
    ]);
  });

  it('of a lone task are its execution’s, unless its submission says otherwise', async () => {
    const { engine } = harness;
    const handle = await engine.scheduleTask({ task: charge, input: { cents: 1 } });
    await handle.result();
    const { executionId: id } = handle;
    expect(await recorded(id)).toMatchObject({
      metadata: { team: 'money' },
      tags: ['payment'],
    });
    const said = await engine.scheduleTask({
      ...{ task: charge, input: { cents: 1 }, metadata: { mine: 1 }, tags: ['mine'] },
    });
    await said.result();
    const record = await recorded(said.executionId);
    expect(record).toMatchObject({ metadata: { mine: 1 }, tags: ['mine'] });
    expect(record.metadata).not.toHaveProperty('team');
  });

  it.each([
    ['in one piece', {}],
    ['in segments', { maxNodesPerRun: 3 }],
  ])('carries what is large by reference, %s, below a node too', async (_title, settings) => {
    const own = await startHarness({ tasks: TASKS, ...settings });
    try {
      const note = 'y'.repeat(60_000);
      const inner = {
        name: 'inner',
        defaults: { metadata: { note, inner: true } },
        tasks: [pay('x', 1)],
      };
      const handle = await own.engine.scheduleTaskGraph({
        name: 'large',
        defaults: {
          metadata: { note },
          compensate: { task: 'sweep', input: { note, was: '${{ output.receipt }}' } },
        },
        tasks: [
          ...[0, 1, 2, 3, 4].map((n) => pay(`n${n}`, n)),
          { id: 'each', task: 'charge', map: [8], input: { cents: '${{ item }}' } },
          { id: 'sub', graph: inner },
          { ...failing, dependsOn: ['n0', 'n1', 'n2', 'n3', 'n4', 'each', 'sub'] },
        ] as GraphSpec['tasks'],
      });
      const { executionId: id } = handle;
      expect((await handle.result()).compensation).toHaveLength(5);
      const last = of(id).at(-1);
      expect(last?.input).toEqual({ note, was: expect.stringMatching(/^r\d$/) as string });
      const tags = ['payment']; // of the definition
      for (const at of ['n0', 'each/0']) expect(seen.get(`${id}/${at}`)).toEqual({ note, tags });
      expect(seen.get(`${id}/sub/x`)).toEqual({ note, inner: true, tags });
      const { historySize } = await own.client.workflow.getHandle(id).describe();
      expect(historySize).toBeLessThan(300_000); // the spec itself has it three times
    } finally {
      await own.stop();
    }
  });
});
