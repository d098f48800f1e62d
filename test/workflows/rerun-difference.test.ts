import type { GraphSpec } from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';

/** Every handler that was entered, as `<execution>/<node>`. */
const ran: string[] = [];
const work = defineTask<unknown, unknown>({
  name: 'work',
  retry: 'NONE',
  run: (input, { executionId }) => {
    ran.push(executionId);
    return input;
  },
});

const ranIn = (id: string): string[] =>
  ran.flatMap((one) => (one.startsWith(`${id}/`) ? [one.slice(id.length + 1)] : [])).sort();

type Nodes = GraphSpec['tasks'];

/** Layers of 25: a node reads one of the two that it waits for, and much of what it reads is lost in its input. */
function layered(count: number): Nodes {
  return Array.from({ length: count }, (_, index) => {
    const [layer, column] = [Math.floor(index / 25), index % 25];
    const above = (offset: number): string => `n${(layer - 1) * 25 + ((column + offset) % 25)}`;
    const read = index % 3 === 0 ? `tasks.${above(1)}.output % 2` : `tasks.${above(0)}.output + 1`;
    return {
      ...{ id: `n${index}`, task: 'work', input: layer === 0 ? index : `\${{ ${read} }}` },
      ...(layer === 0 ? {} : { dependsOn: [above(0), above(1)] }),
    };
  });
}

/** What a graph of {@link layered} nodes gives when its node `n30` takes another input. */
function edited(spec: GraphSpec): GraphSpec {
  const tasks = spec.tasks.map((node) => (node.id === 'n30' ? { ...node, input: 1_000 } : node));
  return { ...spec, tasks };
}

/** The nodes whose input is another one, and those that follow the edited one, by a model of its own. */
function model(spec: GraphSpec): { inputs: Map<string, number>; follows: Set<string> } {
  const inputs = new Map<string, number>();
  const follows = new Set<string>();
  for (const { id, input, dependsOn = [] } of spec.tasks) {
    const [, read, step] = /tasks\.(n\d+)\.output (% 2|\+ 1)/.exec(String(input)) ?? [];
    const value = inputs.get(read ?? '') ?? 0;
    inputs.set(id, read === undefined ? Number(input) : step === '+ 1' ? value + 1 : value % 2);
    if (id === 'n30' || dependsOn.some((on) => follows.has(on))) follows.add(id);
  }
  return { inputs, follows };
}

describe.each([
  ['in one piece', {}],
  ['split into segments', { maxNodesPerRun: 60, coordinatorEvents: 400 }],
])('a rerun by difference of 500 nodes %s', (_how, settings) => {
  let harness: Harness;
  const spec: GraphSpec = { name: 'wide', concurrency: 40, tasks: layered(500) };
  const graph = edited(spec);
  let id: string;
  beforeAll(async () => {
    harness = await startHarness({ tasks: [work], ...settings });
    const handle = await harness.engine.scheduleTaskGraph(spec);
    id = (await handle.resultOrThrow()).executionId;
  }, 120_000);
  afterAll(() => harness.stop());

  const outputs = (nodes: Record<string, { output: unknown }>) =>
    new Map(Object.entries(nodes).map(([node, { output }]) => [node, output]));

  it('runs the edited node and what has another input, within the bound, and gives what a full run gives', async () => {
    const [before, after] = [model(spec), model(graph)];
    const others = [...after.inputs].flatMap(([node, input]) =>
      before.inputs.get(node) === input ? [] : [node],
    );
    const plan = await harness.engine.rerun(id, { graph, dryRun: true });
    expect(plan.run.map(({ nodeId }) => nodeId)).toEqual(['n30']);
    const bound = [...plan.run, ...plan.mayRun].map(({ nodeId }) => nodeId);
    expect(new Set(bound)).toEqual(after.follows);
    expect(plan.keep).toHaveLength(500 - bound.length);
    const again = await harness.engine.rerun(id, { graph });
    const result = await again.resultOrThrow();
    expect(ranIn(again.executionId)).toEqual(others.sort());
    expect(others.length).toBeLessThan(bound.length);
    expect(outputs(result.nodes)).toEqual(new Map<string, unknown>(after.inputs));
    const full = await (await harness.engine.scheduleTaskGraph(graph)).resultOrThrow();
    expect(result.output).toEqual(full.output);
    expect(result.counts).toEqual(full.counts);
    const reused = Object.entries(result.nodes).filter(([, node]) => node.reused);
    expect(reused).toHaveLength(500 - others.length);
    expect(reused.every(([, node]) => node.attempts === 0)).toBe(true);
  }, 120_000);

  it('with scope "descendants" runs all that follows', async () => {
    const again = await harness.engine.rerun(id, { graph, scope: 'descendants' });
    const { nodes } = await again.resultOrThrow();
    const { follows, inputs } = model(graph);
    expect(ranIn(again.executionId)).toEqual([...follows].sort());
    expect(outputs(nodes)).toEqual(new Map<string, unknown>(inputs));
  }, 120_000);
});

describe('a rerun of a node that reads 1,200 kept ones', () => {
  it('reads them although they are too many to be pinned with its plan', async () => {
    let broken = true;
    const gather = defineTask<string[], number>({
      name: 'gather',
      retry: 'NONE',
      run: (values) => {
        if (broken) throw new Error('not yet');
        return new Set(values).size;
      },
    });
    const harness = await startHarness({ tasks: [gather], maxNodesPerRun: 700 });
    try {
      const kept = Array.from({ length: 1_200 }, (_, nth) => `n${nth}`);
      const tasks: Nodes = [
        ...kept.map((id) => ({ id, task: 'echo', input: `${id} ${'-'.repeat(120)}` })),
        {
          ...{ id: 'all', task: 'gather', dependsOn: kept },
          input: kept.map((id) => `\${{ tasks.${id}.output }}`),
        },
      ];
      const first = await harness.engine.scheduleTaskGraph({
        ...{ name: 'many', concurrency: 200, tasks },
      });
      expect((await first.result()).status).toBe('FAILED');
      broken = false;
      const { output, counts } = await (await first.rerun({ from: 'failed' })).resultOrThrow();
      expect({ output, counts }).toEqual({ output: { all: 1_200 }, counts: { COMPLETED: 1_201 } });
    } finally {
      await harness.stop();
    }
  }, 120_000);
});
