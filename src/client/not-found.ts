/** The error for an execution that nobody knows. */
import { TaskError } from '../domain/errors.js';

export function notFound(executionId: string): TaskError {
  return new TaskError(
    'NOT_FOUND',
    `there is no execution ${JSON.stringify(executionId)} in this namespace`,
  );
}
