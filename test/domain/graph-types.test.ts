/** What the compiler says of parameters, batches, changed outputs and mocks: `npm run typecheck` holds these. */
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import {
  defineGraph,
  defineTask,
  GraphBuilder,
  type CompletedOperation,
  type ExecutionError,
  type ExecutionResult,
  type Json,
  type Ref,
  type TaskEngine,
  type TaskInput,
  type TaskOutput,
} from '../../src/index.js';
import { mock, type TestEngine } from '../../src/testing.js';

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles only where the value has this type. */
const typed = <A>(_value: A) => ({ is: <B>(is: Same<A, B>) => is });
/** Compiles only where the two types are the same. */
const same = <A, B>(is: Same<A, B>) => is;

const square = defineTask({ name: 'square', run: ({ n }: { n: number }) => n * n });
const order = defineTask({
  name: 'order',
  input: z.object({ id: z.string(), count: z.int().default(1) }),
  output: z.object({ cents: z.int() }),
  run: ({ count }) => ({ cents: count * 100 }),
});
const note = defineTask({ name: 'note', run: ({ text }: { text: string }) => text });
const priced = defineTask({
  name: 'priced',
  run: () => ({ cents: 5 }),
  processResult: ({ cents }) => `${cents} cents`,
});
const picked = defineTask({
  name: 'picked',
  run: () => ({ cents: 5 }),
  result: { select: 'output.cents' },
});

const site = () =>
  defineGraph('site', {
    params: {
      folder: z.string(),
      depth: z.int().default(3),
      mode: { type: 'string', enum: ['fast', 'whole'], default: 'fast' },
      pages: { type: 'array', items: { type: 'integer' } },
    },
  });

describe('parameters of a graph', () => {
  it('are JSON Schema in the spec, and references in the graph', () => {
    const graph = site();
    graph.add('a', note, { input: { text: graph.params.folder } });
    graph.map('b', graph.params.pages, square, { input: (n) => ({ n }) });
    expect(graph.toSpec()).toEqual({
      name: 'site',
      params: {
        folder: { type: 'string' },
        depth: expect.objectContaining({ type: 'integer', default: 3 }),
        mode: { type: 'string', enum: ['fast', 'whole'], default: 'fast' },
        pages: { type: 'array', items: { type: 'integer' } },
      },
      tasks: [
        { id: 'a', task: 'note', input: { text: '${{ params.folder }}' } },
        {
          id: 'b',
          task: 'square',
          map: '${{ params.pages }}',
          input: { n: '${{ item }}' },
        },
      ],
    });
    typed(graph.params.folder).is<Ref<string>>(true);
    typed(graph.params.depth).is<Ref<number>>(true);
    typed(graph.params.mode).is<Ref<'fast' | 'whole'>>(true);
    typed(graph.params.pages).is<Ref<number[]>>(true);
    // @ts-expect-error there is no such parameter
    expect(graph.params.fodler).toBeUndefined();
    // @ts-expect-error a number, where the task takes a text
    graph.add('c', note, { input: { text: graph.params.depth } });
  });

  it('that are declared one by one have the type of their schema, or the one that is stated', () => {
    const graph = defineGraph('g');
    typed(graph.param('a', z.iso.date())).is<Ref<string>>(true);
    typed(graph.param('b', { type: 'boolean', default: false })).is<Ref<boolean>>(true);
    typed(graph.param<{ n: number }>('c', { type: 'object' })).is<Ref<{ n: number }>>(true);
    typed(graph.param('d')).is<Ref<unknown>>(true);
    expect(Object.keys(graph.toSpec().params ?? {})).toEqual(['a', 'b', 'c', 'd']);
  });

  it('are refused where JSON Schema cannot say them, or where they may be left out without a default', () => {
    const made = (schema: z.ZodType) => () => defineGraph('g', { params: { at: schema } });
    expect(made(z.date())).toThrow(/^graph g: params\.at: /);
    expect(made(z.string().optional())).toThrow(
      "graph g: params.at: a parameter that may be left out needs a default, such as .default('')",
    );
  });

  it('are held where the graph runs below another', () => {
    const graph = defineGraph('outer');
    const sum = graph.add('sum', order, { input: { id: 'x' } });
    graph.graph('a', site(), { input: { folder: 'docs', pages: [1] } });
    graph.map('b', ['x', 'y'], site(), { input: (folder) => ({ folder, pages: [1] }) });
    // @ts-expect-error a number, where the parameter is a text
    graph.graph('c', site(), { input: { folder: sum.output.cents, pages: [1] } });
    // @ts-expect-error no such parameter
    graph.graph('d', site(), { input: { folder: 'x', pages: [], mod: 'fast' } });
    // @ts-expect-error a list of numbers
    graph.map('e', ['x'], site(), { input: () => ({ folder: 'x', pages: 'all' }) });
    graph.graph('f', 'a-template', { input: { any: 'thing' } });
    graph.graph('g', defineGraph('untyped'), { input: { any: 'thing' } });
    expect(graph.toSpec().tasks).toHaveLength(8);
  });
});

describe('an output that is changed', () => {
  it('is what processResult gives, and unknown where expressions make it', () => {
    same<TaskOutput<typeof priced>, string>(true);
    same<TaskOutput<typeof picked>, Json>(true);
    const graph = defineGraph('g');
    const text = graph.add('a', priced);
    graph.add('b', note, { input: { text: text.output } });
    const chosen = graph.add('c', picked);
    typed(chosen.output).is<Ref<unknown>>(true);
    const made = graph.add('d', order, { input: { id: 'x' }, result: { select: 'output.cents' } });
    typed(made.output).is<Ref<unknown>>(true);
    // @ts-expect-error what was selected is not known, and has to be stated
    graph.add('e', square, { input: { n: made.output } });
    graph.add('f', square, { input: { n: graph.node<number>('d').output } });
    const kept = graph.add('g', order, { input: { id: 'x' }, result: { store: 'reference' } });
    graph.add('h', square, { input: { n: kept.output.cents } });
    const all = graph.map('i', ['x'], order, {
      input: (id) => ({ id }),
      result: { transform: 'output.cents' },
    });
    typed(all.output).is<Ref<unknown[]>>(true);
    expect(graph.toSpec().tasks[3]).toMatchObject({ result: { select: 'output.cents' } });
    expect(priced.processResult?.({ cents: 1 }, null as never)).toBe('1 cents');
  });

  it('is what undoes a task is given', () => {
    defineTask({
      name: 'undone',
      run: ({ id }: { id: string }) => ({ id }),
      processResult: ({ id }) => ({ no: id }),
      compensate: {
        task: note,
        inputOf: (input, output) => ({ text: output.no, of: input.id }),
      },
    });
    const shaped = defineTask({
      name: 'shaped',
      run: () => ({ id: 'x' }),
      result: { select: 'output.id' },
      compensate: {
        task: note,
        // @ts-expect-error what was selected is not known
        inputOf: (_input, output) => ({ text: output.id as unknown }),
      },
    });
    expect(shaped.name).toBe('shaped');
  });
});

describe('a task that ends elsewhere', () => {
  it('has the output of its schema, and returns nothing', () => {
    const called = defineTask({
      name: 'called',
      output: z.object({ ok: z.boolean() }),
      completion: 'external',
      run: () => undefined,
    });
    same<TaskOutput<typeof called>, { ok: boolean }>(true);
    expect(called.completion).toBe('external');
    const wrong = {
      ...{ name: 'called', output: z.object({ ok: z.boolean() }) },
      ...{ completion: 'external' as const, run: () => ({ ok: true }) },
    };
    // @ts-expect-error what it returns is no output
    expect(defineTask(wrong).completion).toBe('external');
  });
});

describe('mock', () => {
  it('is given what the handler is, and has to return what that does', () => {
    const one = mock(order, ({ id, count }, { attempt }) => {
      typed(id).is<string>(true);
      typed(count).is<number>(true);
      return { cents: attempt };
    });
    expect(one.task.name).toBe('order');
    mock(priced, () => ({ cents: 1 })); // `processResult` comes after it
    mock(order, async () => await Promise.resolve({ cents: 1 }));
    // @ts-expect-error another output than the task's
    mock(order, () => ({ cent: 1 }));
    // @ts-expect-error the input has no such field
    mock(order, ({ nothing }) => ({ cents: Number(nothing) }));
  });
});

/** Compiled, never called. */
export async function scheduled(engine: TaskEngine, test: TestEngine): Promise<void> {
  const graph = site();
  await engine.scheduleTaskGraph(graph, { params: { folder: 'docs', pages: [1] }, project: 'p' });
  // @ts-expect-error folder and pages have no default
  await engine.scheduleTaskGraph(graph);
  // @ts-expect-error pages has no default
  await engine.scheduleTaskGraph(graph, { params: { folder: 'docs' } });
  // @ts-expect-error a number
  await engine.scheduleTaskGraph(graph, { params: { folder: 'docs', pages: [1], depth: '3' } });
  // @ts-expect-error no such parameter
  await engine.scheduleTaskGraph(graph, { params: { folder: 'docs', pages: [1], deep: 3 } });
  // @ts-expect-error no mode of these
  await engine.scheduleTaskGraph(graph, { params: { folder: 'x', pages: [1], mode: 'slow' } });
  const optional = defineGraph('g', { params: { n: z.int().default(1) } });
  await engine.scheduleTaskGraph(optional);
  await engine.scheduleTaskGraph(optional, { params: { n: 2 } });
  await engine.scheduleTaskGraph(optional, { priority: 'HIGH' });
  const leaf = optional.add('leaf', order, { input: { id: 'x', count: optional.params.n } });
  const typedToo = await engine.scheduleTaskGraph(optional.leaves({ leaf }), { params: {} });
  typed((await typedToo.resultOrThrow()).output.leaf).is<{ cents: number } | null>(true);
  // Parameters that the compiler does not see are anything, as ever.
  await engine.scheduleTaskGraph('a-template', { params: { any: 1 } });
  await engine.scheduleTaskGraph({ name: 's', tasks: [] }, { params: { any: 1 } });
  await engine.scheduleTaskGraph(GraphBuilder.from(graph.toSpec()), { params: { any: 1 } });
  await engine.scheduleTaskGraph({ b: ['a'] }, { name: 'short' });
  const any: GraphBuilder = defineGraph('g');
  const all: GraphBuilder<unknown>[] = [any, graph, optional];
  void all;

  await engine.scheduleTaskBatch([
    { task: square, input: { n: 1 } },
    { task: order, input: { id: 'x' }, priority: 'HIGH', idempotencyKey: 'k' },
    { task: 'by-name', input: 'anything' },
    { taskId: 'of-the-catalogue', input: 1 },
    { process: { command: ['true'] } },
  ]);
  await engine.scheduleTaskBatch(['a', 'b'].map((id) => ({ task: order, input: { id } })));
  // @ts-expect-error a number
  await engine.scheduleTaskBatch([{ task: square, input: { n: '1' } }]);
  // @ts-expect-error it cannot do without an input
  await engine.scheduleTaskBatch([{ task: square }]);
  await engine.scheduleTaskBatch([
    { task: square, input: { n: 1 } },
    // @ts-expect-error the second one's input is the first one's
    { task: order, input: { n: 1 } },
  ]);
  // @ts-expect-error a list of them is held as well
  await engine.scheduleTaskBatch([1, 2].map((id) => ({ task: order, input: { id } })));
  await engine.scheduleTaskBatch({ taskIds: ['a', square, order], input: { n: 1, id: 'x' } });
  // @ts-expect-error it does not fit the second
  await engine.scheduleTaskBatch({ taskIds: [square, order], input: { n: 1 } });
  await engine.scheduleTaskBatch({ taskIds: ['a', 'b'], input: 'anything' }, { project: 'p' });

  const given: TaskInput<typeof order> = { id: 'x' };
  const chosen = await engine.scheduleTask({
    task: order,
    input: given,
    result: { select: 'output.cents' },
  });
  typed((await chosen.resultOrThrow()).output).is<Json>(true);
  const stored = await engine.scheduleTask({
    task: order,
    input: given,
    result: { store: 'inline' },
  });
  typed((await stored.resultOrThrow()).output).is<{ cents: number }>(true);
  const operation = await engine.executeWithRetry(priced);
  typed(operation).is<CompletedOperation<string>>(true);

  typed(test.calls(order)).is<readonly { id: string; count: number }[]>(true);
  typed(test.calls('order')).is<readonly unknown[]>(true);
}

/** Compiled, never called. */
export function told(error: ExecutionError): string {
  typed(error.result).is<ExecutionResult | undefined>(true);
  const { result } = error;
  return `${result?.nodes['pay']?.attempts} ${result?.cancelled?.by ?? 'nobody'}`;
}
