import { z } from 'zod';
import {
  defineGraph,
  defineTask,
  GraphBuilder,
  secret,
  validateGraph,
  variable,
} from '../../src/index.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const list = defineTask({
  name: 'list-files',
  input: z.object({ folder: z.string() }),
  output: z.object({ files: z.array(z.object({ name: z.string(), bytes: z.number() })) }),
  run: ({ folder }) => ({
    files: ['a', 'bb'].map((name) => ({ name: `${folder}/${name}`, bytes: name.length })),
  }),
});
const size = defineTask({
  name: 'size',
  input: z.object({ file: z.string(), at: z.number(), factor: z.number() }),
  output: z.number(),
  run: ({ file, at, factor }) => (file.length + at) * factor,
});
const sum = defineTask({
  name: 'sum',
  input: z.object({ of: z.array(z.number()) }),
  output: z.number(),
  run: ({ of }) => of.reduce((a, b) => a + b, 0),
});
const undone: unknown[] = [];
const undo = defineTask<unknown>({ name: 'undo', run: (input) => void undone.push(input) });

function inner() {
  const graph = defineGraph('inner');
  const factor = graph.param<number>('factor', { type: 'integer', default: 2 });
  const listed = graph.add('list', list, { input: { folder: 'src' } });
  const sizes = graph.map('sizes', listed.output.files, size, {
    items: { concurrency: 2 },
    input: (file, index) => ({ file: file.name, at: index, factor }),
  });
  const total = graph.add('total', sum, { input: { of: sizes.output } });
  return graph.leaves({ total });
}

function outer() {
  const graph = defineGraph('outer');
  const ask = graph.approval('ask', {
    message: 'Go on?',
    payload: z.object({ factor: z.number() }),
  });
  const below = graph.graph('below', inner(), {
    input: { factor: ask.output.payload.factor },
    when: 'tasks.ask.output.approved',
  });
  graph.add('twice', sum, { input: { of: [below.output.total, below.output.total] } });
  return graph;
}

describe('the builder', () => {
  it('makes a map whose input reads the item, and waits for what it goes over', () => {
    expect(inner().toSpec().tasks[1]).toEqual({
      ...{ id: 'sizes', task: 'size', dependsOn: ['list'] },
      map: { over: '${{ tasks["list"].output.files }}', concurrency: 2 },
      input: { file: '${{ item.name }}', at: '${{ index }}', factor: '${{ params.factor }}' },
    });
    expect(validateGraph(inner().toSpec()).faults).toEqual([]);
  });

  it('takes lists, expressions and graphs in a map', () => {
    const graph = defineGraph('maps');
    const listed = graph.add('list', list, { input: { folder: 'x' } });
    graph.map('of-values', [1, 2], 'echo', { input: '${{ item }}' });
    graph.map('of-an-expression', 'tasks.list.output.files', 'echo', { onCancel: 'run' });
    graph.map('of-graphs', listed.output.files, inner(), {
      input: (file) => ({ factor: file.bytes }),
      items: { allowFailure: true },
    });
    const { tasks } = graph.toSpec();
    expect(tasks.map(({ id, dependsOn }) => [id, dependsOn])).toEqual([
      ...[
        ['list', undefined],
        ['of-values', undefined],
      ],
      ...[
        ['of-an-expression', ['list']],
        ['of-graphs', ['list']],
      ],
    ]);
    expect(tasks[1]?.map).toEqual({ over: [1, 2] });
    expect(tasks[2]).toMatchObject({ onCancel: 'run' });
    expect(tasks[3]).toMatchObject({ graph: { name: 'inner' }, map: { allowFailure: true } });
    expect(validateGraph(graph.toSpec()).faults).toEqual([]);
    expect(graph.tasks.map(({ name }) => name).sort()).toEqual(['list-files', 'size', 'sum']);
  });

  it('makes sub-graphs, questions, conditions, undo, secrets and variables', () => {
    const spec = outer().toSpec();
    expect(spec.tasks[0]?.approval).toEqual({
      message: 'Go on?',
      payload: {
        ...{ type: 'object', required: ['factor'] },
        properties: { factor: { type: 'number' } },
      },
    });
    expect(spec.tasks[1]).toMatchObject({
      ...{ id: 'below', graph: { name: 'inner' }, dependsOn: ['ask'] },
      input: { factor: '${{ tasks["ask"].output.payload.factor }}' },
    });
    const graph = defineGraph('saga', { compensation: 'onFailure' });
    graph.add('a', list, {
      input: { folder: variable('HOME_DIR') },
      compensate: {
        task: undo,
        inputOf: (input, output) => ({ of: input.folder, first: output.files[0]?.name }),
        retry: 'NONE',
      },
    });
    graph.add('b', 'http', { input: { headers: { auth: secret('api-key') } }, compensate: undo });
    graph.add('c', list, {
      input: { folder: 'x' },
      compensate: {
        process: { command: ['rm', '${{ input }}'] },
        inputOf: (input, output) => output.files[0]?.name ?? input.folder,
        resources: { cpu: 1 },
      },
    });
    // @ts-expect-error it is a task or a program
    graph.add('d', list, { input: { folder: 'x' }, compensate: { timeout: '5s' } });
    // @ts-expect-error a process has no image
    graph.add('e', 'x', { compensate: { process: { image: 'alpine' } } });
    expect(graph.toSpec().tasks.slice(0, 3)).toMatchObject([
      {
        input: { folder: '${{ env.HOME_DIR }}' },
        compensate: {
          task: 'undo',
          input: { of: '${{ input.folder }}', first: '${{ output.files[0].name }}' },
          retry: 'NONE',
        },
      },
      { input: { headers: { auth: '${{ secrets["api-key"] }}' } }, compensate: 'undo' },
      {
        compensate: {
          process: { command: ['rm', '${{ input }}'] },
          input: '${{ output.files[0].name }}',
          resources: { cpu: 1 },
        },
      },
    ]);
    expect(graph.tasks.map(({ name }) => name)).toContain('undo');
    expect(validateGraph(graph.toSpec()).faults.map(({ path }) => path)).toEqual([
      'tasks[4].compensate.process.image',
      'tasks[4].compensate.process.runtime',
      'tasks[4].compensate.process.code',
      'tasks[3].compensate.task',
    ]);
    expect(validateGraph(spec).faults).toEqual([]);
  });

  it('is typed through maps, sub-graphs and answers', () => {
    const graph = defineGraph('typed');
    const listed = graph.add('list', list, { input: { folder: 'x' } });
    const sizes = graph.map('sizes', listed.output.files, size, {
      // @ts-expect-error the item has no such field
      input: (file, index) => ({ file: String(file.nothing), at: index, factor: 1 }),
    });
    // @ts-expect-error a list of numbers, where a text is expected
    graph.add('wrong', list, { input: { folder: sizes.output } });
    const maybe = graph.map('maybe', listed.output.files, size, {
      items: { allowFailure: true },
      input: (file, index) => ({ file: file.name, at: index, factor: 1 }),
    });
    // @ts-expect-error an item that failed is null
    graph.add('sum', sum, { input: { of: maybe.output } });
    const below = graph.graph('below', inner());
    // @ts-expect-error the graph has no such leaf
    expect(String(below.output.other)).toContain('other');
    const ask = graph.approval('ask', { message: 'x', payload: z.object({ n: z.number() }) });
    // @ts-expect-error the answer brings no such field
    expect(String(ask.output.payload.text)).toContain('text');
  });

  it('refuses leaves that are none, and nodes that are not there', () => {
    const graph = defineGraph('g');
    const a = graph.add('a', 'noop');
    const b = graph.add('b', 'noop', { dependsOn: [a] });
    expect(() => graph.leaves({ a })).toThrow('graph g: the leaves are b, got a');
    expect(() => graph.leaves({ b: a })).toThrow('the leaves are b');
    expect(graph.leaves({ b })).toBe(graph);
    expect(() => graph.node('c')).toThrow('graph g: no node "c"');
    expect(String(GraphBuilder.from(graph.toSpec()).node('a').output)).toBe(
      '${{ tasks["a"].output }}',
    );
  });

  describe('run', () => {
    let harness: Harness;
    beforeAll(async () => void (harness = await startHarness({ tasks: outer().tasks })));
    afterAll(() => harness.stop());

    it('runs as written: the answer reaches the sub-graph, its items and what comes after', async () => {
      const handle = await harness.engine.scheduleTaskGraph(outer());
      const ask = handle.node('ask');
      await until(async () => (await ask.status()).status === 'RUNNING', 'the question');
      await ask.approve({ by: 'ada', payload: { factor: 3 } });
      const { status, nodes } = await handle.result();
      expect(status).toBe('COMPLETED');
      // (5 + 0 + 6 + 1) × 3, twice
      expect(nodes['below']?.output).toEqual({ total: 36 });
      expect(nodes['twice']?.output).toBe(72);
    });
  });
});
