import type { RealGraph } from './graph.js';

/** The numbers that describe a graph; those along paths only where there are no cycles. */
export interface GraphNumbers {
  tasks: number;
  edges: number;
  roots: number;
  maxFanIn: number;
  maxFanOut: number;
  acyclic: boolean;
  totalWorkMs: number;
  /** Tasks on the longest chain by count. */
  depth?: number;
  /** Most tasks on one level; a task's level is its longest distance from a root. */
  maxWidth?: number;
  /** The longest chain by runtime. */
  criticalPathMs?: number;
}

type Tasks = RealGraph['tasks'];
type Task = Tasks[number];

/** Counts a graph's tasks and edges and measures its paths. */
export function measureGraph({ tasks }: Pick<RealGraph, 'tasks'>): GraphNumbers {
  const children = childrenOf(tasks);
  const order = topologicalOrder(tasks, children);
  const acyclic = order.length === tasks.length;
  return {
    tasks: tasks.length,
    edges: sum(tasks.map(({ dependsOn }) => dependsOn.length)),
    roots: tasks.filter(({ dependsOn }) => dependsOn.length === 0).length,
    maxFanIn: max(tasks.map(({ dependsOn }) => dependsOn.length)),
    maxFanOut: max([...children.values()].map(({ length }) => length)),
    acyclic,
    totalWorkMs: sum(tasks.map(({ runtimeMs }) => runtimeMs)),
    ...(acyclic ? measurePaths(order) : {}),
  };
}

/** The tasks that can run in some order, dependencies first: all of them, unless there is a cycle. */
function topologicalOrder(tasks: Tasks, children: Map<string, Task[]>): Task[] {
  const waiting = new Map(tasks.map(({ id, dependsOn }) => [id, dependsOn.length]));
  const order = tasks.filter(({ dependsOn }) => dependsOn.length === 0);
  for (const { id } of order) {
    for (const child of children.get(id) ?? []) {
      const left = (waiting.get(child.id) ?? 0) - 1;
      waiting.set(child.id, left);
      if (left === 0) order.push(child);
    }
  }
  return order;
}

function measurePaths(order: Task[]): Pick<GraphNumbers, 'depth' | 'maxWidth' | 'criticalPathMs'> {
  const levels = longestPaths(order, () => 1);
  const perLevel = new Map<number, number>();
  for (const level of levels) perLevel.set(level, (perLevel.get(level) ?? 0) + 1);
  return {
    depth: max(levels),
    maxWidth: max([...perLevel.values()]),
    criticalPathMs: max(longestPaths(order, ({ runtimeMs }) => runtimeMs)),
  };
}

/** For each task of the order, the heaviest chain that ends with it. */
function longestPaths(order: Task[], weight: (task: Task) => number): number[] {
  const lengths = new Map<string, number>();
  for (const task of order) {
    const before = max(task.dependsOn.map((id) => lengths.get(id) ?? 0));
    lengths.set(task.id, before + weight(task));
  }
  return [...lengths.values()];
}

function childrenOf(tasks: Tasks): Map<string, Task[]> {
  const children = new Map<string, Task[]>(tasks.map(({ id }) => [id, []]));
  for (const task of tasks) for (const id of task.dependsOn) children.get(id)?.push(task);
  return children;
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

function max(numbers: number[]): number {
  return numbers.reduce((largest, each) => Math.max(largest, each), 0);
}
