import { Client, Connection } from '@temporalio/client';
import type { GraphSpec } from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { Gauge } from '../support/gauge.js';

type Limit = GraphSpec['tasks'][number]['limit'];

const counted = (gauge: Gauge) =>
  defineTask({
    name: 'count',
    run: () => gauge.during('all', 1, () => new Promise<void>((resolve) => setImmediate(resolve))),
  });

const nodes = (many: number, limit: Limit): GraphSpec['tasks'] =>
  Array.from({ length: many }, (_, index) => ({
    id: `n${index}`,
    task: 'count',
    ...(limit === undefined ? {} : { limit }),
  }));

describe('the events of limited nodes', () => {
  let harness: Harness;
  let client: Client;
  beforeAll(async () => {
    harness = await startHarness({ tasks: [counted(new Gauge())] });
    client = new Client({ connection: await Connection.connect({ address: harness.address }) });
  });
  afterAll(async () => {
    await client.connection.close();
    await harness.stop();
  });

  const eventsOf = async (workflowId: string): Promise<number> => {
    const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
    return events?.length ?? 0;
  };
  /** Events of four graphs of fifty nodes. */
  const eventsWith = async (limit: Limit, concurrency: number): Promise<number> => {
    const handles = await Promise.all(
      [1, 2, 3, 4].map((n) =>
        harness.engine.scheduleTaskGraph({ name: `g${n}`, concurrency, tasks: nodes(50, limit) }),
      ),
    );
    await Promise.all(handles.map((handle) => handle.result()));
    const events = await Promise.all(handles.map(({ executionId }) => eventsOf(executionId)));
    return events.reduce((sum, one) => sum + one, 0);
  };

  it.each([
    [3, 1],
    [12, 3],
  ])(
    'are at most half as many again where %i places of four graphs stand for a window of %i each',
    async (max, concurrency) => {
      const without = await eventsWith(undefined, concurrency);
      const limited = await eventsWith({ key: `${harness.taskQueue}-${max}`, max }, 10);
      expect(limited / without).toBeLessThanOrEqual(1.5);
    },
  );
});

describe('a keyed limit of a graph that is split into segments', () => {
  it('holds while the coordinator continues as new, and lets others in', async () => {
    const gauge = new Gauge();
    const harness = await startHarness({
      tasks: [counted(gauge)],
      maxNodesPerRun: 40,
      coordinatorEvents: 100,
    });
    const client = new Client({
      connection: await Connection.connect({ address: harness.address }),
    });
    try {
      const limit = { key: `split-${harness.taskQueue}`, max: 4 };
      const graph = (name: string, many: number) =>
        harness.engine.scheduleTaskGraph({
          name,
          concurrency: 20,
          tasks: nodes(many, limit),
        });
      const [big, small] = [await graph('big', 120), await graph('small', 20)];
      const ended = await Promise.all([big.result(), small.result()]);
      expect(ended.map(({ status }) => status)).toEqual(['COMPLETED', 'COMPLETED']);
      expect(ended[0]?.counts).toEqual({ COMPLETED: 120 });
      expect(gauge.most('all')).toBeLessThanOrEqual(4);
      const { events } = await client.workflow.getHandle(big.executionId).fetchHistory();
      const began = events?.[0]?.workflowExecutionStartedEventAttributes;
      expect(began?.continuedExecutionRunId).toBeTruthy();
    } finally {
      await client.connection.close();
      await harness.stop();
    }
  });
});

describe('keyed limits on workers that forget everything after each task', () => {
  it('give the same answers when every workflow is replayed again and again', async () => {
    const gauge = new Gauge();
    const harness = await startHarness({
      tasks: [counted(gauge)],
      temporal: { maxCachedWorkflows: 1 },
    });
    try {
      const limit = { key: `replayed-${harness.taskQueue}`, max: 2 };
      const tasks = nodes(5, limit);
      const handles = await Promise.all(
        [1, 2].map((n) => harness.engine.scheduleTaskGraph({ name: `replayed ${n}`, tasks })),
      );
      const results = await Promise.all(handles.map((handle) => handle.result()));
      expect(results.map(({ status }) => status)).toEqual(['COMPLETED', 'COMPLETED']);
      expect(gauge.most('all')).toBeLessThanOrEqual(2);
    } finally {
      await harness.stop();
    }
  });
});
