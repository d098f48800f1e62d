import { z } from 'zod';
import {
  defineGraph,
  defineTask,
  parsePipeline,
  pipelineToYaml,
  validateGraph,
} from '../src/index.js';
import { startHarness, type Harness } from './support/engine.js';

const list = defineTask({
  name: 'list',
  input: z.object({ folder: z.string() }),
  output: z.object({
    files: z.array(z.object({ name: z.string(), bytes: z.number() })),
    'odd name': z.number(),
  }),
  run: ({ folder }) => ({ files: [{ name: `${folder}/a`, bytes: 3 }], 'odd name': 4 }),
});
const measure = defineTask({
  name: 'measure',
  input: z.object({
    file: z.object({ name: z.string(), bytes: z.number() }),
    factor: z.number(),
    label: z.string(),
  }),
  output: z.number(),
  run: ({ file, factor }) => file.bytes * factor,
});

function build() {
  const graph = defineGraph('built', { concurrency: 3 });
  const folder = graph.param<string>('folder', { type: 'string', default: 'src' });
  const listed = graph.add('list-1', list, { input: { folder } });
  const first = listed.output.files[0];
  const measured = graph.add('measure', measure, {
    input: { file: first!, factor: listed.output['odd name'], label: `in ${String(folder)}` },
    retry: { strategy: 'FIXED_DELAY', delay: '1s' },
  });
  graph.add('after', 'noop', { dependsOn: [measured], trigger: 'all_done' });
  return graph;
}

describe('defineGraph', () => {
  it('makes a plain spec: references become expressions, data flow becomes dependencies', () => {
    expect(build().toSpec()).toEqual({
      name: 'built',
      concurrency: 3,
      params: { folder: { type: 'string', default: 'src' } },
      tasks: [
        { id: 'list-1', task: 'list', input: { folder: '${{ params.folder }}' } },
        {
          id: 'measure',
          task: 'measure',
          dependsOn: ['list-1'],
          input: {
            file: '${{ tasks["list-1"].output.files[0] }}',
            factor: '${{ tasks["list-1"].output["odd name"] }}',
            label: 'in ${{ params.folder }}',
          },
          retry: { strategy: 'FIXED_DELAY', delay: '1s' },
        },
        { id: 'after', task: 'noop', dependsOn: ['measure'], trigger: 'all_done' },
      ],
    });
  });

  it('survives YAML and JSON unchanged, and is valid', () => {
    const spec = build().toSpec();
    const { spec: read } = parsePipeline(pipelineToYaml(spec));
    expect(read).toEqual(spec);
    expect(read?.tasks.map(({ id }) => id)).toEqual(spec.tasks.map(({ id }) => id)); // of its type
    expect(JSON.parse(JSON.stringify(build().toSpec()))).toEqual(spec);
    expect(validateGraph(spec).faults).toEqual([]);
  });

  it('takes a condition as a reference or an expression, and waits for what it reads', () => {
    const graph = defineGraph('conditions');
    const full = graph.param<boolean>('full', { type: 'boolean', default: false });
    const listed = graph.add('list-1', list, { input: { folder: 'src' } });
    const count = graph.add<{ any: boolean }>('count', 'noop');
    graph.add('a', 'noop', { when: full });
    graph.add('b', 'noop', { when: count.output.any, trigger: 'none_failed' });
    graph.add('c', 'noop', { when: 'size(tasks["list-1"].output.files) > 0', dependsOn: [count] });
    // @ts-expect-error a number is no condition
    graph.add('wrong', 'noop', { when: listed.output['odd name'] });
    const spec = graph.toSpec();
    expect(spec.tasks.slice(2, 5)).toEqual([
      { id: 'a', task: 'noop', when: '${{ params.full }}' },
      {
        ...{ id: 'b', task: 'noop', dependsOn: ['count'], trigger: 'none_failed' },
        when: '${{ tasks["count"].output.any }}',
      },
      {
        ...{ id: 'c', task: 'noop', dependsOn: ['count', 'list-1'] },
        when: 'size(tasks["list-1"].output.files) > 0',
      },
    ]);
    expect(validateGraph(spec).faults).toEqual([]);
    expect(parsePipeline(pipelineToYaml(spec)).spec).toEqual(spec);
  });

  it('refuses an id that is taken', () => {
    const graph = build();
    expect(() => graph.add('measure', 'noop')).toThrow('two nodes have the id "measure"');
  });

  it('is typed: an input of the wrong type does not compile', () => {
    const graph = defineGraph('typed');
    const listed = graph.add('l', list, { input: { folder: 'x' } });
    // @ts-expect-error the task takes a string
    graph.add('wrong', list, { input: { folder: 5 } });
    // @ts-expect-error the output has no such field
    expect(JSON.stringify(listed.output.nothing)).toContain('nothing');
    graph.add('wrong-too', measure, {
      // @ts-expect-error a number where a file is expected
      input: { file: listed.output['odd name'], factor: 1, label: '' },
    });
    expect(graph.tasks.map(({ name }) => name)).toEqual(['list', 'measure']);
  });

  describe('run', () => {
    let harness: Harness;
    beforeAll(async () => void (harness = await startHarness({ tasks: build().tasks })));
    afterAll(() => harness.stop());

    it('runs as written, with a parameter given', async () => {
      const handle = await harness.engine.scheduleTaskGraph(build(), { params: { folder: 'lib' } });
      const { status, nodes } = await handle.result();
      expect(status).toBe('COMPLETED');
      expect(nodes['list-1']?.output).toMatchObject({ files: [{ name: 'lib/a', bytes: 3 }] });
      expect(nodes['measure']?.output).toBe(12);
    });

    it('takes the adjacency form with inputs by id', async () => {
      const handle = await harness.engine.scheduleTaskGraph(
        { echo: [], noop: ['echo'] },
        { name: 'short', inputs: { echo: { n: 1 } } },
      );
      expect(handle.executions.map(({ taskId }) => taskId)).toEqual(['echo', 'noop']);
      expect((await handle.result()).nodes['echo']?.output).toEqual({ n: 1 });
    });
  });
});
