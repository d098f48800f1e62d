import { TaskEngine } from '../../src/client.js';
import type { HookExecution } from '../../src/task-hooks.js';
import { startHarness, type Harness } from '../support/engine.js';

describe('hooks that an engine adds', () => {
  let harness: Harness;
  const seen: string[] = [];
  const note = (hook: string) => (execution: HookExecution) =>
    void seen.push(`${hook} ${execution.status}`);
  beforeAll(async () => {
    harness = await startHarness({
      hooks: { pre: [{ name: 'own', run: note('own') }] },
      namedHooks: {
        pre: [{ name: 'named', run: note('named') }],
        post: [{ name: 'after', run: note('after') }],
      },
    });
  });
  afterAll(() => harness.stop());
  beforeEach(() => (seen.length = 0));

  const run = async () =>
    await (await harness.engine.scheduleTask({ task: 'echo', input: 1 })).result();

  it('run in the workers of this process, behind theirs, until they are taken off', async () => {
    const { engine } = harness;
    const undo = [
      engine.addPreExecutionHook(note('pre')),
      engine.addPreExecutionHook(({ input }) => ({ input: Number(input) + 1 })),
      engine.addPostExecutionHook({ name: 'post', run: note('post') }),
    ];
    expect((await run()).output).toBe(2);
    expect(seen).toEqual(['own PREPARING', 'pre PREPARING', 'post COMPLETED']);
    for (const takeOff of undo) takeOff();
    seen.length = 0;
    expect((await run()).output).toBe(1);
    expect(seen).toEqual(['own PREPARING']);
  });

  it('may refuse, as any hook', async () => {
    const takeOff = harness.engine.addPreExecutionHook(() => {
      throw new Error('not today');
    });
    const { status, error } = await run();
    takeOff();
    expect({ status, code: error?.code }).toEqual({ status: 'REJECTED', code: 'VETOED' });
  });

  it('are names of the workers’ hooks, for what this engine schedules, before the graph’s own', async () => {
    const { engine } = harness;
    const undo = [engine.addPreExecutionHook('named'), engine.addPostExecutionHook('after')];
    const graph = {
      name: 'hooked',
      hooks: { pre: ['named'], post: [] },
      tasks: [{ id: 'a', task: 'noop' }],
    };
    await (await engine.scheduleTaskGraph(graph)).result();
    expect(seen).toEqual(['own PREPARING', 'named PREPARING', 'after COMPLETED']);
    for (const takeOff of undo) takeOff();
    seen.length = 0;
    await run();
    expect(seen).toEqual(['own PREPARING']);
  });

  it('are refused as functions where no worker runs in this process', async () => {
    const far = await TaskEngine.connect({ address: harness.address, taskQueue: 'nobody-polls' });
    expect(() => far.addPreExecutionHook(() => undefined)).toThrow(
      /addPreExecutionHook: a function runs where the tasks run, .*"nobody-polls".*namedHooks/,
    );
    expect(() => far.addPostExecutionHook(7 as never)).toThrow(/expected a function.*got 7/);
    expect(() => far.addPostExecutionHook('')).toThrow(/the name is empty/);
    await far.shutdown();
    expect(() => far.addPostExecutionHook('x')).toThrow(/shut down/);
  });
});
