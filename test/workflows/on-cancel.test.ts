import { defineTask } from '../../src/registry.js';
import type { ExecutionHandle, GraphSpec } from '../../src/index.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

/** Runs until it is asked to stop, which it notes. */
function hanging(name: string, stopped: (nodeId: string) => void) {
  return defineTask({
    name,
    run: (_input, { signal, nodeId }) =>
      new Promise<never>((_done, failed) =>
        signal.addEventListener('abort', () => {
          stopped(nodeId);
          failed(signal.reason as Error);
        }),
      ),
  });
}

describe('a node with onCancel: run', () => {
  let harness: Harness;
  /** What happened, in order. */
  const story: string[] = [];
  const hang = hanging('hang', (nodeId) => story.push(`${nodeId} stopped`));
  const remove = defineTask({
    name: 'remove',
    run: (input, { nodeId, deadline }) => {
      story.push(`${nodeId} ran`);
      return { input, leftMs: deadline.getTime() - Date.now() };
    },
  });
  const breaks = defineTask({
    name: 'breaks',
    run: () => {
      throw new Error('cannot be removed');
    },
  });
  /** Makes something although it was asked to stop. */
  const slow = defineTask({
    name: 'slow',
    run: (_input, { signal, nodeId }) =>
      new Promise<string>((done) =>
        signal.addEventListener('abort', () => {
          story.push(`${nodeId} asked`);
          setTimeout(() => {
            story.push(`${nodeId} made`);
            done('cluster');
          }, 300);
        }),
      ),
  });
  /** Ends once a test says so. */
  const gates = new Map<string, () => void>();
  const gated = defineTask({
    name: 'gated',
    run: (_input, { nodeId, attempt }) =>
      new Promise<string>((done, failed) => {
        story.push(`${nodeId} began`);
        gates.set(nodeId, () =>
          attempt === 1 && nodeId.startsWith('retried') ? failed(new Error('once')) : done('done'),
        );
      }),
  });
  const open = (nodeId: string): void => {
    gates.get(nodeId)?.();
    gates.delete(nodeId);
  };
  const cleanUp: Partial<GraphSpec['tasks'][number]> = {
    ...{ dependsOn: ['work'], trigger: 'all_done', onCancel: 'run' },
  };
  const work = { id: 'work', task: 'hang' };
  const last = { id: 'last', task: 'noop', dependsOn: ['a'] };

  beforeAll(
    async () => void (harness = await startHarness({ tasks: [hang, remove, breaks, slow, gated] })),
  );
  afterAll(() => harness.stop());
  beforeEach(() => void story.splice(0));

  const runs = async (handle: ExecutionHandle, id = 'work'): Promise<void> =>
    await until(async () => (await handle.node(id).status()).status === 'RUNNING', `${id} runs`);

  it.each([
    ['a task', { task: 'remove', input: '${{ tasks.create.output }}' }],
    ['a light task', { task: 'remove', light: true }],
    ['a sub-graph', { graph: { name: 'in', tasks: [{ id: 'remove', task: 'remove' }] } }],
    ['a map', { task: 'remove', map: ['a', 'b'], input: '${{ item }}' }],
  ])(
    'runs after what a cancel has stopped, and the graph is CANCELLED after it: %s',
    async (_title, node) => {
      const handle = await harness.engine.scheduleTaskGraph({
        name: 'cleans up',
        tasks: [
          { id: 'create', task: 'noop', input: 'cluster' },
          { ...work, dependsOn: ['create'] },
          { id: 'next', task: 'noop', dependsOn: ['work'] },
          { id: 'remove', ...node, ...cleanUp, dependsOn: ['create', 'work'] },
          { id: 'tell', task: 'remove', dependsOn: ['remove'], onCancel: 'run' },
        ],
      });
      await runs(handle);
      await handle.cancel();
      const { status, nodes } = await handle.result();
      const ends = Object.entries(nodes).map(([id, one]) => `${id} ${one.status}`);
      expect([status, ...ends].sort()).toEqual(
        [
          'CANCELLED',
          'create COMPLETED',
          'next CANCELLED',
          'remove COMPLETED',
          'tell COMPLETED',
          'work CANCELLED',
        ].sort(),
      );
      expect(story[0]).toBe('work stopped');
      expect(story.at(-1)).toBe('tell ran');
    },
  );

  it('runs only once nothing before it runs any more, however far before', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'chain',
      tasks: [
        { id: 'create', task: 'slow' },
        { ...work, dependsOn: ['create'] },
        { id: 'remove', task: 'remove', ...cleanUp },
      ],
    });
    await runs(handle, 'create');
    await handle.cancel();
    const { nodes } = await handle.result();
    expect(story).toEqual(['create asked', 'create made', 'remove ran']);
    expect(nodes['work']).toMatchObject({ status: 'CANCELLED', reason: 'cancelled' });
  });

  it('goes on where it runs by itself, also into its next attempt', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'critical',
      tasks: [
        { id: 'plain', task: 'gated', onCancel: 'run' },
        { id: 'retried', task: 'gated', onCancel: 'run', retry: { maxRetries: 1, delay: 1 } },
        { id: 'light', task: 'gated', onCancel: 'run', light: true },
        { id: 'beside', task: 'hang', light: true },
      ],
    });
    await until(() => gates.size === 3, 'all wait');
    await runs(handle, 'beside');
    await handle.cancel();
    await until(async () => (await handle.node('beside').status()).status === 'CANCELLED');
    for (const id of ['plain', 'retried', 'light']) open(id);
    await until(() => gates.has('retried'), 'the second attempt');
    open('retried');
    const { status, nodes } = await handle.result();
    const ends = Object.entries(nodes).map(([id, one]) => `${id} ${one.status} ${one.attempts}`);
    expect([status, ...ends].sort()).toEqual([
      ...['CANCELLED', 'beside CANCELLED 1', 'light COMPLETED 1', 'plain COMPLETED 1'],
      'retried COMPLETED 2',
    ]);
  });

  it('does not make a graph late of which nothing else is left to do', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'in time',
      deadline: '1s',
      tasks: [
        { id: 'work', task: 'noop', compensate: 'breaks' },
        { id: 'remove', task: 'gated', ...cleanUp },
      ],
    });
    await until(() => gates.has('remove'), 'the clean-up');
    const { nodes } = await harness.engine.explain(handle.executionId);
    expect(nodes[0]?.bound?.by).not.toBe('deadline');
    const workflow = harness.client.workflow.getHandle(handle.executionId);
    await until(async () => {
      const { events } = await workflow.fetchHistory();
      return events?.some((event) => event.timerFiredEventAttributes) === true;
    }, 'the deadline');
    open('remove');
    expect((await handle.result()).status).toBe('COMPLETED');
  });

  it('runs anew in a rerun in which what is before it does, whatever it is given', async () => {
    const tasks = [
      { id: 'create', task: 'noop', input: 'cluster' },
      { id: 'work', task: 'breaks', retry: 'NONE' as const, dependsOn: ['create'] },
      { id: 'remove', task: 'remove', ...cleanUp, input: 'cluster' },
    ];
    const handle = await harness.engine.scheduleTaskGraph({ name: 'again', tasks });
    await handle.result();
    const again = await handle.rerun();
    const { nodes } = await again.result();
    expect(story).toEqual(['remove ran', 'remove ran']);
    expect([nodes['create']?.reused, nodes['remove']?.reused]).toEqual([
      { executionId: handle.executionId },
      null,
    ]);
  });

  it('of a sub-graph runs where the graph around it is cancelled, which waits for that', async () => {
    const inner = { name: 'in', tasks: [work, { id: 'remove', task: 'remove', ...cleanUp }] };
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'around',
      tasks: [{ id: 'inner', graph: inner }],
    });
    const below = handle.below('inner').node('work');
    const isRunning = async (): Promise<boolean> => (await below.status()).status === 'RUNNING';
    await until(async () => await isRunning().catch(() => false), 'the inner work runs');
    await handle.cancel();
    expect((await handle.result()).status).toBe('CANCELLED');
    expect(story).toEqual(['work stopped', 'remove ran']);
    const { nodes } = await handle.below('inner').result();
    expect(nodes['remove']?.status).toBe('COMPLETED');
  });

  it('runs once the deadline of the graph has come, which does not bind it', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'late',
      deadline: '1s',
      tasks: [
        work,
        { id: 'remove', task: 'remove', timeout: '10m', expectedDuration: '5m', ...cleanUp },
        { id: 'below', map: [1], task: 'remove', timeout: '10m', ...cleanUp },
      ],
    });
    const { status, nodes } = await handle.result();
    expect([status, nodes['work']?.status]).toEqual(['TIMEOUT', 'TIMEOUT']);
    expect(nodes['remove']).toMatchObject({ status: 'COMPLETED' });
    const { leftMs } = nodes['remove']?.output as { leftMs: number };
    const [{ leftMs: ofItem }] = nodes['below']?.output as [{ leftMs: number }];
    expect(Math.min(leftMs, ofItem)).toBeGreaterThan(300_000);
  });

  it.each(['soft', 'hard'] as const)(
    'is held back by no pause, nor is what runs below it: %s',
    async (mode) => {
      const inner = { name: 'in', tasks: [{ id: 'a', task: 'gated' }] };
      const handle = await harness.engine.scheduleTaskGraph({
        name: 'paused below',
        tasks: [
          work,
          { id: 'below', graph: { ...inner, tasks: [...inner.tasks, last] }, onCancel: 'run' },
        ],
      });
      await until(() => gates.has('a'), 'the inner node');
      await handle.pause({ mode });
      open('a');
      await handle.cancel();
      await until(async () => (await handle.status()).status !== 'PAUSED', 'it is resumed');
      await until(async () => {
        const { executions } = await harness.engine.listExecutions({ status: 'RUNNING' });
        return executions.some((one) => one.executionId === handle.executionId);
      }, 'lists have it as running');
      // What a hard pause has stopped begins again.
      await until(async () => {
        open('a');
        return (await handle.below('below').status()).status === 'COMPLETED';
      }, 'the sub-graph');
      expect((await handle.result()).nodes['below']?.status).toBe('COMPLETED');
    },
  );

  it('is held back by no pause', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'paused',
      tasks: [work, { id: 'remove', task: 'remove', ...cleanUp }],
    });
    await runs(handle);
    await handle.pause();
    await handle.node('remove').pause();
    await handle.cancel();
    expect((await handle.result()).nodes['remove']?.status).toBe('COMPLETED');
  });

  it('can be stopped by itself where it hangs; the graph says why it is not done', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'stuck',
      tasks: [work, { id: 'remove', task: 'hang', ...cleanUp }],
    });
    await runs(handle);
    await handle.cancel();
    await runs(handle, 'remove');
    const { sentence } = await harness.engine.explain(handle.executionId);
    expect(sentence).toBe(
      'is being stopped (somebody cancelled it); 1 node with onCancel: run has not ended',
    );
    expect(await handle.setConcurrency(3, { reason: 'hurry' })).toMatchObject({ success: true });
    expect(await handle.cancel()).toMatchObject({ success: true });
    expect(await handle.node('remove').cancel()).toMatchObject({ success: true });
    const { status, nodes } = await handle.result();
    expect([status, nodes['remove']?.status]).toEqual(['CANCELLED', 'CANCELLED']);
  });

  it('that fails is named, and its graph is CANCELLED all the same', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'leaves something',
      tasks: [work, { id: 'remove', task: 'breaks', retry: 'NONE', ...cleanUp }],
    });
    await runs(handle);
    await handle.cancel();
    const { status, error } = await handle.result();
    expect({ status, error }).toMatchObject({
      status: 'CANCELLED',
      error: { nodeId: 'remove', message: expect.stringContaining('cannot be removed') as string },
    });
  });

  it('does not run in a graph that was cancelled before it began', async () => {
    const tasks = [work, { id: 'remove', task: 'remove', ...cleanUp }];
    const later = await harness.engine.scheduleTaskGraph(
      { name: 'tomorrow', tasks },
      { scheduledTime: '1d' },
    );
    await later.cancel();
    const { status, nodes } = await later.result();
    expect([status, nodes['remove']?.status]).toEqual(['CANCELLED', 'CANCELLED']);
    expect(story).toEqual([]);
  });

  it('does not run in a graph that was cancelled before a worker had it', async () => {
    const early = await startHarness({ tasks: [hang, remove] });
    await early.worker.shutdown();
    const handle = await early.engine.scheduleTaskGraph({
      name: 'unseen',
      tasks: [work, { id: 'remove', task: 'remove', ...cleanUp }],
    });
    await handle.cancel();
    await early.startWorker();
    const { status, nodes } = await handle.result();
    expect([status, nodes['remove']?.status]).toEqual(['CANCELLED', 'CANCELLED']);
    await early.stop();
  });
});

describe('a node with onCancel: run in a graph that is split', () => {
  let harness: Harness;
  let stopped = 0;
  const hang = hanging('hang', () => stopped++);
  const open: (() => void)[] = [];
  const gated = defineTask({
    name: 'gated',
    run: () => new Promise<null>((done) => open.push(() => done(null))),
  });
  beforeAll(
    async () =>
      void (harness = await startHarness({
        tasks: [hang, gated],
        maxNodesPerRun: 60,
        coordinatorEvents: 60,
      })),
  );
  afterAll(() => harness.stop());

  it('goes on along a chain of such nodes', async () => {
    const chains = Array.from({ length: 40 }, (_, nth) => [
      { id: `first-${nth}`, task: 'gated', onCancel: 'run' as const },
      { id: `second-${nth}`, task: 'noop', dependsOn: [`first-${nth}`], onCancel: 'run' as const },
      { id: `third-${nth}`, task: 'noop', dependsOn: [`second-${nth}`] },
    ]);
    const tasks = chains.flat();
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'chains',
      concurrency: 20,
      tasks,
    });
    await until(() => open.length === 20, 'the window is full');
    await handle.cancel();
    await until(async () => {
      for (const finish of open.splice(0)) finish();
      return (await handle.status()).counts.COMPLETED === 80;
    }, 'the chains');
    const { status, counts } = await handle.result();
    expect({ status, counts }).toEqual({
      ...{ status: 'CANCELLED', counts: { COMPLETED: 80, CANCELLED: 40 } },
    });
  });

  it('runs for each branch, also over a continue-as-new', async () => {
    const branches = Array.from({ length: 40 }, (_, nth) => [
      { id: `create-${nth}`, task: 'noop' },
      { id: `work-${nth}`, task: 'hang', dependsOn: [`create-${nth}`] },
      {
        ...{ id: `remove-${nth}`, task: 'noop', dependsOn: [`work-${nth}`] },
        ...({ trigger: 'all_done', onCancel: 'run' } as const),
      },
    ]);
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'many',
      concurrency: 40,
      tasks: branches.flat(),
    });
    await until(async () => (await handle.status()).counts.RUNNING === 40, 'all hang');
    await handle.cancel();
    const { status, counts } = await handle.result();
    expect({ status, counts, stopped }).toEqual({
      status: 'CANCELLED',
      counts: { COMPLETED: 80, CANCELLED: 40 },
      stopped: 40,
    });
  });
});
