import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { shared } from './support/shared.js';

const run = promisify(execFile);
const root = join(__dirname, '..');

/** A user's program: its own task, a worker, a graph. */
const PROGRAM = `
import { defineGraph, defineTask, TaskEngine } from 'tempograph';
import { startWorker } from 'tempograph/worker';
import { taskGraph } from 'tempograph/workflows';
import { startTestEngine } from 'tempograph/testing';
if (typeof taskGraph !== 'function' || typeof startTestEngine !== 'function') throw new Error('an entry is missing');
const double = defineTask({ name: 'double', run: (n) => n * 2 });
const graph = defineGraph('installed');
const a = graph.add('a', double, { input: 4 });
graph.add('b', double, { input: a.output });
const settings = { address: process.env.ADDRESS, taskQueue: 'package-' + process.pid, dataDir: 'data', logLevel: 'error' };
const worker = await startWorker({ ...settings, tasks: graph.tasks });
const engine = await TaskEngine.connect(settings);
const { status, output } = await (await engine.scheduleTaskGraph(graph)).result();
await engine.shutdown();
await worker.shutdown();
console.log(JSON.stringify({ status, output }));
`;

/** Tasks for the command line. */
const TASKS = `
import { defineTask } from 'tempograph';
export const double = defineTask({ name: 'double', run: (n) => n * 2 });
`;

describe('the package', () => {
  it('installs into an empty project and works there: worker, workflow bundle, types and CLI', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tempograph-package-'));
    await run(process.execPath, ['scripts/build.mjs'], { cwd: root });
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: root,
    });
    const [{ filename, files }] = JSON.parse(stdout) as [
      { filename: string; files: { path: string }[] },
    ];
    const paths = files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        'lib/workflow-bundle.js',
        'lib/cli/main.js',
        'lib/man/tempograph.1',
        'lib/index.d.ts',
        'schema/pipeline.schema.json',
        'templates/wait-for-url.yaml',
        'deploy/prometheus/alerts.yml',
        'deploy/grafana/tempograph.json',
        'README.md',
        'LICENSE',
      ]),
    );
    expect(paths.filter((path) => /^(src|test)\//.test(path))).toEqual([]);
    // With one character beyond Latin-1 every worker would hold all of it in two bytes each.
    const bundle = readFileSync(join(root, 'lib', 'workflow-bundle.js'));
    expect(bundle.findIndex((byte) => byte > 0x7f)).toBe(-1);

    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'user', private: true, type: 'module' }),
    );
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', filename], {
      cwd: folder,
    });
    writeFileSync(join(folder, 'program.mjs'), PROGRAM);
    const env = { ...process.env, ADDRESS: shared().address };
    const program = await run(process.execPath, ['program.mjs'], { cwd: folder, env });
    expect(JSON.parse(program.stdout)).toEqual({ status: 'COMPLETED', output: { b: 16 } });

    const cli = await run(
      join(folder, 'node_modules', '.bin', 'tempograph'),
      [
        'retry-preview',
        '--strategy',
        'FIBONACCI_BACKOFF',
        '--delay',
        '1s',
        '--max-retries',
        '4',
        '--json',
      ],
      { cwd: folder },
    );
    expect(JSON.parse(cli.stdout)).toEqual({ waitsMs: [1_000, 1_000, 2_000, 3_000] });

    // A project whose package.json says that its files are CommonJS, as `npm init` has it.
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'user', private: true, type: 'commonjs' }),
    );
    const runs = async (tasks: string): Promise<string> => {
      writeFileSync(join(folder, tasks), TASKS);
      const binary = join(folder, 'node_modules', '.bin', 'tempograph');
      const where = ['--address', env.ADDRESS, '--task-queue', `package-${tasks}-${process.pid}`];
      const { stdout: out, stderr } = await run(
        binary,
        ['run', 'double', '--input', '4', '--tasks', tasks, '--json', ...where],
        { cwd: folder },
      ).catch((failed: unknown) => failed as { stdout: string; stderr: string });
      return `${out}${stderr}`;
    };
    expect(await runs('tasks.js')).toMatch(
      /--tasks tasks\.js cannot be loaded: .*; it is loaded as CommonJS.* say "type": "module" in the package\.json/,
    );
    expect(await runs('tasks.mjs')).toMatch(/"status":\s*"COMPLETED"/);
  });

  it('has a lock file that names no registry', () => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { resolved?: string }>;
    };
    expect(
      Object.values(lock.packages).filter(
        ({ resolved }) => resolved !== undefined && !resolved.startsWith('file:'),
      ),
    ).toEqual([]);
  });
});
