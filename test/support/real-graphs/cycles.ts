import { safeId, type RealGraph } from './graph.js';

type Task = RealGraph['tasks'][number];

/**
 * The graph with each strongly connected component as one task, which takes as long as its members one after another
 * and is named after the first of them. A graph without cycles comes back as it is.
 */
export function mergeCycles(graph: RealGraph): RealGraph {
  if (graph.acyclic) return graph;
  const components = stronglyConnected(graph.tasks);
  const mergedIds = new Map(
    components.flatMap((members) => members.map(({ id }) => [id, nameOf(members)] as const)),
  );
  const { source, file } = graph;
  const tasks = components.map((members) => mergeTasks(members, mergedIds));
  return { source, file, tasks, acyclic: true };
}

function mergeTasks(members: Task[], mergedIds: Map<string, string>): Task {
  const id = nameOf(members);
  const needed = members.flatMap(({ dependsOn }) =>
    dependsOn.map((each) => mergedIds.get(each) ?? each),
  );
  return {
    id,
    dependsOn: [...new Set(needed)].filter((each) => each !== id),
    runtimeMs: members.reduce((total, { runtimeMs }) => total + runtimeMs, 0),
  };
}

function nameOf(members: Task[]): string {
  const first = members.map(({ id }) => id).sort()[0] ?? '';
  return members.length === 1 ? first : safeId(`${first}.cycle-of-${members.length}`);
}

/** Kosaraju: finish times along dependencies, then reachability against them in reverse finish order. */
function stronglyConnected(tasks: Task[]): Task[][] {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const dependants = new Map<string, string[]>(tasks.map(({ id }) => [id, []]));
  for (const { id, dependsOn } of tasks)
    for (const each of dependsOn) dependants.get(each)?.push(id);

  const finished = depthFirst(
    tasks.map(({ id }) => id),
    (id) => byId.get(id)?.dependsOn ?? [],
  ).flat();
  const components = depthFirst(finished.reverse(), (id) => dependants.get(id) ?? []);
  return components.map((ids) => ids.flatMap((id) => byId.get(id) ?? []));
}

/** One list per start that was not reached before: what it reaches, in the order in which the visits end. */
function depthFirst(starts: string[], next: (id: string) => string[]): string[][] {
  const seen = new Set<string>();
  return starts.flatMap((start) => (seen.has(start) ? [] : [visit(start, next, seen)]));
}

/** A depth-first visit with its own stack: real graphs are deeper than the call stack likes. */
function visit(start: string, next: (id: string) => string[], seen: Set<string>): string[] {
  const finished: string[] = [];
  const stack = [{ id: start, pending: [...next(start)] }];
  seen.add(start);
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const id = top.pending.pop();
    if (id === undefined) {
      finished.push(top.id);
      stack.pop();
    } else if (!seen.has(id)) {
      seen.add(id);
      stack.push({ id, pending: [...next(id)] });
    }
  }
  return finished;
}
