import { defineGraph, TaskEngine } from '../../src/index.js';
import { startHarness, type Harness } from '../support/engine.js';
import { ScheduleKit } from '../support/schedules.js';
import { until } from '../support/until.js';

describe('the executions of a schedule', () => {
  let harness: Harness;
  let kit: ScheduleKit;
  beforeAll(async () => {
    harness = await startHarness();
    kit = new ScheduleKit(harness);
  });
  afterAll(async () => {
    await kit.clear();
    await harness.stop();
  });
  const create = async (options?: object) => await kit.create(options);
  const get = async (id: string) => await kit.get(id);
  const triggered = async (id: string) => await kit.triggered(id);

  describe('trigger', () => {
    it('starts what scheduleTask would start, and the calls about executions know it', async () => {
      const input = { text: '${{ 1 + 1 }}' };
      const project = `p-${harness.taskQueue}`;
      const { id } = await create({ input, project, metadata: { team: 'data' } });
      const executionId = await triggered(id);
      expect(executionId).toMatch(new RegExp(`^${id}-\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$`));
      const { status, output } = await harness.engine.handle(executionId).result();
      expect({ status, output }).toMatchObject({ status: 'COMPLETED' });
      expect(await harness.engine.getExecution(executionId)).toMatchObject({
        kind: 'task',
        taskId: 'echo',
        project,
        status: 'COMPLETED',
        output: input,
        metadata: { team: 'data' },
      });
      expect(await harness.engine.getExecution(`${executionId}/task`)).toMatchObject({
        kind: 'node',
        status: 'COMPLETED',
      });
      await until(async () => {
        const { executions } = await harness.engine.listExecutions({ project });
        return executions.some((one) => one.executionId === executionId);
      });
      expect(await get(id)).toMatchObject({
        counts: { started: 1 },
        recent: [{ executionId, status: 'COMPLETED' }],
        last: { executionId },
      });
    });

    it('starts a graph with its parameters and inputs', async () => {
      const graph = defineGraph('report');
      const day = graph.param<string>('day', { type: 'string' });
      graph.add('first', 'echo', { input: day });
      graph.add('second', 'echo', { input: 'from the graph' });
      const { id } = await create({
        task: undefined,
        input: undefined,
        graph,
        params: { day: 'Monday' },
        inputs: { second: 'given' },
        priority: 'HIGH',
      });
      const result = await harness.engine.handle(await triggered(id)).result();
      expect(result).toMatchObject({
        status: 'COMPLETED',
        output: { first: 'Monday', second: 'given' },
      });
    });

    it('starts each of several within a second, under an id of its own', async () => {
      const { id } = await create({ overlap: 'allowAll' });
      const ids = [await triggered(id), await triggered(id), await triggered(id)];
      expect(new Set(ids).size).toBe(3);
      for (const executionId of ids)
        expect(await harness.engine.handle(executionId).result()).toMatchObject({
          status: 'COMPLETED',
        });
      expect((await get(id)).counts.started).toBe(3);
    });

    it('loses none of those that several clients ask for at once', async () => {
      const { id } = await create({ overlap: 'allowAll' });
      const { address, taskQueue, dataDir } = harness;
      const engines = await Promise.all(
        [1, 2, 3].map(() => TaskEngine.connect({ address, taskQueue, dataDir })),
      );
      const answers = await Promise.all(engines.map(({ schedules }) => schedules.trigger(id)));
      expect(answers.map(({ outcome }) => outcome)).toEqual(['started', 'started', 'started']);
      expect(new Set(answers.map(({ executionId }) => executionId)).size).toBe(3);
      expect((await get(id)).counts.started).toBe(3);
      await Promise.all(engines.map((engine) => engine.shutdown()));
    });

    it('follows the overlap policy: skip, wait, both', async () => {
      const { id } = await create({ task: 'sleep', input: { ms: 3_600_000 } });
      const { schedules } = harness.engine;
      const first = await triggered(id);
      expect(await schedules.trigger(id)).toEqual({ outcome: 'skipped', executionId: null });
      expect(await get(id)).toMatchObject({ counts: { skipped: 1, started: 1 }, running: [first] });
      const waiting = await schedules.trigger(id, { overlap: 'bufferOne' });
      expect(waiting.outcome).toBe('waiting');
      expect((await get(id)).counts.buffered).toBe(1);
      const beside = await schedules.trigger(id, { overlap: 'allowAll' });
      expect(beside.outcome).toBe('started');
      await harness.engine.cancelExecution(first);
      await until(async () => (await get(id)).running.includes(waiting.executionId ?? ''));
      for (const executionId of [waiting.executionId, beside.executionId])
        expect(await harness.engine.cancelExecution(executionId ?? '')).toMatchObject({
          success: true,
        });
    });

    it('cancels the one that runs with cancelOther', async () => {
      const { id } = await create({
        task: 'sleep',
        input: { ms: 3_600_000 },
        overlap: 'cancelOther',
      });
      const first = await triggered(id);
      const second = await triggered(id);
      expect((await harness.engine.handle(first).result()).status).toBe('CANCELLED');
      await until(async () => (await get(id)).running.includes(second));
      await harness.engine.cancelExecution(second);
    });

    it('refuses an overlap that there is not', async () => {
      const { id } = await create();
      await expect(
        harness.engine.schedules.trigger(id, { overlap: 'all' as 'skip' }),
      ).rejects.toThrow('overlap: expected one of skip');
    });
  });

  it('starts by the clock, until the starts are used up', async () => {
    const { id } = await create({ cron: undefined, every: '1s', limitedActions: 2 });
    await until(async () => (await get(id)).limitedActions === 0);
    const { recent, counts } = await get(id);
    expect(counts).toMatchObject({ started: 2, skipped: 0 });
    for (const { executionId } of recent)
      expect(await (await harness.engine.open(executionId)).result()).toMatchObject({
        status: 'COMPLETED',
        output: 'tick',
      });
  });

  it('starts nothing by the clock while paused, and goes on when resumed', async () => {
    const { schedules } = harness.engine;
    const everySecond = { cron: undefined, every: '1s', overlap: 'allowAll' };
    const { id } = await create(everySecond);
    await until(async () => (await get(id)).counts.started > 0);
    await schedules.pause(id, 'out of paper');
    const paused = await get(id);
    expect(paused).toMatchObject({ paused: true, note: 'out of paper', next: [], nextAt: null });
    // Another schedule is the clock: it has started two more, this one none.
    const { id: clock } = await create(everySecond);
    await until(async () => (await get(clock)).counts.started > 1);
    expect((await get(id)).counts.started).toBe(paused.counts.started);
    await schedules.resume(id);
    expect(await get(id)).toMatchObject({ paused: false, note: 'resumed' });
    await until(async () => (await get(id)).counts.started > paused.counts.started);
    for (const one of [id, clock]) await schedules.delete(one);
  });

  it('pauses itself when an execution fails and it shall', async () => {
    const { id } = await create({
      task: 'fail',
      input: { times: 9, message: 'broken' },
      retry: 'NONE',
      pauseOnFailure: true,
    });
    const executionId = await triggered(id);
    await until(async () => (await get(id)).paused);
    expect(await get(id)).toMatchObject({ recent: [{ executionId, status: 'FAILED' }] });
  });

  describe('backfill', () => {
    it('starts one for each time of a span, its ends included', async () => {
      const { id } = await create({ cron: '0 * * * *', paused: true });
      const span = { from: '2026-03-01T00:00:00Z', to: '2026-03-01T02:00:00Z' };
      const { times } = await harness.engine.schedules.backfill(id, span);
      expect(times).toEqual(['00', '01', '02'].map((hour) => `2026-03-01T${hour}:00:00.000Z`));
      await until(async () => (await get(id)).counts.started === 3);
      for (const hour of ['00', '01', '02'])
        expect(
          await (await harness.engine.open(`${id}-2026-03-01T${hour}:00:00Z`)).result(),
        ).toMatchObject({ status: 'COMPLETED', output: 'tick' });
    });

    it('starts nothing in a dry run, and gives the times', async () => {
      const { id } = await create({ cron: '0 * * * *', paused: true });
      const span = { from: '2026-03-01T00:00:00Z', to: '2026-03-01T01:00:00Z' };
      const { times } = await harness.engine.schedules.backfill(id, { ...span, dryRun: true });
      expect(times).toEqual(['00', '01'].map((hour) => `2026-03-01T${hour}:00:00.000Z`));
      // The schedule does one thing after another: what were asked for before this would have begun.
      await harness.engine.schedules.trigger(id);
      expect((await get(id)).counts).toMatchObject({ started: 1, buffered: 0 });
    });

    it('takes a span of 1,000 starts, and refuses one of more with the time where it would end', async () => {
      const { id } = await create({ cron: '* * * * *', paused: true });
      const from = '2026-03-01T00:00:00Z';
      const backfill = async (to: string) =>
        await harness.engine.schedules.backfill(id, { from, to, dryRun: true });
      expect((await backfill('2026-03-01T16:39:59Z')).times).toHaveLength(1_000);
      await expect(backfill('2026-03-01T16:40:00Z')).rejects.toThrow(
        'to: expected a span of at most 1000 starts, got more: the first 1000 end at 2026-03-01T16:39:00.000Z (do these first, then the rest)',
      );
    });

    it('tells each which time it is for, and a rerun of it the same', async () => {
      const graph = {
        name: 'daily',
        tasks: [
          { id: 'day', task: 'echo', input: '${{ execution.scheduledTime }}' },
          {
            id: 'inner',
            graph: {
              name: 'inner',
              tasks: [{ id: 'day', task: 'echo', input: '${{ execution.scheduledTime }}' }],
            },
          },
        ],
      };
      const { id } = await create({
        ...{ task: undefined, input: undefined, cron: '0 2 * * *', paused: true, graph },
      });
      const at = '2026-03-01T02:00:00Z';
      await harness.engine.schedules.backfill(id, { from: at, to: at });
      await until(async () => (await get(id)).counts.started === 1);
      const first = await harness.engine.open(`${id}-${at}`);
      const meant = { day: '2026-03-01T02:00:00.000Z', inner: { day: '2026-03-01T02:00:00.000Z' } };
      expect((await first.result()).output).toEqual(meant);
      const again = await first.rerun({ from: ['day', 'inner'] });
      expect((await again.result()).output).toEqual(meant);
      const third = await again.rerun({ from: ['day', 'inner'] });
      expect((await third.result()).output).toEqual(meant);
    });

    it.each([
      [{ from: '2026-03-01', to: '2026-03-02T00:00:00Z' }, 'from: expected an ISO time'],
      [
        { from: '2026-03-02T00:00:00Z', to: '2026-03-01T00:00:00Z' },
        'to: expected a time after from',
      ],
      [
        { from: '2026-03-01T00:01:00Z', to: '2026-03-01T00:02:00Z' },
        'from: the schedule has no time',
      ],
    ])('refuses %j', async (span, message) => {
      const { id } = await create();
      await expect(harness.engine.schedules.backfill(id, span)).rejects.toThrow(message);
    });
  });
});
