import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { isRunning } from '../servers/fakes.js';
import { buildCli, documentOf, runCli, startCli, until, type CliProcess } from '../support/cli.js';
import { shared } from '../support/shared.js';

const TASKS = join(__dirname, 'programs', 'tasks.ts');

interface Ready {
  event: 'ready';
  temporal: string;
  ui: string;
  http: string;
}

describe('tempograph dev', () => {
  let folder: string;
  const started: CliProcess[] = [];
  beforeAll(async () => {
    await buildCli();
    folder = mkdtempSync(join(tmpdir(), 'tempograph-dev-test-'));
  });
  afterEach(async () => {
    for (const dev of started.splice(0)) {
      dev.child.kill('SIGKILL');
      await dev.ended;
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const startDev = (...args: string[]): CliProcess => {
    const env = { TEMPORAL_CLI_PATH: shared().binary };
    const dev = startCli(['dev', '--port', '0', '--http-port', '0', ...args], { env, cwd: folder });
    started.push(dev);
    return dev;
  };
  const readyOf = async (dev: CliProcess): Promise<Ready> =>
    JSON.parse(await dev.saw('stdout', /\n/)) as Ready;

  /** The server among the process's children. */
  const serverOf = ({ pid }: CliProcess): number => {
    const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
    const server = lines
      .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
      .find((match) => Number(match?.[2]) === pid && match?.[3]?.includes('start-dev'));
    return Number(server?.[1]);
  };

  it('says where everything is in one JSON line, and runs what is submitted', async () => {
    const dev = startDev('--ephemeral', '--json', '--tasks', TASKS);
    const ready = await readyOf(dev);
    expect(ready).toEqual({
      event: 'ready',
      temporal: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
      ui: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
      http: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
    });
    expect((await fetch(ready.ui)).status).toBe(200);
    expect(await (await fetch(`${ready.http}/api/v1/meta`)).json()).toMatchObject({
      ...{ authentication: 'open', webUi: ready.ui },
    });
    const args = ['run', 'shout', '--input', '{"text":"hi"}', '--address', ready.temporal];
    const result = await runCli([...args, '--project', 'dev', '--json'], { cwd: folder });
    expect(documentOf(result)).toMatchObject({ status: 'COMPLETED', output: 'HI' });
    const listed = ['list', '--project', 'dev', '--json', '--address', ready.temporal];
    await until('the search attributes are set', async () => {
      const { executions } = documentOf<{ executions: unknown[] }>(await runCli(listed));
      return executions.length === 1;
    });
  });

  it('loads tasks anew when a file of theirs changes, and keeps what it had where they are wrong', async () => {
    const place = join(folder, 'reload');
    mkdirSync(join(place, 'node_modules'), { recursive: true });
    symlinkSync(join(__dirname, '..', '..'), join(place, 'node_modules', 'tempograph'));
    const write = (name: string, text: string): void => writeFileSync(join(place, name), text);
    write('package.json', '{ "type": "module" }');
    write('word.ts', "export const word = 'one';");
    write(
      'tasks.ts',
      "import { defineTask } from 'tempograph';\nimport { word } from './word.js';\nexport default defineTask({ name: 'say', run: () => word });",
    );
    const dev = startDev('--ephemeral', '--json', '--tasks', join(place, 'tasks.ts'));
    const { temporal } = await readyOf(dev);
    const said = async (): Promise<unknown> =>
      documentOf<{ output: unknown }>(
        await runCli(['run', 'say', '--json'], {
          env: { TEMPORAL_ADDRESS: temporal },
          cwd: folder,
        }),
      ).output;
    expect(await said()).toBe('one');
    write('word.ts', "export const word = 'two';");
    await dev.saw('stderr', /word\.ts changed: tasks are loaded anew/);
    expect(await said()).toBe('two');
    write('word.ts', "export const word = ';");
    await dev.saw(
      'stderr',
      /word\.ts changed; the worker goes on with what it had: --tasks .* cannot/,
    );
    expect(await said()).toBe('two');
    write('word.ts', "export const word = 'three';");
    await dev.saw('stderr', /(?:loaded anew[^]*){2}/);
    expect(await said()).toBe('three');
    dev.child.kill('SIGTERM');
    expect((await dev.ended).code).toBe(0);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'stops every process at %s and ends with 0',
    async (signal) => {
      const dev = startDev('--ephemeral', '--json');
      const { temporal } = await readyOf(dev);
      const server = serverOf(dev);
      expect(isRunning(server)).toBe(true);
      dev.child.kill(signal);
      const { code, stderr } = await dev.ended;
      expect(code).toBe(0);
      expect(stderr).toContain('stopping');
      expect(isRunning(server)).toBe(false);
      await expect(
        Connection.connect({ address: temporal, connectTimeout: 500 }),
      ).rejects.toThrow();
    },
  );

  it('ends at once, with all its processes, when it is asked a second time', async () => {
    const dev = startDev('--ephemeral', '--json');
    const { temporal } = await readyOf(dev);
    const server = serverOf(dev);
    const env = { TEMPORAL_ADDRESS: temporal };
    const submitted = await runCli(['run', 'sleep', '-i', '{"ms":3600000}', '--detach'], { env });
    expect(submitted.code).toBe(0);
    const id = `${submitted.stdout.trim()}/task`;
    await until('it runs', async () =>
      (await runCli(['status', id], { env })).stdout.includes('RUNNING'),
    );
    dev.child.kill('SIGINT');
    await dev.saw('stderr', /stopping/);
    await until('it has ended', () => !dev.child.kill('SIGINT'));
    expect((await dev.ended).code).toBe(130);
    await until('the server is gone', () => !isRunning(server));
  });

  it('ends with 3 and the end of its log when the server dies', async () => {
    const dev = startDev('--data', join(folder, 'dies'));
    await dev.saw('stdout', /tempograph dev is ready/);
    process.kill(serverOf(dev), 'SIGKILL');
    const { code, stderr } = await dev.ended;
    expect(code).toBe(3);
    expect(stderr).toContain('the Temporal server ended by itself (SIGKILL)');
    expect(stderr).toContain('Server:');
    expect(existsSync(join(folder, 'dies', 'temporal.db'))).toBe(true);
    expect(readFileSync(join(folder, 'dies', 'temporal-server.log'), 'utf8')).toContain('Server:');
  });

  it('shows commands that find what it keeps, from another terminal', async () => {
    const data = join(folder, 'kept here');
    const dev = startDev('--data', data);
    const text = await dev.saw('stdout', /Ctrl-C stops/);
    const [run = '', list = ''] = text.match(/^ {2}tempograph .*$/gm) ?? [];
    const place = `--address 127.0.0.1:\\d+ --data-dir '${data}'`;
    expect(run).toMatch(new RegExp(`^ {2}tempograph run echo .* ${place}$`));
    expect(list).toMatch(new RegExp(`^ {2}tempograph list ${place}$`));
    const [, address = ''] = /--address (\S+)/.exec(list) ?? [];
    const said = ['--address', address, '--data-dir', data];
    const echo = ['run', 'echo', '--input', '1', '--tag', 'shown', '--detach', ...said];
    const { stdout: id } = await runCli(echo, { cwd: tmpdir() });
    // Only the store knows of tags.
    const { stdout } = await runCli(['list', '--tag', 'shown', ...said], { cwd: tmpdir() });
    expect(stdout).toContain(id.trim());
  });

  it('tells people where things are and what to try next', async () => {
    const dev = startDev('--ephemeral');
    const text = await dev.saw('stdout', /Ctrl-C stops/);
    expect(text).toMatch(/Web UI +http:/);
    expect(text).toMatch(/tempograph run echo .* --address 127\.0\.0\.1:\d+/);
    expect(text).not.toContain('\u001b');
  });

  it('ends with 3 and says why when the port is taken', async () => {
    const [, port = ''] = shared().address.split(':');
    const env = { TEMPORAL_CLI_PATH: shared().binary };
    const result = await runCli(['dev', '--port', port, '--ephemeral', '--json'], { env });
    expect(result.code).toBe(3);
    expect(documentOf(result)).toMatchObject({
      error: { message: expect.stringContaining(`port ${port}`) as string },
    });
  });
});

describe('tempograph worker', () => {
  beforeAll(buildCli);

  it('runs the tasks of its modules until SIGTERM, and ends with 0', async () => {
    const env = {
      TEMPORAL_ADDRESS: shared().address,
      TEMPOGRAPH_TASK_QUEUE: `cli-worker-${process.pid}`,
    };
    const worker = startCli(['worker', '--tasks', TASKS, '--json'], { env });
    const ready = JSON.parse(await worker.saw('stdout', /\n/)) as Record<string, unknown>;
    expect(ready).toMatchObject({
      event: 'ready',
      taskQueue: env.TEMPOGRAPH_TASK_QUEUE,
      tasks: expect.arrayContaining(['shout', 'grumble', 'hush', 'echo']) as string[],
    });
    const result = await runCli(['run', 'hush', '--json'], { env });
    expect(documentOf(result)).toMatchObject({ output: 'hush' });
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0 });
  });

  it('ends with 3 when there is no server', async () => {
    const { code, stderr } = await runCli(['worker', '--address', '127.0.0.1:1']);
    expect(code).toBe(3);
    expect(stderr).toContain('no Temporal server answers at 127.0.0.1:1');
  });
});
