/** What undoes a node, taken from the catalogue: `compensate: { taskId }`. */
import { UNDO_PROGRAM_FIELDS } from '../domain/compensation.js';
import { TaskError } from '../domain/errors.js';
import type { Fault } from '../domain/fault.js';
import { isObject } from '../domain/json.js';
import type { GraphSpec } from '../domain/spec.js';
import { runningOf } from './catalogue-run.js';
import type { CatalogueTask } from './catalogue.js';
import { splitProgram } from './program-fields.js';

type Node = GraphSpec['tasks'][number];
type Said = Exclude<Node['compensate'], string | false | undefined>;

/** What undoes a node, by a task of the catalogue; what else it says wins over that one's defaults. */
export type CatalogueCompensate = Said & { taskId: string };

/** Options of a catalogue task that mean something where it undoes. */
const OF_ANY = ['retry', 'timeout', 'queue'] as const;

/** The id that a node names by `compensate: { taskId }`; undefined where it names none. */
export function undoIdOf(node: { compensate?: unknown }): string | undefined {
  const { compensate } = node;
  const id = isObject(compensate) ? compensate['taskId'] : undefined;
  return typeof id === 'string' ? id : undefined;
}

/**
 * The node with what the catalogue's task runs in the place of its id.
 *
 * @param stronger options that the graph or the submission says for all: where a program runs, and how it is held
 * @returns what is wrong, where catalogue and node do not say what is run, or both do
 * @throws TaskError CONFIGURATION for a task that runs a graph
 */
export function withUndo(
  node: Node,
  index: number,
  task: CatalogueTask,
  stronger: ReadonlySet<string>,
): Node | Fault[] {
  const { taskId: _id, task: named, ...said } = node.compensate as CatalogueCompensate;
  const { program, rest } = splitProgram(said);
  const { input, ...own } = rest;
  const at = ['tasks', index, 'compensate'];
  const run = task.run ?? (named === undefined ? null : { task: named });
  const { running, faults } = runningOf({ id: task.id, run }, { program, input }, at);
  if (faults) return faults;
  if (running.kind === 'graph')
    throw new TaskError(
      'CONFIGURATION',
      `tasks[${JSON.stringify(node.id)}].compensate: catalogue task ${JSON.stringify(task.id)} runs a graph, and what undoes a node is one task`,
    );
  const isProgram = running.kind === 'program';
  const ofProgram = UNDO_PROGRAM_FIELDS.filter((field) => isProgram && !stronger.has(field));
  const options = Object.entries(task.defaults).filter(([name]) =>
    [...OF_ANY, ...ofProgram].some((one) => one === name),
  );
  // What undoes has an output that nobody reads.
  const { outputSchema: _output, ...what } = isProgram
    ? running.program
    : { task: running.task, outputSchema: undefined };
  return {
    ...node,
    compensate: {
      ...(Object.fromEntries(options) as Said),
      ...own,
      ...what,
      ...(running.input === undefined ? {} : { input: running.input }),
    },
  };
}
