import fc from 'fast-check';
import { Client, Connection } from '@temporalio/client';
import type { GraphSpec } from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { shared } from '../support/shared.js';
import { until } from '../support/until.js';
import { WorkerScene } from '../support/worker-scene.js';
import { TaskEngine } from '../../src/client.js';

type Input = { n?: number; by?: number; fails?: number } | null;

describe('light tasks', () => {
  const ran: string[] = [];
  const hooked: string[] = [];
  const running = { now: 0, most: 0 };
  const add = defineTask<Input, number>({
    name: 'add',
    light: true,
    retry: { strategy: 'FIXED_DELAY', delay: 1, maxRetries: 1 },
    hooks: {
      post: [
        {
          name: 'told',
          run: ({ executionId, status }) => {
            hooked.push(`${executionId.split('/').at(-1)} ${status}`);
          },
        },
      ],
    },
    run: async (input, { nodeId, attempt }) => {
      ran.push(`${nodeId} ${attempt}`);
      running.most = Math.max(running.most, ++running.now);
      await Promise.resolve();
      running.now--;
      if (attempt <= (input?.fails ?? 0)) throw new Error('asked to fail');
      return (input?.n ?? 0) + (input?.by ?? 1);
    },
  });
  /** Runs until it is asked to stop. */
  const stay = defineTask({
    name: 'stay',
    light: true,
    run: (input: { until?: number } | null, { nodeId, attempt, signal }) => {
      ran.push(`${nodeId} ${attempt}`);
      return new Promise<string>((done, failed) => {
        const over = setTimeout(() => done('done'), input?.until ?? 600_000);
        signal.addEventListener('abort', () => {
          clearTimeout(over);
          failed(signal.reason as Error);
        });
      });
    },
  });
  let harness: Harness;
  let split: Harness;
  let client: Client;
  beforeAll(async () => {
    harness = await startHarness({ tasks: [add, stay] });
    split = await startHarness({ tasks: [add, stay], maxNodesPerRun: 40, coordinatorEvents: 50 });
    client = new Client({ connection: await Connection.connect({ address: harness.address }) });
  });
  afterAll(async () => {
    await client.connection.close();
    await harness.stop();
    await split.stop();
  });
  beforeEach(() => {
    ran.length = 0;
    hooked.length = 0;
    Object.assign(running, { now: 0, most: 0 });
  });
  const activities = async (workflowId: string): Promise<string[]> => {
    const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
    return (events ?? []).flatMap(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? [],
    );
  };
  const bursts = async (workflowId: string): Promise<number> =>
    (await activities(workflowId)).filter((name) => name === 'tempograph.burst').length;
  const chain = (length: number): GraphSpec => ({
    name: 'chain',
    tasks: Array.from({ length }, (_, nth) => ({
      ...{ id: `n${nth}`, task: 'add' },
      ...(nth === 0
        ? {}
        : { dependsOn: [`n${nth - 1}`], input: { n: `\${{ tasks.n${nth - 1}.output }}` } }),
    })),
  });

  it('a chain of 100 runs in one activity, in order, each with what the one before gave', async () => {
    const { executionId, result } = await begun(harness, chain(100));
    const { status, nodes } = await result;
    expect(status).toBe('COMPLETED');
    expect(nodes['n99']).toMatchObject({ status: 'COMPLETED', output: 100, attempts: 1 });
    expect(ran).toEqual(Array.from({ length: 100 }, (_, nth) => `n${nth} 1`));
    expect(hooked).toEqual(Array.from({ length: 100 }, (_, nth) => `n${nth} COMPLETED`));
    expect(await bursts(executionId)).toBe(1);
  });

  it('no more of them than the window run at once', async () => {
    const { result } = await begun(harness, {
      name: 'wide',
      concurrency: 3,
      tasks: Array.from({ length: 60 }, (_, nth) => ({ id: `n${nth}`, task: 'add' })),
    });
    expect(await result).toMatchObject({ status: 'COMPLETED' });
    expect(ran).toHaveLength(60);
    expect(running.most).toBeLessThanOrEqual(3);
  });

  it('run in the segments of a big graph, over many runs of its coordinator', async () => {
    const { executionId, result } = await begun(split, chain(1_200));
    const { status, nodes } = await result;
    expect(status).toBe('COMPLETED');
    expect(nodes['n1199']).toMatchObject({ output: 1_200 });
    expect(ran).toHaveLength(1_200);
    expect(await bursts(`${executionId}/~seg/0`)).toBe(1);
  });

  it('one that fails is tried again in an activity of its own, and those that wait for it go on', async () => {
    const spec = chain(6);
    Object.assign(spec.tasks[3] ?? {}, { input: { n: '${{ tasks.n2.output }}', fails: 1 } });
    const { executionId, result } = await begun(harness, spec);
    const { status, nodes } = await result;
    expect(status).toBe('COMPLETED');
    expect(nodes['n5']?.output).toBe(6);
    expect(nodes['n3']).toMatchObject({ attempts: 2 });
    expect(nodes['n3']?.attemptHistory.map((one) => one.outcome)).toEqual(['FAILED', 'COMPLETED']);
    expect(ran).toEqual(['n0 1', 'n1 1', 'n2 1', 'n3 1', 'n3 2', 'n4 1', 'n5 1']);
    expect(hooked.filter((one) => one.startsWith('n3'))).toEqual(['n3 COMPLETED']);
    expect((await activities(executionId)).filter((name) => name === 'add')).toHaveLength(1);
  });

  it('follow their trigger rules where one fails for good', async () => {
    const { result } = await begun(harness, {
      name: 'rules',
      tasks: [
        { id: 'ok', task: 'add' },
        { id: 'bad', task: 'add', input: { fails: 9 }, dependsOn: ['ok'] },
        { id: 'never', task: 'add', dependsOn: ['bad'] },
        { id: 'mend', task: 'add', dependsOn: ['bad'], trigger: 'one_failed' },
        { id: 'not', task: 'add', when: 'false' },
        { id: 'neither', task: 'add', dependsOn: ['not'] },
        { id: 'last', task: 'add', dependsOn: ['never', 'mend'], trigger: 'all_done' },
      ],
    });
    const { status, nodes } = await result;
    expect(status).toBe('FAILED');
    const ends = Object.entries(nodes).map(([id, node]) => [id, node.status, node.reason ?? '']);
    expect(ends).toEqual([
      ['ok', 'COMPLETED', ''],
      ['bad', 'FAILED', ''],
      ['never', 'SKIPPED', 'upstream_failed'],
      ['mend', 'COMPLETED', ''],
      ['not', 'SKIPPED', 'condition'],
      ['neither', 'SKIPPED', 'rule'],
      ['last', 'COMPLETED', ''],
    ]);
  });

  it('under failFast nothing begins after the first that fails for good', async () => {
    const { result } = await begun(harness, {
      name: 'fast',
      onFailure: 'failFast',
      concurrency: 1,
      defaults: { retry: 'NONE' },
      tasks: [
        { id: 'bad', task: 'add', input: { fails: 9 } },
        ...Array.from({ length: 20 }, (_, nth) => ({ id: `n${nth}`, task: 'add' })),
      ],
    });
    const { status, nodes } = await result;
    expect(status).toBe('FAILED');
    expect(ran).toEqual(['bad 1']);
    expect(nodes['n0']).toMatchObject({ status: 'CANCELLED', reason: 'fail_fast' });
  });

  it('one that is slow is stopped and runs by itself; what it held up went on', async () => {
    const { executionId, result } = await begun(harness, {
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
    expect(ran.sort()).toEqual(['a 1', 'b 1', 'slow 1', 'slow 1']);
    expect((await activities(executionId)).filter((name) => name === 'stay')).toHaveLength(1);
  });

  it.each(['in one run', 'in segments'])(
    'a cancel of their graph stops what runs, and nothing begins any more, %s',
    async (where) => {
      const { handle, result } = await begun(where === 'in segments' ? split : harness, {
        name: 'cancelled',
        concurrency: 2,
        tasks: [
          { id: 'hang', task: 'stay' },
          { id: 'hung', task: 'stay' },
          ...Array.from({ length: 50 }, (_, nth) => ({
            ...{ id: `n${nth}`, task: 'add', dependsOn: ['hang'] },
          })),
        ],
      });
      await until(() => ran.length >= 2);
      await handle.cancel();
      const { status, nodes } = await result;
      expect(status).toBe('CANCELLED');
      expect(Object.values(nodes).map((node) => node.status)).toEqual(
        Array.from({ length: 52 }, () => 'CANCELLED'),
      );
      expect(ran.filter((one) => one.startsWith('n'))).toEqual([]);
    },
  );

  it('a cancel of one node ends that one; what ran beside it goes on', async () => {
    const { handle, result } = await begun(harness, {
      name: 'beside',
      tasks: [
        { id: 'hang', task: 'stay' },
        { id: 'beside', task: 'stay', input: { until: 900 } },
        { id: 'after', task: 'add', dependsOn: ['beside'] },
      ],
    });
    await until(() => ran.length >= 2);
    await handle.node('hang').cancel();
    const { nodes } = await result;
    expect(nodes['hang']).toMatchObject({ status: 'CANCELLED' });
    expect(nodes['beside']).toMatchObject({ status: 'COMPLETED', attempts: 1 });
    expect(nodes['after']).toMatchObject({ status: 'COMPLETED' });
  });

  it('a pause keeps those from beginning that have not, and a person may complete one that runs', async () => {
    const { handle, result } = await begun(harness, {
      name: 'paused',
      tasks: [
        { id: 'hang', task: 'stay' },
        { id: 'after', task: 'add', dependsOn: ['hang'], trigger: 'all_done' },
      ],
    });
    await until(() => ran.length >= 1);
    await handle.pause();
    expect(await handle.node('hang').complete('said', { reason: 'known' })).toMatchObject({
      success: true,
    });
    await until(async () => (await handle.node('after').status()).status === 'PAUSED');
    expect(ran.filter((one) => one.startsWith('after'))).toEqual([]);
    await handle.resume();
    const { nodes } = await result;
    expect(nodes['hang']).toMatchObject({ status: 'COMPLETED', output: 'said' });
    expect(nodes['after']).toMatchObject({ status: 'COMPLETED' });
  });

  it('stand in the store as any others do', async () => {
    const { executionId, result } = await begun(harness, chain(30));
    await result;
    await until(async () => {
      const record = await harness.engine.getExecution(`${executionId}/n29`);
      return record.status === 'COMPLETED' && record.output === 30;
    });
    const { statusHistory } = await harness.engine.getExecution(`${executionId}/n7`);
    expect(statusHistory?.map(({ status }) => status)).toEqual([
      ...['PENDING', 'SCHEDULED', 'PREPARING', 'RUNNING', 'COMPLETED'],
    ]);
  });

  it('give what they give when they are not light, whatever the graph', async () => {
    const graphs = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(graphs, async (parents) => {
        const tasks = parents.map((some, index) => {
          const dependsOn = [...new Set(index === 0 ? [] : some.map((one) => `n${one % index}`))];
          const sum = dependsOn.map((id) => `tasks.${id}.output`).join(' + ') || '0';
          return { id: `n${index}`, task: 'add', dependsOn, input: { n: `\${{ ${sum} }}` } };
        });
        const expected: number[] = [];
        parents.forEach((some, index) => {
          const above = new Set(index === 0 ? [] : some.map((one) => one % index));
          expected.push([...above].reduce((sum, one) => sum + (expected[one] ?? 0), 1));
        });
        const one = await begun(harness, { name: 'any', tasks });
        const many = await begun(split, { name: 'any', tasks });
        for (const { result } of [one, many]) {
          const { nodes } = await result;
          expect(Object.values(nodes).map(({ output }) => output)).toEqual(expected);
        }
      }),
      { numRuns: 25 },
    );
  }, 120_000);

  it('go on after their worker is killed: nothing that ended before is lost, at most one burst runs again', async () => {
    const scene = new WorkerScene(shared().address);
    const { address, taskQueue, dataDir } = scene;
    const engine = await TaskEngine.connect({ address, taskQueue, dataDir });
    try {
      const victim = await scene.startWorker();
      const handle = await engine.scheduleTaskGraph({
        name: 'killed',
        tasks: Array.from({ length: 40 }, (_, nth) => ({
          ...{ id: `n${nth}`, task: 'light', input: nth === 30 ? { waits: true } : null },
          dependsOn: nth === 0 ? [] : [`n${nth - 1}`],
        })),
      });
      await until(() => scene.runs().includes('n30'));
      await scene.kill(victim);
      await scene.startWorker();
      await until(
        () => scene.runs().filter((one) => one === 'n30').length > 1,
        'n30 again',
        60_000,
      );
      scene.open();
      const { status, nodes } = await handle.result();
      expect(status).toBe('COMPLETED');
      expect(Object.values(nodes).every((node) => node.status === 'COMPLETED')).toBe(true);
      const times = new Map<string, number>();
      for (const id of scene.runs()) times.set(id, (times.get(id) ?? 0) + 1);
      expect(times.size).toBe(40);
      expect(Math.max(...times.values())).toBeLessThanOrEqual(3);
    } finally {
      await scene.end();
      await engine.shutdown();
    }
  }, 120_000);
});

async function begun({ engine }: Harness, spec: GraphSpec) {
  const handle = await engine.scheduleTaskGraph(spec);
  return { handle, executionId: handle.executionId, result: handle.result() };
}
