import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { limitsOf, RUNTIMES, type ProcessSpec, type Resources } from '../../src/domain/program.js';
import type { RegisteredTask } from '../../src/registry.js';
import type { TaskContext } from '../../src/task-context.js';
import { ProgramProcessRunner } from '../../src/runners/program-process.js';
import type { ProgramRun, RunOptions, RunOutcome } from '../../src/runners/runner.js';
import { UNWATCHED, type PoolWatch } from '../../src/domain/warm-plan.js';
import { describeBoth } from './support/scene.js';

const withJava = existsSync('/usr/bin/javac') ? it : it.skip;
const never = new AbortController().signal;

interface Asked extends Partial<ProgramRun> {
  resources?: Resources;
  options?: Partial<RunOptions>;
}

describeBoth('ProgramProcessRunner', (kind) => {
  let runner: ProgramProcessRunner;
  let hits: string[];
  const watch: PoolWatch = { ...UNWATCHED, hit: (runtime) => void hits.push(runtime) };
  const named = RUNTIMES.map((runtime) => {
    return { key: { runtime, level: 'HIGH' as const, limits: limitsOf({ cpu: 1 }) }, count: 1 };
  });
  const warm = kind === 'warm' ? { named, budgetBytes: 2 ** 30, watch } : undefined;
  beforeAll(() => void (runner = new ProgramProcessRunner({ maxPrograms: 4, graceMs: 0, warm })));
  afterAll(() => runner.close());

  let kept: Record<string, string>;
  let warnings: string[];
  let said: string;
  beforeEach(() => ([kept, warnings, said, hits] = [{}, [], '', []]));

  const run = async (
    process: ProcessSpec,
    { resources, options, ...asked }: Asked = {},
  ): Promise<RunOutcome> => {
    const context = {
      ...{ executionId: 'graph/node', graphId: 'graph', attempt: 2, idempotencyKey: 'key' },
      deadline: new Date(Date.now() + 300_000),
      log: { warn: (text: string) => void warnings.push(text) },
      artifact: async (name: string, path: string) =>
        void (kept[name] = await readFile(path, 'utf8')),
    } as unknown as TaskContext;
    const program: ProgramRun = {
      ...{ program: { kind: 'process', process }, input: { n: 21 }, level: 'HIGH', network: [] },
      ...{ limits: limitsOf({ cpu: 1, ...resources }), env: {} },
      ...{ maxOutputBytes: 10_000, maxArtifactBytes: 10_000 },
      ...asked,
    };
    await runner.check([]);
    await runner['pools']?.settled();
    return runner.run(
      { task: {} as RegisteredTask, input: null, context, program },
      { signal: never, onOutput: (_stream, text) => void (said += text), ...options },
    );
  };

  const NODE = `
const fs = require('node:fs');
const { n } = JSON.parse(fs.readFileSync(process.env.TEMPOGRAPH_INPUT));
fs.mkdirSync(process.env.TEMPOGRAPH_ARTIFACTS + '/plots');
fs.writeFileSync(process.env.TEMPOGRAPH_ARTIFACTS + '/plots/a.txt', 'kept');
fs.writeFileSync(process.env.TEMPOGRAPH_OUTPUT, JSON.stringify({ n: 2 * n, args: process.argv.slice(2) }));`;
  const MODULE = `
import fs from 'node:fs';
const { n } = JSON.parse(await fs.promises.readFile(process.env.TEMPOGRAPH_INPUT));
fs.mkdirSync('/out/artifacts/plots');
fs.writeFileSync('/out/artifacts/plots/a.txt', 'kept');
fs.writeFileSync(process.env.TEMPOGRAPH_OUTPUT, JSON.stringify({ n: 2 * n, args: process.argv.slice(2) }));`;
  const PYTHON = `
import json, os, sys
os.mkdir('/out/artifacts/plots')
open('/out/artifacts/plots/a.txt', 'w').write('kept')
n = json.load(open(os.environ['TEMPOGRAPH_INPUT']))['n']
if __name__ == '__main__':
  json.dump({'n': 2 * n, 'args': sys.argv[1:]}, open(os.environ['TEMPOGRAPH_OUTPUT'], 'w'))`;
  const DENO = `
const { n } = JSON.parse(Deno.readTextFileSync(Deno.env.get('TEMPOGRAPH_INPUT')));
Deno.mkdirSync('/out/artifacts/plots');
Deno.writeTextFileSync('/out/artifacts/plots/a.txt', 'kept');
Deno.writeTextFileSync(Deno.env.get('TEMPOGRAPH_OUTPUT'), JSON.stringify({ n: 2 * n, args: Deno.args }));`;
  const JAVA = `
import java.nio.file.*;
/* not: public class Other */
class Helper { static int twice(int n) { return 2 * n; } }
public class Twice {
  public static void main(String... args) throws Exception {
    String input = Files.readString(Path.of(System.getenv("TEMPOGRAPH_INPUT")));
    int n = Integer.parseInt(input.replaceAll("\\\\D", ""));
    Files.createDirectory(Path.of("/out/artifacts/plots"));
    Files.writeString(Path.of("/out/artifacts/plots/a.txt"), "kept");
    String list = args.length == 0 ? "" : "\\"" + String.join("\\",\\"", args) + "\\"";
    Files.writeString(Path.of(System.getenv("TEMPOGRAPH_OUTPUT")), "{\\"n\\":" + Helper.twice(n) + ",\\"args\\":[" + list + "]}");
  }
}`;
  const works = async (runtime: ProcessSpec['runtime'], code: string): Promise<void> => {
    const { output, metrics, enforced } = await run({ runtime, code, args: ['a b', 'ž'] });
    expect(output).toEqual({ n: 42, args: ['a b', 'ž'] });
    expect(hits).toEqual(kind === 'warm' ? [runtime] : []);
    expect(kept).toEqual({ 'plots/a.txt': 'kept' });
    expect(metrics.peakMemoryBytes).toBeGreaterThan(0);
    expect(metrics.cpuMs).toBeGreaterThan(0);
    expect(metrics.prepareMs).toBeLessThanOrEqual(metrics.durationMs);
    expect(enforced).toMatchObject({
      user: 'own',
      syscalls: 'seccomp',
      disk: 'image',
      network: 'none',
    });
  };

  it.each([
    ['node', 'a script', NODE],
    ['node', 'a module', MODULE],
    ['python', 'a script', PYTHON],
    ['javascript', 'a module', DENO],
  ] as const)('runs %s, %s', (runtime, _what, code) => works(runtime, code));
  withJava('runs java, a class', () => works('java', JAVA));

  it('runs a command, with files beside it and variables', async () => {
    const script =
      'cat /app/data/words; echo "$GREETING $TASK_ID $TEMPOGRAPH_ATTEMPT"; echo oops >&2';
    const { output } = await run(
      { command: ['/bin/sh', '-c', script], files: { 'data/words': 'one two\n' } },
      { env: { GREETING: 'hello' } },
    );
    expect(output).toBeNull();
    expect(said.split('\n').sort()).toEqual(['', 'hello graph/node 2', 'one two', 'oops']);
  });

  it('finds files beside the code', async () => {
    const files = {
      'lib/half.js': 'module.exports = (n) => n / 2;',
      'half.py': 'half = lambda n: n / 2',
    };
    await run({ runtime: 'node', code: "console.log(require('./lib/half.js')(8))", files });
    await run({ runtime: 'python', code: 'import half; print(half.half(8))', files });
    expect(said).toBe('4\n4.0\n');
  });

  it('has code know itself as the main program', async () => {
    await run({
      runtime: 'node',
      code: 'console.log(require.main === module, process.argv[1], process.execArgv.length)',
    });
    await run({ runtime: 'python', code: 'import sys; print(__name__, __file__, sys.argv)' });
    expect(said).toBe("true /app/main.js 2\n__main__ /app/main.py ['/app/main.py']\n");
  });

  it('starts children of Node, with no trace of how it was started', async () => {
    const code = `
const { fork } = require('node:child_process');
const { Worker, isMainThread, parentPort } = require('node:worker_threads');
if (process.argv[2] === 'child') process.send(2);
else if (!isMainThread) parentPort.postMessage(3);
else {
  fork(__filename, ['child']).on('message', (n) => console.log('child', n));
  new Worker(__filename).on('message', (n) => console.log('thread', n));
}`;
    await run({ runtime: 'node', code });
    expect(said.split('\n').sort()).toEqual(['', 'child 2', 'thread 3']);
  });

  it('gives code in JavaScript no permission but to its own input, output and variables', async () => {
    const code = `
const tries = {
  read: () => Deno.readTextFileSync('/etc/passwd'),
  list: () => [...Deno.readDirSync('/')],
  write: () => Deno.writeTextFileSync('/tmp/x', ''),
  run: () => new Deno.Command('/usr/bin/true').outputSync(),
  net: () => Deno.listen({ port: 0 }),
  sys: () => Deno.hostname(),
  ffi: () => Deno.dlopen('/usr/lib/libc.so', {}),
};
for (const [name, attempt] of Object.entries(tries))
  try { attempt(); console.log(name, 'ok'); } catch (error) { console.log(name, error.name); }
await import('node:fs').then((fs) => fs.readFileSync('/etc/passwd')).catch((error) => console.log('node', error.name));`;
    await run({ runtime: 'javascript', code });
    expect(
      said
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[1]),
    ).toEqual(Array<string>(8).fill('NotCapable'));
  });

  it.each<[string, ProcessSpec, Asked, object]>([
    [
      'fails',
      { runtime: 'python', code: "raise ValueError('no')" },
      {},
      {
        code: 'PROGRAM_FAILED',
        details: {
          exitCode: 1,
          signal: null,
          stderr: expect.stringContaining('ValueError: no') as string,
        },
      },
    ],
    [
      'has a fault of syntax',
      { runtime: 'node', code: 'let let = 1' },
      {},
      { code: 'PROGRAM_FAILED' },
    ],
    [
      'dies of a signal',
      { command: ['sh', '-c', 'kill -SEGV $$'] },
      {},
      { code: 'PROGRAM_FAILED', details: { exitCode: null, signal: 'SIGSEGV' } },
    ],
    [
      'names a program that is not there',
      { command: ['nowhere'] },
      {},
      { code: 'CONFIGURATION', details: { exitCode: 127 } },
    ],
    [
      'fills its memory',
      { runtime: 'node', code: 'const a = []; for (;;) a.push(Buffer.alloc(1e6, 1));' },
      {},
      {
        code: 'RESOURCE_EXHAUSTED',
        details: { resource: 'memory', limit: '128Mi (resources.memory)' },
      },
    ],
    [
      'fills its heap',
      { runtime: 'node', code: 'const a = []; for (;;) a.push({ a });' },
      { resources: { memory: 2 ** 26 } },
      { code: 'RESOURCE_EXHAUSTED', details: { resource: 'memory' } },
    ],
    [
      'fills its heap in Deno',
      { runtime: 'javascript', code: 'const a = []; for (;;) a.push({ a });' },
      {},
      { code: 'RESOURCE_EXHAUSTED', details: { resource: 'memory' } },
    ],
    [
      'gives no JSON',
      { command: ['sh', '-c', 'echo { > /out/output.json'] },
      {},
      { code: 'OUTPUT_INVALID' },
    ],
    [
      'gives too much',
      { command: ['sh', '-c', 'head -c 20000 /dev/zero > /out/output.json'] },
      {},
      { code: 'RESOURCE_EXHAUSTED', details: { resource: 'output' } },
    ],
    [
      'gives a link to a file of the host',
      { command: ['ln', '-s', '/etc/shadow', '/out/output.json'] },
      {},
      { code: 'OUTPUT_INVALID' },
    ],
    [
      'leaves a link as an artifact',
      { command: ['ln', '-s', '/etc/shadow', '/out/artifacts/x'] },
      {},
      { code: 'ARTIFACT_INVALID' },
    ],
    [
      'leaves an artifact that is large and empty',
      { command: ['truncate', '-s', '1T', '/out/artifacts/x'] },
      {},
      { code: 'TOO_LARGE' },
    ],
    [
      'has files where the code lies',
      { runtime: 'node', code: '1', files: { 'main.js': '' } },
      {},
      { code: 'CONFIGURATION' },
    ],
    ['has neither code nor command', { runtime: 'node' }, {}, { code: 'CONFIGURATION' }],
    [
      'is told to stop',
      { command: ['sleep', '1000'] },
      { options: { signal: AbortSignal.timeout(1) } },
      { name: 'StoppedError' },
    ],
  ])('says of a program that %s what it is', async (_what, process, asked, expected) => {
    await expect(run(process, asked)).rejects.toMatchObject(expected);
  });

  withJava.each<[string, string, object]>([
    [
      'fills its heap',
      'class A { public static void main(String[] a) { var l = new java.util.ArrayList<int[]>(); while (true) l.add(new int[100000]); } }',
      { code: 'RESOURCE_EXHAUSTED', details: { resource: 'memory' } },
    ],
    [
      'cannot be compiled',
      'class A { int a = "b"; }',
      { code: 'PROGRAM_FAILED', message: expect.stringContaining('incompatible types') as string },
    ],
    [
      'has no main',
      'class A { }',
      {
        code: 'PROGRAM_FAILED',
        message: expect.stringContaining('no class with a main') as string,
      },
    ],
    [
      'throws',
      'class A { public static void main(String[] a) { throw new IllegalStateException("why"); } }',
      {
        code: 'PROGRAM_FAILED',
        message: expect.stringContaining('IllegalStateException: why') as string,
      },
    ],
  ])('says of a program in Java that %s what it is', async (_what, code, expected) => {
    await expect(run({ runtime: 'java', code })).rejects.toMatchObject(expected);
  });

  it('has what the proxy refuses in the log', async () => {
    const code = `
import urllib.request
try: urllib.request.urlopen('http://other.example/')
except Exception as error: print(error)`;
    await run({ runtime: 'python', code }, { network: ['api.example.com:80'] });
    expect(said).toMatch(/403/);
    expect(warnings).toEqual([expect.stringContaining('other.example:80 is not on the list')]);
  });

  it('runs no more at once than it may, and refuses who waits too long', async () => {
    const one = new ProgramProcessRunner({ maxPrograms: 1, graceMs: 0 });
    const first = new AbortController();
    const waits = one['slots'].take(first.signal, () => new Error('no'));
    const release = await waits;
    const request = { task: {} as RegisteredTask, input: null, context: {} as TaskContext };
    const program = { program: { kind: 'process', process: { command: ['true'] } } } as ProgramRun;
    await expect(
      one.run({ ...request, program }, { signal: AbortSignal.timeout(1) }),
    ).rejects.toMatchObject({ name: 'StoppedError' });
    release();
    await one.close();
  });

  it('refuses what it cannot hold, and says what is missing', async () => {
    const lacking = new ProgramProcessRunner({
      maxPrograms: 1,
      graceMs: 0,
      bwrap: '/nowhere/bwrap',
    });
    expect(await lacking.check([])).toEqual([
      expect.stringMatching(/no \/nowhere\/bwrap; install bubblewrap/) as string,
    ]);
    await lacking.close();
    expect(await runner.check([])).toEqual([]);
  });

  it('runs a Node that lies where other users cannot look, and shows nothing beside it', async () => {
    const hidden = await mkdtemp(join(tmpdir(), 'node-')); // of mode 0700
    await copyFile(process.execPath, join(hidden, 'node'));
    await writeFile(join(hidden, 'secret'), 'x');
    const own = runner;
    runner = new ProgramProcessRunner({
      ...{ maxPrograms: 1, graceMs: 0, runtimes: { node: join(hidden, 'node') } },
    });
    try {
      await run({ runtime: 'node', code: 'console.log(process.execPath)' });
      await run({ command: ['sh', '-c', 'which node; ls /runtime'] });
      expect(said).toBe('/runtime/node\n/runtime/node\nnode\n');
    } finally {
      await runner.close();
      runner = own;
      await rm(hidden, { recursive: true });
    }
  });

  it('says which runtime is not to be had', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'python-'));
    await writeFile(join(elsewhere, 'python3'), '', { mode: 0o755 });
    const lacking = new ProgramProcessRunner({
      ...{ maxPrograms: 1, graceMs: 0 },
      runtimes: {
        python: join(elsewhere, 'python3'),
        java: '/nowhere/java',
        deno: '/nowhere/deno',
      },
    });
    const { report } = await lacking['sandboxes']();
    expect(report.runtimes).toMatchObject({
      python: { lack: expect.stringMatching(/lies outside of \/usr/) as string },
      java: { lack: expect.stringMatching(/no \/nowhere\/java; install a JDK/) as string },
      javascript: { lack: expect.stringMatching(/\/nowhere\/deno cannot be used/) as string },
    });
    await lacking.close();
    await rm(elsewhere, { recursive: true });
  });
});
