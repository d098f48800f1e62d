/** The answer to a batch: what became of each item. */
import { messageOf, TaskError } from '../domain/errors.js';

/** One entry an item, in their order. */
export interface BatchAnswer {
  successful: { index: number; taskId: string; executionId: string }[];
  failed: {
    index: number;
    taskId: string;
    error: { code: string; message: string; details?: unknown };
  }[];
}

/** An item with the same key as an earlier one has its answer. */
export function answerTwin(answer: BatchAnswer, index: number, of: number): void {
  const done = answer.successful.find((entry) => entry.index === of);
  const failed = answer.failed.find((entry) => entry.index === of);
  if (done) answer.successful.push({ ...done, index });
  else if (failed) answer.failed.push({ ...failed, index });
}

export function errorOf(error: unknown): BatchAnswer['failed'][number]['error'] {
  const known = error instanceof TaskError ? error : undefined;
  return {
    code: known?.code ?? 'ENGINE',
    message: messageOf(error),
    ...(known?.details === undefined ? {} : { details: known.details }),
  };
}
