import { SpecInvalidError, TaskError, TaskStateError } from '../../src/index.js';
import { startHarness, type Harness } from '../support/engine.js';
import { ScheduleKit } from '../support/schedules.js';
import { until } from '../support/until.js';

describe('engine.schedules', () => {
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

  describe('create', () => {
    it('gives the schedule as it was written, its policies and the next times', async () => {
      const id = kit.newId();
      const record = await harness.engine.schedules.create({
        id,
        task: 'echo',
        cron: ['0  2 * * mon-fri', '@monthly'],
        every: [{ every: '6h', offset: '15m' }],
        calendar: { hour: '9-17/4', dayOfWeek: ['MON', 'SAT-7'], comment: 'by day' },
        at: ['2099-03-01T08:00:00+01:00', '2099-03-02T08:00'],
        skip: { month: 12, dayOfMonth: 25, hour: '*' },
        timezone: 'Europe/Zurich',
        endAt: '2099-12-31T00:00:00Z',
        jitter: '2s',
        overlap: 'bufferOne',
        catchupWindow: '1h',
        pauseOnFailure: true,
        limitedActions: 3,
        paused: true,
        note: 'not before March',
      });
      expect(record).toMatchObject({
        id,
        kind: 'task',
        taskId: 'echo',
        paused: true,
        note: 'not before March',
        nextAt: null,
        when: [
          'cron 0 2 * * mon-fri',
          'cron @monthly',
          'every 6 h, shifted by 15 min',
          'calendar hour 9-17/4, dayOfWeek SUN,MON,SAT (by day)',
          'at 2099-03-01T08:00:00+01:00',
          'at 2099-03-02T08:00',
          'never hour *, dayOfMonth 25, month DEC',
        ],
        timezone: 'Europe/Zurich',
        times: { jitter: 2_000, endAt: new Date('2099-12-31T00:00:00Z') },
        overlap: 'bufferOne',
        catchupWindowMs: 3_600_000,
        pauseOnFailure: true,
        limitedActions: 3,
        counts: { started: 0, missed: 0, skipped: 0, buffered: 0, dropped: 0 },
        recent: [],
        running: [],
        executionIdPrefix: id,
        taskQueue: harness.taskQueue,
      });
      expect(record.next).toEqual([]);
    });

    it('has defaults: overlap skip, a year to catch up, UTC, no limit', async () => {
      expect(await create()).toMatchObject({
        overlap: 'skip',
        catchupWindowMs: 365 * 24 * 3_600_000,
        pauseOnFailure: false,
        limitedActions: null,
        timezone: 'UTC',
        paused: false,
        note: null,
      });
    });

    it.each([
      [{ cron: '30 6 29 2 *', startAt: '2093-01-01T00:00:00Z' }, '2096-02-29T06:30:00.000Z'],
      [{ cron: '15 30 6 1 1 * 2098' }, '2098-01-01T06:30:15.000Z'],
      [
        { cron: '0 3 1 7 *', timezone: 'Europe/Zurich', startAt: '2097-01-01T00:00:00Z' },
        '2097-07-01T01:00:00.000Z',
      ],
      [{ every: '24h', startAt: '2097-01-01T00:00:01Z' }, '2097-01-02T00:00:00.000Z'],
      [{ at: '2097-01-31T08:00:00-05:00' }, '2097-01-31T13:00:00.000Z'],
      [{ at: '2097-07-01T08:00:00', timezone: 'Europe/Zurich' }, '2097-07-01T06:00:00.000Z'],
      [
        {
          calendar: { dayOfWeek: { start: 'FRI', end: 'SAT' }, hour: 17 },
          startAt: '2097-01-01T18:00:00Z',
        },
        '2097-01-04T17:00:00.000Z',
      ],
      [
        { cron: '0 0 1 * *', skip: { month: 'JAN' }, startAt: '2097-01-01T00:00:00Z' },
        '2097-02-01T00:00:00.000Z',
      ],
    ] as [object, string][])('%j starts at %s', async (times, next) => {
      const record = await create({ cron: undefined, ...times });
      expect(record.nextAt).toBe(next);
    });

    it('refuses expressions in parameters and input, which nobody would evaluate, and says where they go', async () => {
      const time = '${{ execution.scheduledTime }}';
      const ofTask = create({ input: { days: ['Monday', `on ${time}`] } });
      await expect(ofTask).rejects.toThrow(
        'input.days[1]: expressions are not evaluated here, and every execution would get the text "on ${{ execution.scheduledTime }}" (schedule a pipeline of one node: in its input ${{ execution.scheduledTime }} is the time that each execution is for)',
      );
      const graph = (input: string) => ({
        name: 'daily',
        params: { day: { default: '' } },
        tasks: [{ id: 'a', task: 'echo', input }],
      });
      const work = { task: undefined, input: undefined };
      const ofGraph = create({ ...work, graph: graph('${{ params.day }}'), params: { day: time } });
      await expect(ofGraph).rejects.toThrow(
        /params\.day: expressions are not evaluated here.*in the pipeline itself/,
      );
      // In the pipeline, and in the inputs of its nodes, it is.
      const { id } = await create({ ...work, graph: graph('x'), inputs: { a: time } });
      const executionId = await triggered(id);
      const { output } = await harness.engine.handle(executionId).result();
      expect((output as { a: string }).a).toMatch(/^\d{4}-\d\d-\d\dT/);
      expect(executionId).toContain((output as { a: string }).a.slice(0, 19));
    });

    it('refuses an id that is there', async () => {
      const { id } = await create();
      const again = create({ id });
      await expect(again).rejects.toBeInstanceOf(TaskStateError);
      await expect(again).rejects.toThrow('already exists; choose another id');
    });

    it('refuses a graph as a submission does, with every fault of schedule and graph at once', async () => {
      const refused = harness.engine.schedules.create({
        id: 'a/b',
        graph: { name: 'g', tasks: [{ id: 'x', task: 'echo', dependsOn: ['y'] }] },
        params: { nope: 1 },
        cron: '61 * * * *',
        timezone: 'Zurich',
        overlap: 'skp' as 'skip',
      });
      await expect(refused).rejects.toBeInstanceOf(SpecInvalidError);
      const thrown: unknown = await refused.catch((error: unknown) => error);
      const { faults } = thrown as SpecInvalidError;
      expect(faults.map(({ path }) => path).sort()).toEqual(
        ['cron', 'id', 'overlap', 'params.nope', 'tasks[0].dependsOn[0]', 'timezone'].sort(),
      );
    });
  });

  it.each([
    [{ jitter: -1 }, 'jitter: expected a duration'],
    [{ catchupWindow: '1s' }, 'catchupWindow: expected at least "10s", got "1s"'],
    [
      { overlap: 'bufferon' },
      'overlap: expected one of skip, bufferOne, bufferAll, cancelOther, terminateOther, allowAll, got "bufferon" (did you mean "bufferOne"?)',
    ],
    [
      { limitedActions: 1.5 },
      'limitedActions: expected a whole number from 0, or null for no limit, got 1.5',
    ],
    [{ paused: 'yes' }, 'paused: expected true or false, got "yes"'],
    [{ note: 5 }, 'note: expected text, got 5'],
    [
      { overlap: 'allowAll', pauseOnFailure: true },
      'pauseOnFailure: does nothing with overlap allowAll',
    ],
    [{ scheduledTime: '5s' }, 'scheduledTime: is not for schedules: say when with cron, every'],
    [{ reuse: 'always' }, 'reuse: is not for schedules: every execution of a schedule gets an id'],
    [{ crn: '* * * * *' }, 'crn: unknown field "crn" (did you mean "cron"?)'],
    [{ every: undefined }, '(root): says no times: give cron, every, calendar or at'],
    [{ task: undefined }, '(root): says nothing to run: give task or graph'],
    [{ graph: { name: 'g', tasks: [] } }, '(root): says two things to run: give task or graph'],
    [{ task: undefined, graph: 5 }, 'graph: expected a graph, got 5'],
    [{ inputs: {} }, 'inputs: is for a graph; a task takes input'],
    [{ id: 'x'.repeat(235) }, 'id: expected 1 to 234 characters without "/"'],
    [{ executionId: 'a/b' }, 'executionId: expected 1 to 234 characters without "/"'],
    [
      { executionId: 'a\u202eb' },
      'executionId: expected 1 to 234 characters without control characters such as \\u202e, got "a\\u202eb"',
    ],
    [{ timeout: 'long' }, 'timeout: expected a duration'],
    [{ cron: '61 * * * *' }, 'cron: minute: expected a value'],
    [{ at: '2101-01-01T00:00:00Z' }, 'at: expected a time in the years 2000 to 2100'],
    [{ cron: '0 0 * * *', timezone: 'Etc/utc' }, 'Temporal refuses it: unknown time zone'],
  ] as [object, string][])('refuses %j and says why', async (options, message) => {
    const refused = harness.engine.schedules.create({
      id: 'refused',
      task: 'echo',
      every: '1h',
      ...options,
    });
    await expect(refused).rejects.toMatchObject({ code: 'SPEC_INVALID' });
    await expect(refused).rejects.toThrow(message);
  });

  describe('update', () => {
    it('changes what is said and keeps the rest', async () => {
      const { id } = await create({
        cron: '0 2 * * *',
        timezone: 'Europe/Zurich',
        overlap: 'bufferAll',
        note: 'mine',
        limitedActions: 5,
        endAt: '2099-01-01T00:00:00Z',
      });
      const { schedules } = harness.engine;
      expect(await schedules.update(id, { every: '2h', jitter: '5s' })).toMatchObject({
        when: ['every 2 h'],
        timezone: 'Europe/Zurich',
        times: { jitter: 5_000, endAt: new Date('2099-01-01T00:00:00Z') },
        overlap: 'bufferAll',
        note: 'mine',
        limitedActions: 5,
      });
      const changed = await schedules.update(id, {
        limitedActions: null,
        endAt: null,
        catchupWindow: '5m',
      });
      expect(changed).toMatchObject({ limitedActions: null, catchupWindowMs: 300_000 });
      expect(changed.times).not.toHaveProperty('endAt');
    });

    it('changes the zone of what was written', async () => {
      const { id } = await create({ cron: '0 3 1 7 *', at: '2097-07-02T08:00:00Z' });
      const { times, next } = await harness.engine.schedules.update(id, {
        timezone: 'Asia/Tokyo',
        startAt: '2097-01-01T00:00:00Z',
      });
      expect(times).toMatchObject({ cron: ['0 3 1 7 *'], at: ['2097-07-02T08:00:00Z'] });
      expect(next.slice(0, 2)).toEqual(['2097-06-30T18:00:00.000Z', '2097-07-02T08:00:00.000Z']);
    });

    it('changes input, project and what is run', async () => {
      const { id } = await create({ project: 'one', metadata: { x: 1 } });
      const { schedules } = harness.engine;
      await schedules.update(id, { input: 'tock', project: 'two' });
      const second = await triggered(id);
      expect((await harness.engine.handle(second).result()).status).toBe('COMPLETED');
      expect(await harness.engine.getExecution(second)).toMatchObject({
        output: 'tock',
        project: 'two',
        metadata: { x: 1 },
      });
      const graph = { name: 'pair', tasks: [{ id: 'a', task: 'echo', input: 7 }] };
      expect(await schedules.update(id, { graph })).toMatchObject({
        kind: 'graph',
        taskId: 'pair',
        project: null,
      });
      const third = await harness.engine.handle(await triggered(id)).result();
      expect(third.output).toEqual({ a: 7 });
    });

    it('refuses an expression that is new in the parameters, and not what is there', async () => {
      const graph = {
        name: 'daily',
        params: { day: { type: 'string' as const }, text: { type: 'string' as const } },
        tasks: [{ id: 'a', task: 'echo', input: '${{ params.day }}' }],
      };
      const params = { day: 'Monday', text: '$${{ x }}' };
      const { id } = await create({ task: undefined, input: undefined, graph, params });
      const changed = { ...params, day: '${{ execution.scheduledTime }}' };
      const refused = harness.engine.schedules.update(id, { params: changed });
      await expect(refused).rejects.toMatchObject({
        faults: [{ path: 'params.day', code: 'EXPRESSION' }],
      });
      // As an earlier version has stored it.
      await harness.client.schedule.getHandle(id).update((before) => {
        const { action } = before;
        const [spec, submission] = action.args as [object, object];
        return {
          ...before,
          action: { ...action, args: [spec, { ...submission, params: changed }] },
        };
      });
      const kept = await harness.engine.schedules.update(id, { params: changed, note: 'kept' });
      expect(kept).toMatchObject({ note: 'kept', submission: { params: changed } });
    });

    it('refuses what create refuses, and changes nothing', async () => {
      const { id } = await create();
      const refused = harness.engine.schedules.update(id, { cron: 'x', params: { y: 1 } });
      await expect(refused).rejects.toMatchObject({
        faults: [{ path: 'cron' }, { path: 'params.y' }],
      });
      expect((await get(id)).when).toEqual(['cron 0 0 1 1 *']);
    });
  });

  it('lists schedules by id, and by project', async () => {
    const project = `listed-${harness.taskQueue}`;
    const { id } = await create({ project, note: 'hello' });
    const { id: other } = await create({ project, every: '1h' });
    const list = async () => (await harness.engine.schedules.list({ project })).schedules;
    await until(async () => (await list()).length === 2);
    await until(async () => (await list()).every(({ nextAt }) => nextAt !== null));
    expect(await list()).toMatchObject([
      { id, taskId: 'echo', project, note: 'hello', when: ['cron 0 0 1 1 *'], last: null },
      { id: other, when: ['cron 0 0 1 1 *', 'every 1 h'] },
    ]);
  });

  it('is gone once deleted; its executions go on', async () => {
    const { id } = await create({ task: 'sleep', input: { ms: 3_600_000 } });
    const executionId = await triggered(id);
    await harness.engine.schedules.delete(id);
    await expect(get(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await harness.engine.cancelExecution(executionId)).toMatchObject({ success: true });
    expect((await create({ id })).counts.started).toBe(0);
  });

  it.each(['get', 'pause', 'resume', 'trigger', 'delete'] as const)(
    '%s of one that is not there is NOT_FOUND, and says which is near',
    async (verb) => {
      const { id } = await create();
      const { schedules } = harness.engine;
      await until(async () => (await schedules.list()).schedules.some((one) => one.id === id));
      const missing = schedules[verb](id.replace('test-', 'tst-'));
      await expect(missing).rejects.toBeInstanceOf(TaskError);
      await expect(missing).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: expect.stringContaining(`did you mean "${id.slice(0, 10)}`) as string,
      });
    },
  );

  it('leaves schedules of others alone', async () => {
    const { Client, Connection } = await import('@temporalio/client');
    const connection = await Connection.connect({ address: harness.address });
    const id = kit.newId();
    const handle = await new Client({ connection }).schedule.create({
      scheduleId: id,
      spec: { intervals: [{ every: '1h' }] },
      action: { type: 'startWorkflow', workflowType: 'theirs', taskQueue: 'theirs' },
    });
    await expect(harness.engine.schedules.pause(id)).rejects.toThrow('it is none of Tempograph');
    const { schedules } = await harness.engine.schedules.list({ limit: 1_000 });
    expect(schedules.map((one) => one.id)).not.toContain(id);
    await handle.delete();
    await connection.close();
  });
});
