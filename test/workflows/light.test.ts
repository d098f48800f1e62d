import { Client, Connection } from '@temporalio/client';
import type { GraphSpec } from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';

describe('light tasks', () => {
  const ran: string[] = [];
  const running = { now: 0, most: 0 };
  const add = defineTask<{ n?: number; by?: number } | null, number>({
    name: 'add',
    light: true,
    run: async (input, { nodeId }) => {
      ran.push(nodeId);
      running.most = Math.max(running.most, ++running.now);
      await Promise.resolve();
      running.now--;
      return (input?.n ?? 0) + (input?.by ?? 1);
    },
  });
  let harness: Harness;
  let client: Client;
  beforeAll(async () => {
    harness = await startHarness({ tasks: [add] });
    client = new Client({ connection: await Connection.connect({ address: harness.address }) });
  });
  afterAll(async () => {
    await client.connection.close();
    await harness.stop();
  });
  beforeEach(() => {
    ran.length = 0;
    Object.assign(running, { now: 0, most: 0 });
  });
  const activities = async (workflowId: string): Promise<(string | null | undefined)[]> => {
    const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
    return (events ?? []).flatMap(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? [],
    );
  };
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
    const handle = await harness.engine.scheduleTaskGraph(chain(100));
    const { status, nodes } = await handle.result();
    expect(status).toBe('COMPLETED');
    expect(nodes['n99']).toMatchObject({ status: 'COMPLETED', output: 100, attempts: 1 });
    expect(ran).toEqual(Array.from({ length: 100 }, (_, nth) => `n${nth}`));
    const own = (await activities(handle.executionId)).filter(
      (name) => name === 'tempograph.burst',
    );
    expect(own).toHaveLength(1);
  });

  it('no more of them than the window run at once', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'wide',
      concurrency: 3,
      tasks: Array.from({ length: 60 }, (_, nth) => ({ id: `n${nth}`, task: 'add' })),
    });
    expect(await handle.result()).toMatchObject({ status: 'COMPLETED' });
    expect(ran).toHaveLength(60);
    expect(running.most).toBeLessThanOrEqual(3);
  });
});
