import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TaskEngine, type GraphSpec } from '../../src/index.js';
import { startHarness, type Harness } from '../support/engine.js';

/** Characters of two units: wherever it is cut, one of them may come apart. */
const TEXT = `${'🙂'.repeat(25_000)}x`;

/** 50 nodes with 60 KB each; the last reads the first. */
const LARGE: GraphSpec = {
  name: 'large',
  tasks: [
    ...Array.from({ length: 50 }, (_, nth) => ({
      ...{ id: `n${nth}`, task: 'echo' },
      input: { nth, text: TEXT },
    })),
    {
      ...{ id: 'last', task: 'echo', dependsOn: ['n7'] },
      input: '${{ tasks.n7.output.nth }}',
    },
  ],
};

describe('a spec that is too large for an argument', () => {
  let harness: Harness;
  let elsewhere: TaskEngine;
  const folder = mkdtempSync(join(tmpdir(), 'tempograph-elsewhere-'));
  beforeAll(async () => {
    harness = await startHarness({});
    const { address, taskQueue } = harness;
    elsewhere = await TaskEngine.connect({
      ...{ address, taskQueue },
      ...{ dataDir: folder, storeUrl: 'none' },
    });
  });
  afterAll(async () => {
    await elsewhere.shutdown();
    await harness.stop();
    rmSync(folder, { recursive: true });
  });

  it.each(['that shares their folder', 'that does not'])(
    'is handed to the workers by reference, by a client %s',
    async (which) => {
      const engine = which === 'that does not' ? elsewhere : harness.engine;
      const handle = await engine.scheduleTaskGraph(LARGE);
      const { status, nodes } = await handle.result();
      expect(status).toBe('COMPLETED');
      expect(nodes['last']?.output).toBe(7);
      expect(nodes['n3']?.output).toEqual({ nth: 3, text: TEXT });
    },
  );

  it('is planned, checked and run again like any other', async () => {
    const handle = await elsewhere.scheduleTaskGraph(LARGE);
    await handle.result();
    const plan = await elsewhere.plan(LARGE, { askWorker: true });
    expect(plan.order).toHaveLength(51);
    expect(await elsewhere.validate(LARGE, { askWorker: true })).toEqual([]);
    const forecast = await elsewhere.rerun(handle.executionId, { dryRun: true, from: 'n7' });
    expect(forecast.run.map(({ nodeId }) => nodeId)).toEqual(['n7']);
    const again = await elsewhere.rerun(handle.executionId, { from: 'n7' });
    expect(await again.result()).toMatchObject({ status: 'COMPLETED' });
  });

  it('says what is wrong with it by name', async () => {
    const bad = { ...LARGE, tasks: [...LARGE.tasks, { id: 'odd', task: 'ecko' }] };
    expect(await elsewhere.validate(bad, { askWorker: true })).toEqual([
      expect.objectContaining({ path: 'tasks[51].task', code: 'UNKNOWN_TASK' }),
    ]);
    const handle = await elsewhere.scheduleTaskGraph(bad);
    expect(await handle.result()).toMatchObject({ status: 'REJECTED' });
  });

  it('cannot be scheduled, and the schedule is told its limit', async () => {
    const made = harness.engine.schedules.create({ id: 'big', graph: LARGE, every: '1h' });
    await expect(made).rejects.toThrow(/has more than 1,500,000 bytes of JSON/);
  });

  it('is told from one that is no JSON, which a schedule refuses by its place', async () => {
    const loop: Record<string, unknown> = {};
    loop['loop'] = loop;
    const graph = { name: 'loop', tasks: [{ id: 'a', task: 'echo', input: loop }] };
    const made = harness.engine.schedules.create({ id: 'loop', graph, every: '1h' });
    await expect(made).rejects.toMatchObject({ code: 'SPEC_INVALID' });
  });

  it('is not begun while no worker is there to take it', async () => {
    const nobody = await TaskEngine.connect({
      ...{ address: harness.address, taskQueue: 'nobody' },
      ...{ dataDir: folder, storeUrl: 'none' },
    });
    try {
      const started = nobody.scheduleTaskGraph(LARGE, { executionId: 'unheard' });
      await expect(started).rejects.toThrow(/no worker on task queue "nobody"/);
      await expect(nobody.getExecution('unheard')).rejects.toThrow(/no execution/);
    } finally {
      await nobody.shutdown();
    }
  });
});
