/** The error for an execution that nobody knows. */
import { WorkflowNotFoundError } from '@temporalio/client';
import { TaskError } from '../domain/errors.js';

export function notFound(executionId: string): TaskError {
  return new TaskError(
    'NOT_FOUND',
    `there is no execution ${JSON.stringify(executionId)} in this namespace`,
  );
}

/** For the `catch` of a call to Temporal: what it does not know has our error, all else stays. */
export const orNotFound =
  (executionId: string) =>
  (error: unknown): never => {
    throw error instanceof WorkflowNotFoundError ? notFound(executionId) : error;
  };
