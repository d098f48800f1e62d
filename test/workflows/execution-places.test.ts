/** `maxConcurrentExecutions`: so many executions of a project at once, over workers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { defineTask } from '../../src/index.js';
import { limiterId } from '../../src/domain/limit.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const KEY = 'maxConcurrentExecutions';
/** Executions whose tasks run now, by project, and the most that there were. */
const now = new Map<string, Set<string>>();
let most = 0;
const gates = new Map<string, () => void>();

const counted = defineTask<{ ms: number }>({
  name: 'counted',
  run: async ({ ms }, { project = '', executionId }) => {
    const running = now.get(project) ?? new Set();
    now.set(project, running.add(executionId));
    most = Math.max(most, running.size);
    await sleep(ms);
    running.delete(executionId);
  },
});
const gated = defineTask<{ gate: string }>({
  name: 'gated',
  run: async ({ gate }, { signal }) =>
    await new Promise<void>((resolve, reject) => {
      gates.set(gate, resolve);
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    }),
});

let harness: Harness;
const stops: (() => Promise<void>)[] = [];
beforeAll(async () => {
  harness = await startHarness({ tasks: [counted, gated], maxConcurrentExecutions: 2 });
  await harness.startWorker();
});
afterAll(async () => {
  for (const stop of stops) await stop();
  await harness.stop();
});
beforeEach(() => {
  most = 0;
});

const hold = async (gate: string, project: string) => {
  const handle = await harness.engine.scheduleTask({ task: 'gated', input: { gate }, project });
  await until(() => gates.has(gate), gate);
  return handle;
};

describe('maxConcurrentExecutions', () => {
  it('lets so many lone tasks, graphs and items run at once, over two workers, and all of them end', async () => {
    const { engine } = harness;
    const project = 'many';
    const input = { ms: 30 };
    const tasks = Array.from({ length: 4 }, () =>
      engine.scheduleTask({ task: 'counted', input, project }),
    );
    const chain = {
      name: 'chain',
      tasks: [
        { id: 'a', task: 'counted', input },
        { id: 'b', task: 'counted', input, dependsOn: ['a'] },
      ],
    };
    const graphs = Array.from({ length: 3 }, () => engine.scheduleTaskGraph(chain, { project }));
    const { successful } = await engine.scheduleTaskBatch(
      Array.from({ length: 5 }, () => ({ task: 'counted', input, project })),
    );
    const handles = await Promise.all([...tasks, ...graphs]);
    const items = successful.map(({ executionId }) => engine.handle(executionId));
    const results = await Promise.all([...handles, ...items].map((handle) => handle.result()));
    expect(results.map(({ status }) => status)).toEqual(Array(12).fill('COMPLETED'));
    expect(most).toBeLessThanOrEqual(2);
  });

  it('shows one that waits as PENDING for its place, in live state and store, then as running', async () => {
    const { engine } = harness;
    const project = 'shown';
    await Promise.all([hold('one', project), hold('two', project)]);
    const third = await engine.scheduleTaskGraph(
      { name: 'third', tasks: [{ id: 'a', task: 'gated', input: { gate: 'three' } }] },
      { project },
    );
    const { executionId } = third;
    await until(async () => (await third.status()).reason === 'limit');
    expect(await third.status()).toMatchObject({ status: 'PENDING', counts: { PENDING: 1 } });
    expect(await third.node('a').status()).toMatchObject({
      ...{ status: 'PENDING', reason: 'limit', limit: { key: KEY, weight: 1 } },
    });
    expect(await engine.getExecution(executionId)).toMatchObject({
      ...{ status: 'PENDING', reason: 'limit' },
    });
    const listed = async () =>
      (await engine.listExecutions({ project, taskId: 'third' })).executions[0];
    await until(async () => (await listed())?.reason === 'limit');
    expect(await engine.limits.get(KEY, { project })).toMatchObject({
      ...{ max: 2, used: 2, waiters: [{ executionId, places: 1 }] },
    });
    expect(await engine.explain(executionId)).toMatchObject({
      nodes: [{ nodeId: 'a', reason: { kind: 'limit', key: KEY, inUse: 2, max: 2, place: 1 } }],
    });
    expect(gates.has('three')).toBe(false);

    gates.get('one')?.();
    await until(() => gates.has('three'), 'the third');
    expect(await third.status()).toMatchObject({ status: 'RUNNING' });
    expect((await third.status()).reason).toBeUndefined();
    await until(async () => (await listed())?.status === 'RUNNING');
    for (const gate of ['two', 'three']) gates.get(gate)?.();
    expect(await third.result()).toMatchObject({ status: 'COMPLETED' });
  });

  it('counts each project for itself, and holds no place for one that waits for another execution', async () => {
    const { engine } = harness;
    const project = 'waiting';
    const first = await hold('first', project);
    const waiter = await engine.scheduleTask({
      ...{ task: 'noop', project, dependencies: [first.executionId] },
    });
    await hold('second', project);
    const other = await engine.scheduleTask({ task: 'noop', project: 'other' });
    expect(await other.result()).toMatchObject({ status: 'COMPLETED' });
    gates.get('first')?.();
    expect(await waiter.result()).toMatchObject({ status: 'COMPLETED' });
    gates.get('second')?.();
  });

  it('lets one that waits be cancelled, and takes no place for it', async () => {
    const { engine } = harness;
    const project = 'cut';
    await Promise.all([hold('cut-1', project), hold('cut-2', project)]);
    const cancelled = await engine.scheduleTask({ task: 'noop', project });
    await until(async () => (await cancelled.status()).reason === 'limit');
    await cancelled.cancel();
    expect(await cancelled.result()).toMatchObject({ status: 'CANCELLED' });
    expect(await engine.limits.get(KEY, { project })).toMatchObject({ used: 2, waiters: [] });
    for (const gate of ['cut-1', 'cut-2']) gates.get(gate)?.();
  });

  it('is kept by a split graph over its continue-as-new, sub-graphs with it', async () => {
    const split = await startHarness({
      ...{ tasks: [counted], maxConcurrentExecutions: 1 },
      ...{ maxNodesPerRun: 2, coordinatorEvents: 50 },
    });
    stops.push(() => split.stop());
    const tasks = Array.from({ length: 12 }, (_, n) => ({
      ...{ id: `n${n}`, task: 'counted', input: { ms: 5 } },
      // None begins by `all_success`, so none is lent and every end comes to the coordinator.
      ...{ dependsOn: n === 0 ? [] : [`n${n - 1}`], trigger: 'all_done' as const },
    }));
    const below = { name: 'below', tasks: [{ id: 'x', task: 'noop' }] };
    const graph = {
      name: 'split',
      tasks: [...tasks, { id: 'sub', graph: below, dependsOn: ['n11'] }],
    };
    const started = await Promise.all(
      [1, 2].map(() => split.engine.scheduleTaskGraph(graph, { project: 'split' })),
    );
    const results = await Promise.all(started.map((handle) => handle.result()));
    expect(results.map(({ status }) => status)).toEqual(['COMPLETED', 'COMPLETED']);
    expect(most).toBe(1);
    const { raw } = await split.client.workflow.getHandle(started[0]?.executionId ?? '').describe();
    expect(raw.workflowExecutionInfo?.firstRunId).not.toBe(
      raw.workflowExecutionInfo?.execution?.runId,
    );
  });

  it('takes what a changed setting says for those that run already, and keeps setMax until then', async () => {
    const { engine } = harness;
    const project = 'changed';
    await Promise.all([hold('c1', project), hold('c2', project)]);
    expect(await engine.limits.setMax(KEY, 3, { project })).toMatchObject({ success: true });
    await hold('c3', project);
    const more = await startHarness({ tasks: [gated], maxConcurrentExecutions: 4 });
    stops.push(() => more.stop());
    const fourth = await more.engine.scheduleTask({
      ...{ task: 'gated', input: { gate: 'c4' }, project },
    });
    await until(() => gates.has('c4'), 'the fourth');
    expect(await engine.limits.get(KEY, { project })).toMatchObject({
      max: 4,
      defined: 4,
      used: 4,
    });
    for (const gate of ['c1', 'c2', 'c3', 'c4']) gates.get(gate)?.();
    await fourth.result();
  });

  it('is given back when the last one ends, and refuses its name as a key of a task', async () => {
    const { engine, client } = harness;
    const { executionId } = await hold('last', 'last');
    gates.get('last')?.();
    await engine.handle(executionId).result();
    const keeper = client.workflow.getHandle(limiterId(KEY, 'last'));
    await until(async () => (await keeper.describe()).status.name === 'COMPLETED', 'its end');
    const tasks = [{ id: 'a', task: 'noop', limit: { key: KEY, max: 5 } }];
    await expect(engine.scheduleTaskGraph({ name: 'bad', tasks })).rejects.toThrow(
      /is the limit of whole executions/,
    );
  });
});
