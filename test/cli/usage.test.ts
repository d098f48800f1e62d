import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMAND_NAMES } from '../../src/cli/commands.js';
import { buildCli, documentOf, runCli, startCli } from '../support/cli.js';

describe('tempograph', () => {
  beforeAll(buildCli);

  it.each([
    [[], ''],
    [['nope'], "unknown command 'nope'"],
    [['rnu'], 'Did you mean run?'],
    [['run'], "missing required argument 'file|task'"],
    [['run', 'echo', '--bogus'], "unknown option '--bogus'"],
    [['list', '--limit', 'many'], '--limit: expected a whole number from 1 to 1000, got "many"'],
    [['list', '--status', 'faild'], 'did you mean "FAILED"?'],
    [['run', 'echo', '--priority', 'urgent'], '--priority: expected one of LOW, MEDIUM'],
    [['dev', '--port', '70000'], '--port: expected a whole number from 0 to 65535'],
    [['worker', '--log-level', 'loud'], '--log-level: expected one of trace, debug'],
    [
      ['dev', '--port', '7640', '--http-port', '8640'],
      'the Web UI (1000 above --port) and --http-port are the same port, 8640; choose another --http-port, or',
    ],
    [['list', '--log-level', 'wran'], 'got "wran" (did you mean "warn"?)'],
    [['stats', '--by', 'projcet'], 'did you mean "project"?'],
    [['retry-preview', '--strategy', 'exponental'], 'did you mean "EXPONENTIAL_BACKOFF"?'],
    [['run', 'echo', '--priority', 'HIHG'], 'did you mean "HIGH"?'],
    [['completion', 'bsh'], 'did you mean "bash"?'],
    [
      ['node', 'complete', 'x/y', 'a.json', '--reason', 'r'],
      'output: expected JSON, or @file, got',
    ],
    [['node', 'complete', 'x/y', '@no.json', '--reason', 'r'], 'output no.json: there is no such'],
    [['approve', 'x/y', '--payload', '{'], '--payload: expected JSON, or @file, got "{"'],
    [['task', 'create', 't', '--project', 'p', '--defaults', '{'], '--defaults: expected JSON'],
    [['task', 'create', 't', '--project', 'p', '--program', '{'], '--program: expected JSON'],
    [['task', 'update', 't', '--expected-version', 'two'], '--expected-version: expected a whole'],
    [['edit', 'x', 'more.yaml', '--if-version', 'two'], '--if-version: expected a whole number'],
  ])('ends %j with exit code 2 and says why', async (args, message) => {
    const result = await runCli(args);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(message);
    expect(result.stdout).toBe('');
    expect(result.stderr).not.toMatch(/^ {4}at /m);
  });

  it('warns on standard error of a variable that nothing reads, and says which is meant', async () => {
    const env = { TEMPOGRAPH_MAX_THREDS: '3' };
    const { code, stdout, stderr } = await runCli(['retry-preview', '--json'], { env });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toBeDefined();
    expect(stderr).toContain(
      'warning: nothing reads the environment variable TEMPOGRAPH_MAX_THREDS',
    );
    expect(stderr).toContain('did you mean TEMPOGRAPH_MAX_THREADS?');
  });

  it('gives bad usage as a JSON document with --json', async () => {
    const result = await runCli(['run', '--bogus', '--json']);
    expect(result.code).toBe(2);
    expect(documentOf(result)).toEqual({
      error: { code: 'USAGE', message: expect.stringContaining("'--bogus'") as string },
    });
  });

  it.each(COMMAND_NAMES)('explains %s with examples', async (name) => {
    const { code, stdout } = await runCli([name, '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: tempograph ${name}`);
    expect(stdout).toContain('--json');
    expect(stdout).toContain('Examples:');
    expect(stdout).not.toContain('\u001b');
  });

  it('tells the version of the package', async () => {
    const text = readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8');
    const { version } = JSON.parse(text) as { version: string };
    expect((await runCli(['--version'])).stdout).toBe(`${version}\n`);
  });

  (process.platform === 'linux' ? it : it.skip)(
    'refuses a data folder that cannot be made, where a recursive mkdir never returns',
    async () => {
      const { child, ended } = startCli(['dev', '--port', '0', '--http-port', '0'], {
        env: { TEMPOGRAPH_DATA_DIR: '/proc/x' },
      });
      const giveUp = setTimeout(() => child.kill('SIGKILL'), 30_000);
      const { code, stderr } = await ended;
      clearTimeout(giveUp);
      expect(code).toBe(2);
      expect(stderr).toContain('the folder /proc/x cannot be made: ENOENT');
      expect(stderr).toContain('choose another with --data or TEMPOGRAPH_DATA_DIR');
    },
  );

  it('shows a stack only when the log level is debug', async () => {
    const args = ['status', 'x', '--address', '127.0.0.1:1', '--log-level'];
    expect((await runCli([...args, 'info'])).stderr).not.toMatch(/^ {4}at /m);
    expect((await runCli([...args, 'debug'])).stderr).toMatch(/^ {4}at /m);
  });
});
