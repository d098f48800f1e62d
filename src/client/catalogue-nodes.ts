/** Catalogue ids inside a graph: each node as what its catalogue task runs, with the version that it was taken from. */
import type { GraphBuilder } from '../builder.js';
import { isAdjacency, type Adjacency } from '../domain/adjacency.js';
import { catalogueMark } from '../domain/catalogue-mark.js';
import { SpecInvalidError, TaskError } from '../domain/errors.js';
import type { Fault } from '../domain/fault.js';
import { isObject } from '../domain/json.js';
import type { GraphSpec } from '../domain/spec.js';
import { containerOf, type WorkflowType } from '../domain/workflow-type.js';
import { runningOf } from './catalogue-run.js';
import type { CatalogueTask } from './catalogue.js';
import { undoIdOf, withUndo, type CatalogueCompensate } from './catalogue-undo.js';
import { programKind, splitProgram } from './program-fields.js';

type Node = GraphSpec['tasks'][number];

/** A graph some of whose nodes say `taskId`, a task of the catalogue, where others say `task`; so may their `compensate`. */
export type CatalogueGraph = Omit<GraphSpec, 'tasks'> & {
  tasks: (Undoable<Node> | (Undoable<Omit<Node, 'task'>> & { taskId: string }))[];
};

type Undoable<N extends Pick<Node, 'compensate'>> = Omit<N, 'compensate'> & {
  compensate?: Node['compensate'] | CatalogueCompensate;
};

/** A catalogue task that may be scheduled, with its project's name. */
export interface CatalogueEntry {
  task: CatalogueTask;
  project: string;
}

/**
 * The ids that a graph may have from the catalogue: `needed` where a node says `taskId`, `perhaps` in the adjacency form,
 * whose ids may as well be names of tasks.
 */
export function idsIn(
  graph: GraphBuilder | GraphSpec | CatalogueGraph | Adjacency,
  spec: GraphSpec,
): Map<string, 'needed' | 'perhaps'> {
  const ids = new Map<string, 'needed' | 'perhaps'>();
  const tasks: unknown[] = Array.isArray(spec?.tasks) ? spec.tasks : [];
  for (const node of tasks) {
    if (!isObject(node)) continue;
    const { taskId, id } = node;
    const undo = undoIdOf(node);
    if (undo !== undefined) ids.set(undo, 'needed');
    if (typeof taskId === 'string') ids.set(taskId, 'needed');
    else if (isAdjacency(graph) && typeof id === 'string') ids.set(id, 'perhaps');
  }
  return ids;
}

/** What a submission says of all nodes. */
export interface SaidOfAll {
  /** How those that name a task are run: see {@link GraphSubmitOptions}. */
  workflowType?: WorkflowType | undefined;
  /** Its options: they win over the catalogue's, as do the graph's own `defaults`. */
  options: object;
}

/** The same, and whether ids of nodes may be the catalogue's, as they are in the adjacency form. */
interface SaidOfNodes extends SaidOfAll {
  isAdjacency: boolean;
}

/**
 * The spec with the catalogue's tasks in their nodes' places, and what a `workflowType` makes of those that name a task.
 *
 * @returns also the project that all of the catalogue's belong to, where it is one
 * @throws SpecInvalidError where catalogue and submission do not say what a node runs, or both do; TaskError CONFIGURATION
 *   for a task that runs a graph
 */
export function catalogueNodes(
  spec: GraphSpec,
  entries: ReadonlyMap<string, CatalogueEntry>,
  { workflowType, options, isAdjacency }: SaidOfNodes,
): { spec: GraphSpec; project?: string } {
  const isPlain = entries.size === 0 && workflowType === undefined;
  if (isPlain || !Array.isArray(spec?.tasks)) return { spec };
  // What the submission says of the execution itself is not said of its nodes.
  const ofAll = Object.keys(options).filter((key) => key !== 'metadata' && key !== 'tags');
  const stronger = new Set([...Object.keys(spec.defaults ?? {}), ...ofAll]);
  const faults: Fault[] = [];
  const tasks = spec.tasks.map((given: Node | (Node & { taskId?: string }), index) => {
    if (!isObject(given)) return given; // what is no node is told by the check of the graph
    const { taskId, ...node } = given as Node & { taskId?: string };
    const id = taskId ?? (isAdjacency ? node.id : undefined);
    const entry = id === undefined ? undefined : entries.get(id);
    const made = entry
      ? nodeOf(node, index, entry.task, { taskId, workflowType, stronger })
      : containerNode(given, index, workflowType);
    const undo = entries.get(undoIdOf(given) ?? '')?.task;
    const whole = undo && !Array.isArray(made) ? withUndo(made, index, undo, stronger) : made;
    if (!Array.isArray(whole)) return whole;
    faults.push(...whole);
    return given;
  });
  if (faults.length > 0) throw new SpecInvalidError(faults);
  const projects = new Set([...entries.values()].map(({ project }) => project));
  const [project] = projects;
  return {
    spec: { ...spec, tasks },
    ...(projects.size === 1 && project !== undefined ? { project } : {}),
  };
}

/** A node that names a task, as the container that its input names. */
function containerNode(
  node: Node,
  index: number,
  workflowType: WorkflowType | undefined,
): Node | Fault[] {
  const { task, ...rest } = node;
  const isProgram = programKind(rest) !== undefined;
  if (workflowType === undefined || task === undefined || isProgram) return node;
  const named = containerOf(node.input, ['tasks', index, 'input']);
  if (named.faults) return named.faults;
  return { ...rest, container: named.container, input: named.input };
}

function nodeOf(
  given: Node,
  index: number,
  task: CatalogueTask,
  said: {
    taskId: string | undefined;
    workflowType: WorkflowType | undefined;
    stronger: ReadonlySet<string>;
  },
): Node | Fault[] {
  const { program, rest } = splitProgram(given);
  const { task: named = given.id, input, ...node } = rest;
  // An id of the adjacency form, which may be the name of a task.
  const isName = said.taskId === undefined && said.workflowType === undefined;
  const run = task.run ?? (isName ? { task: named } : null);
  const workflowType = programKind(program) === undefined ? said.workflowType : undefined;
  const { running, faults } = runningOf({ id: task.id, run }, { program, workflowType, input }, [
    'tasks',
    index,
  ]);
  if (faults) return faults;
  if (running.kind === 'graph')
    throw new TaskError(
      'CONFIGURATION',
      `tasks[${JSON.stringify(given.id)}]: catalogue task ${JSON.stringify(task.id)} runs a graph, and a node runs one task; schedule it by itself, with scheduleTask({ taskId })`,
    );
  const { project: _project, sessionId: _session, ...weaker } = task.defaults;
  const options = {
    ...weaker,
    ...(task.priority === null ? {} : { priority: task.priority }),
  } as Partial<Node>;
  const own = Object.fromEntries(
    Object.entries(options).filter(([key]) => !said.stronger.has(key)),
  ) as Partial<Node>;
  return {
    ...own,
    ...node,
    ...(running.kind === 'task' ? { task: running.task } : running.program),
    ...(running.input === undefined ? {} : { input: running.input }),
    metadata: { ...(node.metadata ?? own.metadata), ...catalogueMark(task) },
  };
}
