/**
 * The worker of `tempograph dev --tasks` as a process of its own: what a module is made of is loaded once in a process,
 * so tasks that have changed need a new one. Tells its parent that it polls, or why it does not.
 */
import { resolveSettings } from '../config.js';
import { messageOf, TaskError, type ErrorCode } from '../domain/errors.js';
import { settingsOf, type CommonOptions } from './command.js';
import { startWorkerAt } from './local-worker.js';
import { loadTasks } from './task-modules.js';

/** What it is started with, as JSON in its one argument. */
export interface DevWorkerOrder {
  address: string;
  options: CommonOptions;
  files: readonly string[];
}

export type DevWorkerNews =
  | { kind: 'ready'; taskQueue: string; tasks: readonly string[] }
  | { kind: 'failed'; code: ErrorCode; message: string };

async function run({ address, options, files }: DevWorkerOrder): Promise<void> {
  const stopped = new Promise<void>((resolve) => process.once('SIGTERM', () => resolve()));
  const worker = await startWorkerAt(address, options, await loadTasks(files));
  const { taskQueue } = resolveSettings(settingsOf(options));
  await tell({ kind: 'ready', taskQueue, tasks: worker.tasks });
  await Promise.race([worker.stopped, stopped]);
  await worker.shutdown();
}

const tell = (news: DevWorkerNews): Promise<void> =>
  new Promise((resolve) => void process.send?.(news, undefined, undefined, () => resolve()));

try {
  await run(JSON.parse(process.argv[2] ?? '') as DevWorkerOrder);
  process.exit(0);
} catch (error) {
  const code = error instanceof TaskError ? error.code : 'CONFIGURATION';
  await tell({ kind: 'failed', code, message: messageOf(error) });
  process.exit(1);
}
