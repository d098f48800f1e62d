/** Who polls what: the task queues of an execution's work, beside its own. */
import type { Isolation } from '../domain/choose-runner.js';
import type { NodeClass } from '../domain/plan.js';

/** The queue of the engine's own work, polled by every worker of a task queue. */
export const systemQueue = (taskQueue: string): string => `${taskQueue}.system`;

/** The queue of a runner of programs: only workers that have it poll it. */
export const runnerQueue = (taskQueue: string, runner: Isolation): string =>
  `${taskQueue}-${runner}`;

/** The queue of a node: as it says, else by its runner where it is a program, else the execution's own. */
export const nodeQueue = (
  taskQueue: string,
  { queue, run }: Pick<NodeClass, 'queue' | 'run'>,
): string => queue ?? (run?.limits ? runnerQueue(taskQueue, run.runner) : taskQueue);
