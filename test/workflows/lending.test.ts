import type { GraphSpec } from '../../src/index.js';
import { missingShare } from '../../src/domain/wall-time.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

describe('nodes that are lent, in a graph of segments', () => {
  const ran: string[] = [];
  let open: (() => void) | undefined;
  const step = defineTask<{ n?: number; fails?: number; waits?: boolean } | null, number>({
    name: 'step',
    retry: { strategy: 'FIXED_DELAY', delay: 1, maxRetries: 1 },
    run: async (input, { nodeId, attempt, signal }) => {
      ran.push(`${nodeId} ${attempt}`);
      if (input?.waits)
        await new Promise<void>((resolve, reject) => {
          open = resolve;
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        });
      if (attempt <= (input?.fails ?? 0)) throw new Error('asked to fail');
      return (input?.n ?? 0) + 1;
    },
  });
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ tasks: [step], maxNodesPerRun: 20, coordinatorEvents: 80 });
  });
  afterAll(() => harness.stop());
  beforeEach(() => {
    ran.length = 0;
    open = undefined;
  });

  const chain = (length: number, special: Record<number, object> = {}): GraphSpec => ({
    name: 'chain',
    tasks: Array.from({ length }, (_, nth) => ({
      ...{ id: `n${nth}`, task: 'step', dependsOn: nth === 0 ? [] : [`n${nth - 1}`] },
      input: { ...(nth === 0 ? {} : { n: `\${{ tasks.n${nth - 1}.output }}` }), ...special[nth] },
    })),
  });
  const ids = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, nth) => `n${from + nth} 1`);

  it('in a chain go on without the coordinator, and each gets what the one before gave', async () => {
    const handle = await harness.engine.scheduleTaskGraph(chain(300));
    const { status, nodes } = await handle.result();
    expect(status).toBe('COMPLETED');
    expect(nodes['n299']).toMatchObject({ output: 300, attempts: 1 });
    expect(ran).toEqual(ids(0, 300));
    const { events } = await harness.client.workflow
      .getHandle(`${handle.executionId}/~seg/0`)
      .fetchHistory();
    const told = events?.filter(
      (one) => one.signalExternalWorkflowExecutionInitiatedEventAttributes,
    );
    const done = events?.filter((one) => one.activityTaskCompletedEventAttributes);
    expect(told?.length).toBeLessThan((done?.length ?? 0) / 3);
  });

  it('hold no node that reads what stands further up, and it gets that all the same', async () => {
    const far = { 8: { n: '${{ tasks.n2.output }}' }, 9: { n: '${{ tasks.n0.output + 10 }}' } };
    const handle = await harness.engine.scheduleTaskGraph(chain(30, far));
    const { nodes } = await handle.result();
    expect([nodes['n8']?.output, nodes['n9']?.output, nodes['n29']?.output]).toEqual([4, 12, 32]);
  });

  it('take their time where they spend it', async () => {
    const handle = await harness.engine.scheduleTaskGraph(chain(60));
    const { durationMs } = await handle.result();
    const { wallTime } = await handle.explain();
    expect(wallTime?.totalMs).toBe(durationMs);
    expect(wallTime && missingShare(wallTime)).toBeLessThan(0.01);
  });

  it('wait behind a node that became ready meanwhile and goes first', async () => {
    const spec = chain(60, { 1: { waits: true } });
    spec.concurrency = 1;
    spec.tasks.push({ id: 'first', task: 'step', priority: 'CRITICAL', scheduledTime: 1 });
    const handle = await harness.engine.scheduleTaskGraph(spec);
    await until(() => open !== undefined || ran.includes('first 1'));
    await until(() => open !== undefined);
    await until(async () => (await handle.node('first').status()).status !== 'SCHEDULED');
    open?.();
    await handle.result();
    expect(ran.indexOf('first 1')).toBeLessThan(4);
  });

  it('stop where a node fails for good: what is behind it is skipped, what accepts it runs', async () => {
    const spec = chain(30, { 10: { fails: 9 } });
    spec.tasks.push({ id: 'mend', task: 'step', dependsOn: ['n10'], trigger: 'one_failed' });
    const handle = await harness.engine.scheduleTaskGraph(spec);
    const { status, nodes } = await handle.result();
    expect(status).toBe('FAILED');
    expect(nodes['n10']).toMatchObject({ status: 'FAILED', attempts: 2 });
    expect(nodes['n11']).toMatchObject({ status: 'SKIPPED', reason: 'upstream_failed' });
    expect(nodes['n29']).toMatchObject({ status: 'SKIPPED', reason: 'upstream_failed' });
    expect(nodes['mend']).toMatchObject({ status: 'COMPLETED' });
  });

  it('are called back when somebody asks: what has not begun is paused, skipped and completed as ever', async () => {
    const handle = await harness.engine.scheduleTaskGraph(chain(40, { 5: { waits: true } }));
    await until(() => open !== undefined);
    const asked = { reason: 'test' };
    expect(await handle.node('n7').status()).toMatchObject({
      ...{ status: 'PENDING', reason: 'dependencies' },
    });
    expect(await handle.pause()).toMatchObject({ success: true });
    expect(await handle.node('n30').complete(500, asked)).toMatchObject({ success: true });
    expect(await handle.node('n20').skip(asked)).toMatchObject({ success: true });
    open?.();
    await until(async () => (await handle.node('n6').status()).status === 'PAUSED');
    expect(ran).toEqual(ids(0, 6));
    await handle.resume();
    const { nodes } = await handle.result();
    expect(nodes['n19']).toMatchObject({ status: 'COMPLETED', output: 20 });
    expect(nodes['n20']).toMatchObject({ status: 'SKIPPED', reason: 'operator' });
    expect(nodes['n21']).toMatchObject({ status: 'SKIPPED' });
    expect(nodes['n31']).toMatchObject({ status: 'COMPLETED', output: 501 });
  });

  it('end with their graph when that is cancelled', async () => {
    const handle = await harness.engine.scheduleTaskGraph(chain(40, { 5: { waits: true } }));
    await until(() => open !== undefined);
    await handle.cancel();
    const { status, nodes } = await handle.result();
    expect(status).toBe('CANCELLED');
    const ends = Array.from({ length: 40 }, (_, nth) => nodes[`n${nth}`]?.status);
    expect(ends.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => 'COMPLETED'));
    expect(new Set(ends.slice(5))).toEqual(new Set(['CANCELLED']));
    expect(ran).toEqual(ids(0, 6));
  });

  /** Each node of a layer waits for three of the one before, and reads all of them. */
  const layers = (
    count: number,
    width: number,
    special: Record<string, object> = {},
  ): GraphSpec => ({
    name: 'layers',
    tasks: Array.from({ length: count * width }, (_, index) => {
      const [layer, place] = [Math.floor(index / width), index % width];
      const above = [place, place + 1, place + 3].map((other) => `l${layer - 1}-${other % width}`);
      const n = above.map((id) => `tasks['${id}'].output`).join(' + ');
      return {
        ...{ id: `l${layer}-${place}`, task: 'step', dependsOn: layer === 0 ? [] : above },
        input: {
          ...(layer === 0 ? {} : { n: `\${{ ${n} }}` }),
          ...special[`l${layer}-${place}`],
        },
      };
    }),
  });

  it('in layers go on without the coordinator, and each gets what those before it gave', async () => {
    const handle = await harness.engine.scheduleTaskGraph(layers(30, 8));
    const { status, nodes } = await handle.result();
    expect(status).toBe('COMPLETED');
    let expected = 1;
    for (let layer = 1; layer < 30; layer++) expected = 3 * expected + 1;
    for (let place = 0; place < 8; place++)
      expect(nodes[`l29-${place}`]).toMatchObject({ output: expected, attempts: 1 });
    expect(new Set(ran).size).toBe(240);
    expect(ran).toHaveLength(240);
    const { events } = await harness.client.workflow
      .getHandle(`${handle.executionId}/~seg/0`)
      .fetchHistory();
    const heard = events?.filter((one) => one.workflowExecutionSignaledEventAttributes);
    const done = events?.filter((one) => one.activityTaskCompletedEventAttributes);
    expect(done?.length).toBeGreaterThanOrEqual(20);
    expect(heard?.length).toBeLessThan((done?.length ?? 0) / 3);
  });

  it('in layers stop behind a node that fails for good, and go on beside it', async () => {
    const spec = layers(6, 8, { 'l1-0': { fails: 9 }, 'l2-4': { fails: 1 } });
    const handle = await harness.engine.scheduleTaskGraph(spec);
    const { status, nodes } = await handle.result();
    expect(status).toBe('FAILED');
    expect(nodes['l1-0']).toMatchObject({ status: 'FAILED', attempts: 2 });
    const waited = spec.tasks.filter(({ dependsOn = [] }) => dependsOn.includes('l1-0'));
    expect(waited).toHaveLength(3);
    for (const { id } of waited)
      expect(nodes[id]).toMatchObject({ status: 'SKIPPED', reason: 'upstream_failed' });
    expect(nodes['l2-4']).toMatchObject({ status: 'COMPLETED', attempts: 2 });
    expect(nodes['l2-1']).toMatchObject({ status: 'COMPLETED' });
    expect(ran.filter((line) => line.startsWith('l1-'))).toHaveLength(9);
  });

  it('in layers are called back when somebody asks, and go on when they are let', async () => {
    const spec = layers(12, 6, { 'l2-0': { waits: true } });
    const handle = await harness.engine.scheduleTaskGraph(spec);
    await until(() => open !== undefined);
    expect(await handle.pause()).toMatchObject({ success: true });
    expect(await handle.node('l9-3').skip({ reason: 'test' })).toMatchObject({ success: true });
    open?.();
    await until(async () => (await handle.node('l3-0').status()).status === 'PAUSED');
    const behind = spec.tasks.filter(({ dependsOn = [] }) => dependsOn.includes('l2-0'));
    for (const { id } of behind) expect(ran).not.toContain(`${id} 1`);
    await handle.resume();
    const { nodes } = await handle.result();
    expect(nodes['l9-3']).toMatchObject({ status: 'SKIPPED', reason: 'operator' });
    expect(nodes['l8-5']).toMatchObject({ status: 'COMPLETED', attempts: 1 });
    expect(nodes['l10-0']).toMatchObject({ status: 'SKIPPED' });
  });

  it.each([
    ['called back', 'tempograph.recall', {}, ids(0, 1)],
    ['cancelled', 'tempograph.cancel', { indexes: [0] }, []],
  ])(
    'are %s also where that comes with the start of their segment',
    async (_, name, signal, runs) => {
      const { client, engine, taskQueue } = harness;
      const first = await engine.scheduleTaskGraph(chain(30));
      await first.result();
      const { events } = await client.workflow
        .getHandle(`${first.executionId}/~seg/0`)
        .fetchHistory();
      const payload = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
      const given = JSON.parse(Buffer.from(payload?.data ?? []).toString()) as { sealed: boolean };
      expect(given).toMatchObject({
        orders: [{ id: 'n0' }],
        lent: { nodes: expect.any(Array) as unknown },
      });
      const listens = await engine.scheduleTaskGraph(chain(1, { 0: { waits: true } }));
      await until(() => open !== undefined);
      ran.length = 0;
      const segment = await client.workflow.signalWithStart('taskSegment', {
        ...{ taskQueue, workflowId: `${listens.executionId}/~seg/0`, signal: name },
        ...{ signalArgs: [signal] as [object] },
        args: [{ ...given, coordinatorId: listens.executionId, sealed: true }],
      });
      await segment.result();
      expect(ran).toEqual(runs);
      open?.();
      await listens.result();
    },
  );

  /** Nodes that wait for nothing but a place. */
  const side = (
    count: number,
    concurrency: number,
    special: Record<number, object> = {},
  ): GraphSpec => ({
    ...{ name: 'side by side', concurrency },
    tasks: Array.from({ length: count }, (_, nth) => ({
      ...{ id: `n${nth}`, task: 'step', input: special[nth] ?? {} },
    })),
  });

  it('that are ready and find no place begin one after the other without the coordinator, in their order', async () => {
    const spec = side(200, 1, { 0: { waits: true } });
    const handle = await harness.engine.scheduleTaskGraph(spec);
    await until(() => open !== undefined);
    const waits = { status: 'PENDING', reason: 'window' };
    expect(await handle.node('n7').status()).toMatchObject(waits);
    expect(await handle.node('n150').status()).toMatchObject(waits);
    open?.();
    const { status, nodes, durationMs } = await handle.result();
    expect(status).toBe('COMPLETED');
    expect(ran).toEqual(ids(0, 200));
    expect(nodes['n199']).toMatchObject({ status: 'COMPLETED', attempts: 1 });
    const { times, readyAt, startedAt } = await handle.node('n199').status();
    const before = Date.parse(startedAt ?? '') - Date.parse(readyAt ?? '');
    expect(times?.window).toBeGreaterThan(before * 0.8);
    const { wallTime } = await handle.explain();
    expect(wallTime?.totalMs).toBe(durationMs);
    expect(wallTime && missingShare(wallTime)).toBeLessThan(0.01);
    const { events } = await harness.client.workflow
      .getHandle(`${handle.executionId}/~seg/2`)
      .fetchHistory();
    const told = events?.filter(
      (one) => one.signalExternalWorkflowExecutionInitiatedEventAttributes,
    );
    const done = events?.filter((one) => one.activityTaskCompletedEventAttributes);
    expect(done?.length).toBeGreaterThanOrEqual(20);
    expect(told?.length).toBeLessThan((done?.length ?? 0) / 3);
  });

  it('that are ready go on where one fails in whose place they would have begun', async () => {
    const spec = side(50, 1, { 0: { fails: 9 }, 20: { fails: 1 }, 30: { fails: 9 } });
    const handle = await harness.engine.scheduleTaskGraph(spec);
    const { status, nodes } = await handle.result();
    expect(status).toBe('FAILED');
    const failed = Object.entries(nodes).filter(([, node]) => node.status === 'FAILED');
    expect(failed.map(([id]) => id)).toEqual(['n0', 'n30']);
    expect(nodes['n20']).toMatchObject({ status: 'COMPLETED', attempts: 2 });
    expect(ran).toHaveLength(53);
  });

  it('that are ready let one of higher priority go first that becomes ready meanwhile', async () => {
    const spec = side(80, 1, { 0: { waits: true } });
    spec.tasks.push({ id: 'first', task: 'step', priority: 'CRITICAL', dependsOn: ['n2'] });
    const handle = await harness.engine.scheduleTaskGraph(spec);
    await until(() => open !== undefined);
    open?.();
    expect(await handle.result()).toMatchObject({ status: 'COMPLETED' });
    expect(ran.indexOf('first 1')).toBeLessThan(15); // a segment has 20, and this one stands behind them
  });

  it('keep the window: no more nodes run than it holds', async () => {
    let [now, most] = [0, 0];
    const counted = defineTask({
      name: 'counted',
      run: async () => {
        most = Math.max(most, ++now);
        await new Promise((done) => setTimeout(done, 5));
        now--;
      },
    });
    const own = await startHarness({ tasks: [counted], maxNodesPerRun: 20 });
    try {
      for (const dependsOn of [
        () => [],
        (nth: number) => (nth < 6 ? [] : [`n${nth - 6}`]),
        (nth: number) => (nth < 10 ? [] : [`n${nth - 10}`, `n${nth - 7}`, `n${nth - 3}`]),
      ]) {
        const tasks = Array.from({ length: 120 }, (_, nth) => ({
          ...{ id: `n${nth}`, task: 'counted', dependsOn: dependsOn(nth) },
        }));
        const handle = await own.engine.scheduleTaskGraph({ name: 'six', concurrency: 6, tasks });
        expect(await handle.result()).toMatchObject({ status: 'COMPLETED' });
        expect(most).toBeLessThanOrEqual(6);
        expect(most).toBeGreaterThan(2);
        most = 0;
      }
      const below = { name: 'below', tasks: [{ id: 'one', task: 'noop' }] };
      const subs = Array.from({ length: 6 }, (_, nth) => ({ id: `sub${nth}`, graph: below }));
      const others = Array.from({ length: 40 }, (_, nth) => ({ id: `n${nth}`, task: 'counted' }));
      const spec = { name: 'beside sub-graphs', concurrency: 2, tasks: [...subs, ...others] };
      const handle = await own.engine.scheduleTaskGraph(spec);
      expect(await handle.result()).toMatchObject({ status: 'COMPLETED' });
      expect(most).toBe(2);
    } finally {
      await own.stop();
    }
  });
});
