import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

describe('dependencies on other executions', () => {
  let harness: Harness;
  let client: Client;
  const open = new Set<string>();
  const gated = defineTask<{ gate: string; fail?: boolean }>({
    name: 'gated',
    retry: 'NONE',
    run: async ({ gate, fail }, { signal }) => {
      while (!open.has(gate)) {
        signal.throwIfAborted();
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      if (fail) throw new Error('as asked');
      return gate;
    },
  });
  beforeAll(async () => {
    harness = await startHarness({ tasks: [gated] });
    client = new Client({ connection: await Connection.connect({ address: harness.address }) });
  });
  afterAll(async () => {
    await client.connection.close();
    await harness.stop();
  });

  const id = (name: string): string => `${name}-${randomUUID().slice(0, 8)}`;
  const start = async (gate: string, fail = false) =>
    await harness.engine.scheduleTask({
      task: gated,
      input: { gate, fail },
      executionId: id(gate),
    });

  it('starts once both have ended, waits PENDING until then, and its history does not grow', async () => {
    const [a, b] = [await start('both a'), await start('both b')];
    const waiter = await harness.engine.scheduleTask({
      task: 'echo',
      input: 'ran',
      dependencies: [a.executionId, b.executionId],
    });
    await until(async () => (await waiter.status()).status === 'PENDING');
    open.add('both a');
    await a.result();
    const length = async () =>
      (await client.workflow.getHandle(waiter.executionId).describe()).historyLength;
    await until(async () => {
      const { awaits } = await waiter.status();
      return awaits?.[0]?.status === 'COMPLETED';
    });
    const waiting = await length();
    expect(await waiter.status()).toMatchObject({
      status: 'PENDING',
      awaits: [
        { executionId: a.executionId, status: 'COMPLETED' },
        { executionId: b.executionId, status: null },
      ],
    });
    expect(await length()).toBe(waiting);
    open.add('both b');
    expect(await waiter.result()).toMatchObject({ status: 'COMPLETED', output: 'ran' });
  });

  it.each(['graph', 'task'])('has no start, as a %s, until it starts', async (kind) => {
    const { engine } = harness;
    const gate = `start of a ${kind}`;
    const before = await start(gate);
    const own = { task: 'gated', input: { gate: `${gate}, itself` } };
    const dependencies = [before.executionId];
    const { executionId } = await (kind === 'task'
      ? engine.scheduleTask({ ...own, dependencies })
      : engine.scheduleTaskGraph({ name: 'g', tasks: [{ id: 'a', ...own }] }, { dependencies }));
    await until(async () => (await engine.handle(executionId).status()).awaits !== undefined);
    const waiting = { status: 'PENDING', reason: 'dependencies', startedAt: null };
    expect(await engine.getExecution(executionId)).toMatchObject(waiting);
    open.add(gate);
    const { endedAt } = await before.result();
    await until(async () => (await engine.getExecution(executionId)).status === 'RUNNING');
    const { startedAt } = await engine.getExecution(executionId);
    expect(Date.parse(startedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(endedAt));
    open.add(`${gate}, itself`);
    expect((await engine.handle(executionId).result()).status).toBe('COMPLETED');
  });

  it('takes one that ended long before, and a node of a graph, running or closed', async () => {
    const before = await harness.engine.scheduleTask({ task: 'echo' });
    await before.result();
    const graph = await harness.engine.scheduleTaskGraph({
      name: 'with nodes',
      tasks: [
        { id: 'soon', task: 'echo' },
        { id: 'late', task: 'gated', input: { gate: 'graph' } },
      ],
    });
    const after = async (dependencies: string[]) =>
      await (await harness.engine.scheduleTask({ task: 'echo', input: 1, dependencies })).result();
    expect((await after([before.executionId])).status).toBe('COMPLETED');
    expect((await after([`${graph.executionId}/soon`])).status).toBe('COMPLETED');
    open.add('graph');
    await graph.result();
    expect((await after([`${graph.executionId}/late`])).status).toBe('COMPLETED');
  });

  it.each([
    ['all_success', 'SKIPPED', 'upstream_failed'],
    ['all_failed', 'COMPLETED', null],
    ['all_done', 'COMPLETED', null],
    ['none_failed', 'SKIPPED', 'upstream_failed'],
    ['all_skipped', 'SKIPPED', 'rule'],
  ] as const)('a failed one under %s: %s', async (trigger, status, reason) => {
    const gate = `fails ${trigger}`;
    const failing = await start(gate, true);
    const waiter = await harness.engine.scheduleTask({
      task: 'echo',
      trigger,
      dependencies: [failing.executionId],
    });
    open.add(gate);
    const result = await waiter.result();
    expect(result.status).toBe(status);
    expect(result.nodes['task']?.reason).toBe(reason);
    if (status === 'SKIPPED')
      expect(result.error?.message).toContain(`${failing.executionId} ended FAILED`);
  });

  it('refuses an id that nobody knows, naming it, and waits for it when asked to', async () => {
    const later = id('later');
    await expect(
      harness.engine.scheduleTask({ task: 'echo', dependencies: [later] }),
    ).rejects.toThrow(new RegExp(`dependencies\\[0\\]: there is no execution "${later}"`));
    const waiter = await harness.engine.scheduleTask({
      task: 'echo',
      dependencies: [later],
      awaitUnknown: true,
    });
    await until(async () => (await waiter.status()).status === 'PENDING');
    await harness.engine.scheduleTask({ task: 'echo', executionId: later });
    expect((await waiter.result()).status).toBe('COMPLETED');
  });

  it('started raw with an unknown id it ends REJECTED, naming it', async () => {
    const raw = id('raw');
    const handle = await client.workflow.start('taskGraph', {
      taskQueue: harness.taskQueue,
      workflowId: raw,
      args: [{ name: 'raw', tasks: [{ id: 'a', task: 'echo' }] }, { dependencies: ['nobody/a'] }],
    });
    await expect(handle.result()).rejects.toThrow();
    expect(await harness.engine.handle(raw).result()).toMatchObject({
      status: 'REJECTED',
      error: { code: 'DEPENDENCY', message: expect.stringContaining('"nobody/a"') as string },
    });
  });

  it('those that wait for each other fail with the cycle; who only waited for one of them is skipped', async () => {
    const [a, b, c] = [id('a'), id('b'), id('c')];
    const wait = async (executionId: string, dependency: string) =>
      await harness.engine.scheduleTask({
        task: 'echo',
        executionId,
        dependencies: [dependency],
        awaitUnknown: true,
      });
    const handles = [await wait(a, b), await wait(b, c), await wait(c, a)];
    const results = await Promise.all(handles.map((handle) => handle.result()));
    const failed = results.filter(({ status }) => status === 'FAILED');
    expect(failed.length).toBeGreaterThan(0);
    expect(failed[0]?.error?.message).toMatch(/wait for each other: .+ → .+ → .+ → /);
    expect(results.every(({ status }) => status === 'FAILED' || status === 'SKIPPED')).toBe(true);
  });

  it('cancelled while it waits: nothing runs, and it says so', async () => {
    const target = await start('never');
    const waiter = await harness.engine.scheduleTask({
      task: 'echo',
      dependencies: [target.executionId],
    });
    await until(async () => (await waiter.status()).status === 'PENDING');
    expect(await harness.engine.cancelExecution(waiter.executionId)).toMatchObject({
      success: true,
    });
    expect(await waiter.result()).toMatchObject({
      status: 'CANCELLED',
      nodes: { task: { status: 'CANCELLED', attempts: 0 } },
    });
    open.add('never');
    await target.result();
  });

  it('paused while it waits, it does not start before it is resumed', async () => {
    const target = await start('paused wait');
    const waiter = await harness.engine.scheduleTask({
      task: 'echo',
      dependencies: [target.executionId],
    });
    await waiter.pause();
    open.add('paused wait');
    await target.result();
    await until(async () => (await waiter.status()).awaits?.[0]?.status === 'COMPLETED');
    expect((await waiter.status()).status).toBe('PAUSED');
    await waiter.resume();
    expect((await waiter.result()).status).toBe('COMPLETED');
  });
});
