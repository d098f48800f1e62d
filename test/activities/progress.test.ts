import { setTimeout as wait } from 'node:timers/promises';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

/** Says how far it is, then stays until it is let go, or fails its first attempt. */
const gates = new Map<string, () => void>();
const copies = defineTask({
  name: 'copies',
  retry: { strategy: 'IMMEDIATE', maxRetries: 1 },
  run: async (_input, { nodeId, attempt, progress, signal }) => {
    if (attempt === 2 && nodeId === 'again') progress(0.1);
    else for (let done = 1; done <= 500; done++) progress({ done, total: 800, message: 'copied' });
    progress({ done: NaN });
    await Promise.race([
      new Promise<void>((resolve) => gates.set(nodeId, resolve)),
      wait(60_000, undefined, { signal, ref: false }),
    ]);
    if (attempt === 1 && nodeId === 'again') throw new Error('the disk was taken away');
    progress({ done: 800, total: 800, message: 'copied' });
  },
});

const FAR = { done: 500, total: 800, message: 'copied' };

describe('the progress of an attempt', () => {
  let harness: Harness;
  beforeAll(async () => void (harness = await startHarness({ tasks: [copies] })));
  afterAll(() => harness.stop());

  const letGo = async (nodeId: string): Promise<void> => {
    await until(() => gates.has(nodeId));
    gates.get(nodeId)?.();
    gates.delete(nodeId);
  };

  it('is seen by watch, status and getExecution while it runs, and costs no history', async () => {
    const { engine, client } = harness;
    const handle = await engine.scheduleTaskGraph({
      name: 'copying',
      tasks: [{ id: 'one', task: 'copies' }],
    });
    const seen: unknown[] = [];
    const watching = (async () => {
      for await (const { changed } of handle.watch({ intervalMs: 50 }))
        for (const { progress } of changed) if (progress) seen.push(progress);
    })();
    await until(() => seen.length > 0);
    expect(seen[0]).toEqual(FAR);
    expect((await handle.node('one').status()).progress).toEqual(FAR);
    expect((await handle.status()).changed[0]?.progress).toEqual(FAR);
    const node = `${handle.executionId}/one`;
    expect(await engine.getExecution(node)).toMatchObject({ status: 'RUNNING', progress: FAR });
    await until(async () => {
      const { executions } = await engine.listExecutions({ status: 'RUNNING', kind: 'node' });
      const row = executions.find(({ executionId }) => executionId === node);
      return row?.progress?.done === 500;
    }, 'its progress in the store');
    await letGo('one');
    await watching;
    await handle.result();
    const { events } = await client.workflow.getHandle(handle.executionId).fetchHistory();
    const named = (part: string) =>
      (events ?? []).filter((event) => Object.keys(event).some((key) => key.startsWith(part)));
    const scheduled = (events ?? []).flatMap((event) => {
      const name = event.activityTaskScheduledEventAttributes?.activityType?.name;
      return name === 'copies' ? [name] : [];
    });
    expect(scheduled).toHaveLength(1);
    expect(named('workflowExecutionSignaled')).toEqual([]);
    expect(named('workflowExecutionUpdate')).toEqual([]);
    // What was said last stands in the store.
    await until(async () => {
      const { progress } = await engine.getExecution(node);
      return progress?.done === 800;
    });
  });

  it('begins anew with each attempt', async () => {
    const handle = await harness.engine.scheduleTask({ task: 'copies' });
    const lone = handle.executionId;
    const graph = await harness.engine.scheduleTaskGraph({
      name: 'copying-again',
      tasks: [{ id: 'again', task: 'copies' }],
    });
    const node = graph.node('again');
    await until(async () => (await node.status()).progress?.done === 500);
    await until(async () => (await harness.engine.getExecution(lone)).progress?.done === 500);
    await letGo('again');
    await until(async () => (await node.status()).attempts === 2);
    await until(async () => (await node.status()).progress?.done === 0.1);
    await letGo('again');
    await letGo('task');
    expect((await graph.result()).status).toBe('COMPLETED');
    expect((await handle.result()).status).toBe('COMPLETED');
  });
});
