/** What is scheduled by itself: a task, the id of one of the catalogue, or a program as a node of a graph has it. */
import { SpecInvalidError } from '../domain/errors.js';
import { fault } from '../domain/fault.js';
import { isObject, preview, type Json } from '../domain/json.js';
import { KIND_TASK } from '../domain/node-kind.js';
import { PROGRAM_KINDS } from '../domain/program.js';
import type { GraphSpec } from '../domain/spec.js';
import { containerOf, workflowTypeFaults } from '../domain/workflow-type.js';
import type { NamedTask, RequiredInput } from '../registry.js';
import { LONE_NODE } from '../workflows/messages.js';
import { nameOf } from './batch-items.js';
import { BESIDE_PROGRAM } from './catalogue-run.js';
import type { CatalogueSubmission } from './catalogue-submission.js';
import { programKind, splitProgram, type ProgramFields } from './program-fields.js';
import { taskSpec, type Known } from './start-request.js';
import { escapeExpressions, type SubmitOptions, type TaskSubmission } from './submission.js';

/** Schedules a program that no task stands for: one of `process`, `container` and `faas`, as a node of a graph has it. */
export interface ProgramSubmission extends SubmitOptions, ProgramFields {
  task?: never;
  input?: unknown;
}

/** What may be scheduled by itself; of a definition, with an input that fits it. */
export type LoneSubmission<Task extends NamedTask = NamedTask> =
  (TaskSubmission<Task> & RequiredInput<Task>) | CatalogueSubmission | ProgramSubmission;

/** What is run by itself. */
export type Lone =
  | { kind: 'task'; submission: TaskSubmission }
  /** `name`: of the task that it is called by, where a `workflowType` says how that one is run. */
  | { kind: 'program'; submission: ProgramSubmission; name?: string };

type WhatRuns = Lone | { kind: 'catalogue'; submission: CatalogueSubmission };

/** Which of the three it is. @throws SpecInvalidError for what says nothing that can be run, or two things */
export function whatRuns(given: LoneSubmission): WhatRuns {
  const said: unknown = given;
  const expected = `expected { task: "<name>", input, … }, { taskId: "<id>", … } or { ${PROGRAM_KINDS.join(' | ')}: {…}, … }`;
  if (!isObject(said)) throw refused([], `${expected}, got ${preview(said)}`);
  const unknown = workflowTypeFaults(said['workflowType']);
  if (unknown.length > 0) throw new SpecInvalidError(unknown, 'task');
  if (said['taskId'] !== undefined) {
    const isId = typeof said['taskId'] === 'string' && said['taskId'] !== '';
    if (isId) return { kind: 'catalogue', submission: given as CatalogueSubmission };
    throw refused(['taskId'], `expected the id of a task, got ${preview(said['taskId'])}`);
  }
  const isProgram = programKind(said) !== undefined;
  if (isProgram && said['task'] === undefined) {
    if (said['workflowType'] !== undefined) throw refused(['workflowType'], ...BESIDE_PROGRAM);
    return { kind: 'program', submission: given as ProgramSubmission };
  }
  if (said['task'] === undefined) throw refused([], `${expected}, got ${preview(said)}`);
  if (isProgram) throw refused(['task'], 'beside a program there is no task; say one of the two');
  if (nameOf(said['task']) === '')
    throw refused(
      ['task'],
      `expected the name of a task, or its definition, got ${preview(said['task'])}`,
    );
  return asContainer(given as TaskSubmission);
}

/** A task as a container, where its `workflowType` says so: it is called by the task's name all the same. */
function asContainer(submission: TaskSubmission): Lone {
  const { task, workflowType, input, ...options } = submission;
  if (workflowType === undefined) return { kind: 'task', submission };
  const named = containerOf(input, ['input']);
  if (named.faults) throw new SpecInvalidError(named.faults, 'task');
  const { container, input: left } = named;
  const name = nameOf(task);
  return { kind: 'program', name, submission: { ...options, container, input: left } };
}

const refused = (path: string[], message: string, hint?: string): SpecInvalidError =>
  new SpecInvalidError([fault(path, 'INVALID_TYPE', message, hint)], 'task');

/** A lone task or program as a graph of one. */
export function loneSpec(lone: Lone): { spec: GraphSpec; known: Known; options: SubmitOptions } {
  if (lone.kind === 'program') return programSpec(lone.submission, lone.name);
  const { task, input, ...options } = lone.submission;
  return { ...taskSpec(task, input), options };
}

function programSpec(
  submission: ProgramSubmission,
  name: string | undefined,
): ReturnType<typeof loneSpec> {
  const { program, rest } = splitProgram(submission);
  const { input, ...options } = rest;
  const called = name ?? KIND_TASK[programKind(program) ?? 'process'];
  const node = {
    id: LONE_NODE,
    ...program,
    ...(input === undefined ? {} : { input: escapeExpressions(input as Json) }),
  };
  const known: Known = { kind: 'task', name: called, asked: { ...program, input } };
  return { spec: { name: called, tasks: [node] }, known, options };
}
