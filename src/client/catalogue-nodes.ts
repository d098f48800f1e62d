/** Catalogue ids inside a graph: each node as what its catalogue task runs, with the version that it was taken from. */
import type { GraphBuilder } from '../builder.js';
import { isAdjacency, type Adjacency } from '../domain/adjacency.js';
import { catalogueMark } from '../domain/catalogue-mark.js';
import { TaskError } from '../domain/errors.js';
import { isObject } from '../domain/json.js';
import type { GraphSpec } from '../domain/spec.js';
import type { CatalogueTask } from './catalogue.js';

type Node = GraphSpec['tasks'][number];

/** A graph some of whose nodes say `taskId`, a task of the catalogue, where others say `task`. */
export type CatalogueGraph = Omit<GraphSpec, 'tasks'> & {
  tasks: (Node | (Omit<Node, 'task'> & { taskId: string }))[];
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
    if (typeof taskId === 'string') ids.set(taskId, 'needed');
    else if (isAdjacency(graph) && typeof id === 'string') ids.set(id, 'perhaps');
  }
  return ids;
}

/**
 * The spec with the catalogue's tasks in their nodes' places.
 *
 * @param said what the submission says: it wins over the catalogue, as do the graph's own `defaults`
 * @returns also the project that all of them belong to, where it is one
 * @throws TaskError CONFIGURATION for a task that runs a graph, or does not say what it runs
 */
export function catalogueNodes(
  spec: GraphSpec,
  entries: ReadonlyMap<string, CatalogueEntry>,
  said: object,
): { spec: GraphSpec; project?: string } {
  if (entries.size === 0) return { spec };
  const stronger = new Set(Object.keys({ ...spec.defaults, ...said }));
  const tasks = spec.tasks.map((given) => {
    const { taskId, ...node } = given as Node & { taskId?: string };
    const entry = entries.get(taskId ?? node.id);
    if (!entry) return given;
    return nodeOf({ ...node, task: node.task ?? node.id }, entry.task, taskId, stronger);
  });
  const projects = new Set([...entries.values()].map(({ project }) => project));
  const [project] = projects;
  return {
    spec: { ...spec, tasks },
    ...(projects.size === 1 && project !== undefined ? { project } : {}),
  };
}

function nodeOf(
  node: Node,
  task: CatalogueTask,
  taskId: string | undefined,
  stronger: ReadonlySet<string>,
): Node {
  const place = `tasks[${JSON.stringify(node.id)}]: catalogue task ${JSON.stringify(task.id)}`;
  if (task.run && 'graph' in task.run)
    throw new TaskError(
      'CONFIGURATION',
      `${place} runs a graph, and a node runs one task; schedule it by itself, with scheduleTask({ taskId })`,
    );
  if (!task.run && taskId !== undefined)
    throw new TaskError(
      'CONFIGURATION',
      `${place} does not say what it runs; update it with run: { task: "<name>" }`,
    );
  const { project: _project, sessionId: _session, ...weaker } = task.defaults;
  const options = {
    ...weaker,
    ...(task.priority === null ? {} : { priority: task.priority }),
  } as Partial<Node>;
  const own = Object.entries(options).filter(([key]) => !stronger.has(key));
  const input = node.input ?? task.run?.input;
  return {
    ...(Object.fromEntries(own) as Partial<Node>),
    ...node,
    task: task.run?.task ?? node.task,
    ...(input === undefined ? {} : { input }),
    metadata: { ...options.metadata, ...node.metadata, ...catalogueMark(task) },
  };
}
