/** A worker in a command's own process. Temporal's native library is loaded only when one is needed. */
import { resolveSettings } from '../config.js';
import type { Json } from '../domain/json.js';
import type { PlanFacts } from '../domain/plan-facts.js';
import type { GraphSpec } from '../domain/spec.js';
import { definedUndo, planFacts } from '../registry-facts.js';
import { inputProblems, TaskRegistry, withUndoTasks, type AnyTask } from '../registry.js';
import type { KnownTasks } from '../domain/validate.js';
import { templateGraph } from '../templates/load-template.js';
import type { RunningWorker } from '../worker.js';
import { settingsOf, type CommonOptions } from './command.js';

/**
 * Starts a worker by the options and the environment.
 *
 * @throws TaskError CONFIGURATION | UNREACHABLE
 */
export async function startLocalWorker(
  options: CommonOptions,
  tasks: readonly AnyTask[],
): Promise<RunningWorker> {
  const { startWorker } = await import('../worker.js');
  return await startWorker({ ...settingsOf(options), tasks });
}

/**
 * Starts a worker for a server that this process runs. Its connection is made here, of the address alone: TEMPORAL_*
 * may speak of another server, its credentials and its TLS.
 */
export async function startWorkerAt(
  address: string,
  options: CommonOptions,
  tasks: readonly AnyTask[],
): Promise<RunningWorker> {
  const [{ NativeConnection }, { startWorker }, { createLogger, installRuntime }] =
    await Promise.all([
      import('@temporalio/worker'),
      import('../worker.js'),
      import('../telemetry.js'),
    ]);
  const settings = settingsOf(options);
  const { logLevel, metricsAddress } = resolveSettings(settings);
  const logger = createLogger(logLevel);
  installRuntime(logger, metricsAddress); // before the connection, which would install one that logs by itself
  const connection = await NativeConnection.connect({ address });
  const worker = await startWorker({ ...settings, tasks, logger, connection });
  worker.stopped.catch(() => undefined).finally(() => void connection.close());
  return worker;
}

/** What a worker with these tasks would know, for validation without one. */
export async function knownTasks(
  tasks: readonly AnyTask[],
  options: CommonOptions,
): Promise<KnownTasks> {
  const { templatesDir } = resolveSettings(settingsOf(options));
  return knownTasksOf(await registryOf(tasks), templatesDir);
}

/** The same, and what it would say of a graph's tasks, for a plan without one. */
export async function localFacts(
  tasks: readonly AnyTask[],
  spec: GraphSpec,
  options: CommonOptions,
): Promise<{ tasks: KnownTasks; facts: PlanFacts }> {
  const { templatesDir, ...all } = resolveSettings(settingsOf(options));
  const { serverWaitsMs, maxNodesPerRun, limits, circuits, defaults } = all;
  const settings = { serverWaitsMs, maxNodesPerRun, limits, circuits, defaults };
  const registry = await registryOf(tasks);
  const pipelineOf = (name: string) => templateGraph(templatesDir, name);
  return {
    tasks: knownTasksOf(registry, templatesDir),
    facts: planFacts(registry, spec as unknown as Json, settings, pipelineOf),
  };
}

function knownTasksOf(registry: TaskRegistry, templatesDir: string): KnownTasks {
  return {
    names: registry.names,
    graph: (name) => templateGraph(templatesDir, name),
    undo: (name) => definedUndo(registry, name),
    checkInput: (name, input) => {
      const task = registry.get(name);
      return task ? inputProblems(task, input) : [];
    },
  };
}

/** These and the built-in tasks. */
async function registryOf(tasks: readonly AnyTask[]): Promise<TaskRegistry> {
  const { BUILT_IN_TASKS } = await import('../worker.js');
  const all = withUndoTasks(tasks);
  const own = new Set(all.map(({ name }) => name));
  return new TaskRegistry([...all, ...BUILT_IN_TASKS.filter(({ name }) => !own.has(name))]);
}
