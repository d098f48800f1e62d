import type { ExecutionHandle, GraphSpec } from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const ASKED = { reason: 'one more region', by: 'ada' };

describe('an edit of a running graph', () => {
  let harness: Harness;
  const open = new Set<string>();
  const entered: string[] = [];
  const gated = defineTask<{ gate: string }>({
    name: 'gated',
    run: async ({ gate }, ctx) => {
      entered.push(`${ctx.executionId}`);
      while (!open.has(gate)) {
        ctx.signal.throwIfAborted();
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return { gate };
    },
  });

  beforeAll(async () => void (harness = await startHarness({ tasks: [gated] })));
  afterAll(() => harness.stop());

  /** `first` runs until its gate is opened; `second` waits for it. */
  const begin = async (
    gate: string,
    more: GraphSpec['tasks'] = [],
    graph: Partial<GraphSpec> = {},
  ): Promise<ExecutionHandle> => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'edited',
      ...graph,
      tasks: [
        { id: 'first', task: 'gated', input: { gate } },
        { id: 'second', task: 'echo', dependsOn: ['first'], input: 'old' },
        ...more,
      ],
    });
    await until(() => entered.includes(`${handle.executionId}/first`));
    return handle;
  };

  it('adds nodes that depend on any, replaces what has not begun, and counts its versions', async () => {
    const handle = await begin('grow');
    expect((await handle.status()).graphVersion).toBe(1);
    const answer = await handle.edit({
      ...ASKED,
      add: [
        { id: 'third', task: 'echo', dependsOn: ['second'], input: '${{ tasks.second.output }}' },
        { id: 'free', task: 'echo', input: 'free', retry: { maxRetries: 7 } },
      ],
      replace: [
        {
          id: 'second',
          task: 'echo',
          dependsOn: ['first', 'free'],
          input: '${{ tasks.free.output }}',
        },
      ],
    });
    expect(answer).toEqual({
      success: true,
      message: 'version 2 of the graph: added third, free; replaced second',
      graphVersion: 2,
    });
    const { total, graphVersion } = await handle.status();
    expect({ total, graphVersion }).toEqual({ total: 4, graphVersion: 2 });
    expect((await handle.node('free').status()).maxRetries).toBe(7);
    open.add('grow');
    const { status, nodes, output, statusHistory } = await handle.result();
    expect(status).toBe('COMPLETED');
    expect(Object.entries(nodes).map(([id, node]) => [id, node.status, node.output])).toEqual([
      ['first', 'COMPLETED', { gate: 'grow' }],
      ['second', 'COMPLETED', 'free'],
      ['third', 'COMPLETED', 'free'],
      ['free', 'COMPLETED', 'free'],
    ]);
    expect(output).toEqual({ third: 'free' });
    expect(statusHistory).toContainEqual(
      expect.objectContaining({
        ...{ by: 'ada', verb: 'edit' },
        note: 'added third, free; replaced second: one more region',
      }),
    );
  });

  it('refuses an edit for another version, and one of two that were made for the same', async () => {
    const handle = await begin('versions');
    const add = (id: string) =>
      handle.edit({ ...ASKED, ifVersion: 1, add: [{ id, task: 'noop' }] });
    const answers = await Promise.all([add('a'), add('b')]);
    expect(answers.filter(({ success }) => success)).toHaveLength(1);
    expect(answers.find(({ success }) => !success)?.message).toBe(
      'the graph has version 2 and not 1: somebody edited it; look at it again',
    );
    const without = await Promise.all(
      ['c', 'd', 'e', 'f'].map((id) => handle.edit({ ...ASKED, add: [{ id, task: 'noop' }] })),
    );
    expect(without.map(({ graphVersion }) => graphVersion).sort()).toEqual([3, 4, 5, 6]);
    open.add('versions');
    expect((await handle.result()).counts).toEqual({ COMPLETED: 7 });
  });

  it('refuses to replace what has begun, what there is not, and leaves nothing half done', async () => {
    const handle = await begin('begun');
    const other = { id: 'more', task: 'noop' };
    const first = { id: 'first', task: 'noop' };
    expect(await handle.edit({ ...ASKED, add: [other], replace: [first] })).toEqual({
      success: false,
      message: 'only what has not started can be replaced: "first" (in its queue, or running)',
    });
    expect(
      await handle.edit({
        ...ASKED,
        add: [{ id: 'second', task: 'noop' }],
        replace: [{ id: 'thrid', task: 'noop' }],
      }),
    ).toMatchObject({
      success: false,
      faults: [{ path: 'replace[0].id' }, { path: 'add[0].id', code: 'DUPLICATE_ID' }],
    });
    const { total, graphVersion } = await handle.status();
    expect({ total, graphVersion }).toEqual({ total: 2, graphVersion: 1 });
    open.add('begun');
    expect((await handle.result()).nodes['second']?.output).toBe('old');
  });

  it('finds every fault of the graph as it would be, at the place where it was written', async () => {
    const handle = await begin('faults', [{ id: 'last', task: 'echo', dependsOn: ['second'] }]);
    const answer = await handle.edit({
      ...ASKED,
      add: [
        { id: 'x', task: 'ecko' },
        { id: 'y', task: 'echo', input: '${{ tasks.nobody.output }}' },
        JSON.parse('{ "id": "z", "task": "echo", "dependOn": [], "__proto__": 1 }') as never,
      ],
      replace: [{ id: 'second', task: 'echo', dependsOn: ['last'] }],
    });
    expect(answer.success).toBe(false);
    expect(answer.faults?.map(({ path, code }) => `${path} ${code}`).sort()).toEqual(
      expect.arrayContaining([
        'add[0].task UNKNOWN_TASK',
        'add[1].input UNKNOWN_REFERENCE',
        'add[2].dependOn UNKNOWN_FIELD',
      ]),
    );
    expect(answer.message).toMatch(/cycle/);
    const reader = await handle.edit({
      ...ASKED,
      add: [{ id: 'w', task: 'echo', limit: { key: 'new', max: 1 } }],
    });
    expect(reader).toMatchObject({
      success: false,
      faults: [{ path: 'add[0].limit', code: 'LIMIT' }],
    });
    expect((await handle.status()).graphVersion).toBe(1);
    open.add('faults');
    expect((await handle.result()).status).toBe('COMPLETED');
  });

  it('adds sub-graphs and maps, and nodes whose dependencies have long ended', async () => {
    const handle = await begin('kinds', [{ id: 'quick', task: 'echo', input: [1, 2] }]);
    await until(async () => (await handle.node('quick').status()).status === 'COMPLETED');
    const answer = await handle.edit({
      ...ASKED,
      add: [
        {
          id: 'all',
          task: 'echo',
          dependsOn: ['quick'],
          map: 'tasks.quick.output',
          input: '${{ item * 10 }}',
        },
        {
          id: 'inner',
          graph: { name: 'inner', tasks: [{ id: 'a', task: 'echo', input: 'deep' }] },
        },
      ],
    });
    expect(answer).toMatchObject({ success: true });
    await until(async () => (await handle.node('inner').status()).status === 'COMPLETED');
    open.add('kinds');
    const { nodes } = await handle.result();
    expect(nodes['all']?.output).toEqual([10, 20]);
    expect(nodes['inner']?.output).toEqual({ a: 'deep' });
  });

  it('is taken in the moment before the end, and refused after it', async () => {
    const handle = await begin('late');
    const workflow = harness.client.workflow.getHandle(handle.executionId);
    open.add('late');
    // The update is under way while the last nodes end: the graph waits for it.
    const answer = await handle.edit({ ...ASKED, add: [{ id: 'more', task: 'noop' }] });
    const { nodes } = await handle.result();
    expect(nodes['more']?.status).toBe(answer.success ? 'COMPLETED' : undefined);
    expect(await handle.edit({ ...ASKED, add: [{ id: 'most', task: 'noop' }] })).toEqual({
      success: false,
      message: `${handle.executionId} is not running`,
      code: 'NOT_RUNNING',
    });
    expect(
      await harness.engine.editGraph(handle.executionId, {
        ...ASKED,
        add: [{ id: 'm', task: 'noop' }],
      }),
    ).toMatchObject({ message: expect.stringContaining('already ended (COMPLETED)') as string });
    const { events } = await workflow.fetchHistory();
    expect((events ?? []).filter((event) => event.workflowTaskFailedEventAttributes)).toEqual([]);
  });

  it.each([
    [
      'a graph that is split into segments',
      Array.from({ length: 4_001 }, (_, i) => ({
        id: `n${i}`,
        task: 'noop',
        dependsOn: ['first'],
      })),
      /split into segments cannot be edited/,
    ],
  ])('refuses %s', async (_title, more, says) => {
    const handle = await begin('refused', more);
    expect(await handle.edit({ ...ASKED, add: [{ id: 'x', task: 'noop' }] })).toEqual({
      success: false,
      message: expect.stringMatching(says) as string,
    });
    await handle.cancel();
    await handle.result();
  });

  it('refuses a lone task, and what runs below a node', async () => {
    const lone = await harness.engine.scheduleTask({ task: 'gated', input: { gate: 'lone' } });
    const add = { ...ASKED, add: [{ id: 'x', task: 'noop' }] };
    expect((await lone.edit(add)).message).toMatch(/^a lone task is no graph/);
    const handle = await begin('below', [
      {
        id: 'sub',
        graph: { name: 'inner', tasks: [{ id: 'a', task: 'gated', input: { gate: 'lone' } }] },
      },
    ]);
    await until(() => entered.includes(`${handle.executionId}/sub/a`));
    expect((await handle.below('sub').edit(add)).message).toMatch(/^what runs below a node cannot/);
    open.add('lone').add('below');
    await Promise.all([lone.result(), handle.result()]);
  });
});
