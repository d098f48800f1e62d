/** A catalogue task as what the engine schedules. */
import { SpecInvalidError } from '../domain/errors.js';
import type { GraphSpec } from '../domain/spec.js';
import { runningOf } from './catalogue-run.js';
import type { CatalogueTask } from './catalogue.js';
import type { ProgramSubmission } from './lone-task.js';
import { splitProgram, type ProgramFields } from './program-fields.js';
import type { GraphSubmitOptions, TaskSubmission } from './submission.js';

/** Schedules by the id of a catalogue task; what is said here wins over its defaults. */
export interface CatalogueSubmission
  extends Omit<GraphSubmitOptions, 'name' | 'inputs'>, ProgramFields {
  taskId: string;
  task?: never;
  /** Instead of the input that the catalogue has. */
  input?: unknown;
}

export type Schedulable =
  | { kind: 'task'; submission: TaskSubmission }
  | { kind: 'program'; submission: ProgramSubmission }
  | { kind: 'graph'; graph: GraphSpec; options: GraphSubmitOptions };

/** @throws SpecInvalidError where catalogue and submission do not say what is run, or both do */
export function schedulable(
  submission: CatalogueSubmission,
  task: CatalogueTask,
  project: string,
): Schedulable {
  const { program, rest } = splitProgram(submission);
  const { taskId: _id, input, params, workflowType, ...said } = rest;
  // By itself there is no graph that could fail after it.
  const { compensate: _undo, ...defaults } = task.defaults;
  const options = {
    project,
    ...defaults,
    ...(task.priority === null ? {} : { priority: task.priority }),
    ...said,
  };
  const { running, faults } = runningOf(task, { program, workflowType, input: input ?? params });
  if (faults) throw new SpecInvalidError(faults, 'task');
  if (running.kind === 'graph') {
    const { graph } = running;
    return {
      ...{ kind: 'graph', graph },
      options: { ...options, ...(params === undefined ? {} : { params }) },
    };
  }
  const given = running.input === undefined ? {} : { input: running.input };
  return running.kind === 'task'
    ? { kind: 'task', submission: { ...options, task: running.task, ...given } }
    : { kind: 'program', submission: { ...options, ...running.program, ...given } };
}
