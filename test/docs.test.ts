import { execFile } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { parsePipeline, validateGraph } from '../src/index.js';
import { TRANSITIONS, STATUSES } from '../src/domain/status.js';
import { DEV_SERVER_SETTINGS } from '../src/servers/dev-server-settings.js';
import { buildCli } from './support/cli.js';
import { startHarness, type Harness } from './support/engine.js';
import { shared } from './support/shared.js';
import { runUserProgram, USER_TSCONFIG } from './support/user-program.js';

const run = promisify(execFile);
const root = join(__dirname, '..');

interface Block {
  file: string;
  /** Such as `ts run`. */
  kind: string;
  text: string;
}

function blocks(): Block[] {
  const files = [
    'README.md',
    ...readdirSync(join(root, 'docs'))
      .filter((name) => name.endsWith('.md'))
      .map((name) => join('docs', name)),
  ];
  return files.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return [...text.matchAll(/^```(\w+ (?:run|check|pipeline))\n([\s\S]*?)^```/gm)].map(
      ([, kind = '', body = '']) => ({ file, kind, text: body }),
    );
  });
}

const of = (...kinds: string[]): [string, Block][] =>
  blocks()
    .filter(({ kind }) => kinds.includes(kind))
    .map((block, index) => [`${block.file} #${index + 1}`, block]);

/** Commands, each behind `$ `, with the lines that are shown below it. */
function exchangesIn(text: string, file: string): [string, string, string[]][] {
  const found: [string, string, string[]][] = [];
  for (const line of text.trimEnd().split('\n')) {
    if (line.startsWith('$ ')) found.push([file, line.slice(2), []]);
    else found.at(-1)?.[2].push(line);
  }
  return found;
}

/** Lines that are shown and do not come in this order; `…` stands for anything. With what did come, where some are. */
function missing(shown: readonly string[], printed: string): string[] {
  const lines = printed.split('\n');
  const lacking = shown.filter((one) => {
    const parts = one
      .split('…')
      .map((part) => part.trimEnd().replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const at = lines.findIndex((line) => new RegExp(`^${parts.join('.*')}\\s*$`).test(line));
    if (at >= 0) lines.splice(0, at + 1);
    return at < 0;
  });
  return lacking.length === 0 ? [] : [...lacking, '--- printed:', ...printed.split('\n')];
}

describe('the examples in the documentation', () => {
  let harness: Harness;
  let folder: string;
  let env: NodeJS.ProcessEnv;
  const programs = join(root, '.cache', 'docs');

  beforeAll(async () => {
    harness = await startHarness();
    await buildCli();
    rmSync(programs, { recursive: true, force: true });
    mkdirSync(programs, { recursive: true });
    folder = mkdtempSync(join(tmpdir(), 'tempograph-docs-'));
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    writeFileSync(
      join(bin, 'npx'),
      `#!/bin/sh\nshift\nexec "${process.execPath}" "${join(root, 'lib', 'cli', 'main.js')}" "$@"\n`,
    );
    chmodSync(join(bin, 'npx'), 0o755);
    symlinkSync(shared().binary, join(bin, 'temporal'));
    const [pipeline] = of('yaml pipeline').filter(([, { file }]) => file === 'README.md');
    writeFileSync(join(folder, 'nightly.yaml'), pipeline?.[1].text ?? '');
    env = {
      ...process.env,
      PATH: `${bin}${delimiter}${process.env['PATH']}`,
      TEMPORAL_ADDRESS: harness.address,
      TEMPORAL_TEST_SERVER_PATH: shared().timeSkipping,
      TEMPOGRAPH_TASK_QUEUE: harness.taskQueue,
      TEMPOGRAPH_DATA_DIR: harness.dataDir,
      TEMPOGRAPH_LOG_LEVEL: 'error',
    };
  });
  afterAll(() => harness.stop());

  it('are there at all', () => {
    expect(of('ts run').length).toBeGreaterThanOrEqual(3);
    expect(of('sh run').length).toBeGreaterThanOrEqual(2);
    expect(of('yaml pipeline').length).toBeGreaterThanOrEqual(2);
  });

  it.each(of('yaml pipeline'))('%s is a pipeline without faults', (_name, { text }) => {
    const { spec, faults } = parsePipeline(text);
    expect([...faults, ...validateGraph(spec).faults]).toEqual([]);
  });

  it.each(of('ts run'))('%s runs to its end', async (name, { text }) => {
    const file = join(programs, `${name.replace(/\W+/g, '-')}.ts`);
    writeFileSync(file, text);
    // A queue of its own: the worker that it starts must get the tasks that it defines.
    const own = text.includes('startWorker')
      ? { TEMPOGRAPH_TASK_QUEUE: `docs-${process.pid}` }
      : {};
    expect(await runUserProgram(file, { ...env, ...own })).toMatch(/COMPLETED|mocked 5 hours/);
  });

  it('type-check', async () => {
    for (const [name, { text }] of of('ts run', 'ts check'))
      writeFileSync(join(programs, `check-${name.replace(/\W+/g, '-')}.ts`), text);
    writeFileSync(
      join(programs, 'tsconfig.json'),
      JSON.stringify({
        extends: USER_TSCONFIG,
        include: ['check-*.ts'],
        exclude: [],
      }),
    );
    const checked = await run(process.execPath, [
      join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
      '--noEmit',
      '-p',
      programs,
    ]).catch((error: { stdout: string }) => error);
    expect(checked.stdout).toBe('');
  });

  const commands = of('sh run').flatMap(([, { file, text }]) =>
    text
      .trim()
      .split('\n')
      .map((line) => [file, line] as const),
  );
  it.each(commands)('%s: %s', async (_file, line) => {
    const own = line.replace('--task-queue tempograph', `--task-queue ${harness.taskQueue}`);
    await run('sh', ['-c', own], { cwd: folder, env });
  });

  it.each(of('bash run'))('%s runs as a script', async (_name, { text }) => {
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', text], { cwd: folder, env });
    expect(stdout).toContain('"status":"COMPLETED"');
  });

  const transcripts = of('console run').flatMap(([, { file, text }]) => exchangesIn(text, file));
  it.each(transcripts)('%s: %s prints what is shown', async (_file, command, shown) => {
    const both = await run('sh', ['-c', `{ ${command}; } 2>&1`], { cwd: folder, env }).then(
      ({ stdout }) => stdout,
      ({ stdout }: { stdout: string }) => stdout, // it is to fail, where it shows an error
    );
    expect(missing(shown, both)).toEqual([]);
  });

  it('name only commands that are there', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const text = [...['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md']]
      .map((file) => readFileSync(join(root, file), 'utf8'))
      .join('\n');
    for (const [, name = ''] of text.matchAll(/npm run ([\w:-]+)/g))
      expect(scripts).toHaveProperty([name]);
    for (const [, target = ''] of text.matchAll(/\]\(((?:docs|bench)\/[^)#]*|[A-Z]+\.md)\)/g))
      expect(() => readdirOrRead(target)).not.toThrow();
  });

  it('print the settings that the dev server is started with', () => {
    const text = readFileSync(join(root, 'docs', 'settings.md'), 'utf8').replaceAll('\\|', '|');
    const flat = text.replace(/ +/g, ' ');
    for (const { key, value, why } of DEV_SERVER_SETTINGS)
      expect(flat).toContain(`| \`${key}\` | \`${value}\` | ${why} |`);
  });

  it('show the transitions that the table has', () => {
    const text = readFileSync(join(root, 'docs', 'statuses.md'), 'utf8');
    const shown = [...text.matchAll(/^ {2}(\w+) --> (\w+)$/gm)].map(
      ([, from, to]) => `${from} ${to}`,
    );
    expect(shown).toEqual(
      STATUSES.flatMap((from) => TRANSITIONS[from].map((to) => `${from} ${to}`)),
    );
  });
});

function readdirOrRead(target: string): unknown {
  const path = join(root, target);
  return target.endsWith('/') ? readdirSync(path) : readFileSync(path);
}
