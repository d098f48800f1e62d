/** A task as code says it, and what is wrong with it: refused where it is written, not when it is first used. */
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { z } from 'zod';
import { ISOLATIONS, type Isolation } from './domain/choose-runner.js';
import { messageOf, TaskError } from './domain/errors.js';
import { fault, type Fault } from './domain/fault.js';
import { isObject, preview } from './domain/json.js';
import { jsonFaults } from './domain/json-faults.js';
import { assertKnown } from './domain/known-names.js';
import {
  DefaultsSchema,
  SPEC_LIMITS,
  TASK_NAME,
  TASK_NAME_WORDS,
  type Defaults,
  type DefaultsInput,
} from './domain/spec.js';
import { faultsFromZod } from './domain/spec-faults.js';
import { undoFaults } from './domain/undo-faults.js';
import { visible } from './domain/visible-text.js';
import type { ResultInput, Shaped } from './domain/shaped-output.js';
import type { TaskContext } from './task-context.js';
import { isNamedTask, withRun, type TaskExecution } from './task-execution.js';
import type { Hooks } from './task-hooks.js';
import { undoOf, type SaidUndo } from './undo-options.js';

/** How a task's attempt ends: when its handler returns, or when somebody reports it (`engine.handleItem`). */
export const COMPLETIONS = ['handler', 'external'] as const;
/** When a task ends: as its handler returns, or as its end is reported from elsewhere. */
export type Completion = (typeof COMPLETIONS)[number];

/**
 * A task: something that can be run, by name.
 *
 * @typeParam Input what the handler gets
 * @typeParam Output what the node gives: what `run` gave, or what `processResult` made of it
 * @typeParam Given what a caller gives, where the schema makes something else of it: defaults, transforms
 * @typeParam Made what `run` gives
 */
export interface TaskDefinition<
  Input = unknown,
  Output = unknown,
  Given = Input,
  Made = Output,
> extends Omit<DefaultsInput, 'compensate'> {
  name: string;
  /** Changes when the meaning of the task's result does. Default '1'. */
  version?: string;
  description?: string;
  /** Checked before the handler is entered; what it parses to is what the handler gets. */
  input?: z.ZodType<Input, Given>;
  /** Checked after; what it parses to is the node's output. */
  output?: z.ZodType<Made>;
  /** Where the handler runs. Default `in-process`; `thread` and `process` need {@link module}. */
  isolation?: Isolation;
  /**
   * `external`: the handler starts something and returns, and the node is RUNNING, without a slot of the worker, until
   * `engine.handleItem` reports its end. What the handler returns is no output. The time of an attempt is its `timeout`;
   * no heartbeat is asked for. Default `handler`.
   */
  completion?: Completion;
  /** The module that exports this definition, for the thread or process to load: `import.meta.url`. */
  module?: string | URL;
  hooks?: Hooks;
  /**
   * What undoes its work where it completed in a graph that fails or is cancelled later, and neither the node nor the
   * graph's `defaults` say: a task's name or definition, which the worker then has as well, more of it, or a program. Of a
   * map of it nothing: that is undone as one list, if its node says how. What undoes is not undone itself.
   */
  compensate?: SaidUndo<Input, Output>;
  /** JSON of your own, at most 64 KiB, over that of the graph, for nodes that have none of their own. */
  metadata?: Record<string, unknown>;
  /** Tags of nodes that have none of their own. */
  tags?: string[];
  /**
   * Makes the node's output of what `run` gave, once the output schema has taken it. Runs in the worker, wherever `run`
   * does, before `result`'s expressions. What it throws fails the attempt with code RESULT_FAILED, and is retried as if
   * `run` had thrown it.
   */
  processResult?(output: Made, context: TaskContext): Promise<Output> | Output;
  /** Called once per retry, before the wait. Its own failure is logged and changes nothing. */
  onRetry?(error: unknown, attempt: number, waitMs: number): void | Promise<void>;
  /** Asked after the never-retry list whether an error is worth a retry. */
  classifyError?(
    error: unknown,
    context: TaskContext,
  ): 'retry' | 'fail' | { code?: string; retry?: boolean; delayMs?: number } | undefined;
  run(input: Input, context: TaskContext): Promise<Made> | Made;
}

/** A task as {@link defineTask} takes it: what it does is said by `run`, or by `execute`, its own or that of `run`. */
export type StatedTask<Input, Made, Given, Output, Ends, Result> = Omit<
  TaskDefinition<Input, Output, Given, Made>,
  'run' | 'completion' | 'result' | 'compensate'
> & {
  /** Of a definition that is spread, either. */
  completion?: Ends | (Ends extends 'handler' ? Completion : never);
  result?: Result | undefined;
  compensate?: SaidUndo<Input, Shaped<Output, Result>>;
} & (
    | TaskExecution<Input, Made>
    | {
        run:
          | ((input: Input, context: TaskContext) => Returned<Made, Ends>)
          | TaskExecution<Input, Made>;
      }
  );

/** What `run` returns: of a task that ends elsewhere nothing, `output` is then of what is reported. */
type Returned<Made, Ends> = Ends extends 'external' ? Promise<void> | void : Promise<Made> | Made;

/** A task that ends elsewhere: what its handler returns is no output. */
export type Reported<Output, Ends> = Ends extends 'external'
  ? [Exclude<Output, void | undefined>] extends [never]
    ? unknown
    : Exclude<Output, void | undefined>
  : Output;

/** A definition whose types nobody needs any more. */
export type AnyTask = Omit<
  TaskDefinition<never, unknown, never, never>,
  'input' | 'output' | 'compensate' | 'run'
> & {
  run(input: never, context: TaskContext): unknown;
  input?: z.ZodType;
  output?: z.ZodType;
  compensate?: SaidUndo<never, never>;
};

/** True for what a module exports as a task, also where {@link defineTask} has not seen it yet. */
export const isTask = (value: unknown): value is AnyTask => isNamedTask(value);

/**
 * Defines a task. Give the definition to `startWorker`, and to the builder for typed graphs. Where `run` is a function,
 * there may be an object with `execute(task, ctx)`: as `run`, or the definition itself.
 *
 * The types follow from the schemas, `run` and `processResult`. An output that `result` changes by expressions is unknown.
 * Of a task that ends elsewhere the schema `output` says the type, and no type argument.
 *
 * @throws TaskError CONFIGURATION when the name or an option cannot be used
 */
export function defineTask<
  Input = unknown,
  Made = unknown,
  Given = Input,
  Output = Made,
  const Ends extends Completion = 'handler',
  const Result extends ResultInput = ResultInput,
>(
  stated: StatedTask<Input, Made, Given, Output, Ends, Result>,
): TaskDefinition<Input, Shaped<Reported<Output, Ends>, Result>, Given, Reported<Made, Ends>> {
  type Defined = ReturnType<typeof defineTask<Input, Made, Given, Output, Ends, Result>>;
  assertFields(stated);
  const made = withRun(stated);
  // What `execute` works with stays with it: it is no part of the definition.
  const definition = (made === stated ? made : pick(made, FIELDS)) as Defined;
  const { name } = definition;
  if (
    typeof name !== 'string' ||
    !TASK_NAME.test(name) ||
    name === 'default' ||
    name.startsWith('tempograph.')
  ) {
    throw new TaskError(
      'CONFIGURATION',
      `task name ${visible(preview(name))}: expected ${TASK_NAME_WORDS}, not "default", not beginning with "tempograph."`,
    );
  }
  if (typeof definition.run !== 'function') {
    throw new TaskError(
      'CONFIGURATION',
      `task ${JSON.stringify(name)}: "run" must be a function, or an object with a function "execute", got ${typeof definition.run}`,
    );
  }
  const { completion } = definition;
  if (completion !== undefined && !COMPLETIONS.includes(completion)) {
    throw new TaskError(
      'CONFIGURATION',
      `task ${JSON.stringify(name)}: completion: expected one of ${COMPLETIONS.join(', ')}, got ${preview(completion)}`,
    );
  }
  for (const field of ['input', 'output'] as const) checkSchema(name, field, definition[field]);
  moduleOf(definition);
  taskOptions(definition); // refuses a bad option where it is written, not when it is first used
  return definition;
}

const FIELDS = [
  ...Object.keys(DefaultsSchema.shape),
  ...Object.keys({
    ...{ name: 1, version: 1, description: 1, input: 1, output: 1, run: 1, completion: 1 },
    ...{ module: 1, hooks: 1, processResult: 1, onRetry: 1, classifyError: 1 },
  } satisfies Record<Exclude<keyof TaskDefinition, keyof DefaultsInput>, 1>),
  'execute',
];

const pick = (value: object, names: readonly string[]): object =>
  Object.fromEntries(Object.entries(value).filter(([name]) => names.includes(name)));

/** A misspelt option would be none, without a word. An instance of a class has fields of its own. */
function assertFields(stated: object): void {
  const prototype: unknown = Object.getPrototypeOf(stated);
  if (prototype !== Object.prototype && prototype !== null) return;
  const { name } = stated as { name?: unknown };
  assertKnown(`task ${JSON.stringify(name)}`, stated, FIELDS);
}

/** What is not refused here is found out by the first execution that names the task. */
function checkSchema(task: string, field: 'input' | 'output', schema: unknown): void {
  if (schema === undefined) return;
  const parts = isObject(schema) ? (schema as Partial<z.ZodType>) : {};
  if (parts._zod !== undefined && typeof parts.safeParse === 'function') return;
  const hint =
    parts._def === undefined
      ? 'of a JSON Schema z.fromJSONSchema makes one'
      : 'it looks like one of zod 3';
  throw new TaskError(
    'CONFIGURATION',
    `task ${JSON.stringify(task)}: ${field}: expected a schema of zod 4 such as z.object({ … }), got ${preview(schema)} (${hint})`,
  );
}

/** The options that a definition states. @throws TaskError CONFIGURATION */
export function taskOptions({
  compensate,
  ...definition
}: Omit<DefaultsInput, 'compensate'> & Pick<AnyTask, 'name' | 'compensate'>): Defaults {
  const { name, metadata } = definition;
  const stated = Object.fromEntries(
    Object.keys(DefaultsSchema.shape).flatMap((key) => {
      const value = definition[key as keyof typeof definition];
      return value === undefined ? [] : [[key, value]];
    }),
  );
  const undo = compensate === undefined ? undefined : undoSpec(name, compensate);
  const parsed = DefaultsSchema.safeParse({
    ...stated,
    ...(undo === undefined ? {} : { compensate: undo }),
  });
  const own = parsed.success
    ? []
    : parsed.error.issues.filter(({ path: [at] }) => at !== 'compensate');
  // Said here as they are of a node, and not by the first graph that takes it over.
  const faults = [
    ...(metadata === undefined ? [] : jsonFaults(metadata, SPEC_LIMITS, ['metadata'])),
    ...(undo === undefined ? [] : compensateFaults(undo)),
  ];
  if (parsed.success && faults.length === 0) return parsed.data;
  const issues = [
    ...own.map((issue) => `${issue.path.join('.')}: ${issue.message}`),
    ...faults.map(({ path, message }) => `${path}: ${message}`),
  ].join('; ');
  throw new TaskError('CONFIGURATION', `task ${JSON.stringify(name)}: ${issues}`);
}

/** @throws TaskError CONFIGURATION where what makes its input throws */
function undoSpec(name: string, compensate: SaidUndo<never, never>): unknown {
  try {
    return undoOf(compensate).spec;
  } catch (error) {
    throw new TaskError(
      'CONFIGURATION',
      `task ${JSON.stringify(name)}: compensate.input: cannot be made: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

function compensateFaults(compensate: unknown): Fault[] {
  const given = { compensate };
  const foreign = jsonFaults(given, SPEC_LIMITS);
  if (foreign.length > 0) return foreign;
  const parsed = DefaultsSchema.safeParse(given);
  const task = isObject(compensate) ? compensate['task'] : compensate;
  const isOurs = typeof task === 'string' && (task === 'default' || task.startsWith('tempograph.'));
  return [
    ...(parsed.success ? [] : faultsFromZod(parsed.error, given)),
    ...undoFaults(compensate, ['compensate']),
    ...(isOurs
      ? [fault(['compensate'], 'UNKNOWN_TASK', `${preview(task)} is a name of our own`)]
      : []),
  ];
}

/**
 * The URL of a definition's module, where it has one.
 *
 * @throws TaskError CONFIGURATION for an isolation that there is not, or one that needs a module and has none
 */
export function moduleOf({
  name,
  isolation = 'in-process',
  module,
}: Pick<TaskDefinition, 'name' | 'isolation' | 'module'>): string | undefined {
  const place = `task ${JSON.stringify(name)}`;
  if (!ISOLATIONS.includes(isolation)) {
    throw new TaskError(
      'CONFIGURATION',
      `${place}: isolation: expected one of ${ISOLATIONS.join(', ')}, got ${preview(isolation)}`,
    );
  }
  if (module === undefined && (isolation === 'thread' || isolation === 'process')) {
    throw new TaskError(
      'CONFIGURATION',
      `${place}: isolation ${JSON.stringify(isolation)} needs "module", the file that exports the task; in that file write module: import.meta.url`,
    );
  }
  if (module === undefined) return undefined;
  const text = String(module);
  if (text.startsWith('file:') && URL.canParse(text)) return text;
  if (isAbsolute(text)) return pathToFileURL(text).href;
  throw new TaskError(
    'CONFIGURATION',
    `${place}: module: expected a file: URL such as import.meta.url, or an absolute path, got ${preview(text)}`,
  );
}
