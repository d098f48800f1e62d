import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildCli, documentOf, runCli, type CliResult } from '../support/cli.js';

const CI = `
name: ci
on: push
jobs:
  build: { runs-on: ubuntu-latest, steps: [{ run: make }] }
  test: { needs: build, steps: [{ run: make test }] }
`;
const CLEAN = 'flowchart TD\n  a --> b\n';

interface Document {
  pipeline: { name: string; tasks: { id: string; task: string; dependsOn?: string[] }[] };
  losses: { path: string; feature: string; message: string }[];
  mermaid?: string;
}

describe('tempograph convert', () => {
  let folder: string;
  beforeAll(async () => {
    await buildCli();
    folder = mkdtempSync(join(tmpdir(), 'tempograph-convert-'));
  });

  const file = (name: string, text: string | Buffer): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const convert = async (...args: string[]): Promise<CliResult> =>
    await runCli(['convert', ...args]);

  it('writes the pipeline as YAML to standard output, and the losses to standard error', async () => {
    const result = await convert('--from', 'github', file('ci.yml', CI));
    expect(result.code).toBe(0);
    expect(result.stdout).toContain('name: ci\n');
    expect(result.stdout).toContain(
      '  - id: test\n    task: noop\n    dependsOn:\n      - build\n',
    );
    expect(result.stderr.split('\n')).toEqual([
      'on: push does not start the pipeline; start it by command or API, or make a schedule',
      expect.stringMatching(/^jobs\.build\.steps: 1 step, runs-on are kept/),
      expect.stringMatching(/^jobs\.test\.steps: 1 step is kept/),
      '3 losses',
      '',
    ]);
    const made = file('made.yaml', result.stdout);
    expect(
      (await runCli(['validate', made], { env: { TEMPORAL_ADDRESS: '127.0.0.1:1' } })).code,
    ).toBe(0);
  });

  it('gives pipeline and losses as one document with --json, and the picture where one is asked for', async () => {
    const path = file('ci2.yml', CI);
    const document = documentOf<Document>(await convert('--from', 'github', path, '--json'));
    expect(document.pipeline.tasks.map(({ id }) => id)).toEqual(['build', 'test']);
    expect(document.losses[0]).toEqual({
      path: 'on',
      feature: 'on',
      message: expect.stringContaining('push does not start') as string,
    });
    const drawn = documentOf<Document>(await convert(path, '--to', 'mermaid', '--json'));
    expect(drawn.mermaid).toContain('build --> test');
  });

  it('ends with 1 under --strict where anything is lost, and with 0 where nothing is', async () => {
    const lossy = await convert('--strict', '--from', 'github', file('ci3.yml', CI), '--json');
    expect(lossy.code).toBe(1);
    expect(documentOf<Document>(lossy).losses).toHaveLength(3);
    expect((await convert('--strict', file('clean.mmd', CLEAN))).code).toBe(0);
  });

  it('guesses the format and says so; reads standard input; names the task', async () => {
    const input = 'digraph "g" { a -> b }';
    const result = await runCli(['convert', '-', '--task', 'mine', '--json'], { input });
    expect(result.stderr).toContain('read as dot; --from says otherwise');
    expect(documentOf<Document>(result).pipeline).toMatchObject({
      name: 'g',
      tasks: [{ task: 'mine' }, { task: 'mine', dependsOn: ['a'] }],
    });
  });

  it.each([
    ['json', '{\n  "name": "clean2",'],
    ['mermaid', 'flowchart TD\n  a\n  b\n  a --> b'],
    ['dot', 'digraph "clean2" {\n  "a";\n  "b";\n  "a" -> "b";\n}'],
  ])('writes %s', async (to, text) => {
    const { stdout, code } = await convert(file('clean2.mmd', CLEAN), '--to', to);
    expect(code).toBe(0);
    expect(stdout).toContain(text);
  });

  it('draws a pipeline', async () => {
    const path = file(
      'own.yaml',
      'name: own\ntasks: [{ id: a, task: echo }, { id: b, task: noop, dependsOn: [a] }]',
    );
    const { stdout, stderr } = await convert(path, '--to', 'mermaid');
    expect(stdout).toContain('a --> b');
    expect(stderr).toBe('read as pipeline; --from says otherwise\n');
  });

  it.each([
    ['an empty file', '', 'the text is empty'],
    ['bytes that happen to be UTF-8', Buffer.from([0x50, 0x4b, 3, 4, 0]), 'this is no text'],
    ['five megabytes', Buffer.alloc(5_000_001, 'x'), 'the limit is 5000000'],
    ['another format', 'hello: world', 'this is no GitHub Actions workflow'],
    ['a cycle', 'jobs: { a: { needs: b }, b: { needs: a } }', 'the graph has a cycle: a → b → a'],
    ['no YAML', 'jobs: [', 'line 1'],
  ])('refuses %s with exit code 2, and says why', async (_what, text, message) => {
    const path = file('bad.txt', text);
    const result = await convert('--from', 'github', path, '--json');
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(`${path}: `);
    expect(result.stderr).toContain(message);
    expect(documentOf(result)).toMatchObject({ error: { code: 'SPEC_INVALID' } });
  });

  it('refuses an image with exit code 2, as any file that is no text', async () => {
    const path = file('bad.png', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2]));
    const result = await convert('--from', 'github', path, '--json');
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(`${path}: is no UTF-8 text: line 1 column 1`);
    expect(documentOf(result)).toMatchObject({ error: { code: 'USAGE' } });
  });

  it('refuses what it cannot guess, a format that it does not know, and a file that is not there', async () => {
    const unknown = await convert(file('what.txt', 'hello: world'));
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toContain('say which it is with --from argo|github');
    expect((await convert('--from', 'airflow', 'x')).stderr).toContain(
      '--from: expected one of argo',
    );
    const missing = await convert('nowhere.yml');
    expect(missing).toMatchObject({ code: 2 });
    expect(missing.stderr).toContain('nowhere.yml: there is no such file');
  });
});
