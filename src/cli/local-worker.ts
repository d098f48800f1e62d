/** A worker in a command's own process. Temporal's native library is loaded only when one is needed. */
import type { NativeConnection } from '@temporalio/worker';
import { resolveSettings } from '../config.js';
import { TaskRegistry, type AnyTask, inputProblems } from '../registry.js';
import type { KnownTasks } from '../domain/validate.js';
import type { Logger } from '../telemetry.js';
import type { RunningWorker } from '../worker.js';
import { settingsOf, type CommonOptions } from './command.js';

export interface LocalWorkerOptions {
  tasks: readonly AnyTask[];
  /** Default: by the settings, to standard error. */
  logger?: Logger;
  /** A connection of the caller's own. */
  connection?: NativeConnection;
}

/** @throws TaskError CONFIGURATION | UNREACHABLE */
export async function startLocalWorker(
  options: CommonOptions,
  { tasks, logger, connection }: LocalWorkerOptions,
): Promise<RunningWorker> {
  const [{ startWorker }, { createLogger }] = await Promise.all([
    import('../worker.js'),
    import('../telemetry.js'),
  ]);
  const settings = settingsOf(options);
  return await startWorker({
    ...settings,
    tasks,
    logger: logger ?? createLogger(resolveSettings(settings).logLevel),
    ...(connection === undefined ? {} : { connection }),
  });
}

/** What a worker with these tasks would know, for validation without one. */
export async function knownTasks(tasks: readonly AnyTask[]): Promise<KnownTasks> {
  const { BUILT_IN_TASKS } = await import('../worker.js');
  const own = new Set(tasks.map(({ name }) => name));
  const registry = new TaskRegistry([
    ...tasks,
    ...BUILT_IN_TASKS.filter(({ name }) => !own.has(name)),
  ]);
  return {
    names: registry.names,
    checkInput: (name, input) => {
      const task = registry.get(name);
      return task ? inputProblems(task, input) : [];
    },
  };
}
