import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { spawnOwned } from '../../src/servers/owned-process.js';
import { freePort } from '../../src/servers/ports.js';
import { nodeVersion, type Check } from '../../src/cli/doctor-checks.js';
import { buildCli, documentOf, envOf, runCli, type CliResult } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';
import { shared } from '../support/shared.js';

describe('tempograph doctor', () => {
  let harness: Harness;
  let folder: string;
  beforeAll(async () => {
    await buildCli();
    harness = await startHarness();
    folder = mkdtempSync(join(tmpdir(), 'tempograph-doctor-'));
  });
  afterAll(async () => {
    await harness.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const doctor = async (env: Record<string, string>) =>
    await runCli(['doctor', '--json'], {
      env: { ...envOf(harness), TEMPORAL_CLI_PATH: shared().binary, ...env },
    });
  const checkOf = (result: CliResult, name: string) =>
    documentOf<{ checks: Check[] }>(result).checks.find((check) => check.name === name);

  it('finds everything well where server and worker run', async () => {
    const result = await doctor({});
    expect(result.code).toBe(0);
    expect(documentOf(result)).toMatchObject({ ok: true });
    for (const name of [
      'node',
      'temporal',
      'namespace',
      'search attributes',
      'worker',
      'server speed',
      'data folder',
    ])
      expect(checkOf(result, name)).toMatchObject({ status: 'ok' });
    expect(checkOf(result, 'dev server')?.message).toContain('TEMPORAL_CLI_PATH');
    expect(checkOf(result, 'temporal')?.message).toMatch(/, version \d+\.\d+/);
  });

  it('says which programs the workers run, and of the others why not', async () => {
    const before = await doctor({});
    expect(checkOf(before, 'programs: faas')).toMatchObject({
      ...{ status: 'warn', message: 'no worker runs them: the setting programs leaves it out' },
    });
    const able = await startHarness({ programs: ['faas'] });
    const after = await doctor({ TEMPOGRAPH_TASK_QUEUE: able.taskQueue });
    await able.stop();
    expect(checkOf(after, 'programs: faas')).toMatchObject({
      status: 'ok',
      message: '1 of 1 workers',
    });
    expect(checkOf(after, 'programs: process')).toMatchObject({ status: 'warn' });
  });

  it("says what holds up a server with Temporal's own settings", async () => {
    const [port, uiPort] = [await freePort('127.0.0.1'), await freePort('127.0.0.1')];
    const server = await spawnOwned(
      shared().binary,
      [
        ...['server', 'start-dev', '--headless', '--ip', '127.0.0.1'],
        ...['--port', String(port), '--ui-port', String(uiPort), '--http-port', '0'],
      ],
      { env: process.env },
    );
    let there: Harness | undefined;
    try {
      const address = `127.0.0.1:${port}`;
      await (await Connection.connect({ address, connectTimeout: '30s' })).close();
      there = await startHarness({ address });
      const { taskQueue } = there;
      const env = { TEMPORAL_ADDRESS: address, TEMPOGRAPH_TASK_QUEUE: taskQueue };
      const speed = checkOf(await doctor(env), 'server speed');
      expect(speed).toMatchObject({ status: 'warn' });
      expect(speed?.fix).toContain('history.transferProcessorMaxPollRPS 1000');
    } finally {
      await there?.stop();
      await server.stop(10_000);
    }
  });

  it('warns of a task queue that nobody polls', async () => {
    const result = await doctor({ TEMPOGRAPH_TASK_QUEUE: 'nobody-is-ill' });
    expect(result.code).toBe(0);
    expect(checkOf(result, 'worker')).toMatchObject({
      status: 'warn',
      fix: expect.stringContaining('tempograph worker') as string,
    });
  });

  it('ends with 3 when Temporal is not reached, and says what to do', async () => {
    const result = await doctor({ TEMPORAL_ADDRESS: '127.0.0.1:1' });
    expect(result.code).toBe(3);
    expect(checkOf(result, 'temporal')).toMatchObject({
      status: 'fail',
      message: 'no Temporal server answers at 127.0.0.1:1',
      fix: expect.stringContaining('tempograph dev') as string,
    });
  });

  it('ends with 1 when something else is broken', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    const result = await doctor({ TEMPOGRAPH_DATA_DIR: join(file, 'data') });
    expect(result.code).toBe(1);
    expect(checkOf(result, 'data folder')).toMatchObject({ status: 'fail' });
  });

  it('prints a line for each check, and what to do below it', async () => {
    const env = { ...envOf(harness), TEMPOGRAPH_TASK_QUEUE: 'nobody-is-ill' };
    const { stdout } = await runCli(['doctor'], { env });
    expect(stdout).toMatch(/^✔ node +\d+\.\d+/m);
    expect(stdout).toMatch(/^! worker +no worker polls/m);
    expect(stdout).toMatch(/^ {4}→ start one with "tempograph worker"/m);
  });
});

describe('nodeVersion', () => {
  it.each([
    ['18.20.0', 'fail'],
    ['20.18.1', 'fail'],
    ['20.19.0', 'ok'],
    ['22.0.0', 'ok'],
  ])('finds %s %s', (version, status) => {
    expect(nodeVersion(version).status).toBe(status);
  });
});
