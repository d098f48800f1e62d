/** `tempograph worker`: a worker, until it is asked to stop. */
import type { CommandDefinition, CommonOptions } from './command.js';
import { EXIT, type ExitCode } from './exit.js';
import { aborted, interruptSignal } from './interrupts.js';
import { startLocalWorker } from './local-worker.js';
import { target } from './session.js';
import { loadTasks, TASKS_OPTION, type TaskModuleOptions } from './task-modules.js';

export const worker: CommandDefinition<CommonOptions & TaskModuleOptions> = {
  name: 'worker',
  local: 'runs tasks on this machine for Temporal',
  summary: 'Run a worker',
  description:
    'Ctrl-C or SIGTERM: it takes nothing new, gives running attempts 10 s, and ends with exit code 0.\n' +
    'A second one ends it at once. With --json: a line {"event":"ready",…} when it polls.',
  options: [TASKS_OPTION],
  examples: [
    ['tempograph worker --tasks tasks.ts', 'with the tasks of a file'],
    ['tempograph worker --task-queue gpu', 'on another queue'],
  ],
  run: async (out, options): Promise<ExitCode> => {
    const { signal, stop } = interruptSignal();
    try {
      const tasks = await loadTasks(options.tasks);
      const { address, namespace } = target(options);
      const running = await startLocalWorker(options, tasks);
      const { taskQueue } = running;
      out.jsonLine({ event: 'ready', address, namespace, taskQueue, tasks: running.tasks });
      out.print(`worker polls ${taskQueue} on ${address}: ${running.tasks.join(', ')}`);
      await Promise.race([running.stopped, aborted(signal)]);
      out.note('stopping: running attempts get 10 s; Ctrl-C again ends at once');
      await running.shutdown();
      return EXIT.done;
    } finally {
      stop();
    }
  },
};
