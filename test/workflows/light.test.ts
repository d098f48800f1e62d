import fc from 'fast-check';
import { TaskEngine } from '../../src/client.js';
import { chain, LightScene } from '../support/light-scene.js';
import { shared } from '../support/shared.js';
import { until } from '../support/until.js';
import { WorkerScene } from '../support/worker-scene.js';

describe('light tasks', () => {
  const scene = new LightScene();
  beforeAll(() => scene.start());
  afterAll(() => scene.stop());
  beforeEach(() => scene.reset());

  it('a chain of 100 runs in hardly more than one activity, in order, each with what the one before gave', async () => {
    const { executionId, result } = await scene.begun(chain(100));
    const { status, nodes } = await result;
    expect(status).toBe('COMPLETED');
    expect(nodes['n99']).toMatchObject({ status: 'COMPLETED', output: 100, attempts: 1 });
    expect(scene.ran).toEqual(Array.from({ length: 100 }, (_, nth) => `n${nth} 1`));
    expect(scene.hooked).toEqual(Array.from({ length: 100 }, (_, nth) => `n${nth} COMPLETED`));
    // A burst begins nothing after half a second, which a busy machine may need for a few nodes.
    const { length } = await scene.activities(executionId);
    expect(await scene.bursts(executionId)).toBeGreaterThan(0);
    expect(length).toBeLessThan(20);
  });

  it('are by themselves those that were quick of late, where a graph leaves it to that', async () => {
    const graph = (light: boolean | 'auto') => ({
      ...{ name: 'auto', defaults: { light }, concurrency: 30 },
      tasks: Array.from({ length: 30 }, (_, nth) => ({ id: `n${nth}`, task: 'add' })),
    });
    const run = async (light: boolean | 'auto'): Promise<number> => {
      const { executionId, result } = await scene.begun(graph(light));
      expect(await result).toMatchObject({ status: 'COMPLETED' });
      return await scene.bursts(executionId);
    };
    expect(await run(false)).toBe(0);
    const { engine } = scene.harness;
    await until(async () => {
      const seen = await engine.getExecutionStats({ kind: 'node', taskId: 'add' });
      return seen.successful >= 30;
    }, 'they are counted');
    // The first that asks has the worker look.
    await until(async () => (await run('auto')) > 0, 'the worker has looked');
  });

  it('no more of them than the window run at once', async () => {
    const { result } = await scene.begun({
      name: 'wide',
      concurrency: 3,
      tasks: Array.from({ length: 60 }, (_, nth) => ({ id: `n${nth}`, task: 'add' })),
    });
    expect(await result).toMatchObject({ status: 'COMPLETED' });
    expect(scene.ran).toHaveLength(60);
    expect(scene.running.most).toBeLessThanOrEqual(3);
  });

  it('run in the segments of a big graph, over many runs of its coordinator', async () => {
    const { executionId, result } = await scene.begun(chain(1_200), 'in segments');
    const { status, nodes } = await result;
    expect(status).toBe('COMPLETED');
    expect(nodes['n1199']).toMatchObject({ output: 1_200 });
    expect(scene.ran).toHaveLength(1_200);
    const { length } = await scene.activities(`${executionId}/~seg/0`);
    expect(await scene.bursts(`${executionId}/~seg/0`)).toBeGreaterThan(0);
    expect(length).toBeLessThan(20);
  });

  it('read what any node above them gave, also one that stands further up in the same burst', async () => {
    const { result } = await scene.begun({
      name: 'far',
      tasks: [
        { id: 'a', task: 'add', input: { by: 40 } },
        { id: 'b', task: 'add', dependsOn: ['a'] },
        { id: 'c', task: 'add', dependsOn: ['b'], input: { n: '${{ tasks.a.output }}', by: 2 } },
      ],
    });
    expect((await result).nodes['c']?.output).toBe(42);
  });

  it('have each its own item of a map, over many pages of them', async () => {
    const over = Array.from({ length: 450 }, (_, nth) => ({ n: nth }));
    const input = { n: '${{ item.n }}', by: '${{ index }}' };
    const { result } = await scene.begun({
      name: 'map',
      tasks: [{ id: 'm', task: 'add', map: { over, concurrency: 100 }, input }],
    });
    expect((await result).output).toEqual({ m: over.map(({ n }) => 2 * n) });
    expect(scene.ran).toHaveLength(450);
  });

  it('are as many in a burst as its message holds', async () => {
    const text = 'x'.repeat(3_000);
    const { executionId, result } = await scene.begun({
      name: 'heavy',
      concurrency: 100,
      tasks: [
        ...Array.from({ length: 10 }, (_, nth) => ({
          ...{ id: `p${nth}`, task: 'echo', input: `${nth} ${'y'.repeat(900)}` },
        })),
        ...Array.from({ length: 400 }, (_, nth) => ({
          ...{ id: `n${nth}`, task: 'add' },
          dependsOn: Array.from({ length: 10 }, (_, one) => `p${one}`),
          input: { by: 1, text, of: `\${{ tasks.p${nth % 10}.output }}` },
        })),
      ],
    });
    expect(await result).toMatchObject({ status: 'COMPLETED' });
    expect(await scene.bursts(executionId)).toBeGreaterThan(1);
    expect(new Set(scene.ran).size).toBe(400);
  });

  it('one that fails is tried again in an activity of its own, and those that wait for it go on', async () => {
    const spec = chain(6);
    Object.assign(spec.tasks[3] ?? {}, { input: { n: '${{ tasks.n2.output }}', fails: 1 } });
    const { executionId, result } = await scene.begun(spec);
    const { status, nodes } = await result;
    expect(status).toBe('COMPLETED');
    expect(nodes['n5']?.output).toBe(6);
    expect(nodes['n3']).toMatchObject({ attempts: 2 });
    expect(nodes['n3']?.attemptHistory.map((one) => one.outcome)).toEqual(['FAILED', 'COMPLETED']);
    expect(scene.ran).toEqual(['n0 1', 'n1 1', 'n2 1', 'n3 1', 'n3 2', 'n4 1', 'n5 1']);
    expect(scene.hooked.filter((one) => one.startsWith('n3'))).toEqual(['n3 COMPLETED']);
    expect((await scene.activities(executionId)).filter((name) => name === 'add')).toHaveLength(1);
  });

  it('follow their trigger rules where one fails for good', async () => {
    const { result } = await scene.begun({
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
    const { result } = await scene.begun({
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
    expect(scene.ran).toEqual(['bad 1']);
    expect(nodes['n0']).toMatchObject({ status: 'CANCELLED', reason: 'fail_fast' });
  });

  it('stand in the store as any others do', async () => {
    const { executionId, result } = await scene.begun(chain(30));
    await result;
    await until(async () => {
      const record = await scene.harness.engine.getExecution(`${executionId}/n29`);
      return record.status === 'COMPLETED' && record.output === 30;
    });
    const { statusHistory } = await scene.harness.engine.getExecution(`${executionId}/n7`);
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
        const one = await scene.begun({ name: 'any', tasks });
        const many = await scene.begun({ name: 'any', tasks }, 'in segments');
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
