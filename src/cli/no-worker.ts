/** That no worker answers: how it is known from an error, and how one is started. */
import { isSilence } from '../client/no-answer.js';
import { TaskError } from '../domain/errors.js';
import { shellWord } from '../domain/shell-word.js';

/** A server says by a code of ours what Temporal says by a status of its own. */
export const isUnanswered = (error: unknown): boolean =>
  isSilence(error) || (error instanceof TaskError && error.code === 'NO_WORKER');

/** The command in quotes that starts a worker on a task queue; without one, on what the settings say. */
export function workerCommand(taskQueue?: string): string {
  const where = taskQueue === undefined ? '' : ` --task-queue ${shellWord(taskQueue)}`;
  return `"tempograph worker${where}"`;
}
