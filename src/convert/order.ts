/** The order in which a pipeline says things, for people who read it: what a node is before how it runs. */
import { isObject } from '../domain/json.js';
import type { GraphSpec } from '../domain/spec.js';

const GRAPH = [
  'name',
  'version',
  'description',
  'params',
  'concurrency',
  'onFailure',
  'deadline',
  'defaults',
  'metadata',
];
const NODE = [
  'id',
  'task',
  'approval',
  'description',
  'dependsOn',
  'trigger',
  'when',
  'map',
  'allowFailure',
  'onCancel',
];
/** Long ones stand last. */
const NODE_ENDS = ['metadata', 'input', 'graph'];

/** The same pipeline, its fields and those of its sub-graphs in order. */
export function inOrder(graph: GraphSpec): GraphSpec {
  const tasks = graph.tasks.map((node) => {
    const inner = isObject(node.graph) ? { graph: inOrder(node.graph as GraphSpec) } : {};
    return sorted({ ...node, ...inner }, NODE, NODE_ENDS);
  });
  return sorted({ ...graph, tasks }, GRAPH, ['tasks']);
}

function sorted<T extends object>(value: T, first: readonly string[], last: readonly string[]): T {
  const rank = (key: string): number => {
    const [early, late] = [first.indexOf(key), last.indexOf(key)];
    return early >= 0 ? early : late >= 0 ? first.length + 1 + late : first.length;
  };
  const entries = Object.entries(value).sort(([a], [b]) => rank(a) - rank(b));
  return Object.fromEntries(entries) as T;
}
