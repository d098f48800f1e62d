import { Client, Connection } from '@temporalio/client';
import type { GraphSpec } from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';

/** A graph of layers: every node waits for two of the layer before. */
function layered(layers: number, width: number): GraphSpec['tasks'] {
  return Array.from({ length: layers * width }, (_, index) => {
    const layer = Math.floor(index / width);
    const column = index % width;
    const above = (offset: number): string =>
      `n${(layer - 1) * width + ((column + offset) % width)}`;
    return {
      id: `n${index}`,
      task: 'count',
      ...(layer === 0
        ? {}
        : { dependsOn: [above(0), above(1)], input: `\${{ tasks.${above(0)}.output + 1 }}` }),
    };
  });
}

describe('a graph that is split into segments', () => {
  const running = { now: 0, most: 0 };
  const release: { long?: () => void } = {};
  let stopped = 0;
  const count = defineTask<number | null, number>({
    name: 'count',
    run: async (input) => {
      running.most = Math.max(running.most, ++running.now);
      await Promise.resolve();
      running.now--;
      return input ?? 0;
    },
  });
  const long = defineTask({
    name: 'long',
    run: (_input, { signal }) =>
      new Promise<string>((done, failed) => {
        release.long = () => done('at last');
        signal.addEventListener('abort', () => {
          stopped++;
          failed(signal.reason as Error);
        });
      }),
  });
  let harness: Harness;
  let client: Client;

  beforeAll(async () => {
    harness = await startHarness({
      tasks: [count, long],
      maxNodesPerRun: 60,
      coordinatorEvents: 60,
    });
    client = new Client({ connection: await Connection.connect({ address: harness.address }) });
  });
  afterAll(async () => {
    await client.connection.close();
    await harness.stop();
  });

  it('continues as new again and again while a long node runs on, and loses nothing', async () => {
    const tasks = [{ id: 'long', task: 'long' }, ...layered(20, 20)];
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'split',
      concurrency: 12,
      tasks,
    });
    for await (const { counts } of handle.watch()) {
      if (counts.COMPLETED !== 400) continue;
      expect(await runs(client, handle.executionId)).toBeGreaterThan(2);
      // Its coordinator knows only that it has ended.
      const first = await handle.node('n0').status();
      expect(first).toMatchObject({ status: 'COMPLETED', attempts: 1, output: { json: 0 } });
      const { output } = await harness.engine.getExecution(`${handle.executionId}/n20`);
      expect(output).toBe(1);
      release.long?.();
    }
    const { status, nodes, counts } = await handle.result();
    expect({ status, counts }).toEqual({ status: 'COMPLETED', counts: { COMPLETED: 401 } });
    expect(nodes['long']).toMatchObject({ output: 'at last', attempts: 1 });
    expect(nodes['n399']?.output).toBe(19);
    expect(Object.values(nodes).every(({ attempts }) => attempts === 1)).toBe(true);
    expect(running.most).toBeLessThanOrEqual(11); // the window of 12 holds `long` as well
  });

  it('is replayed as it ran although it is asked all the time while it writes pages away', async () => {
    const graphs = ['one', 'two'].map(async (name) => {
      const tasks = layered(10, 20);
      const handle = await harness.engine.scheduleTaskGraph({ name, concurrency: 12, tasks });
      const asked = client.workflow.getHandle(handle.executionId);
      let over = false;
      const ask = async (): Promise<void> => {
        while (!over) await asked.query('status').catch(() => undefined);
      };
      const asking = [ask(), ask()];
      const { status } = await handle.result().finally(() => (over = true));
      await Promise.all(asking);
      return status;
    });
    expect(await Promise.all(graphs)).toEqual(Array(2).fill('COMPLETED'));
    expect(harness.lines.filter((line) => JSON.stringify(line).includes('TMPRL1100'))).toEqual([]);
  }, 120_000);

  it('cancels what runs in segments and ends CANCELLED with every node accounted for', async () => {
    const tasks = [
      { id: 'long', task: 'long' },
      ...layered(2, 30),
      { id: 'after', task: 'noop', dependsOn: ['long'] },
    ];
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'split cancel',
      concurrency: 12,
      tasks,
    });
    const before = stopped;
    for await (const { counts } of handle.watch()) {
      if (counts.COMPLETED === 60) await handle.cancel();
    }
    expect(stopped).toBe(before + 1); // it was asked in its segment, not given up
    const { status, nodes, counts } = await handle.result();
    expect({ status, counts }).toEqual({
      status: 'CANCELLED',
      counts: { COMPLETED: 60, CANCELLED: 2 },
    });
    expect(nodes['long']?.attempts).toBe(1);
    expect(nodes['after']?.reason).toBe('cancelled');
  });

  it('begins elsewhere what a segment that is gone was never told of, no attempt spent', async () => {
    const tasks = [
      { id: 'long', task: 'long' },
      ...layered(2, 31),
      { id: 'after', task: 'count', dependsOn: ['long'] },
    ];
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'split again',
      concurrency: 12,
      tasks,
    });
    for await (const { counts } of handle.watch()) {
      if (counts.COMPLETED !== 62) continue;
      await client.workflow.getHandle(`${handle.executionId}/~seg/1`).terminate('test');
      release.long?.();
      break;
    }
    const { status, nodes } = await handle.result();
    expect(status).toBe('COMPLETED');
    expect(nodes['after']).toMatchObject({ status: 'COMPLETED', attempts: 1 });
    expect(nodes['long']?.attempts).toBe(1);
  });

  it('ends CANCELLED although the segment that held a node was terminated', async () => {
    const tasks = [{ id: 'long', task: 'long' }, ...layered(2, 31)];
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'split lost',
      concurrency: 12,
      tasks,
    });
    for await (const { counts } of handle.watch()) {
      if (counts.COMPLETED !== 62) continue;
      await client.workflow.getHandle(`${handle.executionId}/~seg/0`).terminate('test');
      await handle.cancel();
      break;
    }
    const { status, nodes } = await handle.result();
    expect(status).toBe('CANCELLED');
    expect(nodes['long']).toMatchObject({
      status: 'CANCELLED',
      attemptHistory: [{ outcome: 'WORKER_LOST' }],
    });
  });
});

async function runs(client: Client, workflowId: string): Promise<number> {
  const ids = new Set<string>();
  let { runId } = await client.workflow.getHandle(workflowId).describe();
  for (;;) {
    ids.add(runId);
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const before = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
    if (!before) return ids.size;
    runId = before;
  }
}
