/** What is scheduled by itself: a task, the id of one of the catalogue, or a program as a node of a graph has it. */
import { SpecInvalidError } from '../domain/errors.js';
import { fault } from '../domain/fault.js';
import { isObject, preview, type Json } from '../domain/json.js';
import { KIND_TASK } from '../domain/node-kind.js';
import { PROGRAM_KINDS } from '../domain/program.js';
import type { GraphSpec } from '../domain/spec.js';
import { LONE_NODE } from '../workflows/messages.js';
import { nameOf } from './batch-items.js';
import type { CatalogueSubmission } from './catalogue-submission.js';
import type { Known } from './start-request.js';
import { escapeExpressions, type SubmitOptions, type TaskSubmission } from './submission.js';

type Node = GraphSpec['tasks'][number];
type ProgramFields = Pick<Node, 'process' | 'container' | 'faas' | 'inputSchema' | 'outputSchema'>;

/** Schedules a program that no task stands for: one of `process`, `container` and `faas`, as a node of a graph has it. */
export interface ProgramSubmission extends SubmitOptions, ProgramFields {
  input?: unknown;
}

export type LoneSubmission = TaskSubmission | CatalogueSubmission | ProgramSubmission;

/** Which of the three it is. @throws SpecInvalidError for what says nothing that can be run */
export function whatRuns(
  given: LoneSubmission,
):
  | { kind: 'catalogue'; submission: CatalogueSubmission }
  | { kind: 'task'; submission: TaskSubmission }
  | { kind: 'program'; submission: ProgramSubmission } {
  const said: unknown = given;
  const expected = `expected { task: "<name>", input, … }, { taskId: "<id>", … } or { ${PROGRAM_KINDS.join(' | ')}: {…}, … }`;
  if (!isObject(said)) throw refused([], `${expected}, got ${preview(said)}`);
  if (said['taskId'] !== undefined) {
    const isId = typeof said['taskId'] === 'string' && said['taskId'] !== '';
    if (isId) return { kind: 'catalogue', submission: given as CatalogueSubmission };
    throw refused(['taskId'], `expected the id of a task, got ${preview(said['taskId'])}`);
  }
  const isProgram = PROGRAM_KINDS.some((kind) => said[kind] !== undefined);
  if (isProgram && said['task'] === undefined) return { kind: 'program', submission: given };
  if (said['task'] === undefined) throw refused([], `${expected}, got ${preview(said)}`);
  if (isProgram) throw refused(['task'], 'beside a program there is no task; say one of the two');
  if (nameOf(said['task']) === '')
    throw refused(
      ['task'],
      `expected the name of a task, or its definition, got ${preview(said['task'])}`,
    );
  return { kind: 'task', submission: given as TaskSubmission };
}

const refused = (path: string[], message: string): SpecInvalidError =>
  new SpecInvalidError([fault(path, 'INVALID_TYPE', message)], 'task');

/** A program as a graph of one, as a lone task is. */
export function programSpec({
  process,
  container,
  faas,
  inputSchema,
  outputSchema,
  input,
  ...options
}: ProgramSubmission): { spec: GraphSpec; known: Known; options: SubmitOptions } {
  const fields = { process, container, faas, inputSchema, outputSchema };
  const program = Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Partial<ProgramFields>;
  const kind = PROGRAM_KINDS.find((one) => program[one] !== undefined) ?? 'process';
  const node = {
    id: LONE_NODE,
    ...program,
    ...(input === undefined ? {} : { input: escapeExpressions(input as Json) }),
  };
  const name = KIND_TASK[kind];
  const known: Known = { kind: 'task', name, asked: { ...program, input } };
  return { spec: { name, tasks: [node] }, known, options };
}
