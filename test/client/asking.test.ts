import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TaskEngine } from '../../src/client.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

describe('listExecutions, getExecution and getExecutionStats', () => {
  let harness: Harness;
  let begunAt: Date;
  beforeAll(async () => {
    begunAt = new Date();
    harness = await startHarness();
    const { engine } = harness;
    await (
      await engine.scheduleTaskGraph(
        {
          name: 'report',
          tasks: [
            { id: 'a', task: 'echo', input: 1 },
            { id: 'b', task: 'fail', input: { times: 1 }, retry: { delay: 1 }, dependsOn: ['a'] },
          ],
        },
        { project: 'blue', tags: ['nightly'], metadata: { day: 7 }, executionId: 'report-1' },
      )
    ).result();
    for (const [at, project] of ['blue', 'green'].entries()) {
      const handle = await engine.scheduleTask({
        task: 'fail',
        input: { times: 9, message: 'disk is full' },
        retry: at === 0 ? 'NONE' : { maxRetries: 2, delay: 1 },
        project,
        executionId: `failing-${project}`,
      });
      await handle.result();
    }
    await engine.scheduleTask({ task: 'echo', scheduledTime: '2h', executionId: 'later' });
    await until(async () => (await engine.getExecutionStats()).active === 1);
    await until(async () => (await engine.getExecutionStats()).failed === 2);
  });
  afterAll(async () => {
    await harness.engine.cancelExecution('later');
    await harness.stop();
  });
  const ids = async (query: object) =>
    (await harness.engine.listExecutions(query)).executions.map(({ executionId }) => executionId);

  it.each(['report-1', 'failing-green'])(
    'says the same of when %s began and how long it took, whoever is asked',
    async (executionId) => {
      const { engine } = harness;
      const result = await (await engine.open(executionId)).result();
      const timesOf = ({ startedAt, endedAt, durationMs }: Partial<typeof result>) => ({
        ...{ startedAt, endedAt, durationMs },
      });
      const { executions } = await engine.listExecutions();
      const listed = executions.find((one) => one.executionId === executionId);
      const status = await engine.getExecution(executionId);
      expect(timesOf(status as object)).toEqual(timesOf(listed as object));
      expect(status.workflowMs).toBeUndefined();
      // Its graph hears of a lone task's end after its worker has recorded it.
      expect(status.startedAt).toBe(result.startedAt);
      expect(status.durationMs).toBeLessThanOrEqual(result.durationMs);
      const report = await engine.report(executionId);
      expect(timesOf(report as object)).toEqual(timesOf(result));
      const whole = Date.parse(result.endedAt) - Date.parse(result.startedAt);
      expect(result.durationMs).toBe(whole);
    },
  );

  it.each([
    [{ bogus: 'x' }, 'there is no "bogus"; there are status, reason, kind, '],
    [{ tag: 'nightly' }, 'there is no "tag" (did you mean "tags"?)'],
    [{ projct: 'x', task: 'y' }, 'there is no "projct" (did you mean "project"?), no "task"'],
    [null, 'expected an object of options, got null'],
    [{ status: 5 }, 'status: expected one of'],
  ])('refuses to list %j, which are no filters', async (query, says) => {
    await expect(harness.engine.listExecutions(query as never)).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining(says) as string,
    });
  });

  it('counts all that a filter lets through where it is asked to', async () => {
    const query = { status: 'FAILED', limit: 1 } as const;
    expect((await harness.engine.listExecutions(query)).total).toBeUndefined();
    const counted = await harness.engine.listExecutions({ ...query, withTotal: true });
    expect(counted).toMatchObject({ executions: [{}], total: 2 });
  });

  it.each([
    [{}, ['later', 'failing-green', 'failing-blue', 'report-1']],
    [{ status: 'FAILED' }, ['failing-green', 'failing-blue']],
    [{ status: ['COMPLETED', 'SCHEDULED'] }, ['later', 'report-1']],
    [{ project: 'blue' }, ['failing-blue', 'report-1']],
    [{ tags: ['nightly'] }, ['report-1']],
    [{ metadata: { day: 7 } }, ['report-1']],
    [{ taskId: 'fail' }, ['failing-green', 'failing-blue']],
    [{ text: 'disk full' }, ['failing-green', 'failing-blue']],
    [{ limit: 1, offset: 1 }, ['failing-green']],
    [{ kind: 'node', parentId: 'report-1' }, ['report-1/b', 'report-1/a']],
    [{ since: '2099-01-01T00:00:00Z' }, []],
  ])('lists %j', async (query, expected) => {
    const found = await ids(query);
    if ('parentId' in query) expect(found.sort()).toEqual([...expected].sort());
    else expect(found).toEqual(expected);
  });

  it('pages by cursor in one order', async () => {
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await harness.engine.listExecutions({ limit: 1, ...(cursor ? { cursor } : {}) });
      found.push(...page.executions.map(({ executionId }) => executionId));
      cursor = page.nextCursor;
    } while (cursor);
    expect(found).toEqual(['later', 'failing-green', 'failing-blue', 'report-1']);
  });

  it('refuses a filter that is none, naming it', async () => {
    await expect(ids({ status: 'DONE' })).rejects.toThrow(/status: expected one of .+"DONE"/);
    await expect(ids({ since: 'yesterday' })).rejects.toThrow(/since: expected a time/);
    await expect(ids({ limit: 0 })).rejects.toThrow(/limit/);
  });

  it('counts by the rules of the requirements, graphs and nodes apart', async () => {
    expect(await harness.engine.getExecutionStats()).toMatchObject({
      total: 4,
      successful: 1,
      failed: 2,
      cancelled: 0,
      skipped: 0,
      active: 1,
      retried: 1,
      totalRetries: 2,
    });
    expect(await harness.engine.getExecutionStats({ kind: 'node' })).toMatchObject({
      total: 2,
      successful: 2,
      retried: 1,
      totalRetries: 1,
    });
    const { groups = [] } = await harness.engine.getExecutionStats({ by: 'project' });
    expect(groups.map(({ key, total }) => [key.project, total])).toEqual(
      expect.arrayContaining([
        ['blue', 2],
        ['green', 1],
      ]),
    );
  });

  it('gives one execution whole: what Temporal knows, with what only the store keeps', async () => {
    expect(await harness.engine.getExecution('report-1')).toMatchObject({
      status: 'COMPLETED',
      project: 'blue',
      tags: ['nightly'],
      metadata: { day: 7 },
      output: { b: expect.anything() as unknown },
    });
    expect(await harness.engine.getExecution('report-1/b')).toMatchObject({
      kind: 'node',
      status: 'COMPLETED',
      attempts: 2,
      maxRetries: 3,
      waitMs: expect.any(Number) as number,
    });
    expect(await harness.engine.getExecution('later')).toMatchObject({
      status: 'SCHEDULED',
      scheduledTime: expect.any(String) as string,
    });
  });

  it('gives the first status a reason where there is one: of a node that depends on others', async () => {
    const { engine } = harness;
    const firstOf = async (id: string) => {
      const { statusHistory = [] } = await engine.getExecution(id);
      return [statusHistory[0]?.status, statusHistory[0]?.reason, statusHistory[1]?.status];
    };
    const { executions } = await engine.listExecutions({ executionId: 'failing-blue' });
    expect(executions[0]?.statusHistory?.[0]).toEqual({
      ...{ status: 'PENDING', at: executions[0]?.createdAt },
    });
    expect(await firstOf('failing-blue')).toEqual(['PENDING', undefined, 'SCHEDULED']);
    expect(await firstOf('report-1/a')).toEqual(['PENDING', undefined, 'SCHEDULED']);
    expect(await firstOf('report-1/b')).toEqual(['PENDING', 'dependencies', 'SCHEDULED']);
  });

  it.each(['report-1', 'failing-green', 'report-1/b'])(
    'says in the result of %s how long handlers took, as its nodes and its record have it',
    async (executionId) => {
      const { engine } = harness;
      const { executionTimeMs, nodes } = await engine.handle(executionId).result();
      const sum = Object.values(nodes).reduce((all, node) => all + node.executionTimeMs, 0);
      expect(executionTimeMs).toBe(sum);
      if (executionId !== 'report-1')
        expect(await engine.getExecution(executionId)).toMatchObject({ executionTimeMs });
    },
  );

  it('without a store lists from visibility, and says what needs one', async () => {
    const { address, taskQueue, dataDir } = harness;
    const engine = await TaskEngine.connect({ address, taskQueue, dataDir, storeUrl: 'none' });
    try {
      await expect(engine.listExecutions({ tags: ['x'] })).rejects.toThrow(
        /tags: .+need the store/,
      );
      await expect(engine.getExecutionStats()).rejects.toThrow(/needs the store/);
      const { executions } = await engine.listExecutions({ limit: 1_000 });
      const report = executions.find(({ executionId }) => executionId === 'report-1');
      // How long its nodes took is not known: its workflow is a bound.
      const { durationMs } = await engine.getExecution('report-1');
      expect(report).toMatchObject({ durationMs: null });
      expect(report?.workflowMs).toBeGreaterThanOrEqual(durationMs ?? Infinity);
    } finally {
      await engine.shutdown();
    }
  });

  it('finds nothing in the catalogue and no keys where there is no store, and makes none', async () => {
    const { address, taskQueue } = harness;
    const dataDir = mkdtempSync(join(tmpdir(), 'tempograph-none-'));
    const engine = await TaskEngine.connect({ address, taskQueue, dataDir });
    try {
      const { projects, tasks } = engine.catalogue;
      expect(await projects.list()).toEqual({ items: [] });
      expect(await tasks.list()).toEqual({ items: [] });
      expect(await tasks.versions('t')).toEqual([]);
      expect(await projects.find('shop')).toBeUndefined();
      expect(await tasks.find('p', 't')).toBeUndefined();
      expect(await engine.keys.list()).toEqual([]);
      expect(await engine.keys.get('k')).toBeUndefined();
      for (const asked of [projects.get('p'), tasks.get('t'), engine.scheduleTask({ taskId: 't' })])
        await expect(asked).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect(readdirSync(dataDir)).toEqual([]);
      const { id } = await projects.create({ name: 'shop' });
      expect(await projects.get(id)).toMatchObject({ name: 'shop' });
    } finally {
      await engine.shutdown();
      rmSync(dataDir, { recursive: true });
    }
  });

  it('a store that no worker has kept stands for no execution, before it is rebuilt', async () => {
    const { address, taskQueue } = harness;
    const dataDir = mkdtempSync(join(tmpdir(), 'tempograph-unkept-'));
    const engine = await TaskEngine.connect({ address, taskQueue, dataDir });
    const listed = async (): Promise<string[]> =>
      (await engine.listExecutions({ limit: 1_000 })).executions.map((one) => one.executionId);
    try {
      await expect(engine.audit.list()).rejects.toThrow(/audit log needs the store/);
      expect(readdirSync(dataDir)).toEqual([]);
      await engine.audit.append({ who: 'ann', what: 'test', target: 'x' });
      expect((await engine.audit.list()).entries).toHaveLength(1);
      expect((await engine.health()).store).toBe('up');
      await engine.addNeverRetryError('Unkept');
      expect(await engine.isRetriableError({ code: 'Unkept', message: 'x' })).toBe(false);
      expect(await listed()).toContain('report-1');
      await expect(engine.getExecutionStats()).rejects.toThrow(/needs the store/);
      await engine.rebuildStore({ since: begunAt }); // others run in the same namespace
      expect(await listed()).toContain('report-1');
      expect((await engine.getExecutionStats()).total).toBeGreaterThan(2);
    } finally {
      await engine.shutdown();
      rmSync(dataDir, { recursive: true, force: true });
    }
  });
});
