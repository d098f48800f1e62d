import { defineTask } from '../../src/registry.js';
import type { GraphSpec } from '../../src/domain/spec.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

/** Undone work, in the order in which it was undone. */
const undone: { of: string; input: unknown }[] = [];
const undo = defineTask({
  name: 'undo',
  run: (input, { executionId }) => {
    undone.push({ of: executionId, input });
  },
});
const brokenUndo = defineTask({
  name: 'broken-undo',
  retry: { strategy: 'IMMEDIATE', maxRetries: 1 },
  run: () => {
    throw new Error('the bank says no');
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

/** Takes its money, but of the second, and stays with whoever wants it to. */
const charge = defineTask<number | string>({
  name: 'charge',
  retry: 'NONE',
  run: async (item, { executionId, signal }) => {
    if (item === 2) throw new Error('card declined');
    if (item === 'stay') {
      running.push(executionId);
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    }
    return item;
  },
});

describe('compensation', () => {
  let harness: Harness;
  beforeAll(
    async () => void (harness = await startHarness({ tasks: [undo, brokenUndo, endless, charge] })),
  );
  afterAll(() => harness.stop());

  const saga = async (last: object, more: object = {}) =>
    await harness.engine.scheduleTaskGraph({
      name: 'saga',
      tasks: [
        { id: 'reserve', task: 'echo', input: { seat: 12 }, compensate: 'undo' },
        {
          id: 'pay',
          task: 'echo',
          dependsOn: ['reserve'],
          input: { cents: 900 },
          compensate: { task: 'undo', input: { refund: '${{ output.cents }}' } },
        },
        { id: 'plain', task: 'noop', dependsOn: ['reserve'] },
        { id: 'last', dependsOn: ['pay', 'plain'], ...last },
      ] as GraphSpec['tasks'],
      ...more,
    });
  const failing = { task: 'fail', input: { times: 9 }, retry: 'NONE' };
  const of = (id: string) => undone.filter((one) => one.of.startsWith(`${id}/`));

  it('undoes what completed once the graph has failed, newest first, with input and output', async () => {
    const handle = await saga(failing);
    const result = await handle.result();
    expect(result.status).toBe('FAILED');
    expect(result.error?.nodeId).toBe('last');
    expect(of(handle.executionId)).toEqual([
      { of: `${handle.executionId}/pay~undo`, input: { refund: 900 } },
      {
        of: `${handle.executionId}/reserve~undo`,
        input: { input: { seat: 12 }, output: { seat: 12 } },
      },
    ]);
    expect(result.compensation.map(({ nodeId, status }) => [nodeId, status])).toEqual([
      ['pay', 'COMPLETED'],
      ['reserve', 'COMPLETED'],
    ]);
  });

  it('undoes nothing of a graph that completes', async () => {
    const handle = await saga({ task: 'noop' });
    expect((await handle.result()).compensation).toEqual([]);
    expect(of(handle.executionId)).toEqual([]);
  });

  it.each([
    ['onFailureOrCancel', 2],
    ['onFailure', 0],
    ['none', 0],
  ])('after a cancel: %s undoes %i', async (compensation, count) => {
    const handle = await saga({ task: 'endless' }, { compensation });
    await until(() => running.includes(`${handle.executionId}/last`));
    await handle.cancel();
    const result = await handle.result();
    expect(result.status).toBe('CANCELLED');
    expect(of(handle.executionId)).toHaveLength(count);
  });

  it('that fails is loud: the graph ends FAILED, whatever it ended as, and the others are undone', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'stuck',
      tasks: [
        { id: 'first', task: 'noop', compensate: 'undo' },
        { id: 'second', task: 'noop', dependsOn: ['first'], compensate: 'broken-undo' },
        { id: 'run', task: 'endless', dependsOn: ['second'] },
      ],
    });
    await until(() => running.includes(`${handle.executionId}/run`));
    await handle.cancel();
    const result = await handle.result();
    expect(result).toMatchObject({ status: 'FAILED', error: { code: 'COMPENSATION_FAILED' } });
    expect(result.error?.message).toBe(
      'it ended CANCELLED, and what second did could not be undone: the bank says no',
    );
    expect(result.compensation).toMatchObject([
      { nodeId: 'second', status: 'FAILED', attempts: 2 },
      { nodeId: 'first', status: 'COMPLETED' },
    ]);
  });

  it('counts its own attempts, and not those of the node whose work it undoes', async () => {
    const waits = await startHarness({ tasks: [endless], serverWaits: '1ms' });
    const retry = { strategy: 'FIXED_DELAY' as const, delay: 20, maxRetries: 3 };
    const handle = await waits.engine.scheduleTaskGraph({
      name: 'fourth time',
      tasks: [
        { id: 'a', task: 'fail', input: { times: 3 }, retry, compensate: 'endless' },
        { id: 'last', dependsOn: ['a'], ...failing },
      ] as GraphSpec['tasks'],
    });
    const { executionId } = handle;
    await until(() => running.includes(`${executionId}/a~undo`));
    const activity = { workflowId: executionId, activityId: 'a~undo' };
    await waits.client.activity.complete(activity, { not: 'ours' });
    const { nodes, compensation } = await handle.result();
    expect(nodes['a']).toMatchObject({ status: 'COMPLETED', attempts: 4 });
    expect(compensation).toMatchObject([{ nodeId: 'a', status: 'FAILED', attempts: 1 }]);
    await waits.stop();
  });

  it('runs on the queue of the execution, though the node has one of its own', async () => {
    const taskQueue = `${harness.taskQueue}-theirs`;
    const theirs = defineTask({ name: 'theirs', run: () => 'done' });
    const worker = await harness.startWorker({ taskQueue, tasks: [theirs] });
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'elsewhere',
      tasks: [
        { id: 'a', task: 'theirs', queue: taskQueue, compensate: 'undo' },
        { id: 'last', dependsOn: ['a'], ...failing },
      ] as GraphSpec['tasks'],
    });
    const { compensation } = await handle.result();
    expect(compensation).toMatchObject([{ nodeId: 'a', status: 'COMPLETED' }]);
    await worker.shutdown();
  });

  it('is not cut short by a second cancel', async () => {
    const handle = await saga({ task: 'endless' });
    await until(() => running.includes(`${handle.executionId}/last`));
    await Promise.all([handle.cancel(), handle.cancel()]);
    await harness.client.workflow.getHandle(handle.executionId).cancel();
    expect((await handle.result()).compensation).toHaveLength(2);
  });

  it('undoes the work of a map and of a sub-graph as a whole', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'wide',
      tasks: [
        {
          id: 'each',
          task: 'echo',
          map: { over: [1, 2] },
          input: '${{ item }}',
          compensate: 'undo',
        },
        {
          id: 'sub',
          dependsOn: ['each'],
          graph: { name: 'inner', tasks: [{ id: 'x', task: 'echo', input: 5 }] },
          compensate: 'undo',
        },
        { id: 'last', dependsOn: ['sub'], ...failing },
      ] as GraphSpec['tasks'],
    });
    await handle.result();
    expect(of(handle.executionId).map(({ input }) => input)).toEqual([
      { input: null, output: { x: 5 } },
      { input: null, output: [1, 2] },
    ]);
  });

  it.each([
    ['fails', [1, 2, 3], [[1, null, 3]]],
    ['fails whole', [2], []],
  ])('of a map that %s undoes what its items did', async (_title, over, outputs) => {
    const node = { id: 'charge', task: 'charge', input: '${{ item }}', compensate: 'undo' };
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'mapped saga',
      tasks: [{ ...node, map: { over, onFailure: 'continue' } }] as GraphSpec['tasks'],
    });
    const { status, compensation } = await handle.result();
    expect(status).toBe('FAILED');
    expect(compensation.map(({ nodeId }) => nodeId)).toEqual(outputs.map(() => 'charge'));
    const undoneOutputs = of(handle.executionId).map(({ input: given }) => given);
    expect(undoneOutputs).toEqual(outputs.map((output) => ({ input: null, output })));
  });

  it('ends where nobody knows any more what the items of a map did', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'forgotten saga',
      compensation: 'onFailureOrCancel',
      tasks: [
        {
          ...{ id: 'charge', task: 'charge', compensate: 'undo', input: '${{ item }}' },
          map: { over: [1, 2], onFailure: 'continue' },
        },
        { id: 'stays', task: 'endless', dependsOn: ['charge'], trigger: 'all_done' },
      ] as GraphSpec['tasks'],
    });
    const id = `${handle.executionId}/stays`;
    await until(() => running.includes(id), 'the one that stays');
    const { workflowService, options } = harness.client;
    const workflowExecution = { workflowId: `${handle.executionId}/charge` };
    await workflowService.deleteWorkflowExecution({
      namespace: options.namespace,
      workflowExecution,
    });
    await until(async () => {
      const described = harness.client.workflow.getHandle(workflowExecution.workflowId).describe();
      return await described.then(
        () => false,
        () => true,
      );
    }, 'its deletion');
    await handle.cancel();
    expect(await handle.result()).toMatchObject({ status: 'CANCELLED', compensation: [] });
  });

  it('of a map that is cancelled undoes what its items did until then', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'cancelled saga',
      tasks: [
        {
          ...{ id: 'charge', task: 'charge', compensate: 'undo' },
          ...{ map: { over: [1, 'stay'] }, input: '${{ item }}' },
        },
      ] as GraphSpec['tasks'],
    });
    const first = handle.below('charge').node('0');
    await until(
      async () => (await first.status().catch(() => undefined))?.status === 'COMPLETED',
      'the first',
    );
    await until(() => running.some((id) => id.startsWith(`${handle.executionId}/`)), 'the second');
    await handle.cancel();
    expect((await handle.result()).status).toBe('CANCELLED');
    expect(of(handle.executionId).map(({ input }) => input)).toEqual([
      { input: null, output: [1, null] },
    ]);
  });

  it('works for a graph that is split into segments, over as many runs as it takes', async () => {
    const split = await startHarness({
      tasks: [undo, endless],
      maxNodesPerRun: 6,
      coordinatorEvents: 60,
    });
    const nodes = Array.from({ length: 24 }, (_, n) => ({
      id: `n${n}`,
      task: 'echo',
      input: n,
      compensate: 'undo',
      ...(n > 0 ? { dependsOn: [`n${n - 1}`] } : {}),
    }));
    const handle = await split.engine.scheduleTaskGraph({
      name: 'split',
      tasks: [...nodes, { id: 'last', dependsOn: ['n23'], ...failing }] as GraphSpec['tasks'],
    });
    const { compensation } = await handle.result();
    expect(compensation.map(({ nodeId }) => nodeId)).toEqual(nodes.map(({ id }) => id).reverse());
    expect(of(handle.executionId)[0]?.input).toEqual({ input: 23, output: 23 });
    expect(of(handle.executionId)).toHaveLength(24);
    const last = await split.client.workflow.getHandle(handle.executionId).fetchHistory();
    expect(last.events?.length).toBeLessThan(120); // to undo them takes more than that
    await split.stop();
  });
});
