import { defineTask } from '../../src/registry.js';
import type { GraphSpec } from '../../src/domain/spec.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const started: string[] = [];
/** Runs until it is asked to stop. */
const endless = defineTask({
  name: 'endless',
  run: async (_input, { executionId, signal }) => {
    started.push(executionId);
    await new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  },
});

const inner = (tasks: GraphSpec['tasks'], more: Partial<GraphSpec> = {}): GraphSpec => ({
  name: 'inner',
  tasks,
  ...more,
});

describe('a sub-graph', () => {
  let harness: Harness;
  beforeAll(async () => void (harness = await startHarness({ tasks: [endless] })));
  afterAll(() => harness.stop());

  const run = async (tasks: object[], more: object = {}) =>
    await harness.engine.scheduleTaskGraph({
      name: 'outer',
      tasks: tasks as GraphSpec['tasks'],
      ...more,
    });

  it('gets its parameters from the input, and gives its leaves to what follows', async () => {
    const handle = await run([
      { id: 'a', task: 'echo', input: 4 },
      {
        id: 'sub',
        dependsOn: ['a'],
        graph: inner(
          [
            { id: 'double', task: 'echo', input: '${{ params.n * 2 }}' },
            {
              id: 'leaf',
              task: 'echo',
              dependsOn: ['double'],
              input: '${{ tasks.double.output }}',
            },
          ],
          { params: { n: { type: 'number' }, unit: { type: 'string', default: 'mm' } } },
        ),
        input: { n: '${{ tasks.a.output }}' },
      },
      { id: 'after', task: 'echo', dependsOn: ['sub'], input: '${{ tasks.sub.output.leaf + 1 }}' },
    ]);
    const result = await handle.resultOrThrow();
    expect(result.nodes['sub']).toMatchObject({ status: 'COMPLETED', output: { leaf: 8 } });
    expect(result.output).toEqual({ after: 9 });
    const below = await harness.engine.getExecution(`${handle.executionId}/sub/double`);
    expect(below).toMatchObject({ status: 'COMPLETED', output: 8, kind: 'node' });
  });

  it('that fails fails its node, with the error of the node inside', async () => {
    const handle = await run([
      {
        id: 'sub',
        graph: inner([
          { id: 'bad', task: 'fail', input: { times: 9, message: 'no disk' }, retry: 'NONE' },
        ]),
      },
      { id: 'clean', task: 'echo', dependsOn: ['sub'], trigger: 'all_failed', input: 'cleaned' },
    ]);
    const { status, error, nodes } = await handle.result();
    expect({ status, nodeId: error?.nodeId }).toEqual({ status: 'FAILED', nodeId: 'sub' });
    expect(error?.message).toBe('bad: no disk');
    expect(nodes['clean']?.output).toBe('cleaned');
  });

  it('whose parameters are refused when they are known ends REJECTED and runs nothing', async () => {
    const handle = await run([
      { id: 'a', task: 'echo', input: 'many' },
      {
        id: 'sub',
        dependsOn: ['a'],
        graph: inner([{ id: 'x', task: 'noop' }], { params: { n: { type: 'number' } } }),
        input: { n: '${{ tasks.a.output }}' },
      },
    ]);
    const { nodes } = await handle.result();
    expect(nodes['sub']).toMatchObject({ status: 'REJECTED', error: { code: 'SPEC_INVALID' } });
    expect(nodes['sub']?.error?.message).toMatch(/params\.n.*got "many"/);
  });

  it('is cancelled with its node, whatever runs inside', async () => {
    const handle = await run([{ id: 'sub', graph: inner([{ id: 'run', task: 'endless' }]) }]);
    const id = `${handle.executionId}/sub/run`;
    await until(() => started.includes(id));
    expect(await harness.engine.cancelExecution(`${handle.executionId}/sub`)).toMatchObject({
      success: true,
    });
    const { nodes } = await handle.result();
    expect(nodes['sub']).toMatchObject({ status: 'CANCELLED' });
    expect(await harness.engine.getExecution(id)).toMatchObject({ status: 'CANCELLED' });
  });

  it('is cancelled with the whole execution, two levels down', async () => {
    const handle = await run([
      {
        id: 'sub',
        graph: inner([{ id: 'deep', graph: inner([{ id: 'run', task: 'endless' }]) }]),
      },
    ]);
    await until(() => started.includes(`${handle.executionId}/sub/deep/run`));
    await handle.cancel();
    expect((await handle.result()).status).toBe('CANCELLED');
    const deep = await handle.below('sub').below('deep').result();
    expect(deep.nodes['run']?.status).toBe('CANCELLED');
  });

  it('is paused with its graph: what is inside starts nothing new until the resume', async () => {
    const handle = await run([
      {
        id: 'sub',
        graph: inner([
          { id: 'first', task: 'sleep', input: { ms: 700 } },
          { id: 'second', task: 'noop', dependsOn: ['first'] },
        ]),
      },
    ]);
    const below = handle.below('sub');
    await until(async () => (await below.status().catch(() => undefined))?.counts.RUNNING === 1);
    expect(await handle.pause()).toMatchObject({ success: true });
    await until(async () => (await below.status()).status === 'PAUSED');
    await until(async () => (await below.node('first').status()).status === 'COMPLETED');
    expect((await below.node('second').status()).status).toBe('PAUSED');
    await handle.resume();
    expect((await handle.result()).status).toBe('COMPLETED');
  });

  it('takes no place in the window of its graph', async () => {
    const handle = await run(
      [
        { id: 'sub', graph: inner([{ id: 'run', task: 'endless' }]) },
        { id: 'beside', task: 'echo', input: 'ran' },
      ],
      { concurrency: 1 },
    );
    expect((await harness.engine.handle(`${handle.executionId}/beside`).result()).output).toBe(
      'ran',
    );
    await handle.cancel();
    await handle.result();
  });

  it('ends with the deadline of the graph that it is in', async () => {
    const handle = await run([{ id: 'sub', graph: inner([{ id: 'run', task: 'endless' }]) }], {
      deadline: '1s',
    });
    const { status, nodes } = await handle.result();
    expect({ status, sub: nodes['sub']?.status }).toMatchObject({ status: 'TIMEOUT' });
    const { nodes: below } = await handle.below('sub').result();
    // Its attempt is asked to stop a moment before the deadline, and may end by itself.
    expect(['CANCELLED', 'TIMEOUT']).toContain(below['run']?.status);
  });

  it('is in the list of executions only as part of the one it belongs to', async () => {
    const handle = await run([{ id: 'sub', graph: inner([{ id: 'x', task: 'noop' }]) }]);
    await handle.result();
    const { executions } = await harness.engine.listExecutions({ limit: 200 });
    const ids = executions.map(({ executionId }) => executionId);
    expect(ids).toContain(handle.executionId);
    expect(ids.filter((id) => id === `${handle.executionId}/sub`)).toEqual([]);
  });

  it.each([
    ['unknown', 'other', /no template "other"/],
    ['six deep', [1, 2, 3, 4, 5, 6], /at most 5 deep/],
  ])('that is %s is refused before anything runs', async (_title, what, says) => {
    const nested = (depth: number): GraphSpec =>
      depth === 0
        ? inner([{ id: 'x', task: 'noop' }])
        : inner([{ id: 'x', graph: nested(depth - 1) }]);
    const graph = Array.isArray(what) ? nested(what.length) : what;
    const refused = (async () => (await run([{ id: 'sub', graph }])).resultOrThrow())();
    await expect(refused).rejects.toThrow(says);
  });
});
