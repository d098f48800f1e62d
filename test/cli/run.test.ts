import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildCli, documentOf, envOf, runCli, startCli, type CliOptions } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';

/** A number that no double is. */
const EXACT = '9007199254740993';
const NOWHERE = { TEMPORAL_ADDRESS: '127.0.0.1:1' };
const TASKS = join(__dirname, 'programs', 'tasks.ts');

interface ResultDocument {
  executionId: string;
  status: string;
  output: unknown;
  nodes: Record<string, Record<string, unknown>>;
  warnings: string[];
}

describe('tempograph run', () => {
  let folder: string;
  let harness: Harness;
  beforeAll(async () => {
    await buildCli();
    harness = await startHarness();
    folder = mkdtempSync(join(tmpdir(), 'tempograph-run-'));
  });
  afterAll(async () => {
    await harness.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  let files = 0;
  const pipeline = (spec: object): string => {
    const path = join(folder, `pipeline-${files++}.json`);
    writeFileSync(path, JSON.stringify({ name: 'flow', ...spec }));
    return path;
  };
  const run = async (args: string[], options: CliOptions = {}) =>
    await runCli(['run', ...args], { ...options, env: { ...envOf(harness), ...options.env } });

  const chain = {
    params: { who: { type: 'string', default: 'world' }, count: { type: 'integer', default: 1 } },
    tasks: [
      { id: 'first', task: 'echo', input: 'hello ${{ params.who }}' },
      {
        id: 'second',
        task: 'echo',
        dependsOn: ['first'],
        input: { text: '${{ tasks.first.output }}', count: '${{ params.count + 1 }}' },
      },
    ],
  };
  const failing = {
    tasks: [
      { id: 'a', task: 'fail', retry: 'NONE', input: { message: 'boom', type: 'Boom' } },
      { id: 'b', task: 'echo', dependsOn: ['a'] },
    ],
  };
  const unheardOf = {
    tasks: [
      { id: 'a', task: 'ech' },
      { id: 'b', task: 'nope', dependsOn: ['a'] },
    ],
  };
  const at = (): CliOptions => ({ env: envOf(harness) });
  const waiting = { tasks: [{ id: 'wait', task: 'sleep', input: { ms: 3_600_000 } }] };

  it('ends with 0 and prints a line for each node, then the result, without colour', async () => {
    const { code, stdout, stderr } = await run([pipeline(chain)], { env: { FORCE_COLOR: '1' } });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^flow-\w+ submitted, 2 tasks\n/);
    expect(stdout).toMatch(/^\d\d:\d\d:\d\dZ {2}first {3}COMPLETED/m);
    expect(stdout).toMatch(/^\d\d:\d\d:\d\dZ {2}second {2}COMPLETED/m);
    expect(stdout).toMatch(/^✔ completed {2}flow-\w+ {2}/m);
    expect(stdout).toContain('"text": "hello world"');
    expect(stdout).not.toContain('\u001b');
    expect(stderr).toBe('');
  });

  it('gives one JSON document with --json, and everything else on standard error', async () => {
    const result = await run([pipeline(chain), '--json']);
    expect(result.code).toBe(0);
    const { executionId, status, output, nodes } = documentOf<ResultDocument>(result);
    expect(executionId).toMatch(/^flow-/);
    expect(status).toBe('COMPLETED');
    expect(output).toEqual({ second: { text: 'hello world', count: 2 } });
    expect(nodes['first']).toMatchObject({
      status: 'COMPLETED',
      reason: null,
      attempts: 1,
      output: 'hello world',
      error: null,
      startedAt: expect.any(String) as string,
      endedAt: expect.any(String) as string,
      durationMs: expect.any(Number) as number,
    });
    expect(result.stderr).toContain('COMPLETED');
  });

  it('ends with 1 when the graph fails, and says which node and why', async () => {
    const { code, stdout } = await run([pipeline(failing)]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/a {2}FAILED .*Boom: boom/);
    expect(stdout).toMatch(/b {2}SKIPPED .*a dependency failed/);
    expect(stdout).toMatch(/^✘ failed /m);
    expect(stdout).toContain('error a: Boom: boom');
    expect(stdout).toMatch(/once its cause is mended: tempograph rerun \S+ --from failed/);
  });

  it('says what was undone', async () => {
    const { tasks } = failing;
    const undone = { id: 'paid', task: 'noop', compensate: 'echo' };
    const [a, ...others] = tasks;
    const saga = { ...failing, tasks: [undone, { ...a, dependsOn: ['paid'] }, ...others] };
    const { code, stdout } = await run([pipeline(saga)]);
    expect(code).toBe(1);
    expect(stdout).toContain('undone paid, by echo');
  });

  it('gives the failure in the document, with exit code 1', async () => {
    const result = await run([pipeline(failing), '--json']);
    expect(result.code).toBe(1);
    expect(documentOf(result)).toMatchObject({
      status: 'FAILED',
      error: { code: 'Boom', nodeId: 'a' },
      nodes: {
        a: { status: 'FAILED', attempts: 1, error: { message: 'boom' } },
        b: { status: 'SKIPPED', reason: 'upstream_failed' },
      },
    });
  });

  it('ends with 1 when the execution is cancelled meanwhile', async () => {
    const running = startCli(['run', pipeline(waiting), '--id', `${harness.taskQueue}-cancelled`], {
      env: envOf(harness),
    });
    await running.saw('stdout', /wait {2}RUNNING/);
    await harness.engine.cancelExecution(`${harness.taskQueue}-cancelled`);
    const { code, stdout } = await running.ended;
    expect(code).toBe(1);
    expect(stdout).toMatch(/^⊘ cancelled /m);
  });

  it('refuses a cyclic graph with 2 and prints the cycle, without a server', async () => {
    const tasks = ['a', 'b', 'c'].map((id, n, all) => ({
      id,
      task: 'echo',
      dependsOn: [all[(n + 2) % 3]],
    }));
    const { code, stdout, stderr } = await run([pipeline({ tasks })], {
      env: { TEMPORAL_ADDRESS: '127.0.0.1:1' },
    });
    expect(code).toBe(2);
    expect(stderr).toContain('the graph has a cycle: a → c → b → a');
    expect(stdout).toBe('');
  });

  it('refuses an unknown dependency with 2 and the near name, as a document too', async () => {
    const path = pipeline({
      tasks: [
        { id: 'load', task: 'echo' },
        { id: 'use', task: 'echo', dependsOn: ['lod'] },
      ],
    });
    const result = await run([path, '--json']);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('unknown task "lod" (did you mean "load"?)');
    expect(documentOf(result)).toMatchObject({
      error: {
        code: 'SPEC_INVALID',
        details: [{ code: 'UNKNOWN_DEPENDENCY', hint: 'did you mean "load"?', line: 1 }],
      },
    });
  });

  it('ends with 2 when a worker refuses the name of a task', async () => {
    const { code, stderr } = await run(['ecko']);
    expect(code).toBe(2);
    expect(stderr).toContain('task: unknown task "ecko" (did you mean "echo"?)');
  });

  it.each([
    ['that no worker knows', [], 'task: unknown task "check-urlz" ('],
    ['that gets --param', ['-p', 'x=1'], 'the task check-urlz takes --input; '],
  ])('suggests the template that is near a name %s', async (_title, more, says) => {
    const { code, stderr } = await run(['check-urlz', ...more]);
    expect(code).toBe(2);
    expect(stderr).toContain(`${says}did you mean the template "check-urls"?`);
  });

  it.each([
    ['plan', ['plan', 'check-urlz', '-p', 'x=1'], 'takes --input; '],
    ['plan without --param', ['plan', 'check-urlz'], 'unknown task "check-urlz" ('],
    ['schedule', ['schedule', 'create', 's', 'check-urlz', '-p', 'x=1'], 'takes --input; '],
  ])('suggests it as well where it is for %s', async (_title, args, says) => {
    const { code, stderr } = await runCli(args, { env: envOf(harness) });
    expect(code).toBe(2);
    expect(stderr).toContain(`${says}did you mean the template "check-urls"?`);
  });

  it.each([
    ['missing.yaml', 'missing.yaml: there is no such file'],
    ['.', '.: is a folder, expected a file'],
    ['test/cli', 'test/cli: is a folder, expected a file'],
  ])('refuses %s with 2', async (what, message) => {
    const result = await run([what]);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(message);
  });

  it('names its own options where an id is refused', async () => {
    const id = `${harness.taskQueue}-taken`;
    expect((await run(['echo', '--id', id])).code).toBe(0);
    const taken = await run(['echo', '--id', id]);
    expect(taken.code).toBe(2);
    expect(taken.stderr).toContain(
      'choose another --id, or say with --reuse when it may run again',
    );
    const unsound = await run(['echo', '--id', 'a\nb', '--json']);
    expect(unsound.stderr).toContain('  --id: expected no control characters');
    expect(documentOf(unsound)).toMatchObject({ error: { details: [{ path: 'executionId' }] } });
  });

  it('ends with 3 when there is no server', async () => {
    const result = await run([pipeline(chain), '--json', '--address', '127.0.0.1:1']);
    expect(result.code).toBe(3);
    expect(documentOf(result)).toMatchObject({ error: { code: 'UNREACHABLE' } });
    expect(result.stderr).toContain('no Temporal server answers at 127.0.0.1:1');
  });

  it('ends with 2 for a namespace that is not there', async () => {
    const result = await run(['echo', '--namespace', 'nowhere']);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('--namespace');
  });

  it('stops watching at Ctrl-C with 130, and the execution goes on', async () => {
    const id = `${harness.taskQueue}-interrupted`;
    const running = startCli(['run', pipeline(waiting), '--id', id], { env: envOf(harness) });
    await running.saw('stdout', /wait {2}RUNNING/);
    running.child.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(code).toBe(130);
    expect(stderr).toContain(`tempograph watch ${id}`);
    expect(stderr).toContain(`tempograph status ${id}`);
    expect((await harness.engine.getExecution(id)).status).toBe('RUNNING');
    await harness.engine.cancelExecution(id);
  });

  it('says when no worker polls the task queue', async () => {
    const running = startCli(['run', 'noop', '--task-queue', 'nobody-runs'], {
      env: envOf(harness),
    });
    await running.saw('stderr', /no worker polls the task queue "nobody-runs"/);
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
  });

  describe('parameters', () => {
    it('types --param by the spec, and lets it win over --params', async () => {
      const params = join(folder, 'params.yaml');
      writeFileSync(params, 'who: 2027\ncount: 7\n'.replace('2027', '"2027"'));
      const args = ['--params', params, '--param', 'count=41', '--json'];
      const { output } = documentOf<ResultDocument>(await run([pipeline(chain), ...args]));
      expect(output).toEqual({ second: { text: 'hello 2027', count: 42 } });
    });

    it('keeps the text of a string parameter, whatever it looks like', async () => {
      const args = ['-p', 'who=12=13', '--json'];
      const { output } = documentOf<ResultDocument>(await run([pipeline(chain), ...args]));
      expect(output).toMatchObject({ second: { text: 'hello 12=13' } });
    });

    it('reads parameters from standard input', async () => {
      const result = await run([pipeline(chain), '--params', '-', '--json'], {
        input: '{"who":"you"}',
      });
      expect(documentOf(result)).toMatchObject({ output: { second: { text: 'hello you' } } });
    });

    it('reads the pipeline from standard input', async () => {
      const input = JSON.stringify({ name: 'piped', ...chain });
      const result = await run(['-', '--json'], { input });
      expect(documentOf(result)).toMatchObject({ status: 'COMPLETED' });
    });

    it.each([
      [['-p', 'count'], '--param: expected name=value, got "count"'],
      [['-p', 'cuont=1'], 'the graph has no parameter "cuont"'],
      [['-p', 'count=many'], 'params.count'],
      [['--params', 'missing.json'], '--params missing.json: there is no such file'],
      [['--input', '1'], '--input is for a task'],
      [['--detach', '--tasks', TASKS], '--detach ends this process'],
    ])('refuses %j with 2', async (args, message) => {
      const result = await run([pipeline(chain), ...args]);
      expect(result.code).toBe(2);
      expect(result.stderr).toContain(message);
    });
  });

  it.each([
    ['a field', { tasks: [{ id: 'a', task: 'echo', dependOn: [] }] }, 'unknown field "dependOn"'],
    ['its text', { tasks: [{ id: 'a', task: 'echo', input: EXACT }] }, 'is not exact in JSON'],
  ])('tells an unknown parameter beside what is wrong with %s', async (_what, spec, fault) => {
    const params = { day: { type: 'string', default: 'today' } };
    const path = join(folder, `faulty-${files++}.json`);
    const text = JSON.stringify({ name: 'flow', params, ...spec });
    writeFileSync(path, text.replace(`"${EXACT}"`, EXACT));
    const { code, stderr } = await run([path, '-p', 'dya=x'], { env: NOWHERE });
    expect(code).toBe(2);
    expect(stderr).toContain('refused, 2 faults:');
    expect(stderr).toContain(fault);
    expect(stderr).toContain('the graph has no parameter "dya" (did you mean "day"?)');
  });

  describe('of a task', () => {
    it('takes its input as JSON and gives its output', async () => {
      const result = await run(['echo', '--input', '{"text":"as it is"}', '--json']);
      expect(documentOf(result)).toMatchObject({ output: { text: 'as it is' } });
    });

    it('takes its input from a file', async () => {
      const path = join(folder, 'input.yaml');
      writeFileSync(path, 'text: from a file\n');
      const result = await run(['echo', '--input', `@${path}`, '--json']);
      expect(documentOf(result)).toMatchObject({ output: { text: 'from a file' } });
    });

    it('refuses an input that is no JSON', async () => {
      const { code, stderr } = await run(['echo', '--input', 'hello']);
      expect(code).toBe(2);
      expect(stderr).toContain('--input: expected JSON, or @file, got "hello"');
    });

    it('ends with 2 when the task refuses its input', async () => {
      const { code, stderr } = await run(['sleep', '--input', '{"ms":"long"}']);
      expect(code).toBe(2);
      expect(stderr).toContain('input: ms: Invalid input: expected number');
    });
  });

  describe('--tasks', () => {
    const alone = { TEMPOGRAPH_TASK_QUEUE: 'set below' };
    beforeAll(() => void (alone.TEMPOGRAPH_TASK_QUEUE = `${harness.taskQueue}-alone`));

    it('runs the tasks of a TypeScript module in this process', async () => {
      const tasks = ['shout', 'hush'].map((task) => ({
        id: task,
        task,
        ...(task === 'shout' ? { input: { text: 'hi' } } : {}),
      }));
      const result = await run([pipeline({ tasks }), '--tasks', TASKS, '--json'], { env: alone });
      expect(result.code).toBe(0);
      expect(documentOf(result)).toMatchObject({ output: { shout: 'HI', hush: 'hush' } });
    });

    it('says "completed with warnings", and ends with 0', async () => {
      const { code, stdout } = await run(['grumble', '--tasks', TASKS], { env: alone });
      expect(code).toBe(0);
      expect(stdout).toContain('completed with warnings');
      expect(stdout).toContain('warning task: not amused');
    });

    it('refuses an input that the task would refuse before anything is submitted', async () => {
      const args = ['shout', '--input', '{"text":1}', '--tasks', TASKS];
      const { code, stderr } = await run(args, { env: { TEMPORAL_ADDRESS: '127.0.0.1:1' } });
      expect(code).toBe(2);
      expect(stderr).toContain('input: text: Invalid input: expected string');
    });

    it.each([
      ['missing.ts', 'there is no such file'],
      [__filename.replace('run.test.ts', 'programs/empty.mjs'), 'the module exports no task'],
    ])('refuses %s with 2', async (file, message) => {
      const result = await run(['echo', '--tasks', file]);
      expect(result.code).toBe(2);
      expect(result.stderr).toContain(message);
    });
  });

  it('prints the id and nothing else with --detach', async () => {
    const { code, stdout } = await run([pipeline(chain), '--detach']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^flow-\w+\n$/);
    const result = await harness.engine.handle(stdout.trim()).result();
    expect(result.status).toBe('COMPLETED');
  });

  it.each([
    ['run --detach', () => runCli(['run', pipeline(unheardOf), '-d', '--json'], at())],
    ['submit', () => runCli(['submit', pipeline(unheardOf), '--json'], at())],
  ])('%s ends with 2 and tells every fault where the workers refuse it', async (_how, submit) => {
    const result = await submit();
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('refused, 2 faults:');
    expect(result.stderr).toContain('unknown task "ech" (did you mean "echo"?)');
    expect(result.stderr).toContain('workers that know the task: tempograph worker --tasks FILE');
    expect(documentOf(result)).toMatchObject({
      executionId: expect.stringMatching(/^flow-/) as string,
      status: 'REJECTED',
    });
  });

  it('prints the id of what the workers refuse, so that it can be looked at', async () => {
    const { code, stdout } = await run(['nope', '--detach']);
    expect(code).toBe(2);
    expect(stdout).toMatch(/^nope-\w+\n$/);
    const told = await runCli(['status', stdout.trim()], at());
    expect(told.stdout).toContain('with what is wrong corrected: tempograph run TASK --input JSON');
    expect(told.stdout).toContain('workers that know the task: tempograph worker --tasks FILE');
  });

  it('does not wait for workers where none is there, and says so', async () => {
    const queue = `${harness.taskQueue}-nobody`;
    const { code, stdout, stderr } = await run(['nope', '--detach', '--task-queue', queue]);
    expect(code).toBe(0);
    expect(stderr).toContain(`no worker polls the task queue "${queue}"`);
    await harness.engine.cancelExecution(stdout.trim());
  });

  it('refuses an id that already ran, unless it may run again', async () => {
    const args = ['noop', '--id', `${harness.taskQueue}-once`, '--json'];
    expect((await run(args)).code).toBe(0);
    const again = await run(args);
    expect(again.code).toBe(2);
    expect(documentOf(again)).toMatchObject({ error: { code: 'STATE' } });
    expect((await run([...args, '--reuse', 'always'])).code).toBe(0);
  });
});
