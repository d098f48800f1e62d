/** Executions whose time has not come, and people who ask them something before. */
import { defineTask } from '../../src/registry.js';
import type { ExecutionHandle } from '../../src/index.js';
import { startHarness, type Harness } from '../support/engine.js';

const BY = { reason: 'because', by: 'ada' };
const HOUR_MS = 3_600_000;

describe('an execution that starts later', () => {
  const ran: string[] = [];
  const note = defineTask<string>({ name: 'note', run: (name) => void ran.push(name) });
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ tasks: [note] });
  });
  afterAll(() => harness.stop());

  const lone = (name: string, scheduledTime = '1h'): Promise<ExecutionHandle> =>
    harness.engine.scheduleTask({ task: note, input: name, scheduledTime });
  const graph = (name: string, scheduledTime = '1h'): Promise<ExecutionHandle> => {
    const tasks = [
      { id: 'a', task: 'note', input: name },
      { id: 'b', task: 'note', input: name, dependsOn: ['a'] },
    ];
    return harness.engine.scheduleTaskGraph({ name: 'later', tasks }, { scheduledTime });
  };

  type Ask = (handle: ExecutionHandle) => Promise<unknown>;
  const asked: Record<string, Ask> = {
    status: (handle) => handle.status(),
    pause: (handle) => handle.pause(BY),
    'pause and resume': async (handle) => {
      await handle.pause(BY);
      await handle.resume(BY);
    },
    setConcurrency: (handle) => handle.setConcurrency(2, BY),
    'a pause of its node': (handle) => handle.node('task').pause(BY),
    'a retry of its node': (handle) => handle.node('task').retryNow(BY),
    'another that waits for it': async (handle) => {
      const dependencies = [handle.executionId];
      const other = await harness.engine.scheduleTask({ task: note, input: 'x', dependencies });
      await handle.status();
      await other.cancel();
    },
  };
  it.each(Object.keys(asked))('does not start sooner since of %s', async (what) => {
    const name = `asked: ${what}`;
    const handle = await lone(name);
    await asked[what]?.(handle);
    const isPaused = what === 'pause';
    const { status, reason, changed } = await handle.status();
    expect([status, reason]).toEqual(
      isPaused ? ['PAUSED', undefined] : ['SCHEDULED', 'start_time'],
    );
    expect(changed).toMatchObject([{ id: 'task', attempts: 0 }]);
    const { reasons } = await handle.explain();
    expect(reasons[0]?.kind).toBe(/pause( of|$)/.test(what) ? 'paused' : 'start_time');
    const record = await harness.engine.getExecution(handle.executionId);
    expect(record).toMatchObject({ status: isPaused ? 'PAUSED' : 'SCHEDULED', startedAt: null });
    expect(ran).not.toContain(name);
    await handle.cancel();
    expect((await handle.result()).status).toBe('CANCELLED');
  });

  const ending: Record<string, Ask> = {
    cancel: (handle) => handle.node('task').cancel(BY),
    skip: (handle) => handle.node('task').skip(BY),
    complete: (handle) => handle.node('task').complete(7, BY),
    fail: (handle) => handle.node('task').fail('not today', BY),
  };
  it.each([
    ['cancel', 'FAILED'],
    ['skip', 'SKIPPED'],
    ['complete', 'COMPLETED'],
    ['fail', 'FAILED'],
  ])('ends before its time once its node has ended by a %s', async (what, status) => {
    const name = `ended: ${what}`;
    const handle = await lone(name);
    expect(await ending[what]?.(handle)).toMatchObject({ success: true });
    const result = await handle.result();
    expect(result.status).toBe(status);
    expect(result.durationMs).toBeLessThan(HOUR_MS);
    expect(ran).not.toContain(name);
  });

  it('ends before others that it waits for once its nodes have ended', async () => {
    const before = await lone('never');
    const dependencies = [before.executionId];
    const after = await harness.engine.scheduleTask({
      task: note,
      input: 'after it',
      dependencies,
    });
    await after.node('task').skip(BY);
    expect((await after.result()).status).toBe('SKIPPED');
    await before.cancel();
  });

  it('waits for its time while some of its nodes are left', async () => {
    const handle = await graph('some are left');
    await handle.node('b').skip(BY);
    expect(await handle.status()).toMatchObject({ status: 'SCHEDULED', reason: 'start_time' });
    await handle.node('a').cancel(BY);
    expect((await handle.result()).status).toBe('FAILED');
    expect(ran).not.toContain('some are left');
  });

  it('says why it waits, itself and its nodes, before and after it was asked', async () => {
    const handle = await graph('why');
    const { engine } = harness;
    const { executionId } = handle;
    const said = { status: 'SCHEDULED', reason: 'start_time', startedAt: null };
    const why = {
      reasons: [{ kind: 'start_delay' }],
      sentence: expect.stringMatching(/^starts in/) as string,
    };
    expect(await engine.getExecution(executionId)).toMatchObject(said);
    expect(await engine.explain(executionId)).toMatchObject(why);
    const node = await engine.getExecution(`${executionId}/b`);
    expect(node).toMatchObject({ status: 'PENDING', reason: 'start_time' });
    expect(await engine.getExecution(executionId)).toMatchObject(said);
    const after = await engine.explain(executionId);
    expect(after).toMatchObject({ reasons: [why.reasons[0], { kind: 'nodes' }] });
    expect(after.nodes.map(({ reason }) => reason.kind)).toEqual(['start_time', 'start_time']);
    await handle.cancel();
  });

  it('starts at its time after it was asked, and not before', async () => {
    const handle = await graph('in time', '3s');
    const asking = Date.now();
    const { changed } = await handle.status();
    const due = Date.parse(changed[0]?.nextRetryAt ?? '');
    expect(due - asking).toBeLessThanOrEqual(3_000);
    const { status, startedAt } = await handle.result();
    expect({ status, isEarly: Date.parse(startedAt) < due }).toEqual({
      ...{ status: 'COMPLETED', isEarly: false },
    });
  });

  it('waits for other executions once its time has come', async () => {
    const before = await lone('before', '4s');
    const handle = await harness.engine.scheduleTask({
      ...{ task: note, input: 'after', scheduledTime: '1s' },
      dependencies: [before.executionId],
    });
    await handle.status();
    expect((await handle.result()).status).toBe('COMPLETED');
    expect(ran.indexOf('after')).toBeGreaterThan(ran.indexOf('before'));
    expect(ran).toContain('before');
  });

  it('starts at its time also in segments', async () => {
    const split = await startHarness({ tasks: [note], maxNodesPerRun: 3, coordinatorEvents: 60 });
    try {
      const tasks = Array.from({ length: 8 }, (_, nth) => ({
        ...{ id: `n${nth}`, task: 'note', input: `split ${nth}` },
        ...(nth === 0 ? {} : { dependsOn: [`n${nth - 1}`] }),
      }));
      const options = { scheduledTime: '3s' };
      const handle = await split.engine.scheduleTaskGraph({ name: 'split', tasks }, options);
      const { status, changed } = await handle.status();
      const due = Date.parse(changed[0]?.nextRetryAt ?? '');
      expect([status, changed.length]).toEqual(['SCHEDULED', 8]);
      const result = await handle.result();
      expect([result.status, Date.parse(result.startedAt) < due]).toEqual(['COMPLETED', false]);
    } finally {
      await split.stop();
    }
  });
});
