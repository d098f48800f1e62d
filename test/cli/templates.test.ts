import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildCli, documentOf, envOf, runCli } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';

const NOWHERE = { TEMPORAL_ADDRESS: '127.0.0.1:1' };
const GREET = `name: greet
description: Says hello to somebody.
params:
  who: { type: string, description: whom }
  times: { type: integer, minimum: 1, default: 1 }
  tags: { type: array, items: { type: string }, default: [] }
tasks:
  - id: say
    task: echo
    input: { text: 'hello \${{ params.who }}', times: '\${{ params.times }}', tags: '\${{ params.tags }}' }
`;

describe('templates on the command line', () => {
  let harness: Harness;
  const folder = mkdtempSync(join(tmpdir(), 'tempograph-cli-templates-'));
  beforeAll(async () => {
    await buildCli();
    harness = await startHarness();
    writeFileSync(join(folder, 'greet.yaml'), GREET);
    writeFileSync(join(folder, 'broken.yaml'), 'name: broken\ntasks:\n  - { id: a, tsk: b }\n');
  });
  afterAll(() => harness.stop());
  const cli = async (args: string[], env: Record<string, string> = NOWHERE) =>
    await runCli(args, { env: { ...env, TEMPOGRAPH_TEMPLATES_DIR: folder } });

  it('are listed with their parameters, and what is wrong with a faulty one', async () => {
    const { code, stdout, stderr } = await cli(['templates']);
    expect(code).toBe(0);
    expect(stdout).toContain(
      '  Says hello to somebody.\n  -p who=<string>     whom (must be given)\n',
    );
    expect(stdout).toContain('-p times=<integer>  (default: 1)');
    expect(stdout).toContain('broken.yaml:3:14 tasks[0].tsk: unknown field "tsk"');
    expect(stdout).toContain('-p method=<POST|PUT|PATCH>  how it is sent (default: "POST")');
    expect(stderr).toBe('broken: cannot be run until mended\n');
    const { templates } = documentOf<{ templates: { name: string }[] }>(
      await cli(['templates', '--json']),
    );
    expect(templates.map(({ name }) => name)).toEqual(expect.arrayContaining(['greet', 'notify']));
  });

  it('run by name, with parameters read by their types', async () => {
    const args = ['-p', 'who=5', '-p', 'times=2', '-p', 'tags=["a"]', '--json'];
    const result = await cli(['run', 'greet', ...args], envOf(harness));
    expect(result.code).toBe(0);
    expect(documentOf(result)).toMatchObject({
      nodes: { say: { output: { text: 'hello 5', times: 2, tags: ['a'] } } },
    });
  });

  it.each([
    ['times=two', 'params.times: expected integer, got "two"'],
    ['times=0', 'params.times: must be >= 1, got 0'],
    ['times=12345678901234567890', 'expected integer, got "12345678901234567890"'],
    ['tags=[1', 'params.tags: expected array, got "[1"'],
    ['tags=["a",1]', 'params.tags: [1]: expected string, got 1'],
    ['wo=x', 'the graph has no parameter "wo" (did you mean "who"?)'],
  ])('refuse -p %s, saying what was expected', async (param, says) => {
    const result = await cli(['validate', 'greet', '-p', 'who=x', '-p', param]);
    expect([result.code, result.stdout]).toEqual([2, expect.stringContaining(says)]);
  });

  it('take parameters of a file', async () => {
    const file = join(folder, 'values.yml');
    writeFileSync(file, 'who: you\ntimes: 3\n');
    const result = await cli(
      ['run', 'greet', '--params', file, '-p', 'times=4', '--json'],
      envOf(harness),
    );
    expect(documentOf(result)).toMatchObject({
      nodes: { say: { output: { text: 'hello you', times: 4 } } },
    });
  });

  it('are refused with their faults where they are faulty', async () => {
    const { code, stdout } = await cli(['validate', 'broken']);
    expect(code).toBe(2);
    expect(stdout).toContain(`${join(folder, 'broken.yaml')}:3:14 tasks[0].tsk`);
  });

  it('leave a name that none has to the tasks', async () => {
    const result = await cli(['run', 'echo', '-i', '1', '--json'], envOf(harness));
    expect(documentOf(result)).toMatchObject({ output: 1 });
  });
});

describe('tempograph schema', () => {
  it('prints the file of the package', async () => {
    const { stdout, code } = await runCli(['schema'], { env: NOWHERE });
    const file = join(__dirname, '..', '..', 'schema', 'pipeline.schema.json');
    expect([code, JSON.parse(stdout)]).toEqual([0, JSON.parse(readFileSync(file, 'utf8'))]);
  });
});
