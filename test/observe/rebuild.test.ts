import { rmSync } from 'node:fs';
import { TaskEngine } from '../../src/client.js';
import { startHarness } from '../support/engine.js';

it('rebuildStore writes again what Temporal knows, nodes included, and a second time changes nothing', async () => {
  const harness = await startHarness({ storeUrl: 'none' });
  const { address, taskQueue, dataDir } = harness;
  const engine = await TaskEngine.connect({ address, taskQueue, dataDir });
  try {
    const graph = await harness.engine.scheduleTaskGraph({
      name: 'rebuilt',
      tasks: [
        { id: 'a', task: 'echo', input: 1 },
        { id: 'b', task: 'fail', input: { times: 9 }, retry: 'NONE', dependsOn: ['a'] },
      ],
    });
    await graph.result();
    const lone = await harness.engine.scheduleTask({ task: 'echo', input: 2 });
    await lone.result();
    const { changed } = await engine.rebuildStore();
    expect(changed).toBeGreaterThan(3);
    const ids = [graph.executionId, `${graph.executionId}/b`, lone.executionId];
    const rows = await engine.listExecutions({ kind: ['graph', 'task', 'node'], limit: 1_000 });
    const found = new Map(rows.executions.map((row) => [row.executionId, row]));
    expect(ids.map((id) => found.get(id)?.status)).toEqual(['FAILED', 'FAILED', 'COMPLETED']);
    expect(found.get(lone.executionId)?.output).toBe(2);
    await engine.rebuildStore();
    const again = await engine.listExecutions({ kind: ['graph', 'task', 'node'], limit: 1_000 });
    const same = (of: typeof rows) =>
      of.executions.filter(({ executionId }) => ids.includes(executionId));
    expect(same(again)).toEqual(same(rows));
  } finally {
    await engine.shutdown();
    await harness.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
