import type { GraphSpec } from '../../src/index.js';
import { LightScene } from '../support/light-scene.js';
import { until } from '../support/until.js';

describe('light tasks of which something is asked', () => {
  const scene = new LightScene();
  beforeAll(() => scene.start());
  afterAll(() => scene.stop());
  beforeEach(() => scene.reset());

  it('one that is slow is stopped and runs by itself; what it held up went on', async () => {
    const { executionId, result } = await scene.begun({
      name: 'slow',
      tasks: [
        { id: 'slow', task: 'stay', input: { until: 2_000 } },
        { id: 'a', task: 'add' },
        { id: 'b', task: 'add', dependsOn: ['a'] },
      ],
    });
    const { status, nodes } = await result;
    expect(status).toBe('COMPLETED');
    expect(nodes['slow']).toMatchObject({ attempts: 1, output: 'done' });
    expect(scene.ran.sort()).toEqual(['a 1', 'b 1', 'slow 1', 'slow 1']);
    expect((await scene.activities(executionId)).filter((name) => name === 'stay')).toHaveLength(1);
  });

  it.each(['in one run', 'in segments'])(
    'a cancel of their graph stops what runs, and nothing begins any more, %s',
    async (where) => {
      const { handle, result } = await scene.begun(
        {
          name: 'cancelled',
          concurrency: 2,
          tasks: [
            { id: 'hang', task: 'stay' },
            { id: 'hung', task: 'stay' },
            ...Array.from({ length: 50 }, (_, nth) => ({
              ...{ id: `n${nth}`, task: 'add', dependsOn: ['hang'] },
            })),
          ],
        },
        where,
      );
      await until(() => scene.ran.length >= 2);
      await handle.cancel();
      const { status, nodes } = await result;
      expect(status).toBe('CANCELLED');
      expect(Object.values(nodes).map((node) => node.status)).toEqual(
        Array.from({ length: 52 }, () => 'CANCELLED'),
      );
      expect(scene.ran.filter((one) => one.startsWith('n'))).toEqual([]);
    },
  );

  it('a cancel of one node ends that one; what scene.ran beside it goes on', async () => {
    const { handle, result } = await scene.begun({
      name: 'beside',
      tasks: [
        { id: 'hang', task: 'stay' },
        { id: 'beside', task: 'stay', input: { until: 900 } },
        { id: 'after', task: 'add', dependsOn: ['beside'] },
      ],
    });
    await until(() => scene.ran.length >= 2);
    await handle.node('hang').cancel();
    const { nodes } = await result;
    expect(nodes['hang']).toMatchObject({ status: 'CANCELLED' });
    expect(nodes['beside']).toMatchObject({ status: 'COMPLETED', attempts: 1 });
    expect(nodes['after']).toMatchObject({ status: 'COMPLETED' });
  });

  it('a pause keeps those from beginning that have not, and a person may complete one that runs', async () => {
    const { handle, result } = await scene.begun({
      name: 'paused',
      tasks: [
        { id: 'hang', task: 'stay' },
        { id: 'after', task: 'add', dependsOn: ['hang'], trigger: 'all_done' },
      ],
    });
    await until(() => scene.ran.length >= 1);
    await handle.pause();
    expect(await handle.node('hang').complete('said', { reason: 'known' })).toMatchObject({
      success: true,
    });
    await until(async () => (await handle.node('after').status()).status === 'PAUSED');
    expect(scene.ran.filter((one) => one.startsWith('after'))).toEqual([]);
    await handle.resume();
    const { nodes } = await result;
    expect(nodes['hang']).toMatchObject({ status: 'COMPLETED', output: 'said' });
    expect(nodes['after']).toMatchObject({ status: 'COMPLETED' });
  });

  it.each(['in one run', 'in segments'])(
    'a hard pause stops what runs; nothing begins before its turn when it goes on, %s',
    async (where) => {
      const { handle, result } = await scene.begun(
        {
          name: 'hard',
          tasks: [
            { id: 'hang', task: 'stay', input: { until: 4_000 } },
            ...Array.from({ length: 45 }, (_, nth) => ({
              ...{ id: `n${nth}`, task: 'add', dependsOn: [nth === 0 ? 'hang' : `n${nth - 1}`] },
            })),
          ],
        },
        where,
      );
      await until(() => scene.ran.length >= 1);
      await handle.pause({ mode: 'hard' });
      await until(async () => (await handle.node('hang').status()).status === 'PAUSED');
      expect((await handle.node('n1').status()).status).toBe('PENDING');
      await handle.resume();
      expect(await result).toMatchObject({ status: 'COMPLETED' });
      const order = scene.ran.filter((one) => one.startsWith('n'));
      expect(order).toEqual(Array.from({ length: 45 }, (_, nth) => `n${nth} 1`));
      expect(scene.ran.filter((one) => one.startsWith('hang')).length).toBeGreaterThan(1);
    },
  );

  it('under failFast those behind the one that failed are skipped by it, as others are', async () => {
    const spec = (light: boolean): GraphSpec => ({
      name: 'behind',
      onFailure: 'failFast',
      defaults: { retry: 'NONE', light },
      tasks: [
        { id: 'bad', task: 'add', input: { fails: 9 } },
        { id: 'b', task: 'add', dependsOn: ['bad'] },
        { id: 'c', task: 'add', dependsOn: ['b'] },
      ],
    });
    const ends = async (light: boolean) => {
      const { nodes } = await (await scene.begun(spec(light))).result;
      return Object.values(nodes).map(({ status, reason }) => [status, reason]);
    };
    expect(await ends(true)).toEqual(await ends(false));
  });

  it('what follows a node that ends as a person said is made of what the person said', async () => {
    const { handle, result } = await scene.begun({
      name: 'said',
      tasks: [
        { id: 'hang', task: 'stay' },
        { id: 'after', task: 'echo', dependsOn: ['hang'], input: '${{ tasks.hang.output }}' },
      ],
      defaults: { light: true },
    });
    await until(() => scene.ran.length >= 1);
    await handle.node('hang').complete('known', { reason: 'seen' });
    expect((await result).nodes['after']).toMatchObject({ status: 'COMPLETED', output: 'known' });
  });

  it('run by themselves where somebody else answered for their burst', async () => {
    const { executionId, result } = await scene.begun({
      name: 'foreign',
      tasks: [
        { id: 'hang', task: 'stay', input: { until: 900 } },
        { id: 'after', task: 'add', dependsOn: ['hang'] },
      ],
    });
    await until(() => scene.ran.length >= 1);
    const activity = { workflowId: executionId, activityId: '~burst-0' };
    await scene.harness.client.activity.complete(activity, { not: 'ours' });
    const { status } = await result;
    expect(status).toBe('COMPLETED');
    expect((await scene.activities(executionId)).filter((name) => name === 'stay')).toHaveLength(1);
  });

  it.each([
    ['bursts', { orders: [], bursts: 5 }],
    ['lent nodes', { orders: [], lent: { nodes: [{ order: 'abc', waitsFor: [] }], quiet: [] } }],
  ])('a segment that somebody starts with %s that is none fails and says so', async (_, odd) => {
    const { taskQueue, client } = scene.harness;
    const common = { coordinatorId: 'x', prepared: { execution: {} }, classes: [{}], sealed: true };
    const started = client.workflow.execute('taskSegment', {
      ...{ taskQueue, workflowId: `odd-${taskQueue}` },
      args: [{ ...common, ...odd }],
    });
    await expect(started).rejects.toMatchObject({
      cause: { message: expect.stringContaining('taskSegment is started by taskGraph') as string },
    });
  });
});
