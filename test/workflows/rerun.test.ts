import type { GraphSpec } from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';

/** Every handler that was entered, as `<execution>/<node>`. */
const ran: string[] = [];
/** Nodes, by id, that fail now. */
const broken = new Set<string>();

const work = defineTask<unknown, unknown>({
  name: 'work',
  retry: 'NONE',
  run: (input, { executionId, nodeId }) => {
    ran.push(executionId);
    if (broken.has(nodeId)) throw new Error(`${nodeId} is broken`);
    return input;
  },
});

/** Ids of the nodes of an execution whose handler was entered. */
const ranIn = (id: string): string[] =>
  ran.flatMap((one) => (one.startsWith(`${id}/`) ? [one.slice(id.length + 1)] : [])).sort();

type Nodes = GraphSpec['tasks'];

describe('a rerun', () => {
  let harness: Harness;
  beforeAll(async () => void (harness = await startHarness({ tasks: [work] })));
  afterAll(() => harness.stop());
  beforeEach(() => broken.clear());

  const run = async (tasks: Nodes, more: Partial<GraphSpec> = {}, params?: object) => {
    const spec = { name: 'again', tasks, ...more };
    const handle = await harness.engine.scheduleTaskGraph(
      spec,
      params ? { params: { ...params } } : {},
    );
    await handle.result();
    return { spec, handle, id: handle.executionId };
  };

  const chain: Nodes = [
    { id: 'a', task: 'work', input: 1 },
    { id: 'b', task: 'work', dependsOn: ['a'], input: '${{ tasks.a.output + 1 }}' },
    { id: 'c', task: 'work', dependsOn: ['b'], input: '${{ tasks.b.output + 1 }}' },
    { id: 'other', task: 'work', input: 'x' },
  ];

  it('from failed runs what did not complete, keeps the rest, and says whose it is', async () => {
    broken.add('b');
    const { id } = await run(chain);
    broken.clear();
    const again = await harness.engine.rerun(id, { from: 'failed', by: 'anna', reason: 'disk' });
    const result = await again.resultOrThrow();
    expect(ranIn(again.executionId)).toEqual(['b', 'c']);
    expect(result).toMatchObject({ rerunOf: id, output: { c: 3, other: 'x' } });
    expect(result.counts).toEqual({ COMPLETED: 4 });
    expect(result.nodes['a']).toMatchObject({
      ...{ status: 'COMPLETED', output: 1, attempts: 0, reused: { executionId: id } },
    });
    expect(result.nodes['b']).toMatchObject({ attempts: 1, reused: null });
    const record = await harness.engine.getExecution(again.executionId);
    expect(record).toMatchObject({ rerunOf: id, rerun: { by: 'anna', reason: 'disk' } });
    const node = await harness.engine.getExecution(`${again.executionId}/a`);
    expect(node).toMatchObject({ output: 1, reused: { executionId: id } });
    const { executions } = await harness.engine.listExecutions({ rerunOf: id });
    expect(executions.map(({ executionId }) => executionId)).toEqual([again.executionId]);
  });

  it('from a node runs it for certain, and what follows where its input is another one', async () => {
    const { id } = await run(chain);
    const same = await harness.engine.rerun(id, { from: 'b' });
    expect((await same.resultOrThrow()).nodes['c']).toMatchObject({
      ...{ output: 3, attempts: 0, reused: { executionId: id } },
    });
    expect(ranIn(same.executionId)).toEqual(['b']);
    const forced = await same.rerun({ from: ['b'], scope: 'descendants' });
    expect((await forced.resultOrThrow()).output).toEqual({ c: 3, other: 'x' });
    expect(ranIn(forced.executionId)).toEqual(['b', 'c']);
    const { nodes } = await forced.result();
    expect(nodes['other']?.reused).toEqual({ executionId: id });
  });

  it('of an edited graph runs what was changed and what is new', async () => {
    const { id, spec } = await run(chain);
    const tasks = spec.tasks.map((node) => (node.id === 'b' ? { ...node, input: 5 } : node));
    const graph = { ...spec, tasks: [...tasks, { id: 'new', task: 'work', dependsOn: ['a'] }] };
    const plan = await harness.engine.rerun(id, { graph, dryRun: true });
    const ids = (nodes: { nodeId: string; reason: string }[]) =>
      nodes.map(({ nodeId, reason }) => `${nodeId} ${reason}`);
    expect(ids(plan.run)).toEqual(['b changed', 'new new']);
    expect(ids(plan.mayRun)).toEqual(['c follows']);
    expect(ids(plan.keep)).toEqual(['a completed', 'other completed']);
    const again = await harness.engine.rerun(id, { graph });
    expect((await again.resultOrThrow()).output).toEqual({ c: 6, other: 'x', new: null });
    expect(ranIn(again.executionId)).toEqual(['b', 'c', 'new']);
  });

  it('with other parameters runs what reads them as another input', async () => {
    const params = { n: { type: 'integer', default: 1 }, unused: { default: 0 } } as const;
    const tasks: Nodes = [
      { id: 'a', task: 'work', input: '${{ params.n > 0 }}' },
      { id: 'b', task: 'work', input: '${{ params.n }}' },
      { id: 'c', task: 'work', dependsOn: ['a', 'b'], input: '${{ tasks.a.output }}' },
    ];
    const { id } = await run(tasks, { params }, { unused: 1 });
    const again = await harness.engine.rerun(id, { params: { n: 2 } });
    expect((await again.resultOrThrow()).nodes['b']?.output).toBe(2);
    expect(ranIn(again.executionId)).toEqual(['b']);
  });

  it('of a lone task gives its output again', async () => {
    broken.add('task');
    const lone = await harness.engine.scheduleTask({ task: 'work', input: { deep: '${{ no }}' } });
    expect((await lone.result()).status).toBe('FAILED');
    broken.clear();
    const again = await lone.rerun();
    expect(await again.resultOrThrow()).toMatchObject({ output: { deep: '${{ no }}' } });
    const kept = await again.rerun();
    expect(await kept.resultOrThrow()).toMatchObject({ output: { deep: '${{ no }}' } });
    expect(ranIn(kept.executionId)).toEqual([]);
    const record = await harness.engine.getExecution(kept.executionId);
    expect(record).toMatchObject({ kind: 'task', status: 'COMPLETED', rerunOf: again.executionId });
  });
});
