import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { defineTask } from '../../src/registry.js';
import type { ExecutionHandle, GraphSpec } from '../../src/index.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

type Node = GraphSpec['tasks'][number];
const SECRET = 'sup3rs3cret-value-77';

/** A gate by name, that whoever waits for it may find open. */
class Gates {
  private readonly gates = new Map<string, { passed: Promise<void>; open: () => void }>();

  at(name: string): { passed: Promise<void>; open: () => void } {
    let gate = this.gates.get(name);
    if (!gate) {
      let open = (): void => undefined;
      const passed = new Promise<void>((done) => (open = done));
      this.gates.set(name, (gate = { passed, open }));
    }
    return gate;
  }
}

describe('a result with async: true', () => {
  let harness: Harness;
  const gates = new Gates();
  const story: string[] = [];
  const hooked: unknown[] = [];
  let failures = 0;

  /** Its work is done, and its result made, once a test says so; it listens to no signal. */
  const deaf = defineTask({
    name: 'deaf',
    run: async (_input, { nodeId, graphId }) => {
      story.push(`${nodeId} ran`);
      await gates.at(`${graphId} runs`).passed;
      return { rows: 1 };
    },
    processResult: async (_output, { nodeId, graphId }) => {
      story.push(`${nodeId} makes`);
      await gates.at(`${graphId} makes`).passed;
      return { made: 1 };
    },
  });
  const deafHooked = defineTask({
    ...deaf,
    name: 'deafHooked',
    hooks: { post: [{ name: 'sees', run: ({ output }) => void hooked.push(output) }] },
  });
  /** The first try of its result goes on until there is a third, and succeeds; the others end with their time. */
  const late = defineTask({
    name: 'late',
    run: () => ({ rows: 1 }),
    processResult: async (_output, { nodeId, graphId, signal }) => {
      story.push(`${nodeId} makes`);
      const tries = story.filter((line) => line === `${nodeId} makes`).length;
      const gate = gates.at(`${graphId} makes`);
      if (tries === 3) gate.open();
      if (tries > 1)
        await new Promise((_done, failed) =>
          signal.addEventListener('abort', () => failed(signal.reason as Error)),
        );
      await gate.passed;
      story.push(`${nodeId} made`);
      return { made: 1 };
    },
  });
  /** Makes its result at the second try. */
  const flaky = defineTask({
    name: 'flaky',
    run: (_input, { nodeId }) => {
      story.push(`${nodeId} ran`);
      return { rows: 1 };
    },
    processResult: (_output, { nodeId }) => {
      if (failures++ === 0) throw new Error('not yet');
      return { made: nodeId };
    },
    hooks: {
      pre: [{ name: 'adds', run: () => ({ input: 'changed' }) }],
      post: [{ name: 'sees', run: ({ input, output }) => void hooked.push({ input, output }) }],
    },
  });
  const gives = defineTask({ name: 'gives', run: (input: unknown) => input });
  const refuses = defineTask({
    name: 'refuses',
    run: () => ({ rows: 1 }),
    processResult: (_output, { log }) => {
      log.warn(`refused for ${SECRET}`);
      throw new Error(`upload refused for ${SECRET}`);
    },
  });
  const mapped = defineTask({
    name: 'mapped',
    run: () => new Map([['a', 1]]),
    processResult: (map: unknown) => Object.fromEntries(map as Map<string, number>),
  });
  const notes = defineTask({
    name: 'notes',
    run: (input, { nodeId }) => {
      story.push(`${nodeId} ran`);
      return input;
    },
  });
  const tasks = [deaf, deafHooked, late, flaky, gives, refuses, mapped, notes];

  beforeAll(async () => {
    process.env['TEMPOGRAPH_SECRET_HOUSE'] = SECRET;
    harness = await startHarness({ tasks, ...{ maxNodesPerRun: 60, coordinatorEvents: 60 } });
  });
  afterAll(async () => {
    delete process.env['TEMPOGRAPH_SECRET_HOUSE'];
    await harness.stop();
  });
  beforeEach(() => {
    story.splice(0);
    hooked.splice(0);
    failures = 0;
  });

  const work: Node = { id: 'work', task: 'deaf', result: { async: true } };
  const next: Node = { id: 'next', task: 'notes', dependsOn: ['work'] };
  const graph = (nodes: Node[], rest: Partial<GraphSpec> = {}): Promise<ExecutionHandle> =>
    harness.engine.scheduleTaskGraph({ name: 'races', tasks: nodes, ...rest });
  const saw = (line: string): Promise<unknown> => until(() => story.includes(line), line);
  const historyOf = async ({ executionId }: ExecutionHandle): Promise<string> => {
    const history = await harness.client.workflow.getHandle(executionId).fetchHistory();
    return String(historyToJSON(history)).replace(/"data": *"([^"]*)"/g, (_all, data: string) =>
      Buffer.from(data, 'base64').toString(),
    );
  };

  it('lets nothing begin after a node that a person had said is to fail', async () => {
    const clean: Node = { ...next, id: 'clean', trigger: 'one_failed' };
    const handle = await graph([work, next, clean]);
    await saw('work ran');
    await handle.node('work').fail('it must not', { reason: 'tested' });
    gates.at(`${handle.executionId} runs`).open();
    const { nodes } = await handle.result();
    expect(nodes['work']).toMatchObject({ status: 'FAILED', error: { code: 'OPERATOR' } });
    expect(nodes['next']).toMatchObject({ status: 'SKIPPED', reason: 'upstream_failed' });
    expect(story).toEqual(['work ran', 'clean ran']);
  });

  it.each(['a cancel', 'the deadline'])('is not begun after %s that came first', async (stop) => {
    const isCancel = stop === 'a cancel';
    const handle = await graph([work, next], isCancel ? {} : { deadline: '2s' });
    await saw('work ran');
    if (isCancel) await handle.cancel();
    await until(async () => JSON.stringify(await historyOf(handle)).includes('CANCEL_REQUESTED'));
    gates.at(`${handle.executionId} runs`).open();
    const { nodes } = await handle.result();
    expect(nodes['next']).toMatchObject({ status: 'CANCELLED' });
    expect(story).toEqual(['work ran']);
  });

  it('that is still made at the deadline is given up, and the graph is in time', async () => {
    const handle = await graph([work, next], { deadline: '3s' });
    gates.at(`${handle.executionId} runs`).open();
    await saw('work makes');
    await until(async () => (await historyOf(handle)).includes('ACTIVITY_TASK_CANCEL_REQUESTED'));
    gates.at(`${handle.executionId} makes`).open();
    expect(await handle.result()).toMatchObject({
      status: 'COMPLETED',
      nodes: { work: { status: 'COMPLETED' }, next: { status: 'COMPLETED' } },
    });
  });

  it('writes nothing once its try is over: the record says what the execution does', async () => {
    const handle = await graph([{ ...work, task: 'late', timeout: '1s' }]);
    const { nodes } = await handle.result();
    expect(story).toContain('work made'); // by its first try, when its third had begun
    expect(nodes['work']).toMatchObject({ status: 'COMPLETED', output: { rows: 1 } });
    const rowOf = async (executionId: string): Promise<unknown> =>
      (await harness.engine.listExecutions({ executionId })).executions[0]?.output;
    const other = await graph([{ id: 'a', task: 'notes', input: 'later' }]);
    await until(async () => (await rowOf(`${other.executionId}/a`)) === 'later');
    expect(await rowOf(`${handle.executionId}/work`)).toEqual({ rows: 1 });
  });

  it('that fails says no secret, in history, log and warnings', async () => {
    const input = { token: '${{ secrets.HOUSE }}' };
    const handle = await graph([{ ...work, task: 'refuses', input }]);
    const { nodes } = await handle.result();
    expect(nodes['work']?.warnings?.at(-1)).toMatch(/upload refused for \*\*\*/);
    const text = await historyOf(handle);
    expect(text).toContain('upload refused for ***');
    for (const found of [text, JSON.stringify(harness.lines)]) expect(found).not.toContain(SECRET);
  });

  it('is made within the attempt where the output holds a secret that it takes away', async () => {
    const input = { token: '${{ secrets.HOUSE }}', rows: 3 };
    const result = { async: true, select: 'output.rows' };
    const handle = await graph([{ id: 'work', task: 'gives', input, result }]);
    expect((await handle.result()).nodes['work']?.output).toBe(3);
    expect(await historyOf(handle)).not.toContain(SECRET);
  });

  it('is made within the attempt of what is no JSON', async () => {
    const { nodes } = await (await graph([{ ...work, task: 'mapped' }])).result();
    expect(nodes['work']).toMatchObject({ status: 'COMPLETED', output: { a: 1 } });
  });

  it('is waited for between its tries by who does the same work; post hooks see the input of its task', async () => {
    const same: Node = { ...work, task: 'flaky', input: 'same', cache: true };
    const { nodes } = await (
      await graph([same, { ...same, id: 'again', dependsOn: ['work'] }])
    ).result();
    expect(nodes['again']).toMatchObject({ cached: true, output: { made: 'work' } });
    expect(story).toEqual(['work ran']);
    expect(hooked[0]).toEqual({ input: 'changed', output: { made: 'work' } });
  });

  it('has a cache entry with the result that is made within the attempt', async () => {
    const kept: Node = { id: 'a', task: 'notes', input: 'kept', cache: true };
    const result = { transform: '[output]' };
    const first = { ...kept, result: { ...result, async: true } };
    await (await graph([first])).result();
    const { nodes } = await (await graph([{ ...kept, result }])).result();
    expect(nodes['a']).toMatchObject({ cached: true, output: ['kept'] });
  });

  it('is done without where its segment is lost, and post hooks run', async () => {
    const layers = Array.from({ length: 80 }, (_, n): Node => ({
      ...{ id: `n${n}`, task: 'notes' },
      dependsOn: [n < 20 ? 'work' : `n${n - 20}`],
    }));
    const handle = await graph([{ ...work, task: 'deafHooked' }, ...layers]);
    gates.at(`${handle.executionId} runs`).open();
    await saw('work makes');
    await harness.client.workflow.getHandle(`${handle.executionId}/~seg/0`).terminate('tested');
    await handle.node('work').cancel();
    gates.at(`${handle.executionId} makes`).open();
    expect((await handle.result()).nodes['work']).toMatchObject({
      status: 'COMPLETED',
      output: { rows: 1 },
    });
    expect(hooked).toContainEqual({ rows: 1 });
  });

  it('waits for a worker that knows the task', async () => {
    const handle = await graph([work]);
    await saw('work ran');
    const stranger = await harness.startWorker({ tasks: [notes] });
    const leaving = harness.worker.shutdown();
    gates.at(`${handle.executionId} runs`).open();
    await leaving;
    await until(async () => (await historyOf(handle)).includes('does not know the task'));
    await stranger.shutdown();
    await harness.startWorker({ tasks });
    gates.at(`${handle.executionId} makes`).open();
    expect((await handle.result()).nodes['work']).toMatchObject({ output: { made: 1 } });
  });
});
