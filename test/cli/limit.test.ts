import { buildCli, documentOf, envOf, runCli, until } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';

describe('tempograph limit', () => {
  let harness: Harness;
  beforeAll(async () => {
    await buildCli();
    harness = await startHarness();
  });
  afterAll(() => harness.stop());

  const cli = async (...args: string[]) => await runCli(args, { env: envOf(harness) });

  it('lists a limit in use, shows who has it and who waits, changes it, and says when it is over', async () => {
    const key = `cli ${harness.taskQueue}`;
    const sleep = { task: 'sleep', input: { ms: 3_600_000 }, limit: { key, max: 1 } };
    const handle = await harness.engine.scheduleTaskGraph(
      { name: 'long', tasks: ['a', 'b'].map((id) => ({ id, ...sleep })) },
      { project: 'shop' },
    );
    const { executionId } = handle;
    const place = ['--project', 'shop'];
    await until('one has the place', async () => {
      const shown = await cli('limit', 'show', key, ...place, '--json');
      return shown.code === 0 && documentOf<{ limit: { used: number } }>(shown).limit.used === 1;
    });
    const shown = await cli('limit', 'show', key, ...place);
    expect(shown.stdout).toContain('1 of 1 taken');
    expect(shown.stdout).toMatch(new RegExp(`${executionId} +has +1 `));
    expect(shown.stdout).toMatch(new RegExp(`${executionId} +waits for +1 `));

    const set = await cli('limit', 'set', key, '2', ...place, '--json');
    expect(documentOf(set)).toMatchObject({ success: true });
    await until('it is in visibility, changed', async () => {
      const listed = await cli('limit', 'list', ...place, '--json');
      const { limits } = documentOf<{ limits: { key: string; max: number; defined: number }[] }>(
        listed,
      );
      return limits.some((one) => one.key === key && one.max === 2 && one.defined === 1);
    });
    expect((await cli('limit', 'list', ...place)).stdout).toContain('2 (1)');

    await handle.cancel();
    expect((await handle.result()).status).toBe('CANCELLED');
    await until('it is over', async () => (await cli('limit', 'show', key, ...place)).code === 2);
  });

  it('refuses what is no limit', async () => {
    expect((await cli('limit', 'set', 'x', '0')).code).toBe(2);
    expect((await cli('limit', 'show', 'nobody uses this')).code).toBe(2);
  });
});
