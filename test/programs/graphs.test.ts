/** Programs where graphs put them: below maps and sub-graphs, in segments, kept and run again, waiting for who can run them. */
import { existsSync } from 'node:fs';
import { defineGraph } from '../../src/builder.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const here = existsSync('/usr/bin/bwrap') && process.getuid?.() === 0;
if (!here) process.stderr.write('programs in graphs are skipped: they need bubblewrap and root\n');

/** A program that adds something to the number that it is given. */
const adds = (by: number) => ({
  process: {
    command: ['sh', '-c', `echo $(($(cat "$TEMPOGRAPH_INPUT") + ${by})) > "$TEMPOGRAPH_OUTPUT"`],
  },
});

(here ? describe : describe.skip).each<[string, object]>([
  ['in one piece', {}],
  ['split into segments', { maxNodesPerRun: 3 }],
])('a graph of programs %s', (_how, settings) => {
  let harness: Harness;
  beforeAll(
    async () => void (harness = await startHarness({ programs: ['process'], ...settings })),
  );
  afterAll(() => harness.stop());

  const run = async (tasks: object[]) => {
    const handle = await harness.engine.scheduleTaskGraph({ name: 'g', tasks } as never);
    const { nodes, output, status, error } = await handle.result();
    expect({ status, error }).toEqual({ status: 'COMPLETED', error: null });
    return { nodes, output, id: handle.executionId };
  };

  it('passes data along, over the items of a map and through a sub-graph', async () => {
    const below = {
      name: 'below',
      params: { n: {} },
      tasks: [{ id: 'x', ...adds(1_000), input: '${{ params.n }}' }],
    };
    const { output, nodes } = await run([
      { id: 'list', task: 'echo', input: [1, 2, 3] },
      {
        id: 'each',
        ...adds(10),
        map: 'tasks.list.output',
        input: '${{ item }}',
        dependsOn: ['list'],
      },
      { id: 'one', ...adds(100), input: '${{ tasks.each.output[2] }}', dependsOn: ['each'] },
      { id: 'sub', graph: below, input: { n: '${{ tasks.one.output }}' }, dependsOn: ['one'] },
    ]);
    expect(nodes['each']?.output).toEqual([11, 12, 13]);
    expect(output).toEqual({ sub: { x: 1_113 } });
  });

  it('is a lone task where it is scheduled by itself', async () => {
    const { engine } = harness;
    const submission = { ...adds(1), input: 41, outputSchema: { type: 'number' } };
    const handle = await engine.scheduleTask({ ...submission, resources: { memory: '64Mi' } });
    expect(await handle.result()).toMatchObject({ status: 'COMPLETED', output: 42 });
    expect(await engine.getExecution(handle.executionId)).toMatchObject({
      ...{ kind: 'task', taskId: 'tempograph.process', output: 42 },
    });
    const wrong = await engine.scheduleTask({ ...submission, outputSchema: { type: 'string' } });
    expect(await wrong.result()).toMatchObject({ error: { code: 'OUTPUT_INVALID' } });
  });

  it('keeps what is the same and runs what is another program, when it is run again', async () => {
    const node = (id: string, by: number, rest: object = {}) => ({
      id,
      ...adds(by),
      input: 1,
      ...rest,
    });
    const { id } = await run([node('a', 1), node('b', 1), node('c', 1, { resources: { cpu: 1 } })]);
    const graph = {
      name: 'g',
      tasks: [node('a', 1), node('b', 2), node('c', 1, { resources: { cpu: 2 } })],
    };
    const again = await (await harness.engine.rerun(id, { graph: graph as never })).result();
    const reused = Object.entries(again.nodes).map(([one, { output, reused: kept }]) => [
      one,
      output,
      kept !== null,
    ]);
    expect(reused.sort()).toEqual([
      ['a', 2, true],
      ['b', 3, false],
      ['c', 2, true],
    ]);
  });

  it('takes a result that was kept for the same program and input, and for no other', async () => {
    const cached = (by: number) => run([{ id: 'p', ...adds(by), input: 7, cache: { ttl: '1h' } }]);
    const first = await cached(31);
    const [same, other] = [await cached(31), await cached(32)];
    expect(
      [first, same, other].map(({ nodes }) => [nodes['p']?.output, nodes['p']?.cached]),
    ).toEqual([
      [38, false],
      [38, true],
      [39, false],
    ]);
  });
});

(here ? describe : describe.skip)('a program', () => {
  let harness: Harness;
  beforeAll(async () => void (harness = await startHarness({ programs: ['process'] })));
  afterAll(() => harness.stop());

  it('is added to a graph in code, with its input and what waits for it', async () => {
    const graph = defineGraph('built');
    const two = graph.program<number>('two', adds(1), { input: 1, resources: { cpu: 1 } });
    graph.program('three', adds(1), { input: two.output });
    expect(graph.toSpec().tasks[1]).toMatchObject({ id: 'three', dependsOn: ['two'] });
    const { output } = await (await harness.engine.scheduleTaskGraph(graph.toSpec())).result();
    expect(output).toEqual({ three: 3 });
  });

  it('that no worker can run waits, and explain says what there is none for', async () => {
    const spec = { name: 'g', tasks: [{ id: 'p', container: { image: 'busybox' } }] };
    const handle = await harness.engine.scheduleTaskGraph(spec);
    const id = `${handle.executionId}/p`;
    const text = async (): Promise<string> => {
      const found = await harness.engine.explain(id);
      return found.nodes[0]?.sentence ?? '';
    };
    await until(async () => /nobody polls/.test(await text()), 'it waits');
    expect(await text()).toContain(
      `nobody polls the queue ${harness.taskQueue}-container: no worker runs programs of the kind container`,
    );
    await handle.cancel();
    expect((await handle.result()).status).toBe('CANCELLED');
  });
});
