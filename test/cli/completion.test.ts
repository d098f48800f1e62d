import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildCli, documentOf, runCli } from '../support/cli.js';

const run = promisify(execFile);

const isThere = (program: string): boolean => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

describe('tempograph completion', () => {
  let folder: string;
  const script = (shell: string): string => join(folder, `tempograph.${shell}`);

  beforeAll(async () => {
    await buildCli();
    folder = mkdtempSync(join(tmpdir(), 'tempograph-completion-'));
    for (const shell of ['bash', 'zsh', 'fish'])
      writeFileSync(script(shell), (await runCli(['completion', shell])).stdout);
    writeFileSync(join(folder, 'nightly job.yaml'), '');
    writeFileSync(join(folder, 'other.yaml'), '');
  });

  /** What bash offers for the last of these words. */
  async function offered(...words: string[]): Promise<string[]> {
    const ask =
      'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tempograph; printf "%s\\n" "${COMPREPLY[@]}"';
    const args = ['--norc', '-c', ask, 'bash', script('bash'), 'tempograph', ...words];
    const { stdout, stderr } = await run('bash', args, { cwd: folder });
    expect(stderr).toBe('');
    return stdout.split('\n').filter((line) => line !== '');
  }

  it.each([
    [['sch'], ['schema', 'schedule']],
    [['schedule', 're'], ['resume']],
    [
      ['schedule', ''],
      [
        'create',
        'update',
        'list',
        'show',
        'pause',
        'resume',
        'trigger',
        'backfill',
        'delete',
        '--help',
      ],
    ],
    [['--v'], ['--version']],
    [['help', 'exp'], ['explain']],
    [['run', '--pri'], ['--priority']],
    [['schedule', 'create', 'x', '--cron', '@daily', '--over'], ['--overlap']],
    [['list', '--status', 'FA'], ['FAILED']],
    [['list', '--status', '=', 'FA'], ['FAILED']],
    [['list', '--status', '='], expect.arrayContaining(['FAILED', 'COMPLETED']) as string[]],
    [['list', '--limit', '5', '--stat'], ['--status']],
    [['list', '--limit', '=', '5', '--stat'], ['--status']],
    [['list', '--json', '--stat'], ['--status']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['completion', 'bash', ''], []],
    [['run', 'night'], ['nightly job.yaml']],
    [['run', '-i', '@night'], ['@nightly job.yaml']],
    [['run', '--id', ''], []],
    [['explain', ''], []],
    [['nope', ''], []],
  ])('offers in bash after %j what fits', async (words, expected) => {
    expect(await offered(...words)).toEqual(expected);
  });

  it('offers every command and group of the help', async () => {
    const { stdout } = await runCli(['--help']);
    const names = [...stdout.matchAll(/^ {2}([a-z][a-z-]+)/gm)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(30);
    expect(await offered('')).toEqual(expect.arrayContaining(names));
  });

  it('gives bash a script without faults, to be loaded as it is', async () => {
    await run('bash', ['-n', script('bash')]);
    const { stdout } = await run('bash', [
      '-c',
      `source ${script('bash')}; complete -p tempograph`,
    ]);
    expect(stdout).toBe('complete -F _tempograph tempograph\n');
  });

  it.each(['zsh', 'fish'])('gives %s the script that was looked at', async (shell) => {
    const { stdout } = await runCli(['completion', shell]);
    const lines = stdout.split('\n');
    expect(lines.filter((line) => /watch|__tempograph_at'/.test(line))).toMatchSnapshot();
    if (isThere(shell)) await run(shell, ['-n', script(shell)]);
  });

  it('refuses a shell that it does not know, and names those that it does', async () => {
    const { code, stderr } = await runCli(['completion', 'tcsh']);
    expect(code).toBe(2);
    expect(stderr).toContain('expected one of bash, zsh, fish, got "tcsh"');
  });
});

describe('tempograph man', () => {
  beforeAll(buildCli);

  (isThere('groff') ? it : it.skip)(
    'is rendered by groff without a warning, and has every command',
    async () => {
      const { page } = documentOf<{ page: string }>(await runCli(['man', '--json']));
      const file = join(mkdtempSync(join(tmpdir(), 'tempograph-man-')), 'tempograph.1');
      writeFileSync(file, page);
      const { stdout, stderr } = await run('groff', ['-man', '-Tutf8', '-ww', '-P-cbou', file]);
      expect(stderr).toBe('');
      for (const text of [
        'tempograph schedule create',
        '--plain-http',
        'TEMPOGRAPH_API_KEY',
        '130',
      ])
        expect(stdout).toContain(text);
      expect(stdout).toContain('{"event":"ready"');
    },
  );

  it('says of every command what was looked at: words, options and examples', async () => {
    const { page } = documentOf<{ page: string }>(await runCli(['man', '--json']));
    expect(page.replace(/^\.TH .*$/m, '.TH')).toMatchSnapshot();
  });

  it('comes with the package, as the build wrote it', async () => {
    const { stdout } = await runCli(['man']);
    const built = execFileSync('cat', [join(__dirname, '..', '..', 'lib', 'man', 'tempograph.1')]);
    expect(built.toString()).toBe(stdout);
  });
});
