/** The short form of a graph: `{ task_2: ['task_1'] }`, each id also the name of its task. */
import { getOwn, isObject } from './json.js';
import type { GraphSpec } from './spec.js';

/** A graph by its edges alone: each id with the ids that it waits for. */
export type Adjacency = Readonly<Record<string, readonly string[]>>;

/** True for an object that lists dependencies and is no spec. */
export function isAdjacency(value: unknown): value is Adjacency {
  return (
    isObject(value) &&
    !Object.hasOwn(value, 'tasks') &&
    Object.values(value).every((list) => Array.isArray(list))
  );
}

/** The spec of an adjacency form. Ids that only occur as dependencies are left for validation to refuse. */
export function adjacencyToSpec(adjacency: Adjacency, name: string): GraphSpec {
  return {
    name,
    tasks: Object.keys(adjacency).map((id) => ({
      id,
      task: id,
      dependsOn: [...(getOwn(adjacency, id) ?? [])],
    })),
  };
}
