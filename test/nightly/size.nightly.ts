import { setTimeout as wait } from 'node:timers/promises';
import { defineTask } from '../../src/registry.js';
import { startHarness } from '../support/engine.js';

describe('a graph of 6,000 nodes with one that takes five minutes', () => {
  it('continues as new without waiting for the long node, and every node runs once', async () => {
    const runs = new Map<string, number>();
    const note = (id: string): void => void runs.set(id, (runs.get(id) ?? 0) + 1);
    const short = defineTask({ name: 'short', run: (_input, { nodeId }) => note(nodeId) });
    const long = defineTask({
      name: 'long',
      run: async (_input, { nodeId, signal }) => {
        note(nodeId);
        await wait(300_000, undefined, { signal });
      },
    });
    const harness = await startHarness({ tasks: [short, long], logLevel: 'error' });
    try {
      const tasks = Array.from({ length: 6_000 }, (_, index) => ({
        id: `n${index}`,
        task: index === 7 ? 'long' : 'short',
        ...(index < 100 ? {} : { dependsOn: [`n${index - 100}`] }),
      }));
      const handle = await harness.engine.scheduleTaskGraph({
        name: 'six thousand',
        concurrency: 100,
        tasks,
      });
      const { status, counts, nodes } = await handle.result();
      expect({ status, counts }).toEqual({ status: 'COMPLETED', counts: { COMPLETED: 6_000 } });
      expect([...runs.values()].every((count) => count === 1)).toBe(true);
      expect(nodes['n7']?.durationMs).toBeGreaterThanOrEqual(300_000);
      const ended = (id: string): number => Date.parse(nodes[id]?.endedAt ?? '');
      expect(ended('n5999')).toBeLessThan(ended('n7')); // the others did not wait for it
    } finally {
      await harness.stop();
    }
  });
});
