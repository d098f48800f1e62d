import { buildCli, envOf, runCli } from '../support/cli.js';
import { startHarness, type Harness } from '../support/engine.js';

describe('tempograph events', () => {
  let harness: Harness;
  beforeAll(async () => {
    await buildCli();
    harness = await startHarness();
  });
  afterAll(() => harness.stop());

  it.each([[['--follow']], [[]]])(
    'gives a JSON line for each event of an execution (%j)',
    async (flags: string[]) => {
      const { executionId } = await harness.engine.scheduleTask({ task: 'echo', input: 1 });
      for await (const _ of harness.engine.events({ executionId })) continue;
      const { code, stdout } = await runCli(['events', executionId, '--json', ...flags], {
        env: envOf(harness),
      });
      expect(code).toBe(0);
      const lines = stdout.trim().split('\n');
      expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual([
        ...['created', 'scheduled', 'preparing', 'started', 'completed'],
      ]);
    },
  );

  it('gives people the events of an execution by time, whichever node they are of', async () => {
    const tasks = ['a', 'b', 'c', 'd'].map((id) => ({ id, task: 'noop' }));
    const handle = await harness.engine.scheduleTaskGraph({ name: 'side-by-side', tasks });
    const { executionId } = handle;
    const heard: string[] = [];
    for await (const { at } of harness.engine.events({ executionId })) heard.push(at);
    expect(heard).not.toEqual(heard.toSorted()); // by position they are not
    const { stdout } = await runCli(['events', executionId], { env: envOf(harness) });
    const times = stdout.trim().split('\n');
    expect(times.map((line) => line.slice(0, 24))).toEqual(heard.toSorted());
  });

  it.each([
    ['an execution', (_id: string) => 'not-there', /no execution "not-there"/],
    [
      'a node',
      (id: string) => `${id}/lod`,
      /there is no node "lod" in .* \(did you mean "load"\?\)/,
    ],
  ])('refuses %s that is not there, also with --follow', async (_what, asked, message) => {
    const graph = { name: 'few', tasks: [{ id: 'load', task: 'noop' }] };
    const handle = await harness.engine.scheduleTaskGraph(graph);
    await handle.result();
    for (const flags of [[], ['--follow']]) {
      const args = ['events', asked(handle.executionId), ...flags];
      const { code, stderr } = await runCli(args, { env: envOf(harness) });
      expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
    }
  });

  it.each([
    ['', {}],
    ['through a server', { TEMPOGRAPH_SERVER: 'http://127.0.0.1:9' }],
  ])('refuses --project beside an id %s', async (_where, env) => {
    const args = ['events', 'nightly-1', '--project', 'shop'];
    const { code, stdout, stderr } = await runCli(args, { env: { ...envOf(harness), ...env } });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('--project chooses among all executions, and an id is one of them');
  });
});
