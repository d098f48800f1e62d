import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildCli, documentOf, envOf, runCli, type CliResult } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';

/** Nothing listens there. */
const NOWHERE = { TEMPORAL_ADDRESS: '127.0.0.1:1' };

const GOOD = `name: good
params:
  count: { type: integer, default: 3 }
tasks:
  - id: first
    task: echo
    input: '\${{ params.count }}'
`;
const CYCLIC = `name: cyclic
tasks:
  - { id: a, task: echo, dependsOn: [c] }
  - { id: b, task: echo, dependsOn: [a] }
  - { id: c, task: echo, dependsOn: [b] }
  - { id: load, task: echo }
  - { id: use, task: echo, dependsOn: [lod] }
`;
const UNKNOWN_TASK = `name: names
params:
  day: { type: string }
tasks:
  - id: first
    task: ecko
    input: '\${{ params.day }}'
  - id: second
    task: sleep
    input: { ms: long }
`;

describe('tempograph validate', () => {
  let folder: string;
  let harness: Harness;
  beforeAll(async () => {
    await buildCli();
    harness = await startHarness();
    folder = mkdtempSync(join(tmpdir(), 'tempograph-validate-'));
  });
  afterAll(async () => {
    await harness.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const file = (text: string, name = 'pipeline.yaml'): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const validate = async (args: string[], env: Record<string, string> = NOWHERE) =>
    await runCli(['validate', ...args], { env });
  const issuesOf = (result: CliResult) =>
    documentOf<{ valid: boolean; issues: Record<string, unknown>[] }>(result).issues;

  it('passes a sound pipeline without any server, and says what it could not check', async () => {
    const result = await validate([file(GOOD)]);
    expect(result.code).toBe(0);
    expect(result.stdout).toBe(`✔ ${join(folder, 'pipeline.yaml')} is valid\n`);
    expect(result.stderr).toContain('task names not checked: no Temporal server answers');
  });

  it('prints the cycle and the near name, each with file, line and column', async () => {
    const path = file(CYCLIC);
    const { code, stdout } = await validate([path]);
    expect(code).toBe(2);
    expect(stdout.split('\n')).toEqual([
      `${path}:7:40 tasks[4].dependsOn[0]: unknown task "lod" (did you mean "load"?)`,
      `${path}:3:37 tasks[0].dependsOn: the graph has a cycle: a → c → b → a (each depends on the next; remove one of these dependencies)`,
      '',
    ]);
  });

  it('gives faults as issues with path, code, message, hint, line and column', async () => {
    const result = await validate([file(CYCLIC), '--json']);
    expect(result.code).toBe(2);
    expect(documentOf(result)).toMatchObject({ valid: false });
    expect(issuesOf(result)[0]).toEqual({
      path: 'tasks[4].dependsOn[0]',
      code: 'UNKNOWN_DEPENDENCY',
      message: 'unknown task "lod"',
      hint: 'did you mean "load"?',
      line: 7,
      column: 40,
    });
  });

  it('gives no issues for a sound pipeline', async () => {
    const result = await validate([file(GOOD), '--json']);
    expect(documentOf(result)).toEqual({ valid: true, issues: [] });
  });

  it('names the line of broken YAML', async () => {
    const result = await validate([file('name: x\ntasks: [\n'), '--json']);
    expect(result.code).toBe(2);
    expect(issuesOf(result)[0]).toMatchObject({ code: 'YAML', path: '(root)', line: 3 });
  });

  it('refuses a file that is not there', async () => {
    const path = join(folder, 'missing.yaml');
    const result = await validate([path, '--json']);
    expect(result.code).toBe(2);
    expect(issuesOf(result)).toEqual([
      { path: '(root)', code: 'FILE', message: `${path}: there is no such file` },
    ]);
  });

  it('reads JSON from standard input', async () => {
    const input = JSON.stringify({
      name: 'x',
      tasks: [{ id: 'a', task: 'echo', dependsOn: ['b'] }],
    });
    const result = await runCli(['validate', '-'], { env: NOWHERE, input });
    expect(result.code).toBe(2);
    expect(result.stdout).toContain('(standard input):1:');
    expect(result.stdout).toContain('tasks[0].dependsOn[0]: unknown task "b"');
  });

  it('checks parameters when any is given, and else leaves them open', async () => {
    const path = file(UNKNOWN_TASK.replace('ecko', 'echo').replace('long', '5'));
    expect((await validate([path])).code).toBe(0);
    const result = await validate([path, '--param', 'dya=1', '--json']);
    expect(issuesOf(result).map(({ code, path: place }) => [code, place])).toEqual([
      ['UNKNOWN_PARAM', 'params.dya'],
      ['MISSING', 'params.day'],
    ]);
    expect((await validate([path, '--param', 'day=1'])).code).toBe(0);
  });

  it('types parameters by their specs', async () => {
    const path = file(GOOD);
    expect((await validate([path, '--param', 'count=4'])).code).toBe(0);
    const result = await validate([path, '--param', 'count=four']);
    expect(result.code).toBe(2);
    expect(result.stdout).toContain('params.count');
  });

  it('asks a worker for the names and inputs of tasks', async () => {
    const result = await validate([file(UNKNOWN_TASK), '--json'], envOf(harness));
    expect(issuesOf(result)).toEqual([
      expect.objectContaining({ code: 'UNKNOWN_TASK', hint: 'did you mean "echo"?', line: 6 }),
      expect.objectContaining({ code: 'INPUT_INVALID', path: 'tasks[1].input', line: 10 }),
    ]);
    expect(result.stderr).not.toContain('not checked');
  });

  it('names all at once: a file that leads out, an unknown field, task and graph', async () => {
    const path = file(`name: many
tasks:
  - { id: p, process: { runtime: python, file: /etc/passwd } }
  - { id: e, task: ecko, inptu: 1 }
  - { id: g, graph: no-such }
`);
    const { stdout, code } = await validate([path], envOf(harness));
    expect(code).toBe(2);
    const places = stdout.split('\n').map((line) => line.replace(`${path}:`, ''));
    expect(places).toEqual([
      expect.stringMatching(/^3:\d+ tasks\[0\]\.process\.file: "\/etc\/passwd" leads out of /),
      expect.stringMatching(/^4:\d+ tasks\[1\]\.inptu: unknown field/),
      expect.stringMatching(/^4:\d+ tasks\[1\]\.task: unknown task "ecko"/),
      expect.stringMatching(/^5:\d+ tasks\[2\]\.graph: .*no-such/),
      '',
    ]);
  });

  it('says that an empty file is empty', async () => {
    const path = file('\n', 'empty.yaml');
    expect((await validate([path])).stdout).toBe(
      `${path}: is empty, expected a pipeline: a name and tasks\n`,
    );
  });

  it('says so when no worker polls the task queue', async () => {
    const env = { ...envOf(harness), TEMPOGRAPH_TASK_QUEUE: 'nobody-validates' };
    const result = await validate([file(GOOD)], env);
    expect(result.code).toBe(0);
    expect(result.stderr).toContain(
      'task names not checked: no worker polls the task queue nobody-validates',
    );
  });

  it('knows the tasks of --tasks without any server', async () => {
    const tasks = join(__dirname, 'programs', 'tasks.ts');
    const pipeline = (task: string) =>
      file(`name: own\ntasks:\n  - { id: a, task: ${task}, input: { text: hi } }\n`);
    expect(await validate([pipeline('shout'), '--tasks', tasks])).toMatchObject({
      code: 0,
      stderr: '',
    });
    const wrong = await validate([pipeline('shoutt'), '--tasks', tasks]);
    expect(wrong.code).toBe(2);
    expect(wrong.stdout).toContain('unknown task "shoutt" (did you mean "shout"?)');
  });
});
