import { defineSearchAttributeKey } from '@temporalio/common';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

describe('pause', () => {
  let harness: Harness;
  const open = new Set<string>();
  const entered: string[] = [];
  const ended: string[] = [];

  /** Runs until its gate is opened; a checkpoint of what it has seen goes on with it. */
  const gated = defineTask<{ gate: string }>({
    name: 'gated',
    run: async ({ gate }, ctx) => {
      const before = Number(ctx.lastCheckpoint() ?? 0);
      entered.push(`${gate} ${ctx.attempt} after ${before}`);
      ctx.checkpoint(before + 1);
      while (!open.has(gate)) {
        ctx.signal.throwIfAborted();
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return before;
    },
  });

  beforeAll(async () => {
    harness = await startHarness({
      tasks: [gated],
      hooks: {
        post: [{ name: 'note', run: (node) => void ended.push(`${node.nodeId} ${node.status}`) }],
      },
      maxNodesPerRun: 4,
      coordinatorEvents: 50,
    });
  });
  afterAll(() => harness.stop());

  const chain = (gate: string, size = 3) => ({
    name: `pause ${gate}`,
    tasks: [
      { id: 'first', task: 'gated', input: { gate } },
      ...Array.from({ length: size - 1 }, (_, at) => ({
        id: `after-${at}`,
        task: 'noop',
        dependsOn: [at === 0 ? 'first' : `after-${at - 1}`],
      })),
    ],
  });

  it.each([
    ['in one piece', 3],
    ['in segments', 9],
  ])('soft: what runs ends, nothing new starts until resumed, %s', async (_, size) => {
    const gate = `soft ${size}`;
    const { name, tasks } = chain(gate, size);
    const last = { id: 'last', task: 'gated', input: { gate: `${gate} last` } };
    const dependsOn = [`after-${size - 2}`];
    const spec = { name, tasks: [...tasks, { ...last, dependsOn }] };
    const handle = await harness.engine.scheduleTaskGraph(spec);
    await until(() => entered.includes(`${gate} 1 after 0`));
    const answer = await harness.engine.pauseExecution(handle.executionId, {
      by: 'ada',
      note: 'lunch',
    });
    expect(answer).toEqual({
      success: true,
      message: expect.stringContaining('1 node handed to workers may end') as string,
    });
    expect((await handle.status()).status).toBe('PAUSED');
    open.add(gate);
    await until(async () => (await handle.node('after-0').status()).status === 'PAUSED');
    expect(await handle.node('first').status()).toMatchObject({ status: 'COMPLETED' });
    expect(await handle.node('after-1').status()).toMatchObject({
      status: 'PENDING',
      reason: 'dependencies',
    });
    expect(await handle.pause()).toEqual({ success: false, message: 'it is already paused' });
    expect(await handle.resume({ by: 'ada' })).toEqual({ success: true, message: 'resumed' });
    expect(await handle.resume()).toEqual({ success: false, message: 'it is not paused' });
    open.add(`${gate} last`); // not before: the graph might have ended
    const result = await handle.result();
    expect(result.status).toBe('COMPLETED');
    expect(result.statusHistory.map(({ status, by }) => [status, by])).toEqual([
      ['PENDING', undefined],
      ['RUNNING', undefined],
      ['PAUSED', 'ada'],
      ['RUNNING', 'ada'],
      ['COMPLETED', undefined],
    ]);
    expect(await harness.engine.pauseExecution(handle.executionId)).toEqual({
      success: false,
      message: expect.stringContaining('already ended (COMPLETED)') as string,
    });
  });

  it.each([
    ['in one piece', 3],
    ['in segments', 9],
  ])(
    'hard: a running attempt stops, is not counted, runs no post hooks, and goes on from its checkpoint, %s',
    async (_, size) => {
      const gate = `hard ${size}`;
      ended.length = 0;
      const handle = await harness.engine.scheduleTaskGraph(chain(gate, size));
      await until(() => entered.includes(`${gate} 1 after 0`));
      expect(await handle.pause({ mode: 'hard' })).toMatchObject({
        success: true,
        message: expect.stringContaining('asked to stop at their last checkpoint') as string,
      });
      await until(async () => (await handle.node('first').status()).status === 'PAUSED');
      expect(ended).toEqual([]);
      open.add(gate);
      await handle.resume();
      const { status, nodes } = await handle.result();
      expect(status).toBe('COMPLETED');
      expect(nodes['first']).toMatchObject({ status: 'COMPLETED', attempts: 1, output: 1 });
      expect(entered.filter((entry) => entry.startsWith(gate))).toEqual([
        `${gate} 1 after 0`,
        `${gate} 1 after 1`,
      ]);
      expect(ended).toContain('first COMPLETED');
    },
  );

  it('of one node: the others go on, and it says that it was paused and by whom', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'pause a node',
      tasks: [
        { id: 'before', task: 'gated', input: { gate: 'node' } },
        { id: 'paused', task: 'noop', dependsOn: ['before'] },
        { id: 'beside', task: 'noop', dependsOn: ['before'] },
      ],
    });
    await until(() => entered.includes('node 1 after 0'));
    const node = `${handle.executionId}/paused`;
    expect(await harness.engine.pauseExecution(node, { by: 'ada' })).toEqual({
      success: true,
      message: 'paused is paused',
    });
    open.add('node');
    await until(async () => (await handle.node('beside').status()).status === 'COMPLETED');
    expect(await harness.engine.getExecution(node)).toMatchObject({
      status: 'PAUSED',
      reason: 'paused',
    });
    expect((await handle.status()).status).toBe('RUNNING');
    expect(await handle.node('nobody').pause()).toEqual({
      success: false,
      message: 'the graph has no node "nobody"',
    });
    await harness.engine.resumeExecution(node);
    const { nodes } = await handle.result();
    expect(nodes['paused']?.statusHistory.map(({ status, by }) => [status, by])).toEqual([
      ['PENDING', undefined],
      ['PAUSED', 'ada'],
      ['PENDING', undefined],
      ['SCHEDULED', undefined],
      ['PREPARING', undefined],
      ['RUNNING', undefined],
      ['COMPLETED', undefined],
    ]);
  });

  it('is still shown by visibility after the coordinator continued as new', async () => {
    const handle = await harness.engine.scheduleTaskGraph(chain('visible', 9));
    await until(() => entered.includes('visible 1 after 0'));
    const workflow = harness.client.workflow.getHandle(handle.executionId);
    const { runId } = await workflow.describe();
    await handle.pause();
    await until(async () => {
      await handle.node('after-5').pause();
      await handle.node('after-5').resume();
      return (await workflow.describe()).runId !== runId;
    });
    await until(async () => (await handle.status()).status === 'PAUSED');
    const { typedSearchAttributes } = await workflow.describe();
    const key = defineSearchAttributeKey('TempographStatus', 'KEYWORD');
    expect(typedSearchAttributes.get(key)).toBe('PAUSED');
    open.add('visible');
    await handle.resume();
    expect((await handle.result()).status).toBe('COMPLETED');
  });

  it('then cancel: a paused node ends CANCELLED and its post hooks run', async () => {
    ended.length = 0;
    const handle = await harness.engine.scheduleTaskGraph(chain('cancelled'));
    await until(() => entered.includes('cancelled 1 after 0'));
    await handle.pause({ mode: 'hard' });
    await until(async () => (await handle.node('first').status()).status === 'PAUSED');
    await handle.cancel();
    const { status, nodes } = await handle.result();
    expect(status).toBe('CANCELLED');
    expect(nodes['first']?.status).toBe('CANCELLED');
  });
});
