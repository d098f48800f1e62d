import type { GraphSpec } from '../../src/index.js';
import { totalOf, type TimeKind } from '../../src/domain/node-times.js';
import { missingShare } from '../../src/domain/wall-time.js';
import type { ExecutionHandle } from '../../src/client.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const flaky = defineTask<{ failures: number; ms: number }>({
  name: 'flaky',
  run: async ({ failures, ms }, { attempt }) => {
    await new Promise((done) => setTimeout(done, ms));
    if (attempt <= failures) throw new Error(`attempt ${attempt}`);
  },
});
const work = (ms: number, failures = 0) => ({ task: 'flaky', input: { ms, failures } });
const every = (delay: number) => ({ strategy: 'FIXED_DELAY', delay, maxRetries: 3 }) as const;

interface Run {
  spec: Omit<GraphSpec, 'name'>;
  /** Kinds that the critical path has to show, and of at least how many milliseconds. */
  least: Partial<Record<TimeKind, number>>;
  meanwhile?: (handle: ExecutionHandle) => Promise<void>;
}

/** Waits until a node has spent so much on something, as `explain` says while it goes on. */
const spent = async (handle: ExecutionHandle, id: string, kind: TimeKind, ms: number) =>
  await until(async () => {
    const { nodes } = await handle.node(id).explain();
    return (nodes[0]?.times?.[kind] ?? 0) >= ms;
  });

const runs: Record<string, Run> = {
  'a chain, and what runs beside it': {
    spec: {
      tasks: [
        { id: 'a', ...work(80) },
        { id: 'b', ...work(200), dependsOn: ['a'] },
        { id: 'beside', ...work(10) },
      ],
    },
    least: { run: 280 },
  },
  'retries with the wait kept by the server': {
    spec: { tasks: [{ id: 'a', ...work(40, 2), retry: every(300) }] },
    least: { run: 120, backoff: 600 },
  },
  'retries with the wait kept by the workflow, before a limit': {
    spec: {
      tasks: [{ id: 'a', ...work(40, 2), retry: every(300), limit: { key: 'own', max: 1 } }],
    },
    least: { run: 120, backoff: 600 },
  },
  'a limit': {
    spec: {
      tasks: ['a', 'b', 'c'].map((id) => ({ id, ...work(300), limit: { key: 'one', max: 1 } })),
    },
    least: { run: 300, limit: 600 },
  },
  'light nodes, some of them ahead of their turn': {
    spec: {
      defaults: { light: true },
      tasks: [
        { id: 'a', ...work(60) },
        { id: 'b', ...work(80), dependsOn: ['a'] },
        { id: 'c', ...work(40, 1), dependsOn: ['b'], retry: every(300) },
        { id: 'beside', ...work(10) },
      ],
    },
    least: { run: 200, backoff: 300 },
  },
  'a window': {
    spec: { concurrency: 1, tasks: ['a', 'b', 'c'].map((id) => ({ id, ...work(300) })) },
    least: { run: 300, window: 600 },
  },
  'start times': {
    spec: {
      tasks: [
        { id: 'a', ...work(50), scheduledTime: 400 },
        { id: 'b', ...work(50), scheduledTime: 400, dependsOn: ['a'] },
      ],
    },
    least: { run: 100, start_time: 800 },
  },
  'a pause of the graph': {
    spec: {
      tasks: [
        { id: 'a', ...work(300) },
        { id: 'b', ...work(10), dependsOn: ['a'] },
      ],
    },
    least: { pause: 400 },
    meanwhile: async (handle) => {
      await handle.pause();
      await until(async () => (await handle.node('b').status()).status === 'PAUSED');
      await spent(handle, 'b', 'pause', 450);
      await handle.resume();
    },
  },
  'a pause of one node': {
    spec: {
      tasks: [
        { id: 'a', ...work(300) },
        { id: 'b', ...work(10), dependsOn: ['a'] },
      ],
    },
    least: { pause: 400 },
    meanwhile: async (handle) => {
      await handle.node('b').pause();
      await until(async () => (await handle.node('a').status()).status === 'COMPLETED');
      await spent(handle, 'b', 'pause', 450);
      await handle.node('b').resume();
    },
  },
  'a circuit': {
    spec: {
      tasks: [
        {
          id: 'a',
          ...work(10, 1),
          retry: { ...every(1), maxRetries: 5 },
          circuit: { name: 'wall', failures: 1, minCalls: 1, openFor: 800 },
        },
      ],
    },
    least: { circuit: 500 },
  },
  'a map and a sub-graph': {
    spec: {
      tasks: [
        { id: 'items', ...work(100), map: { over: [1, 2, 3], concurrency: 1 } },
        {
          id: 'sub',
          dependsOn: ['items'],
          graph: { name: 'inner', tasks: [{ id: 'x', ...work(200) }] },
        },
      ],
    },
    least: { children: 500 },
  },
  'an approval': {
    spec: { tasks: [{ id: 'ask', approval: { message: 'Go on?' } }] },
    least: { approval: 300 },
    meanwhile: async (handle) => {
      await until(async () => (await handle.node('ask').status()).approval !== undefined);
      await spent(handle, 'ask', 'approval', 350);
      await handle.node('ask').approve({ by: 'ada' });
    },
  },
  'what is undone at the end': {
    spec: {
      tasks: [
        { id: 'book', ...work(20), compensate: { task: 'flaky', input: { ms: 400, failures: 0 } } },
        { id: 'pay', ...work(20, 9), retry: 'NONE', dependsOn: ['book'] },
      ],
    },
    least: { run: 40, undo: 400 },
  },
  'a failure, what it skips, and what runs all the same': {
    spec: {
      tasks: [
        { id: 'bad', ...work(100, 9), retry: 'NONE' },
        { id: 'skipped', ...work(10), dependsOn: ['bad'] },
        { id: 'after', ...work(100), dependsOn: ['skipped'], trigger: 'all_done' },
      ],
    },
    least: { run: 200 },
  },
};

describe('the wall time of an execution that has ended', () => {
  let harness: Harness;
  let small: Harness;
  beforeAll(async () => {
    harness = await startHarness({ tasks: [flaky] });
    small = await startHarness({ tasks: [flaky], maxNodesPerRun: 10, coordinatorEvents: 60 });
  });
  afterAll(async () => {
    await harness.stop();
    await small.stop();
  });

  const account = async (handle: ExecutionHandle) => {
    const { durationMs } = await handle.result();
    const { wallTime, sentence } = await handle.explain();
    if (!wallTime) throw new Error('no account');
    expect(wallTime.totalMs).toBe(durationMs);
    expect(missingShare(wallTime)).toBeLessThan(0.01);
    for (const { totalMs, times } of wallTime.nodes)
      expect(Math.abs(totalMs - totalOf(times))).toBeLessThanOrEqual(totalMs / 100);
    return { ...wallTime, sentence };
  };

  it.each(Object.entries(runs))(
    'adds up within 1 %% over %s',
    async (name, { spec, least, meanwhile }) => {
      const handle = await harness.engine.scheduleTaskGraph({ name: name.slice(0, 50), ...spec });
      await meanwhile?.(handle);
      const { byKind } = await account(handle);
      for (const [kind, ms] of Object.entries(least))
        expect(byKind[kind as TimeKind] ?? 0).toBeGreaterThanOrEqual(ms * 0.9);
    },
  );

  it('adds up in a graph of segments, over many runs of its coordinator', async () => {
    const tasks = Array.from({ length: 60 }, (_, index) => ({
      id: `n${index}`,
      ...work(index % 7 === 0 ? 30 : 1, index % 11 === 0 ? 1 : 0),
      retry: every(20),
      dependsOn: index < 12 ? [] : [`n${index - 12}`],
    }));
    const handle = await small.engine.scheduleTaskGraph({
      name: 'segments',
      concurrency: 4,
      tasks,
    });
    const { path, byKind } = await account(handle);
    expect(path).toHaveLength(5);
    expect(byKind.window ?? 0).toBeGreaterThan(0);
    const first = await small.client.workflow.getHandle(handle.executionId).describe();
    expect(first.raw.workflowExecutionInfo?.firstRunId).not.toBe(first.runId);
  });

  it('names what it went into, and who took most of it', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'slow one',
      tasks: [
        { id: 'a', ...work(10) },
        { id: 'slow', ...work(800), dependsOn: ['a'] },
      ],
    });
    const { sentence, path, bottleneck } = await account(handle);
    expect(path.map(({ nodeId }) => nodeId)).toEqual(['a', 'slow']);
    expect(bottleneck).toMatchObject({ kind: 'run', nodeId: 'slow' });
    expect(sentence).toMatch(/went into work, above all by slow \(\d+/);
  });

  it('is not known of one that was terminated, and explain says how it ended', async () => {
    const handle = await harness.engine.scheduleTask({ task: 'sleep', input: { ms: 60_000 } });
    await harness.client.workflow.getHandle(handle.executionId).terminate('enough');
    await until(async () => (await handle.explain()).wallTime === null);
    await until(async () => (await handle.explain()).reasons[0]?.kind === 'ended');
    const { reasons, wallTime, status } = await handle.explain();
    expect({ status, wallTime }).toEqual({ status: 'CANCELLED', wallTime: null });
    expect(reasons).toMatchObject([{ kind: 'ended', error: { code: 'TERMINATED' } }]);
  });
});
