import Libsql from 'libsql';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { openStore } from '../../src/store/store.js';
import { spawnOwned } from '../../src/servers/owned-process.js';
import { freePort } from '../../src/servers/ports.js';
import type { Check } from '../../src/cli/doctor-check.js';
import { nodeVersion } from '../../src/cli/doctor-machine.js';
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
      'data folder',
      'store',
      'records',
      'versions',
      'tasks',
      'clocks',
      'large values',
      "Temporal's clock",
    ])
      expect(checkOf(result, name)).toMatchObject({ status: 'ok' });
    expect(checkOf(result, 'dev server')?.message).toContain('TEMPORAL_CLI_PATH');
    expect(checkOf(result, 'temporal')?.message).toMatch(/, version \d+\.\d+/);
    expect(checkOf(result, 'server speed')?.message).toMatch(/^a step of a chain takes \d+ ms/);
  });

  it('says that the workers keep large values and records elsewhere than this command looks', async () => {
    const result = await doctor({ TEMPOGRAPH_DATA_DIR: join(folder, 'elsewhere') });
    expect(checkOf(result, 'large values')).toMatchObject({
      status: 'warn',
      message: expect.stringMatching(
        new RegExp(
          `^the workers keep them in ${harness.dataDir}/blobs, this command in .*elsewhere`,
        ),
      ) as string,
      fix: expect.stringContaining('TEMPOGRAPH_DATA_DIR') as string,
    });
    expect(checkOf(result, 'records')).toMatchObject({
      status: 'warn',
      message: expect.stringMatching(
        /^this command reads sqlite:.*elsewhere.* records in sqlite:/,
      ) as string,
    });
    expect(result.code).toBe(0);
  });

  it('says that two workers of a queue do not share what they write', async () => {
    const two = await startHarness();
    await two.startWorker({ dataDir: join(folder, 'second'), temporal: { identity: 'second' } });
    const result = await doctor({
      ...{ TEMPOGRAPH_TASK_QUEUE: two.taskQueue, TEMPOGRAPH_DATA_DIR: two.dataDir },
    });
    await two.stop();
    const found = checkOf(result, 'large values');
    expect(found).toMatchObject({ status: 'warn' });
    expect(found?.message).toMatch(/2 places that are not the same/);
  });

  it.each([
    [
      "insert into tempograph_migrations values ('9999-later', '2030-01-01')",
      'fail',
      /newer version/,
    ],
    ["delete from tempograph_migrations where name > '0004'", 'warn', /older version, up to 0003/],
  ])('tells a store of another version by its tables (%s)', async (change, status, message) => {
    const file = join(mkdtempSync(join(folder, 'store-')), 'store.db');
    await (await openStore({ url: file })).close();
    const database = new Libsql(file);
    database.exec(change);
    database.close();
    const result = await doctor({ TEMPOGRAPH_STORE_URL: file });
    const found = checkOf(result, 'store');
    expect(found).toMatchObject({ status });
    expect(found?.message).toMatch(message);
    expect(result.code).toBe(status === 'fail' ? 1 : 0);
  });

  it('tells a store that does not answer, and one that is none', async () => {
    const down = await doctor({ TEMPOGRAPH_STORE_URL: 'postgres://me:secret@127.0.0.1:1/db' });
    expect(checkOf(down, 'store')).toMatchObject({
      status: 'fail',
      fix: expect.stringContaining('start its database') as string,
    });
    expect(down.stdout).not.toContain('secret');
    const text = join(folder, 'text.db');
    writeFileSync(text, 'this is no database, and it is long enough to be read as one '.repeat(20));
    const wrong = await doctor({ TEMPOGRAPH_STORE_URL: text });
    expect(checkOf(wrong, 'store')?.message).toContain('expected a SQLite file');
    expect(wrong.code).toBe(1);
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

  it("says what holds up a server with Temporal's own settings, and which queue its workers poll", async () => {
    const [port, uiPort] = [await freePort('127.0.0.1'), await freePort('127.0.0.1')];
    const server = await spawnOwned(
      shared().binary,
      [
        ...['server', 'start-dev', '--headless', '--ip', '127.0.0.1'],
        ...['--port', String(port), '--ui-port', String(uiPort)],
      ],
      { env: process.env },
    );
    let there: Harness | undefined;
    try {
      const address = `127.0.0.1:${port}`;
      await (await Connection.connect({ address, connectTimeout: '30s' })).close();
      there = await startHarness({ address });
      const { taskQueue } = there;
      await (await there.engine.scheduleTask({ task: 'echo' })).result();
      const elsewhere = await doctor({
        ...{ TEMPORAL_ADDRESS: address, TEMPOGRAPH_TASK_QUEUE: 'somewhere-else' },
      });
      expect(checkOf(elsewhere, 'worker')).toMatchObject({
        status: 'warn',
        message: expect.stringContaining(`but one polls ${taskQueue}`) as string,
        fix: expect.stringContaining(`--task-queue ${taskQueue}`) as string,
      });
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

  it('makes no data folder where there is none, and says that one can be made', async () => {
    const dataDir = join(folder, 'nobody-was-here', 'data');
    const result = await doctor({ TEMPOGRAPH_DATA_DIR: dataDir });
    expect(checkOf(result, 'data folder')).toEqual({
      ...{ name: 'data folder', status: 'ok' },
      message: `${dataDir} is not there yet; the first that writes to it makes it`,
    });
    expect(checkOf(result, 'large values')?.message).toContain(`this command in ${dataDir}/blobs`);
    expect(existsSync(join(folder, 'nobody-was-here'))).toBe(false);
  });

  it('prints a line for each check, and what to do below it', async () => {
    const env = { ...envOf(harness), TEMPOGRAPH_TASK_QUEUE: 'nobody-is-ill' };
    const { stdout } = await runCli(['doctor'], { env });
    expect(stdout).toMatch(/^✔ node +\d+\.\d+/m);
    expect(stdout).toMatch(/^! worker +no worker polls/m);
    // Where workers of other tests poll, it names the queue of one.
    expect(stdout).toMatch(/^ {4}→ .*start one with "tempograph worker"/m);
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
