/** What a registry says of the tasks that a graph names: for `prepare`, and for whoever plans a graph elsewhere. */
import { isObject, setOwn, type Json } from './domain/json.js';
import type { KnownTasks } from './domain/known-tasks.js';
import type { PlanContext, TaskFacts } from './domain/make-plan.js';
import { MAX_DEPTH } from './domain/node-kind.js';
import type { PlanFacts } from './domain/plan-facts.js';
import type { TaskRegistry } from './registry.js';

/** What undoes a task by its definition, as validation asks for it. */
export function definedUndo(
  registry: TaskRegistry,
  name: string,
): ReturnType<NonNullable<KnownTasks['undo']>> {
  const compensate = registry.get(name)?.options.compensate;
  return compensate && compensate.task !== undefined
    ? { task: compensate.task, queue: compensate.queue }
    : undefined;
}

/** What a worker knows of tasks beside its registry. */
export interface WorkerFacts extends Pick<PlanContext, 'circuits' | 'runners' | 'settings'> {
  /** Whether a task was quick of late. */
  isQuick?: (task: string) => boolean;
}

/** The registry as `makePlan` asks for it. */
export function planContext(
  registry: TaskRegistry,
  { graph }: { graph: { hooks?: { post: readonly string[] } | undefined } },
  { circuits, runners, settings, isQuick }: WorkerFacts = {},
): PlanContext {
  const common = registry.postHooks(graph.hooks?.post ?? [], '');
  return {
    ...(circuits ? { circuits } : {}),
    ...(runners ? { runners } : {}),
    ...(settings ? { settings } : {}),
    postHooks: common.length > 0,
    postHooksOnSkipped: common.some((hook) => hook.onSkipped),
    task: (name) => {
      const task = registry.get(name);
      const own = task?.definition.hooks?.post ?? [];
      return (
        task && {
          version: task.version,
          options: task.options,
          postHooks: own.length > 0,
          postHooksOnSkipped: own.some((hook) => hook.onSkipped),
          external: task.definition.completion === 'external',
          inProcess: task.isolation === 'in-process',
          loadable: task.module !== undefined,
          // Looked up only where somebody asks.
          get quick() {
            return isQuick?.(name) ?? false;
          },
        }
      );
    },
  };
}

/** The same as JSON, of the tasks and pipelines that a graph and the graphs below it name. */
export function planFacts(
  registry: TaskRegistry,
  spec: Json,
  settings: PlanFacts['settings'],
  pipelineOf: (name: string) => ReturnType<NonNullable<KnownTasks['graph']>> | undefined,
  isQuick?: WorkerFacts['isQuick'],
): PlanFacts {
  const hooks = isObject(spec) && isObject(spec['hooks']) ? spec['hooks']['post'] : [];
  const names = Array.isArray(hooks) ? hooks.filter((name) => typeof name === 'string') : [];
  const hooked = { graph: { hooks: { post: names } } };
  const context = planContext(registry, hooked, isQuick ? { isQuick } : {});
  const tasks: Record<string, TaskFacts> = {};
  const pipelines: Record<string, Json> = {};
  const know = (name: string): void => {
    if (Object.hasOwn(tasks, name)) return;
    const facts = context.task(name);
    if (!facts) return;
    setOwn(tasks, name, facts);
    for (const undo of taskNames({ compensate: facts.options.compensate })) know(undo);
  };
  const collect = (graph: Json, depth: number): void => {
    const { defaults } = isObject(graph) ? graph : {};
    if (isObject(defaults)) for (const name of taskNames(defaults)) know(name);
    for (const node of nodesOf(graph)) {
      for (const name of taskNames(node)) know(name);
      const { graph: below } = node;
      if (depth >= MAX_DEPTH) continue;
      if (isObject(below)) collect(below as Json, depth + 1);
      if (typeof below !== 'string' || Object.hasOwn(pipelines, below)) continue;
      const found = pipelineOf(below);
      if (!found || !('spec' in found)) continue;
      setOwn(pipelines, below, found.spec);
      collect(found.spec, depth + 1);
    }
  };
  collect(spec, 0);
  const { postHooks, postHooksOnSkipped } = context;
  return { tasks, postHooks, postHooksOnSkipped, pipelines, settings };
}

function nodesOf(graph: Json): Record<string, unknown>[] {
  const tasks = isObject(graph) ? graph['tasks'] : undefined;
  return Array.isArray(tasks) ? (tasks as unknown[]).filter(isObject) : [];
}

function taskNames({ task, compensate }: Record<string, unknown>): string[] {
  const undo = isObject(compensate) ? compensate['task'] : compensate;
  return [task, undo].filter((name) => typeof name === 'string');
}
