import { defineTask } from '../../src/registry.js';
import { openStore, type Store } from '../../src/store/store.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

describe('recording', () => {
  let harness: Harness;
  let store: Store;
  const open = new Set<string>();
  const gated = defineTask<{ gate: string }>({
    name: 'gated',
    run: async ({ gate }, { signal }) => {
      while (!open.has(gate)) {
        signal.throwIfAborted();
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return gate;
    },
  });
  beforeAll(async () => {
    harness = await startHarness({ tasks: [gated], reconcileInterval: '1s' });
    store = await openStore({ url: `${harness.dataDir}/store.db` });
  });
  afterAll(async () => {
    await store.close();
    await harness.stop();
  });
  const row = async (id: string) => await store.executions.get(id);

  it('writes a graph and its nodes: status, attempts, error, times and history', async () => {
    const handle = await harness.engine.scheduleTaskGraph(
      {
        name: 'recorded',
        version: '7',
        onFailure: 'continue',
        tasks: [
          { id: 'ok', task: 'echo', input: { a: 1 }, tags: ['blue'], metadata: { team: 'x' } },
          { id: 'retried', task: 'fail', input: { times: 1 }, retry: { delay: 1 } },
          { id: 'bad', task: 'fail', input: { times: 9, message: 'no' }, retry: 'NONE' },
          { id: 'skipped', task: 'noop', dependsOn: ['bad'] },
        ],
      },
      { project: 'p', sessionId: 's', metadata: { run: 1 }, tags: ['red'] },
    );
    await handle.result();
    const id = handle.executionId;
    expect(await row(id)).toMatchObject({
      kind: 'graph',
      taskId: 'recorded',
      taskVersion: '7',
      project: 'p',
      sessionId: 's',
      status: 'FAILED',
      error: { message: expect.stringContaining('no') as string },
      metadata: { run: 1 },
      tags: ['red'],
      nodeCounts: { COMPLETED: 2, FAILED: 1, SKIPPED: 1 },
    });
    const nodes = await store.executions.getMany(
      ['ok', 'retried', 'bad', 'skipped'].map((node) => `${id}/${node}`),
    );
    expect(nodes.map(({ status, attempts, parentId }) => [status, attempts, parentId])).toEqual([
      ['COMPLETED', 1, id],
      ['COMPLETED', 2, id],
      ['FAILED', 1, id],
      ['SKIPPED', 0, id],
    ]);
    expect(nodes[0]).toMatchObject({
      output: { json: { a: 1 } },
      input: { json: { a: 1 } },
      metadata: { team: 'x' },
      tags: ['blue'],
    });
    expect(nodes[1]?.statusHistory.map(({ status }) => status)).toEqual([
      'PENDING',
      'SCHEDULED',
      'PREPARING',
      'RUNNING',
      'RETRYING',
      'PREPARING',
      'RUNNING',
      'COMPLETED',
    ]);
  });

  it('writes a lone task as one row, live and ended', async () => {
    const handle = await harness.engine.scheduleTask({ task: gated, input: { gate: 'lone' } });
    await until(async () => (await row(handle.executionId))?.status === 'RUNNING');
    open.add('lone');
    await handle.result();
    await until(async () => (await row(handle.executionId))?.status === 'COMPLETED');
    expect(await row(handle.executionId)).toMatchObject({
      kind: 'task',
      taskId: 'gated',
      attempts: 1,
      output: { json: 'lone' },
    });
    expect(await row(`${handle.executionId}/task`)).toBeUndefined();
  });

  it('writes each item of a batch as an execution', async () => {
    const { successful } = await harness.engine.scheduleTaskBatch([
      { task: 'echo', input: 1, tags: ['t'] },
      { task: 'nobody-knows' },
    ]);
    const ids = successful.map(({ executionId }) => executionId);
    await Promise.all(ids.map((id) => harness.engine.handle(id).result()));
    const rows = async () => await store.executions.getMany(ids);
    await until(async () => {
      const found = await rows();
      return found.length === ids.length && found.every(({ endedAt }) => endedAt !== null);
    }, 'the end of each in the store');
    expect((await rows()).map(({ kind, status, tags }) => [kind, status, tags])).toEqual([
      ['item', 'COMPLETED', ['t']],
      ['item', 'REJECTED', []],
    ]);
  });

  it('writes one that was refused, cancelled while it waited, or skipped', async () => {
    const refused = await harness.engine.scheduleTask({ task: 'nobody-knows' });
    await refused.result();
    await until(async () => (await row(refused.executionId))?.status === 'REJECTED');
    const held = await harness.engine.scheduleTask({ task: gated, input: { gate: 'held' } });
    const waits = await harness.engine.scheduleTask({
      task: 'echo',
      dependencies: [held.executionId],
    });
    await until(async () => (await row(waits.executionId))?.status === 'PENDING');
    expect((await row(waits.executionId))?.dependencies).toEqual([held.executionId]);
    await waits.cancel();
    await waits.result();
    expect((await row(waits.executionId))?.status).toBe('CANCELLED');
    open.add('held');
    await held.result();
  });

  it('is mended by the reconciler: a terminated execution tells nobody', async () => {
    const handle = await harness.engine.scheduleTask({
      task: gated,
      input: { gate: 'terminated' },
    });
    await until(async () => (await row(handle.executionId))?.status === 'RUNNING');
    await harness.client.workflow.getHandle(handle.executionId).terminate('by a test');
    await until(async () => (await row(handle.executionId))?.status === 'CANCELLED');
    expect((await row(handle.executionId))?.reason).toBe('terminated');
    open.add('terminated');
  });

  it('goes on without a store, and says so', async () => {
    const alone = await startHarness({ storeUrl: 'postgres://127.0.0.1:9/none' });
    try {
      const { status } = await (await alone.engine.scheduleTask({ task: 'echo' })).result();
      expect(status).toBe('COMPLETED');
      expect(alone.lines.map(({ msg }) => msg)).toContainEqual(
        expect.stringContaining('runs without a store'),
      );
    } finally {
      await alone.stop();
    }
  });
});
