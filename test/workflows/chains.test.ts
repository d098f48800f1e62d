import type { GraphSpec } from '../../src/index.js';
import { missingShare } from '../../src/domain/wall-time.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

describe('chains in a graph of segments', () => {
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

  it('go on without the coordinator, and each node gets what the one before gave', async () => {
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
    const ends = Object.values(nodes).map((node) => node.status);
    expect(ends.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => 'COMPLETED'));
    expect(new Set(ends.slice(5))).toEqual(new Set(['CANCELLED']));
    expect(ran).toEqual(ids(0, 6));
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
      const tasks = Array.from({ length: 120 }, (_, nth) => ({
        ...{ id: `n${nth}`, task: 'counted' },
        dependsOn: nth < 6 ? [] : [`n${nth - 6}`],
      }));
      const handle = await own.engine.scheduleTaskGraph({ name: 'six', concurrency: 6, tasks });
      expect(await handle.result()).toMatchObject({ status: 'COMPLETED' });
      expect(most).toBeLessThanOrEqual(6);
      expect(most).toBeGreaterThan(2);
    } finally {
      await own.stop();
    }
  });
});
