import type { Json } from './json.js';
import type { TaskSchemas } from './schema-flow.js';

/** What is known of the tasks that a graph names. Without it, task names are not checked. */
export interface KnownTasks {
  names: readonly string[];
  /** What is wrong with an input that holds no expressions; empty when the task takes it. */
  checkInput?(task: string, input: Json): string[];
  /** Names of registered hooks, before and after. */
  hooks?: { pre: readonly string[]; post: readonly string[] };
  /** The pipeline that a name stands for, or why there is none. Without it, names of pipelines are not checked. */
  graph?(name: string): { spec: Json } | { problem: string; hint?: string };
  /** JSON Schemas of a task's input and output, to check the data along the edges. */
  schemas?(task: string): TaskSchemas | undefined;
  /** The task that undoes another one's work, as that one's definition says, and its queue where that is named. */
  undo?(task: string): { task: string; queue?: string | undefined } | undefined;
}
