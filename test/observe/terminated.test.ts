import { defineTask } from '../../src/registry.js';
import { reconcileOpen } from '../../src/observe/reconcile.js';
import { openStore, type Store } from '../../src/store/store.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

describe('the reconciler, of a terminated execution', () => {
  let harness: Harness;
  let store: Store;
  const entered = new Set<string>();
  const waits = defineTask({
    name: 'waits',
    heartbeatTimeout: '1s',
    run: async (_input, { graphId, signal }) => {
      entered.add(graphId);
      await new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    },
  });
  beforeAll(async () => {
    harness = await startHarness({ tasks: [waits], reconcileInterval: '1s' });
    store = await openStore({ url: `${harness.dataDir}/store.db` });
  });
  afterAll(async () => {
    await store.close();
    await harness.stop();
  });
  const standing = async (ids: readonly string[]) =>
    (await store.executions.getMany(ids)).map(({ status, reason }) => [status, reason]);

  it('ends the nodes of a graph: as the history has them, and what had not ended with the graph', async () => {
    const { executionId: id } = await harness.engine.scheduleTaskGraph(
      {
        name: 'cut',
        tasks: [
          { id: 'done', task: 'echo', input: 1 },
          { id: 'runs', task: 'waits', dependsOn: ['done'] },
          { id: 'never', task: 'echo', dependsOn: ['runs'] },
        ],
      },
      { project: 'cut-off' },
    );
    await until(() => entered.has(id));
    await harness.client.workflow.getHandle(id).terminate('by a test');
    const ids = [id, `${id}/done`, `${id}/runs`, `${id}/never`];
    const cut = ['CANCELLED', 'terminated'];
    await until(async () => (await standing(ids)).length === 4 && !(await open(ids)));
    expect(await standing(ids)).toEqual([cut, ['COMPLETED', null], cut, cut]);
    const stats = (kind: 'graph' | 'node') =>
      store.stats.getExecutionStats({ project: 'cut-off', kind });
    expect(await stats('graph')).toMatchObject({ total: 1, cancelled: 1, active: 0 });
    expect(await stats('node')).toMatchObject({ total: 3, cancelled: 2, successful: 1, active: 0 });
  });

  it('ends the items of a batch, which has no row itself, running or ended', async () => {
    const { successful } = await harness.engine.scheduleTaskBatch([
      { task: 'echo', input: 1 },
      { task: 'waits' },
    ]);
    const ids = successful.map(({ executionId }) => executionId);
    const batchId = ids[0]?.split('/')[0] ?? '';
    await until(() => entered.has(batchId));
    await until(async () => (await standing(ids))[0]?.[0] === 'COMPLETED');
    // Started later and found by a round: the rounds before it have seen the batch run.
    const later = await harness.engine.scheduleTask({ task: 'waits' });
    await harness.client.workflow.getHandle(later.executionId).terminate('by a test');
    await until(async () => !(await open([later.executionId])));
    expect(await store.executions.get(batchId)).toBeUndefined();
    await harness.client.workflow.getHandle(batchId).terminate('by a test');
    await until(async () => !(await open(ids)));
    expect((await standing(ids))[1]).toEqual(['CANCELLED', 'terminated']);
    expect(await store.executions.get(batchId)).toBeUndefined();
  });

  async function open(ids: readonly string[]): Promise<boolean> {
    return (await store.executions.getMany(ids)).some(({ endedAt }) => endedAt === null);
  }
});

describe('a round over what is open', () => {
  it('looks at so many at most, and the next ones go on from there to the newest', async () => {
    const harness = await startHarness({ reconcileInterval: '1h' });
    const store = await openStore({ url: `${harness.dataDir}/store.db` });
    const graph = { name: 'asks', tasks: [{ id: 'ask', approval: { message: 'may it?' } }] };
    const handles = await Promise.all(
      Array.from({ length: 5 }, () => harness.engine.scheduleTaskGraph(graph)),
    );
    const asks = handles.map(({ executionId }) => `${executionId}/ask`);
    await until(async () => (await store.executions.getMany(asks)).length === 5);
    const { executions } = await store.executions.openIds({ kinds: ['graph'] });
    const newest = executions.at(-1)?.executionId ?? '';
    await harness.client.workflow.getHandle(newest).terminate('by a test');
    const parts = { client: harness.client, store, readJson: () => Promise.resolve(null) };
    const looked: number[] = [];
    let from: string | undefined;
    // The older ones stay open: who began with them each time would never come to it.
    await until(async () => {
      const round = await reconcileOpen(parts, { olderThan: Date.now() + 1, from, most: 2 });
      looked.push(round.looked);
      from = round.next;
      return (await store.executions.get(newest))?.reason === 'terminated';
    }, 'the newest is closed');
    expect(Math.max(...looked)).toBe(2);
    for (const { executionId } of handles)
      if (executionId !== newest) await harness.client.workflow.getHandle(executionId).terminate();
    await store.close();
    await harness.stop();
  });
});
