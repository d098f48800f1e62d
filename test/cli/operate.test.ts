import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { userInfo } from 'node:os';
import type { ExecutionHandle } from '../../src/index.js';
import { buildCli, documentOf, envOf, runCli } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

describe('commands for a running graph', () => {
  let harness: Harness;
  let handle: ExecutionHandle;
  beforeAll(async () => {
    await buildCli();
    harness = await startHarness();
  });
  afterAll(() => harness.stop());
  beforeEach(async () => {
    handle = await harness.engine.scheduleTaskGraph({
      name: 'operated',
      tasks: [
        { id: 'a', task: 'echo', scheduledTime: '1h', input: 'its own' },
        { id: 'b', task: 'noop', scheduledTime: '1h' },
        { id: 'c', task: 'noop', scheduledTime: '1h' },
        { id: 'd', task: 'noop', dependsOn: ['a'] },
      ],
    });
    await until(async () => (await handle.status()).counts.SCHEDULED === 3);
  });
  afterEach(async () => void (await handle.cancel()));

  const cli = async (...args: string[]) => await runCli(args, { env: envOf(harness) });
  const why = ['--reason', 'by hand'];

  it('end, hurry and reorder nodes, with the user of this machine as who asks', async () => {
    const id = handle.executionId;
    const answers = [
      await cli('node', 'skip', `${id}/b`, ...why, '--json'),
      await cli('node', 'complete', `${id}/a`, '{"rows":7}', ...why, '--by', 'ada', '--json'),
      await cli('node', 'priority', `${id}/c`, 'high', ...why, '--json'),
      await cli('concurrency', id, '3', ...why, '--json'),
    ];
    expect(answers.map((answer) => [answer.code, documentOf(answer)])).toEqual([
      [0, { success: true, message: 'b is skipped' }],
      [0, { success: true, message: 'a is COMPLETED with the given value' }],
      [0, { success: true, message: 'c has priority HIGH now' }],
      [0, { success: true, message: 'the concurrency is 3 now; it was 10' }],
    ]);
    const again = await cli('node', 'skip', `${id}/b`, ...why, '--json');
    expect([again.code, documentOf(again)]).toEqual([
      1,
      { success: false, message: 'b is already SKIPPED' },
    ]);
    expect((await cli('status', id)).stdout).toMatch(/a +COMPLETED .*by ada: by hand/);
    const fail = await cli('node', 'fail', `${id}/c`, 'bad source', ...why);
    expect(fail).toMatchObject({ code: 0, stdout: 'c is FAILED\n' });
    const { nodes } = await handle.result();
    expect(nodes['a']).toMatchObject({ output: { rows: 7 } });
    expect(nodes['b']?.statusHistory.at(-1)).toMatchObject({
      ...{ status: 'SKIPPED', by: userInfo().username, note: 'by hand' },
    });
    expect(nodes['c']?.error).toMatchObject({ code: 'OPERATOR', message: 'bad source' });
    const ended = await cli('status', id);
    expect(ended.stdout).toMatch(/a +COMPLETED .*by ada: by hand/);
    expect(ended.stdout).toMatch(/b +SKIPPED .*: by hand/);
  });

  it('status says what is asked of whom, and how to answer', async () => {
    const asks = await harness.engine.scheduleTaskGraph({
      name: 'asks',
      tasks: [
        { id: 'ok', approval: { message: 'ship it?', by: ['ada', 'grace'] } },
        { id: 'n', task: 'noop' },
      ],
    });
    await until(
      async () =>
        (
          await asks
            .node('ok')
            .status()
            .catch(() => undefined)
        )?.status === 'RUNNING',
    );
    const { stdout, stderr } = await cli('status', asks.executionId);
    expect(stdout).toContain('asks ada, grace: ship it?');
    expect(stderr).toContain(`to answer: tempograph approve ${asks.executionId}/ok, or deny`);
    await asks.cancel();
  });

  it('edit from YAML, with every fault and its place, and the version in JSON', async () => {
    const file = join(harness.dataDir, 'edit.yaml');
    writeFileSync(file, 'add:\n  - { id: e, task: ecko }\n');
    const bad = await cli('edit', handle.executionId, file, ...why, '--json');
    expect(bad.code).toBe(1);
    expect(documentOf(bad)).toMatchObject({
      success: false,
      faults: [{ path: 'add[0].task', hint: 'did you mean "echo"?' }],
    });
    writeFileSync(
      file,
      'add:\n  - { id: e, task: echo, input: new }\nreplace:\n  - { id: b, task: noop, dependsOn: [e] }\n',
    );
    const good = await cli('edit', handle.executionId, file, ...why, '--if-version', '1', '--json');
    expect(documentOf(good)).toEqual({
      ...{ success: true, message: 'version 2 of the graph: added e; replaced b' },
      graphVersion: 2,
    });
    await until(async () => (await handle.node('b').status()).status === 'COMPLETED');
    expect(
      (await cli('edit', handle.executionId, file, ...why, '--if-version', '1')).stderr,
    ).toMatch('the graph has version 2 and not 1');
  });

  it.each([
    ['no reason', (id: string) => ['node', 'skip', `${id}/a`], /--reason: say why/],
    ['a graph for a node', (id: string) => ['node', 'skip', id, ...why], /is no node; name one/],
    ['a node for a graph', (id: string) => ['concurrency', `${id}/a`, '3', ...why], /is one node/],
    ['no number', (id: string) => ['concurrency', id, 'many', ...why], /whole number from 1/],
    ['no priority', (id: string) => ['node', 'priority', `${id}/a`, 'hi', ...why], /did you mean/],
    ['no file', (id: string) => ['edit', id, '/nowhere.yaml', ...why], /there is no such file/],
    ['a node with a slip', (id: string) => ['pause', `${id}/aa`], /no node "aa" .*mean "a"/],
    ['no such node', (id: string) => ['approve', `${id}/zz`], /no node "zz" .*there are "a", "b"/],
    ['an unknown execution', () => ['node', 'skip', 'nobody/a', ...why], /no execution "nobody"/],
  ])('refuse %s in words', async (_title, args, says) => {
    const { code, stderr } = await cli(...args(handle.executionId));
    expect(stderr).toMatch(says);
    expect(code).toBeGreaterThan(0);
  });

  it('refuse a file that says something else', async () => {
    const file = join(harness.dataDir, 'other.yaml');
    for (const text of ['[1]', 'tasks: []', 'add: 5', '', 'add: []', 'add: [5]']) {
      writeFileSync(file, text);
      const { code, stderr } = await cli('edit', handle.executionId, file, ...why);
      expect([text, code, stderr]).toEqual([text, 2, expect.stringMatching(/add/)]);
    }
  });
});
