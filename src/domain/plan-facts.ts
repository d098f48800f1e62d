/** What only a worker knows of a graph's tasks, as JSON: enough to plan it elsewhere. */
import type { RunnerChoice } from './choose-runner.js';
import type { CircuitSettings } from './circuit.js';
import { getOwn, type Json } from './json.js';
import type { PlanContext, TaskFacts } from './make-plan.js';
import type { TaskOptions } from './spec.js';

export interface PlanFacts {
  /** The tasks that the graph names, by name. */
  tasks: Readonly<Record<string, TaskFacts>>;
  /** Hooks of the worker and of the graph that run for every node. */
  postHooks: boolean;
  postHooksOnSkipped: boolean;
  /** The pipelines that the graph names, by name. */
  pipelines: Readonly<Record<string, Json>>;
  settings: {
    serverWaitsMs: number;
    maxNodesPerRun: number;
    limits: Readonly<Record<string, { max: number }>>;
    circuits: Readonly<Record<string, CircuitSettings>>;
    /** What the workers may and have. */
    runners?: RunnerChoice;
    /** What they say of every task. Older workers do not tell. */
    defaults?: TaskOptions;
  };
}

/** Where no worker was asked: the library's defaults, and no definition of any task. */
export const NO_FACTS: PlanFacts = {
  tasks: {},
  postHooks: false,
  postHooksOnSkipped: false,
  pipelines: {},
  settings: { serverWaitsMs: 60_000, maxNodesPerRun: 4_000, limits: {}, circuits: {} },
};

/** The same as `makePlan` asks for it. */
export function planContextOf(facts: PlanFacts): PlanContext {
  return {
    task: (name) => getOwn(facts.tasks, name),
    postHooks: facts.postHooks,
    postHooksOnSkipped: facts.postHooksOnSkipped,
    circuits: facts.settings.circuits,
    ...(facts.settings.runners ? { runners: facts.settings.runners } : {}),
    ...(facts.settings.defaults ? { settings: facts.settings.defaults } : {}),
  };
}
