import { defineTask } from '../../src/registry.js';
import type { ExecutionHandle, GraphSpec } from '../../src/index.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

type Node = GraphSpec['tasks'][number];

describe('a result with async: true', () => {
  let harness: Harness;
  /** What happened, in order. */
  const story: string[] = [];
  const hooked: unknown[] = [];
  const gates = new Map<string, () => void>();
  let tries = 0;

  /** Counts rows; its result is made once a test says so. */
  const count = defineTask({
    name: 'count',
    run: (input: unknown, { nodeId }) => {
      story.push(`${nodeId} ran`);
      return { rows: (input as { rows?: number } | null)?.rows ?? 3 };
    },
    processResult: async ({ rows }, { nodeId, executionId, signal, artifact, metric, warn }) => {
      story.push(`${nodeId} makes`);
      await new Promise<void>((done, failed) => {
        gates.set(executionId, done);
        signal.addEventListener('abort', () => failed(signal.reason as Error));
      });
      await artifact('rows.txt', { text: String(rows) });
      metric('rows', rows);
      warn('rows were counted');
      return { counted: rows };
    },
    hooks: { post: [{ name: 'sees', run: ({ output }) => void hooked.push(output) }] },
  });
  const breaks = defineTask({
    name: 'breaks',
    run: () => ({ rows: 1 }),
    processResult: () => {
      tries++;
      throw new Error('the index is closed');
    },
    hooks: {
      pre: [{ name: 'adds', run: () => ({ input: 'changed' }) }],
      post: [{ name: 'sees', run: ({ input, output }) => void hooked.push({ input, output }) }],
    },
  });
  const notes = defineTask({
    name: 'notes',
    run: (input, { nodeId }) => {
      story.push(`${nodeId} ran`);
      return input;
    },
  });

  beforeAll(
    async () =>
      void (harness = await startHarness({
        tasks: [count, breaks, notes],
        ...{ maxNodesPerRun: 60, coordinatorEvents: 60 },
      })),
  );
  afterAll(() => harness.stop());
  beforeEach(() => {
    story.splice(0);
    hooked.splice(0);
    tries = 0;
  });

  const work: Node = { id: 'work', task: 'count', result: { async: true } };
  const free: Node = { id: 'free', task: 'notes', dependsOn: ['work'] };
  const reader: Node = {
    ...{ id: 'reader', task: 'notes', dependsOn: ['work'] },
    input: { got: '${{ tasks.work.output }}' },
  };
  const graph = (tasks: Node[], rest: Partial<GraphSpec> = {}): Promise<ExecutionHandle> =>
    harness.engine.scheduleTaskGraph({ name: 'apart', tasks, ...rest });
  const makes = async ({ executionId }: ExecutionHandle, node = 'work'): Promise<() => void> => {
    const id = `${executionId}/${node}`;
    await until(() => gates.has(id));
    return gates.get(id) as () => void;
  };
  const stands = (handle: ExecutionHandle, node: string) => handle.node(node).status();
  const ended = async (handle: ExecutionHandle, node: string): Promise<void> =>
    void (await until(async () => (await stands(handle, node)).status === 'COMPLETED'));

  it('lets dependants begin that do not read it; those that do wait for it', async () => {
    const handle = await graph([work, free, reader]);
    const open = await makes(handle);
    await ended(handle, 'free');
    const before = await stands(handle, 'work');
    expect(before).toMatchObject({ status: 'RUNNING', reason: 'result', attempts: 1 });
    expect(before).not.toHaveProperty('output');
    expect(await stands(handle, 'reader')).toMatchObject({
      ...{ status: 'PENDING', reason: 'dependencies' },
      dependencies: { done: 0, total: 1 },
    });
    open();
    const result = await handle.result();
    expect(result.status).toBe('COMPLETED');
    expect(result.nodes['work']).toMatchObject({
      ...{ status: 'COMPLETED', output: { counted: 3 }, attempts: 1 },
      ...{ metrics: { rows: 3 }, warnings: ['rows were counted'] },
    });
    expect(result.nodes['reader']?.output).toEqual({ got: { counted: 3 } });
    expect(result.artifacts).toMatchObject([{ nodeId: 'work', name: 'rows.txt' }]);
    expect(story.at(-1)).toBe('reader ran');
    expect(hooked).toEqual([{ counted: 3 }]);
  });

  it('is waited for by who reads it over others that do not', async () => {
    const handle = await graph([work, free, { ...reader, dependsOn: ['free'] }]);
    const open = await makes(handle);
    await ended(handle, 'free');
    expect(await stands(handle, 'reader')).toMatchObject({
      ...{ reason: 'dependencies', dependencies: { done: 1, total: 2 } },
    });
    const [told] = (await handle.node('reader').explain()).nodes;
    expect(told?.sentence).toContain('waits for 1 of 2 dependencies: work (RUNNING, result)');
    open();
    expect((await handle.result()).nodes['reader']?.output).toEqual({ got: { counted: 3 } });
  });

  it('is a warning where it fails, and the output what the task gave', async () => {
    const handle = await graph([
      { ...work, task: 'breaks' },
      reader,
      { id: 'bad', task: 'notes', input: 1, result: { async: true, transform: 'output.none' } },
    ]);
    const { status, nodes } = await handle.result();
    expect(status).toBe('COMPLETED');
    expect(nodes['work']).toMatchObject({ status: 'COMPLETED', output: { rows: 1 } });
    expect(nodes['work']?.warnings).toEqual([
      'the result was not made, and the output is what the task gave: processResult failed: the index is closed',
    ]);
    expect(nodes['reader']?.output).toEqual({ got: { rows: 1 } });
    expect(nodes['bad']).toMatchObject({ status: 'COMPLETED', output: 1 });
    expect(nodes['bad']?.warnings?.[0]).toMatch(/result\.transform/);
    expect(tries).toBe(3);
    expect(hooked).toEqual([{ input: 'changed', output: { rows: 1 } }]);
  });

  it('is given up by a cancel, and what runs beside it is stopped', async () => {
    const handle = await graph([work, reader]);
    await makes(handle);
    await handle.cancel();
    const { status, nodes } = await handle.result();
    expect(status).toBe('CANCELLED');
    expect(nodes['work']).toMatchObject({ status: 'COMPLETED', output: { rows: 3 } });
    expect(nodes['work']?.warnings?.[0]).toMatch(/it was stopped/);
    expect(nodes['reader']).toMatchObject({ status: 'CANCELLED' });
  });

  it('is not held up by a pause, and nothing but a cancel can be asked of its node', async () => {
    const handle = await graph([work, reader]);
    const open = await makes(handle);
    expect(await handle.pause({ mode: 'hard' })).toMatchObject({ success: true });
    const node = handle.node('work');
    for (const answer of [
      await node.fail('no', { reason: 'r' }),
      await node.skip({ reason: 'r' }),
      await node.pause(),
    ])
      expect(answer).toMatchObject({ success: false, message: /has done its work/ });
    open();
    await ended(handle, 'work');
    expect(await stands(handle, 'reader')).toMatchObject({ status: 'PAUSED' });
    await handle.resume();
    expect((await handle.result()).nodes['reader']?.output).toEqual({ got: { counted: 3 } });
  });

  it('goes on over a continue-as-new, in a graph that is split', async () => {
    const layers = Array.from({ length: 200 }, (_, n): Node => {
      const before = n < 20 ? ['work'] : [`n${n - 20}`, `n${n - 1 - (n % 20)}`];
      return { id: `n${n}`, task: 'notes', dependsOn: [...new Set(before)] };
    });
    const handle = await graph([work, reader, ...layers]);
    const open = await makes(handle);
    await ended(handle, 'n199');
    const { raw } = await harness.client.workflow.getHandle(handle.executionId).describe();
    const { firstRunId, execution } = raw.workflowExecutionInfo ?? {};
    expect(firstRunId).not.toBe(execution?.runId);
    expect(story).not.toContain('reader ran');
    expect(await stands(handle, 'work')).toMatchObject({ reason: 'result', attempts: 1 });
    open();
    const { nodes } = await handle.result();
    expect(nodes['work']).toMatchObject({ status: 'COMPLETED', output: { counted: 3 } });
    expect(nodes['reader']?.output).toEqual({ got: { counted: 3 } });
  });

  it('is kept, so that the same work is not done again; meanwhile others wait for it', async () => {
    const cached: Node = { ...work, input: { rows: 9 }, cache: true };
    const handle = await graph([cached, { ...cached, id: 'again', dependsOn: ['work'] }]);
    const open = await makes(handle);
    await until(async () => (await stands(handle, 'again')).reason === 'coalesced');
    open();
    const { nodes } = await handle.result();
    expect(nodes['again']).toMatchObject({ cached: true, output: { counted: 9 } });
    expect(story.filter((line) => line.endsWith('ran'))).toEqual(['work ran']);
  });
});
