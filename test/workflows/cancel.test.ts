import type { NodeHandle } from '../../src/client/node-handle.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const hang = defineTask({
  name: 'hang',
  run: (_input, { signal }) =>
    new Promise((_done, failed) =>
      signal.addEventListener('abort', () => failed(signal.reason as Error)),
    ),
});

/** Is done although it is asked to stop. */
const heedless = defineTask({
  name: 'heedless',
  run: (_input, { signal }) =>
    new Promise((done) => signal.addEventListener('abort', () => done('done'))),
});

describe('cancel', () => {
  let harness: Harness;
  let finishCleanUp: () => void = () => undefined;
  /** Takes its time over a cancel. */
  const cleansUp = defineTask({
    name: 'cleans-up',
    run: (_input, { signal }) =>
      new Promise((_done, failed) =>
        signal.addEventListener('abort', () => {
          finishCleanUp = () => failed(signal.reason as Error);
        }),
      ),
  });
  const ended: string[] = [];
  beforeAll(async () => {
    harness = await startHarness({
      tasks: [hang, heedless, cleansUp],
      hooks: {
        post: [
          {
            name: 'note',
            run: ({ executionId, status }) => void ended.push(`${executionId} ${status}`),
          },
        ],
      },
    });
  });
  afterAll(() => harness.stop());

  it('says in the status history who asked for it and why, of an execution and of a node', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'asked',
      tasks: [
        { id: 'a', task: 'hang' },
        { id: 'b', task: 'hang' },
      ],
    });
    const runs = async (id: string) => (await handle.node(id).status()).status === 'RUNNING';
    await until(async () => (await runs('a')) && (await runs('b')));
    const { engine } = harness;
    await engine.cancelExecution(`${handle.executionId}/a`, { by: 'ada', reason: 'not that one' });
    await until(async () => (await handle.node('a').status()).status === 'CANCELLED');
    await engine.cancelExecution(handle.executionId, { by: 'grace', reason: 'wrong date' });
    const { status, statusHistory, nodes } = await handle.result();
    expect(status).toBe('CANCELLED');
    expect(statusHistory.at(-1)).toMatchObject({
      ...{ status: 'CANCELLED', by: 'grace', note: 'wrong date' },
    });
    expect(statusHistory.filter((one) => one.status === 'CANCELLED')).toHaveLength(1);
    expect(nodes['a']?.statusHistory).toContainEqual(
      expect.objectContaining({ status: 'CANCELLED', by: 'ada', note: 'not that one' }),
    );
  });

  it('stops what runs, never starts what waits, keeps what is done, and runs post hooks', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'cancel me',
      tasks: [
        { id: 'done', task: 'echo', input: 'kept' },
        { id: 'running', task: 'hang', dependsOn: ['done'] },
        { id: 'waiting', task: 'noop', dependsOn: ['running'], trigger: 'all_done' },
      ],
    });
    await until(async () => (await handle.node('running').status()).status === 'RUNNING');
    expect(await harness.engine.cancelExecution(handle.executionId)).toMatchObject({
      success: true,
    });
    const { status, nodes } = await handle.result();
    expect(status).toBe('CANCELLED');
    expect(nodes['done']).toMatchObject({ status: 'COMPLETED', output: 'kept' });
    expect(nodes['running']).toMatchObject({
      status: 'CANCELLED',
      reason: 'cancelled',
      attempts: 1,
    });
    expect(nodes['waiting']).toMatchObject({ status: 'CANCELLED', attempts: 0 });
    expect(ended).toContain(`${handle.executionId}/running CANCELLED`);
    expect(ended).not.toContain(`${handle.executionId}/waiting CANCELLED`);
    expect(await harness.engine.getExecution(handle.executionId)).toMatchObject({
      status: 'CANCELLED',
    });
  });

  it('leaves every verb its answer while the graph is being stopped', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'asked while it stops',
      tasks: [
        { id: 'slow', task: 'cleans-up' },
        { id: 'next', task: 'noop', dependsOn: ['slow'] },
      ],
    });
    const node = handle.node('slow');
    await until(async () => (await node.status()).status === 'RUNNING');
    const asked = finishCleanUp;
    await handle.cancel();
    await until(() => finishCleanUp !== asked, 'the clean-up');
    const said = { reason: 'too late', by: 'ada' };
    const answers = await Promise.all([
      node.pause(said),
      node.resume(said),
      node.skip(said),
      node.retryNow(said),
      node.setPriority('HIGH', said),
      handle.node('next').complete(1, said),
      handle.node('next').approve(),
      handle.pause(),
      handle.setConcurrency(3, said),
      node.cancel(),
    ]);
    for (const { message } of answers) expect(message).not.toBe('');
    expect(answers.slice(0, -1).map(({ success }) => success)).not.toContain(true);
    finishCleanUp();
    expect((await handle.result()).status).toBe('CANCELLED');
  });

  it('cancels one node; its dependants follow their rules, the graph goes on and is FAILED at its end', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'cancel one',
      tasks: [
        { id: 'stop', task: 'hang' },
        { id: 'child', task: 'noop', dependsOn: ['stop'] },
        { id: 'anyway', task: 'noop', dependsOn: ['stop'], trigger: 'all_done' },
      ],
    });
    await until(async () => (await handle.node('stop').status()).status === 'RUNNING');
    expect(await handle.node('child').cancel()).toMatchObject({
      success: true,
      message: expect.stringContaining('before it ran') as string,
    });
    expect(await handle.node('stop').cancel()).toMatchObject({ success: true });
    const { status, error, nodes } = await handle.result();
    expect(status).toBe('FAILED');
    expect(error).toMatchObject({ code: 'CANCELLED', nodeId: 'stop' });
    expect(nodes['stop']?.status).toBe('CANCELLED');
    expect(nodes['child']?.status).toBe('CANCELLED');
    expect(nodes['anyway']?.status).toBe('COMPLETED');
  });

  it('cancels a node that may fail; its graph is COMPLETED all the same', async () => {
    const tasks = [{ id: 'stop', task: 'hang', allowFailure: true }];
    const handle = await harness.engine.scheduleTaskGraph({
      ...{ name: 'cancel allowed', tasks: [...tasks, { id: 'other', task: 'noop' }] },
    });
    await until(async () => (await handle.node('stop').status()).status === 'RUNNING');
    await handle.node('stop').cancel();
    expect((await handle.result()).status).toBe('COMPLETED');
  });

  it.each<[string, object, string]>([
    ['an item of a map', { task: 'hang', map: [1, 2], input: '${{ item }}' }, '1'],
    ['a node of a sub-graph', { graph: { name: 'in', tasks: [{ id: 'x', task: 'hang' }] } }, 'x'],
  ])(
    'cancels %s; the whole is FAILED, and what comes after it does not run',
    async (_title, node, inner) => {
      const handle = await harness.engine.scheduleTaskGraph({
        name: 'cancel below',
        tasks: [
          { id: 'whole', ...node },
          { id: 'after', task: 'noop', dependsOn: ['whole'] },
        ],
      });
      const one = (): NodeHandle => handle.below('whole').node(inner);
      const runs = async (): Promise<boolean> => (await one().status()).status === 'RUNNING';
      await until(() => runs().catch(() => false), 'what is below to run');
      await one().cancel();
      if (inner === '1') await handle.below('whole').node('0').cancel();
      const { status, nodes } = await handle.result();
      expect(status).toBe('FAILED');
      expect(nodes['whole']).toMatchObject({ status: 'FAILED', error: { code: 'CANCELLED' } });
      expect(nodes['after']).toMatchObject({ status: 'SKIPPED', reason: 'upstream_failed' });
    },
  );

  it('answers for every state: unknown, ended, a node that is not there', async () => {
    const handle = await harness.engine.scheduleTask({ task: 'noop' });
    await handle.result();
    expect(await harness.engine.cancelExecution(handle.executionId)).toMatchObject({
      success: false,
    });
    expect(await harness.engine.cancelExecution(`${handle.executionId}/task`)).toMatchObject({
      success: false,
    });
    expect(await harness.engine.cancelExecution('no-such-execution')).toMatchObject({
      success: false,
    });
  });

  it('cancels a lone task by its node as well', async () => {
    const handle = await harness.engine.scheduleTask({ task: 'hang' });
    await until(async () => (await handle.node('task').status()).status === 'RUNNING');
    expect(await harness.engine.cancelExecution(`${handle.executionId}/task`)).toMatchObject({
      success: true,
    });
    expect((await handle.result()).status).toBe('CANCELLED');
    expect(await harness.engine.getExecution(handle.executionId)).toMatchObject({
      status: 'CANCELLED',
    });
  });

  it.each([
    ['FAILED', 'hang', 'whose node alone is cancelled', 'failed'],
    ['CANCELLED', 'hang', 'that is cancelled', 'cancelled'],
    ['CANCELLED', 'heedless', 'that is cancelled and done all the same', 'cancelled'],
  ] as const)(
    'ends %s a lone task (%s) %s, whoever is asked',
    async (status, task, what, event) => {
      const { engine, client } = harness;
      const project = what.replaceAll(' ', '-');
      const handle = await engine.scheduleTask({ task, project });
      const { executionId } = handle;
      await until(async () => (await handle.node('task').status()).status === 'RUNNING');
      const by = { by: 'ada', reason: 'not that one' };
      await (status === 'FAILED' ? handle.node('task').cancel(by) : handle.cancel(by));
      const end = expect.objectContaining({ status, by: 'ada', note: 'not that one' }) as object;
      const result = await handle.result();
      expect([result.status, result.statusHistory.at(-1)]).toEqual([status, end]);
      expect((await client.workflow.getHandle(executionId).describe()).status.name).toBe(status);
      expect(await engine.getExecution(executionId)).toMatchObject({ status });
      const [listed] = (await engine.listExecutions({ executionId })).executions;
      expect([listed?.status, listed?.statusHistory?.at(-1)]).toEqual([status, end]);
      expect((await engine.getExecutionStats({ project })).byStatus).toEqual({ [status]: 1 });
      const told: string[] = [];
      for await (const one of engine.events({ executionId, after: 0, follow: false }))
        told.push(one.event);
      expect(told.slice(3)).toEqual(['started', event]);
    },
  );

  it('cancels a node that waits for its retry at once', async () => {
    const handle = await harness.engine.scheduleTask({
      task: 'fail',
      retry: { strategy: 'FIXED_DELAY', delay: '2h' },
    });
    await until(async () => (await handle.node('task').status()).status === 'RETRYING');
    expect(await handle.node('task').status()).toMatchObject({
      attempts: 1,
      error: { code: 'AskedToFail' },
    });
    await handle.cancel();
    const { status, nodes } = await handle.result();
    expect(status).toBe('CANCELLED');
    expect(nodes['task']).toMatchObject({ status: 'CANCELLED', attempts: 1 });
  });

  it('cancels an execution that is scheduled for later', async () => {
    const handle = await harness.engine.scheduleTask({ task: 'noop', scheduledTime: '2h' });
    expect(await harness.engine.getExecution(handle.executionId)).toMatchObject({
      status: 'SCHEDULED',
    });
    expect(await handle.cancel()).toMatchObject({ success: true });
    expect((await handle.result()).status).toBe('CANCELLED');
  });
});
