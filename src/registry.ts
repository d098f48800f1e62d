/** What a worker can run: task definitions and hooks, by name. */
import { z } from 'zod';
import type { Isolation } from './domain/choose-runner.js';
import { messageOf, TaskError } from './domain/errors.js';
import type { Program } from './domain/program.js';
import type { JsonSchema, TaskSchemas } from './domain/schema-flow.js';
import type { Defaults } from './domain/spec.js';
import {
  defineTask,
  moduleOf,
  taskOptions,
  type AnyTask,
  type TaskDefinition,
} from './task-definition.js';
import type { HookDefinition, HookOf, Hooks, PostHook, PreHook } from './task-hooks.js';
import { undoTaskOf } from './undo-options.js';

export { ISOLATIONS, type Isolation } from './domain/choose-runner.js';
export type {
  GivenInput,
  GraphOutput,
  HandlerInput,
  JsonOf,
  NamedTask,
  RequiredInput,
  TaskInput,
  TaskOutput,
} from './task-types.js';
export {
  COMPLETIONS,
  defineTask,
  isTask,
  taskOptions,
  type AnyTask,
  type Completion,
  type StatedTask,
  type TaskDefinition,
} from './task-definition.js';

/** A task in the registry: its definition with the options parsed. */
export interface RegisteredTask {
  definition: TaskDefinition<unknown>;
  options: Defaults;
  version: string;
  isolation: Isolation;
  /** URL of the module that exports it. */
  module: string | undefined;
  /** Of a node that runs a program: there is no handler. */
  program?: Program;
}

/** The tasks, and those that undo them by their definitions: where one of that name is among them, that one counts. */
export function withUndoTasks(tasks: Iterable<AnyTask>): AnyTask[] {
  const all = [...tasks];
  const names = new Set(all.map(({ name }) => name));
  for (const { compensate } of all) {
    // grows meanwhile
    const undo = undoTaskOf(compensate);
    if (!undo || names.has(undo.name)) continue;
    names.add(undo.name);
    all.push(undo);
  }
  return all;
}

export class TaskRegistry {
  private readonly tasks = new Map<string, RegisteredTask>();
  private readonly schemasOf = new Map<RegisteredTask, TaskSchemas>();
  private readonly added: { [K in keyof HookOf]: HookDefinition<HookOf[K]>[] } = {
    pre: [],
    post: [],
  };
  private readonly namedPre = new Map<string, HookDefinition<PreHook>>();
  private readonly namedPost = new Map<string, HookDefinition<PostHook>>();

  /**
   * @param tasks definitions; a name may occur once. Definitions that undo them come with them
   * @param globalHooks hooks that run around every node
   * @param namedHooks hooks that graphs ask for by name
   * @throws TaskError CONFIGURATION for a name used twice
   */
  constructor(
    tasks: Iterable<AnyTask>,
    readonly globalHooks: Hooks = {},
    namedHooks: Hooks = {},
  ) {
    for (const task of withUndoTasks(tasks)) this.add(task);
    for (const hook of namedHooks.pre ?? []) this.namedPre.set(hook.name, hook);
    for (const hook of namedHooks.post ?? []) this.namedPost.set(hook.name, hook);
  }

  get(name: string): RegisteredTask | undefined {
    return this.tasks.get(name);
  }

  /** A task's schemas as JSON Schema; made once. */
  schemas(task: RegisteredTask): TaskSchemas {
    let known = this.schemasOf.get(task);
    if (!known) this.schemasOf.set(task, (known = taskSchemas(task)));
    return known;
  }

  get names(): string[] {
    return [...this.tasks.keys()];
  }

  /** Adds a hook around every node, behind those of before. @returns takes it off again */
  addHook<K extends keyof HookOf>(kind: K, hook: HookDefinition<HookOf[K]>): () => void {
    const list: HookDefinition<HookOf[K]>[] = this.added[kind];
    list.push(hook);
    return () => {
      const at = list.indexOf(hook);
      if (at >= 0) list.splice(at, 1);
    };
  }

  get hookNames(): { pre: string[]; post: string[] } {
    return { pre: [...this.namedPre.keys()], post: [...this.namedPost.keys()] };
  }

  /** Hooks before an attempt, in order: global, graph, task. */
  preHooks(graphHooks: readonly string[], task: string): HookDefinition<PreHook>[] {
    const named = graphHooks.flatMap((name) => this.namedPre.get(name) ?? []);
    return [
      ...(this.globalHooks.pre ?? []),
      ...this.added.pre,
      ...named,
      ...(this.get(task)?.definition.hooks?.pre ?? []),
    ];
  }

  /** Hooks after the end, in order: global, graph, task. */
  postHooks(graphHooks: readonly string[], task: string): HookDefinition<PostHook>[] {
    const named = graphHooks.flatMap((name) => this.namedPost.get(name) ?? []);
    return [
      ...(this.globalHooks.post ?? []),
      ...this.added.post,
      ...named,
      ...(this.get(task)?.definition.hooks?.post ?? []),
    ];
  }

  private add(task: AnyTask): void {
    const definition = defineTask(task as TaskDefinition<unknown>);
    if (this.tasks.has(definition.name)) {
      throw new TaskError(
        'CONFIGURATION',
        `two tasks are named ${JSON.stringify(definition.name)}; names are unique in a worker`,
      );
    }
    this.tasks.set(definition.name, {
      definition,
      options: taskOptions(definition),
      version: definition.version ?? '1',
      isolation: definition.isolation ?? 'in-process',
      module: moduleOf(definition),
    });
  }
}

/** A task's schemas as JSON Schema, as far as zod can say them so. */
function taskSchemas(task: RegisteredTask): TaskSchemas {
  const { input } = task.definition;
  // What is made of an output has a shape of its own.
  const shaped =
    typeof task.definition.processResult === 'function' || task.options.result !== undefined;
  const output = shaped ? undefined : task.definition.output;
  return {
    ...(input ? { input: jsonSchema(input, 'input') } : {}),
    ...(output ? { output: jsonSchema(output, 'output') } : {}),
  };
}

/** One that takes anything where zod cannot say the schema at all, as of two parts with one id: attempts check by it. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  try {
    return z.toJSONSchema(schema, { io, unrepresentable: 'any', cycles: 'ref', reused: 'inline' });
  } catch {
    return {};
  }
}

/**
 * What is wrong with a task's input, one message an issue; empty when the task takes it, or when its schema has to wait for
 * something: then its first attempt finds out.
 */
export function inputProblems(task: RegisteredTask, input: unknown): string[] {
  const schema = task.definition.input;
  if (!schema) return [];
  try {
    const parsed = schema.safeParse(input);
    return parsed.success ? [] : issueMessages(parsed.error);
  } catch (error) {
    if (error instanceof z.core.$ZodAsyncError) return [];
    return [`the task's schema threw ${messageOf(error)}`];
  }
}

/** `files[3].path: expected string, received number`, one an issue. */
export function issueMessages(error: z.ZodError): string[] {
  return error.issues.map((issue) => {
    const place = z.core.toDotPath(issue.path);
    return place === '' ? issue.message : `${place}: ${issue.message}`;
  });
}
