/** What the compiler says of tasks, graphs and results: `npm run typecheck` holds these, and nothing here is called. */
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import {
  defineGraph,
  defineTask,
  type AnyTask,
  type CompletedResult,
  type ExecutionHandle,
  type ExecutionResult,
  type Json,
  type JsonOf,
  type LoneSubmission,
  type TaskEngine,
  type TaskInput,
  type TaskOutput,
} from '../../src/index.js';

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles only where the two types are the same. */
const same = <A, B>(is: Same<A, B>) => is;
/** The same of a value. */
const typed = <A>(_value: A) => ({ is: <B>(is: Same<A, B>) => is });

interface Receipt {
  no: string;
  at: Date;
  note?: string;
}
const square = defineTask<{ n: number }, number>({ name: 'square', run: ({ n }) => n * n });
const order = defineTask({
  name: 'order',
  input: z.object({ id: z.string(), count: z.int().default(1) }),
  output: z.object({ cents: z.int() }),
  run: ({ count }) => ({ cents: count * 100 }),
});
const day = defineTask({
  name: 'day',
  input: z.object({ at: z.string().transform((text) => new Date(text)) }),
  run: ({ at }) => at.getTime(),
});
const pay = defineTask({ name: 'pay', run: (): Receipt => ({ no: '1', at: new Date(0) }) });
const tell = defineTask({ name: 'tell', run: (_: { text?: string }) => undefined });
const whole: z.ZodType<{ n: number }> = z.object({ n: z.int() });
const schemaOf = defineTask({ name: 'erased', input: whole, run: ({ n }) => n });

describe('the type of a task', () => {
  it('gives a caller what its schema takes and its handler what that makes', () => {
    same<TaskInput<typeof square>, { n: number }>(true);
    same<TaskInput<typeof order>, { id: string; count?: number | undefined }>(true);
    same<TaskInput<typeof day>, { at: string }>(true);
    same<TaskInput<typeof schemaOf>, { n: number }>(true);
    expect(schemaOf.name).toBe('erased');
    same<TaskInput<'square'>, unknown>(true);
    same<TaskInput<AnyTask>, unknown>(true);
    expect(order.input?.parse({ id: 'a' })).toEqual({ id: 'a', count: 1 });
  });

  it('gives results what its output is as JSON', () => {
    same<TaskOutput<typeof square>, number>(true);
    same<TaskOutput<typeof tell>, null>(true);
    same<TaskOutput<typeof pay>, { no: string; at: string; note?: string }>(true);
    same<TaskOutput<'square'>, Json>(true);
    same<TaskOutput<AnyTask>, Json>(true);
    same<JsonOf<unknown>, Json>(true);
    same<JsonOf<string | undefined>, string | null>(true);
    same<JsonOf<{ a: unknown; b: bigint; c: [1, 'x'] }>, { a: Json; b: never; c: [1, 'x'] }>(true);
    expect(JSON.parse(JSON.stringify({ at: new Date(0) }))).toEqual({
      at: '1970-01-01T00:00:00.000Z',
    });
  });

  it('holds the input of a node in the builder, defaults left out', () => {
    const graph = defineGraph('typed');
    const made = graph.add('a', order, { input: { id: 'x' } });
    graph.add('b', day, { input: { at: '2027-01-01' } });
    graph.map('c', ['x'], order, { input: (id) => ({ id }) });
    graph.add('d', square, { input: { n: made.output.cents } });
    // @ts-expect-error an id is a text
    graph.add('e', order, { input: { id: 1 } });
    // @ts-expect-error the schema takes a text and makes a date of it
    graph.add('f', day, { input: { at: new Date() } });
    expect(graph.toSpec().tasks[0]).toEqual({ id: 'a', task: 'order', input: { id: 'x' } });
  });
});

/** Compiled, never called. */
export async function scheduled(engine: TaskEngine, said: LoneSubmission): Promise<void> {
  const handle = await engine.scheduleTask({ task: square, input: { n: 2 }, project: 'p' });
  const ended = await handle.result();
  typed(ended.output).is<number | null>(true);
  if (ended.ok) typed(ended.output).is<number>(true);
  else typed(ended.status).is<'FAILED' | 'TIMEOUT' | 'CANCELLED' | 'SKIPPED' | 'REJECTED'>(true);
  const { output } = await handle.resultOrThrow();
  typed(output).is<number>(true);
  // @ts-expect-error a number, not a text
  await engine.scheduleTask({ task: square, input: { n: '2' } });
  // @ts-expect-error it cannot do without an input
  await engine.scheduleTask({ task: square });
  // @ts-expect-error a misspelt option
  await engine.scheduleTask({ task: square, input: { n: 2 }, projekt: 'p' });
  await engine.scheduleTask({ task: tell, input: {} });
  await engine.scheduleTask({ task: pay });
  await engine.scheduleTask({ task: order, input: { id: 'a' } });

  // Without a definition any JSON, as ever.
  const named = await (await engine.scheduleTask({ task: 'square', input: 'x' })).result();
  typed(named.output).is<Json>(true);
  await engine.scheduleTask({ taskId: 'of-the-catalogue' });
  await engine.scheduleTask({ process: { command: ['true'] } });
  const any: ExecutionHandle = await engine.scheduleTask(said);
  // Where nobody asks for the type, a typed handle and its result are handles and results.
  const all: ExecutionHandle[] = [any, handle, await engine.scheduleTask({ task: pay })];
  const results: ExecutionResult[] = [ended, await all[0]!.result()];
  void results;

  const graph = defineGraph('g');
  const leaf = graph.add('leaf', pay);
  const below = await engine.scheduleTaskGraph(graph.leaves({ leaf }));
  const result: CompletedResult<{ leaf: TaskOutput<typeof pay> | null }> =
    await below.resultOrThrow();
  typed(result.output.leaf).is<{ no: string; at: string; note?: string } | null>(true);
  const untyped = await (await engine.scheduleTaskGraph(graph)).resultOrThrow();
  typed(untyped.output).is<Json>(true);
  const spec = await (await engine.scheduleTaskGraph({ name: 's', tasks: [] })).resultOrThrow();
  typed(spec.output).is<Json>(true);

  const once = await engine.executeOperation(square, { n: 2 });
  typed(once.output).is<number | null>(true);
  const retried = await engine.executeWithRetry(square, { n: 2 });
  typed(retried.output).is<number>(true);
  // @ts-expect-error a number, not a text
  await engine.executeOperation(square, { n: 'x' });
}
