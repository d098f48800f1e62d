import { rmSync } from 'node:fs';
import { TaskEngine } from '../../src/client.js';
import { startHarness } from '../support/engine.js';

/** Enough of them that the manifest does not fit into the close payload. */
const many = Array.from({ length: 200 }, (_, n) => ({
  id: `n${n}`,
  task: 'echo',
  input: 'y'.repeat(500),
}));

it('rebuildStore writes again what Temporal knows, what cannot be read any more in short, and changes nothing a second time', async () => {
  const since = new Date(); // other tests' executions are in the same namespace
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
    const lost = await harness.engine.scheduleTaskGraph({
      name: 'lost',
      tasks: [{ id: 'a', task: 'echo', input: 'x'.repeat(70_000) }, ...many],
    });
    await lost.result();
    rmSync(`${dataDir}/blobs`, { recursive: true }); // its manifest cannot be read any more
    const deep = await harness.engine.scheduleTaskGraph({
      name: 'deep',
      tasks: [
        { id: 'm', task: 'echo', map: { over: [7, 8] }, input: '${{ item }}' },
        { id: 's', graph: { name: 'inner', tasks: [{ id: 'x', task: 'echo', input: 1 }] } },
      ],
    });
    await deep.result();
    const { changed } = await engine.rebuildStore({ since });
    expect(changed).toBeGreaterThan(3);
    const ids = [graph.executionId, `${graph.executionId}/b`, lone.executionId];
    const rows = await engine.listExecutions({ kind: ['graph', 'task', 'node'], limit: 1_000 });
    const found = new Map(rows.executions.map((row) => [row.executionId, row]));
    expect(ids.map((id) => found.get(id)?.status)).toEqual(['FAILED', 'FAILED', 'COMPLETED']);
    const inside = ['/m', '/m/0', '/m/1', '/s', '/s/x'].map((id) => `${deep.executionId}${id}`);
    expect(inside.map((id) => [found.get(id)?.kind, found.get(id)?.status])).toEqual(
      inside.map(() => ['node', 'COMPLETED']),
    );
    expect(found.get(lone.executionId)?.output).toBe(2);
    expect(found.get(lost.executionId)).toMatchObject({
      status: 'COMPLETED',
      counts: { COMPLETED: 201 },
    });
    await engine.rebuildStore({ since });
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
