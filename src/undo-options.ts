/** What undoes a task's work, as code says it: at a node, in a graph's `defaults`, in a definition. */
import { plain, reference, type Ref } from './builder/refs.js';
import { isObject } from './domain/json.js';
import type { ProgramKind } from './domain/program.js';
import type { GraphSpec } from './domain/spec.js';

type NodeInput = GraphSpec['tasks'][number];
type CompensateObject = Exclude<NodeInput['compensate'], string | false | undefined>;

/** A program as a pipeline says it. */
export type ProgramInput = {
  [Kind in ProgramKind]: Required<Pick<NodeInput, Kind>>;
}[ProgramKind];

/** A task's definition, as far as it matters where it undoes. */
export interface UndoTask {
  name: string;
  run(input: never, context: never): unknown;
}

/** What undoes a node's work, a task or a program, and what may be said of that. */
export type Undo<Input = unknown, Output = unknown> = UndoOptions<Input, Output> &
  ({ task: string | UndoTask } | ProgramInput);

/** What may be said of what undoes, beside what that is: its input, and options as of a task. */
export interface UndoOptions<Input, Output> extends Omit<
  CompensateObject,
  'task' | ProgramKind | 'input'
> {
  /** Made of the node's input and output. Default `{ input, output }`. */
  input?: unknown;
  /** The same, typed; stands instead of `input`. */
  inputOf?(this: void, input: Ref<Input>, output: Ref<Output>): unknown;
}

/**
 * A task, by its name or definition, or more of it, or a program: `{ process }`, `{ container }` or `{ faas }`. False for
 * none, where `defaults` or the task's definition name one.
 */
export type SaidUndo<Input = unknown, Output = unknown> =
  string | UndoTask | Undo<Input, Output> | false;

/** The definition of what undoes, where it is at hand. */
export function undoTaskOf(compensate: SaidUndo<never, never> | undefined): UndoTask | undefined {
  if (!isObject(compensate)) return undefined;
  const said: unknown = 'run' in compensate ? compensate : (compensate as { task?: unknown }).task;
  return isObject(said) ? (said as unknown as UndoTask) : undefined;
}

/** `compensate` as a spec has it, with the definition where there is one. */
export function undoOf(compensate: SaidUndo<never, never>): {
  spec: NonNullable<NodeInput['compensate']>;
  definition?: UndoTask;
} {
  // A name, or none; of a file that nobody has checked it may be anything.
  if (typeof compensate !== 'object' || compensate === null) return { spec: compensate };
  if ('run' in compensate) return { spec: compensate.name, definition: compensate };
  const { input, inputOf, ...rest } = compensate;
  const made = inputOf ? inputOf(reference<never>('input'), reference<never>('output')) : input;
  const given = made === undefined ? {} : { input: plain(made) };
  if (!('task' in rest)) return { spec: { ...rest, ...given } };
  const { task } = rest;
  const spec = { ...rest, task: typeof task === 'string' ? task : task.name, ...given };
  return typeof task === 'string' ? { spec } : { spec, definition: task };
}
