/** What a task of the catalogue runs: what may be kept of it, and what comes of it once a submission has had its say. */
import { fault, type Fault } from '../domain/fault.js';
import { isObject, preview, type Path } from '../domain/json.js';
import { PROGRAM_KINDS } from '../domain/program.js';
import { GraphSpecSchema, type GraphSpec } from '../domain/spec.js';
import { validateGraph } from '../domain/validate.js';
import { containerOf, type WorkflowType } from '../domain/workflow-type.js';
import { LONE_NODE } from '../workflows/messages.js';
import { PROGRAM_FIELDS, programKind, type ProgramFields } from './program-fields.js';

type Said<Kind extends keyof ProgramFields> = { [kind in Kind]: NonNullable<ProgramFields[kind]> };

/** A program, as a node of a graph has it. */
export type CatalogueProgram = Pick<ProgramFields, 'inputSchema' | 'outputSchema'> &
  (Said<'process'> | Said<'container'> | Said<'faas'>);

/** What a catalogue task runs: a task that workers know, a program, or a graph. `input` is that of a submission without one. */
export type CatalogueRun =
  | { task: string; input?: unknown }
  | (CatalogueProgram & { input?: unknown })
  | { graph: GraphSpec };

const KINDS = ['task', 'graph', ...PROGRAM_KINDS] as const;
const EXPECTED =
  'expected { task: "<name>", input? }, { process | container | faas: {…}, input? } or { graph: <spec> }';

/** What is wrong with a `run` that is to be kept. */
export function runFaults(run: unknown): Fault[] {
  const kinds = isObject(run) ? KINDS.filter((kind) => run[kind] !== undefined) : [];
  const none = fault(['run'], 'INVALID_TYPE', `${EXPECTED}, got ${preview(run, 200)}`);
  if (!isObject(run) || kinds.length !== 1) return [none];
  const { task, graph, input: _input, ...fields } = run;
  if (task !== undefined) return typeof task === 'string' && task !== '' ? [] : [none];
  if (graph !== undefined) return GraphSpecSchema.safeParse(graph).success ? [] : [none];
  const foreign = Object.keys(fields).filter((key) => !isOneOf(PROGRAM_FIELDS, key));
  if (foreign.length > 0)
    return foreign.map((key) =>
      fault(
        ['run', key],
        'UNKNOWN_FIELD',
        `unknown field ${JSON.stringify(key)}`,
        'options of its executions stand in defaults',
      ),
    );
  const { faults } = validateGraph({ name: 'run', tasks: [{ id: LONE_NODE, ...fields }] });
  return faults.map((one) => ({ ...one, path: one.path.replace(/^tasks\[0\]/, 'run') }));
}

const isOneOf = (words: readonly string[], word: string): boolean => words.includes(word);

/** What a submission says of how its task runs. */
export interface SaidOfRun {
  /** A program, for a task that says none itself. */
  program: ProgramFields;
  workflowType?: WorkflowType | undefined;
  input?: unknown;
}

export type Running =
  | { kind: 'graph'; graph: GraphSpec }
  | { kind: 'task'; task: string; input: unknown }
  | { kind: 'program'; program: ProgramFields; input: unknown };

/**
 * What is run, where a definition and a submission may say it: one of the two says how. Of a container both may name image
 * and command, and the submission's are run then.
 *
 * @param at where the submission stands in what was given: a node, or nowhere
 */
export function runningOf(
  { id, run }: { id: string; run: CatalogueRun | null },
  { program, workflowType, input }: SaidOfRun,
  at: Path = [],
): { running: Running; faults?: never } | { faults: Fault[]; running?: never } {
  const name = `catalogue task ${JSON.stringify(id)}`;
  const refused = (path: Path, message: string, hint: string) => ({
    faults: [fault(path, 'INVALID_VALUE', message, hint)],
  });
  const [field] = Object.keys(program);
  if (run && field !== undefined)
    return refused([...at, field], `${name} runs ${wordsOf(run)}`, 'leave this out');
  const typeAt = at.length > 0 ? at : ['workflowType'];
  if (workflowType !== undefined) {
    if (programKind(program) !== undefined) return refused(typeAt, ...BESIDE_PROGRAM);
    if (run && !('container' in run)) {
      const message = `${name} runs ${wordsOf(run)}, and workflowType says ${JSON.stringify(workflowType)}`;
      return refused(typeAt, message, 'leave workflowType out');
    }
    const { input: usual, ...defined } = run ?? { ...program, input: undefined };
    const named = containerOf(input, [...at, 'input'], run?.container);
    if (named.faults) return { faults: named.faults };
    const { container, input: left } = named;
    return {
      running: { kind: 'program', program: { ...defined, container }, input: left ?? usual },
    };
  }
  if (!run) {
    if (programKind(program) !== undefined) return { running: { kind: 'program', program, input } };
    const message = `${name} does not say what it runs, and nor does the submission`;
    const hint =
      'say workflowType: "container" and input: { container_image, command }, or process, container or faas; or update the task with run: { task: "<name>" }';
    return { faults: [fault(at, 'MISSING', message, hint)] };
  }
  if ('graph' in run) return { running: { kind: 'graph', graph: run.graph } };
  const { input: usual, ...what } = run;
  const given = input ?? usual;
  return {
    running:
      'task' in what
        ? { kind: 'task', task: what.task, input: given }
        : { kind: 'program', program: what, input: given },
  };
}

/** What is said of a workflowType where a program says already how it is run. */
export const BESIDE_PROGRAM = [
  'beside a program there is nothing that it could say',
  'leave workflowType out',
] as const;

const wordsOf = (run: CatalogueRun): string =>
  'task' in run
    ? `the task ${JSON.stringify(run.task)}`
    : 'graph' in run
      ? 'a graph'
      : `a program (${programKind(run)})`;
