import { buildCli, runCli } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

describe('tempograph stats and list', () => {
  let harness: Harness;
  beforeAll(async () => {
    await buildCli();
    harness = await startHarness();
    for (const input of [{ times: 0 }, { times: 9 }])
      await (
        await harness.engine.scheduleTask({ task: 'fail', input, retry: 'NONE', tags: ['cli'] })
      ).result();
    await until(async () => (await harness.engine.getExecutionStats()).total === 2);
  });
  afterAll(() => harness.stop());

  const cli = async (...args: string[]) => {
    const { address, taskQueue, dataDir } = harness;
    const where = ['--address', address, '--task-queue', taskQueue, '--data-dir', dataDir];
    return await runCli([...args, ...where]);
  };

  it('counts by task, as a table and as one document', async () => {
    const table = await cli('stats', '--by', 'task');
    expect(table.code).toBe(0);
    expect(table.stdout).toMatch(/^TASK +TOTAL +OK +FAILED[^]+\nfail +2 +1 +1 [^]+\nall +2 +1 +1 /);
    const { code, stdout } = await cli('stats', '--json');
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      expect.objectContaining({ total: 2, successful: 1, failed: 1 }),
    ]);
  });

  it('gives the first lines of an order beside figures of all', async () => {
    await (await harness.engine.scheduleTask({ task: 'echo' })).result();
    await until(async () => (await harness.engine.getExecutionStats()).total === 3);
    const { stdout } = await cli('stats', '--by', 'task', '--order', 'failed', '-n', '1', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      total: 3,
      groups: [{ key: { task: 'fail' }, failed: 1 }],
    });
  });

  it('says of graphs whose nodes were retried that their lines do not count it', async () => {
    const { engine } = harness;
    expect((await cli('stats')).stderr).not.toContain('retried');
    const retry = { strategy: 'IMMEDIATE', maxRetries: 2 } as const;
    const tasks = ['a', 'b'].map((id) => ({ id, task: 'fail', input: { times: 2 }, retry }));
    await (await engine.scheduleTaskGraph({ name: 'again', tasks })).result();
    await until(async () => (await engine.getExecutionStats({ kind: 'node' })).successful === 2);
    await until(async () => (await engine.getExecutionStats()).total === 4);
    const { stdout, stderr } = await cli('stats');
    expect(stdout).toMatch(/\n4 +3 +1 +0 +0 +0 +0 +0 /);
    expect(stderr).toContain(
      '2 nodes of graphs were retried (4 retries), which is not counted here: see --nodes',
    );
    const nodes = await cli('stats', '--nodes');
    expect(nodes.stdout).toMatch(/\n2 +2 +0 +0 +0 +0 +2 +4 /);
    expect(nodes.stderr).not.toContain('not counted');
  });

  it('counts what completed with warnings, where there is any', async () => {
    const { engine } = harness;
    expect((await cli('stats')).stdout).not.toContain('WARNED');
    const result = { async: true, transform: 'output.none' };
    await (await engine.scheduleTask({ task: 'echo', input: 1, result })).result();
    await until(async () => (await engine.getExecutionStats()).withWarnings === 1);
    const { stdout } = await cli('stats', '--by', 'task');
    expect(stdout).toMatch(/RETRIES +WARNED[^]+\necho +2 +2 +0 +0 +0 +0 +0 +0 +1 /);
  });

  it('refuses a grouping that is none with exit code 2', async () => {
    expect((await cli('stats', '--by', 'colour')).code).toBe(2);
  });

  it('lists by tag and pages by cursor', async () => {
    const first = await cli('list', '--tag', 'cli', '-n', '1', '--json');
    const page = JSON.parse(first.stdout) as { executions: unknown[]; nextCursor: string };
    expect(page.executions).toHaveLength(1);
    const second = await cli('list', '--tag', 'cli', '--cursor', page.nextCursor, '--json');
    expect((JSON.parse(second.stdout) as typeof page).executions).toHaveLength(1);
    expect((await cli('list', '--since', 'soon')).code).toBe(2);
  });
});
