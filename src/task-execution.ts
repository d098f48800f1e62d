/** A task's behaviour as an object with `execute(task, ctx)`, where a function `run(input, ctx)` is usual (document 000). */
import { isObject } from './domain/json.js';
import type { Priority } from './domain/priority.js';
import type { TaskContext } from './task-context.js';

/** The task that a {@link TaskExecution} is given: what it is, and what was asked of it. */
export interface RunningTask<Input = unknown> {
  /** `<graph execution id>/<node id>`. */
  readonly id: string;
  /** The definition's name. */
  readonly name: string;
  readonly status: 'RUNNING';
  readonly input: Input;
  readonly sessionId: string | undefined;
  /** From 1, over all attempts. */
  readonly attempt: number;
  readonly maxRetries: number;
  readonly priority: Priority;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What a task does; what `execute` returns is its result. */
export interface TaskExecution<Input = unknown, Output = unknown> {
  execute(task: RunningTask<Input>, context: TaskContext): Promise<Output> | Output;
}

/** Methods of a definition that an instance may have from its class. */
const METHODS = ['processResult', 'onRetry', 'classifyError'] as const;

/** The definition with a function `run`: itself where it has one, or has nothing that can stand for it. */
export function withRun<D extends object>(definition: D): D {
  const behaviour = behaviourOf(definition);
  if (!behaviour) return definition;
  const { name } = definition as { name?: unknown };
  const methods = METHODS.flatMap((method) => {
    const own: unknown = (definition as Record<string, unknown>)[method];
    return typeof own === 'function' ? [[method, own.bind(definition) as unknown] as const] : [];
  });
  const run = (input: unknown, context: TaskContext): unknown =>
    behaviour.execute(runningTask(input, context), context);
  return { ...definition, ...Object.fromEntries(methods), name, run };
}

/** True for what has a name and says what it does. */
export function isNamedTask(value: unknown): boolean {
  if (!isObject(value) || typeof value['name'] !== 'string') return false;
  return typeof value['run'] === 'function' || behaviourOf(value) !== undefined;
}

function behaviourOf(definition: object): TaskExecution | undefined {
  const { run } = definition as { run?: unknown };
  const behaviour = run === undefined ? definition : run;
  return isObject(behaviour) && typeof behaviour['execute'] === 'function'
    ? (behaviour as unknown as TaskExecution)
    : undefined;
}

function runningTask(input: unknown, context: TaskContext): RunningTask {
  const { executionId, task, sessionId, attempt, maxRetries, priority, metadata } = context;
  return {
    ...{ id: executionId, name: task, status: 'RUNNING', input, sessionId },
    ...{ attempt, maxRetries, priority, metadata },
  };
}
