import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineTask } from '../../src/registry.js';
import { buildCli, documentOf, envOf, runCli } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';

const keeps = defineTask({
  name: 'keeps',
  run: async (_input, { artifact, nodeId }) => {
    await artifact('plots/both.bin', new Uint8Array([0, 255, 10]));
    await artifact(`${nodeId}.txt`, { text: `of ${nodeId}` });
  },
});

describe('tempograph artifacts', () => {
  let harness: Harness;
  let id: string;
  const folder = mkdtempSync(join(tmpdir(), 'tempograph-cli-artifacts-'));
  beforeAll(async () => {
    await buildCli();
    harness = await startHarness({ tasks: [keeps] });
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'keeping',
      tasks: ['one', 'two'].map((node) => ({ id: node, task: 'keeps' })),
    });
    await handle.result();
    id = handle.executionId;
  });
  afterAll(async () => {
    await harness.stop();
    rmSync(folder, { recursive: true });
  });

  const cli = async (...args: string[]) => await runCli(args, { env: envOf(harness) });

  it('lists them, of an execution and of one node', async () => {
    const { stdout, code } = await cli('artifacts', id);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^NODE +NAME +BYTES +TYPE/);
    expect(stdout).toMatch(/two +two\.txt +6 +text\/plain/);
    const { artifacts } = documentOf<{ artifacts: { nodeId: string; name: string }[] }>(
      await cli('artifacts', `${id}/one`, '--json'),
    );
    expect(artifacts.map(({ nodeId, name }) => `${nodeId} ${name}`)).toEqual([
      'one plots/both.bin',
      'one one.txt',
    ]);
  });

  it('writes one to a file, and over a file only when forced', async () => {
    const path = join(folder, 'deep', 'one.bin');
    const get = ['artifact', 'get', `${id}/one`, 'plots/both.bin', '--output', path];
    expect(documentOf(await cli(...get, '--json'))).toMatchObject({
      artifact: { nodeId: 'one', name: 'plots/both.bin', bytes: 3, path },
    });
    expect([...readFileSync(path)]).toEqual([0, 255, 10]);
    const again = await cli(...get);
    expect({ code: again.code, stderr: again.stderr }).toEqual({
      ...{ code: 2, stderr: expect.stringMatching(/is there already.*--force/) as string },
    });
    expect((await cli(...get, '--force')).code).toBe(0);
  });

  it('writes one to standard output, and finds the node where the name says it', async () => {
    const { stdout, code } = await cli('artifact', 'get', id, 'two.txt', '--output', '-');
    expect({ stdout, code }).toEqual({ stdout: 'of two', code: 0 });
  });

  it.each([
    [['plots/both.bin'], /2 nodes of .* kept .*: one, two; name one as .*\/one/],
    [['one.text'], /has no artifact "one\.text"; did you mean .?one\.txt/],
    [['../../x'], /has no artifact/],
    [['two.txt', '--output', '-', '--json'], /leave one out/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await cli('artifact', 'get', id, ...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('says so where there is no such execution', async () => {
    const { code, stderr } = await cli('artifacts', 'nobody-knows-this-one');
    expect(code).toBe(2);
    expect(stderr).toMatch(/there is no execution/);
  });
});
