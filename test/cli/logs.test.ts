import { LogText } from '../../src/cli/log-text.js';
import { Output } from '../../src/cli/output.js';
import type { LogLine } from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import { buildCli, envOf, runCli, startCli } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

describe('tempograph logs', () => {
  let harness: Harness;
  const open = new Set<string>();
  const gated = defineTask<{ gate: string }>({
    name: 'gated',
    run: async ({ gate }, { signal, log }) => {
      log.info('first');
      await until(() => signal.aborted || open.has(gate));
      signal.throwIfAborted();
      log.error('last', { code: 7 });
    },
  });
  beforeAll(async () => {
    await buildCli();
    harness = await startHarness({ tasks: [gated] });
  });
  afterAll(() => harness.stop());

  const graph = async (gate: string): Promise<string> =>
    (
      await harness.engine.scheduleTaskGraph({
        name: 'g',
        tasks: [{ id: 'load', task: 'gated', input: { gate } }],
      })
    ).executionId;
  const run = (args: readonly string[]) => runCli(['logs', ...args], { env: envOf(harness) });

  it('follows an execution until it has ended, for people', async () => {
    const id = await graph('a');
    const cli = startCli(['logs', id, '-f'], { env: envOf(harness) });
    await cli.saw('stdout', /load {14}info {4}first\n/);
    open.add('a');
    const { code, stdout } = await cli.ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^\S+Z {2}load {14}info {4}first\n\S+Z {2}load {14}error {3}last {2}code=7\n$/,
    );
  });

  it('gives a JSON line for each line of a node, by level, and the last so many', async () => {
    const id = await graph('a');
    for await (const _ of harness.engine.logs(id)) continue;
    const texts = async (...args: string[]): Promise<string[]> => {
      const { code, stdout } = await run([...args, '--json']);
      expect(code).toBe(0);
      const lines = stdout.split('\n').filter((line) => line !== '');
      return lines.map((line) => (JSON.parse(line) as LogLine).text);
    };
    await expect(texts(`${id}/load`)).resolves.toEqual(['first', 'last']);
    await expect(texts(id, '--level', 'warn')).resolves.toEqual(['last']);
    await expect(texts(id, '--limit', '1', '--follow')).resolves.toEqual(['last']);
    await expect(texts(id, '--since', '10m', '--attempt', '1')).resolves.toHaveLength(2);
    await expect(texts(id, '--attempt', '2')).resolves.toEqual([]);
  });

  it('is interrupted by Ctrl-C with 130, and the execution goes on', async () => {
    const id = await graph('c');
    const cli = startCli(['logs', id, '-f'], { env: envOf(harness) });
    await cli.saw('stdout', /first/);
    cli.child.kill('SIGINT');
    expect((await cli.ended).code).toBe(130);
    open.add('c');
    await expect(harness.engine.handle(id).result()).resolves.toMatchObject({ ok: true });
  });

  it.each([
    ['an execution that is not there', ['not-there'], /not-there/],
    ['a level that is none', ['x', '--level', 'loud'], /debug, info, warn, error/],
    ['a time that is none', ['x', '--since', 'soon'], /--since/],
  ])('refuses %s with 2', async (_what, args, message) => {
    const { code, stderr } = await run(args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });

  it('refuses a node that is not there, with the one that is near', async () => {
    const tasks = [{ id: 'load', task: 'noop' }];
    const handle = await harness.engine.scheduleTaskGraph({ name: 'few', tasks });
    await handle.result();
    const { code, stderr } = await run([`${handle.executionId}/lod`]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('(did you mean "load"?)')]);
    expect((await run([`${handle.executionId}/load`])).code).toBe(0);
  });

  it('says where there are no lines', async () => {
    const { executionId } = await harness.engine.scheduleTask({ task: 'noop' });
    const { code, stdout, stderr } = await run([executionId]);
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(/ (has logged nothing|logged nothing, or)/);
  });

  it.each([
    ['that ran', 'quiet', [], /quiet logged nothing, or .* kept for 14 days/],
    ['that was skipped', 'unwanted', [], /unwanted has logged nothing: it never ran \(SKIPPED\)/],
    ['of a level', 'quiet', ['--level', 'warn'], /quiet has no such log lines; without --attempt/],
  ])('says why there are no lines of a node %s', async (_what, node, flags, says) => {
    const tasks = [
      { id: 'quiet', task: 'noop' },
      { id: 'unwanted', task: 'noop', dependsOn: ['quiet'], when: 'false' },
    ];
    const handle = await harness.engine.scheduleTaskGraph({ name: 'silent', tasks });
    await handle.result();
    const { code, stderr } = await run([`${handle.executionId}/${node}`, ...flags]);
    expect([code, stderr]).toEqual([0, expect.stringMatching(says)]);
  });

  it('says of a node that waits that it has not begun to run', async () => {
    const tasks = [
      { id: 'ask', approval: { message: 'Go on?' } },
      { id: 'then', task: 'noop', dependsOn: ['ask'] },
    ];
    const handle = await harness.engine.scheduleTaskGraph({ name: 'asking', tasks });
    const { stderr } = await run([`${handle.executionId}/then`]);
    expect(stderr).toContain('then has logged nothing: it has not begun to run');
    await handle.cancel();
  });
});

describe('LogText', () => {
  const { style } = new Output({ json: false, env: {}, stdout: { write: () => true } });
  const line = (rest: Partial<LogLine>): LogLine => ({
    ...{ position: 1, executionId: 'g/load', nodeId: 'load', attempt: 1, sequence: 1 },
    ...{ at: '2027-01-31T08:00:00.000Z', level: 'info', source: 'log', text: 'hello' },
    ...rest,
  });
  const of = (rest: Partial<LogLine>): string => {
    const text = new LogText(style);
    text.prepare([line(rest)]);
    return text.of(line(rest)).slice(26);
  };

  it('names the node with its attempt where that is not the first, and no node of a lone task', () => {
    expect(of({})).toBe('load  info    hello');
    expect(of({ attempt: 3 })).toBe('load#3  info    hello');
    expect(of({ nodeId: null })).toBe('info    hello');
  });

  it('aligns the columns of all lines that it was prepared for', () => {
    const text = new LogText(style);
    const lines = [line({}), line({ nodeId: 'transform', attempt: 3 })];
    text.prepare(lines);
    expect(lines.map((one) => text.of(one).slice(26))).toEqual([
      'load         info    hello',
      'transform#3  info    hello',
    ]);
  });

  it('leaves room for most ids where it does not know what comes, and keeps that', () => {
    const text = new LogText(style);
    const ids = ['load', 'bill/list', 'a-node-of-a-long-name', 'load'];
    expect(ids.map((nodeId) => text.of(line({ nodeId })).slice(26).indexOf('info'))).toEqual([
      ...[18, 18, 23, 23],
    ]);
  });

  it('indents all but the first line of a text, and shows fields behind it', () => {
    expect(of({ text: 'a\nb\r\nc\n', fields: { n: 1, file: '/x y', ok: 'yes' } })).toBe(
      'load  info    a\n    b\n    c  n=1 file="/x y" ok=yes',
    );
  });

  it('says stdout and stderr instead of a level', () => {
    expect(of({ source: 'stderr' })).toBe('load  stderr  hello');
  });

  it.each([
    ['clear the screen', '\u001b[2J\u001b[Hgone'],
    ['set the title', '\u001b]0;owned\u0007gone'],
    ['go back to the line’s beginning', 'fine\rgone'],
    ['use controls of eight bits', '\u009b2Jgone'],
    ['turn the direction of writing', '\u202egone'],
  ])('does not let a text %s', (_what, text) => {
    const shown = of({ text, nodeId: text, fields: { text, [text]: 1 } });
    expect(shown).toContain('gone');
    expect(shown).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
  });
});
