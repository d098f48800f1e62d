/** The bound on what a handler may save for its next attempt, wherever the handler runs. */
import { TaskError } from '../domain/errors.js';
import { jsonText } from '../domain/json-loss.js';

const CHECKPOINT_LIMIT = 16 * 1_024;

/**
 * @throws TaskError TOO_LARGE for a checkpoint of over 16 KiB of JSON, CONFIGURATION for one that the next attempt would not
 *   get back as it was
 */
export function assertCheckpoint(value: unknown): void {
  const size = jsonText(value, 'a checkpoint', 'CONFIGURATION').length;
  if (size <= CHECKPOINT_LIMIT) return;
  throw new TaskError(
    'TOO_LARGE',
    `checkpoint: ${size} characters of JSON; the limit is ${CHECKPOINT_LIMIT}; save a reference instead`,
  );
}
