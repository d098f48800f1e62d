/** A catalogue task as what the engine schedules. */
import { TaskError } from '../domain/errors.js';
import type { GraphSpec } from '../domain/spec.js';
import type { CatalogueTask } from './catalogue.js';
import type { GraphSubmitOptions, TaskSubmission } from './submission.js';

/** Schedules by the id of a catalogue task; what is said here wins over its defaults. */
export interface CatalogueSubmission extends Omit<GraphSubmitOptions, 'name' | 'inputs'> {
  taskId: string;
  /** Instead of the input that the catalogue has. */
  input?: unknown;
}

export type Schedulable =
  | { kind: 'task'; submission: TaskSubmission }
  | { kind: 'graph'; graph: GraphSpec; options: GraphSubmitOptions };

/** @throws TaskError CONFIGURATION for a task that does not say what it runs */
export function schedulable(
  { taskId, input, params, ...said }: CatalogueSubmission,
  task: CatalogueTask,
  project: string,
): Schedulable {
  const options = {
    project,
    ...task.defaults,
    ...(task.priority === null ? {} : { priority: task.priority }),
    ...said,
  };
  if (!task.run)
    throw new TaskError(
      'CONFIGURATION',
      `catalogue task ${JSON.stringify(taskId)} does not say what it runs; update it with run: { task: "<name>" }`,
    );
  if ('graph' in task.run)
    return {
      kind: 'graph',
      graph: task.run.graph,
      options: { ...options, ...(params === undefined ? {} : { params }) },
    };
  const given = input ?? params ?? task.run.input;
  return {
    kind: 'task',
    submission: {
      ...options,
      task: task.run.task,
      ...(given === undefined ? {} : { input: given }),
    },
  };
}
