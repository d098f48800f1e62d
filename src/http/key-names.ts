/** Messages that name what the library calls `requestId`, where the caller sent a header. */
import { SpecInvalidError, TaskStateError } from '../domain/errors.js';
import type { Fault } from '../domain/fault.js';
import { preview } from '../domain/json.js';
import { HttpProblem } from './problem.js';

const HEADER = 'Idempotency-Key';

/**
 * The key of a request that may say it as a header or in its body.
 *
 * @param field the body's name for it
 * @throws HttpProblem 422 where the two say different ones: one of them would be passed over
 */
export function oneKey(
  header: string | undefined,
  field: 'requestId' | 'idempotencyKey',
  said: string | undefined,
): string | undefined {
  if (header === undefined || said === undefined || header === said) return header ?? said;
  const message = `${HEADER}: got ${preview(header)}, and ${field} ${preview(said)} in the body; say one of the two`;
  throw new HttpProblem(422, 'INPUT_INVALID', message);
}

/** What `asking` gives, or its error with the header's name for a `requestId` that came as one. */
export async function inHeaderName<T>(key: string | undefined, asking: Promise<T>): Promise<T> {
  try {
    return await asking;
  } catch (error) {
    throw key === undefined ? error : reworded(error);
  }
}

function reworded(error: unknown): unknown {
  if (error instanceof SpecInvalidError)
    return new SpecInvalidError(error.faults.map(named), error.message.split(' refused, ')[0]);
  if (error instanceof TaskStateError)
    return new TaskStateError(error.message.replace(/^requestId /, `${HEADER} `), { cause: error });
  return error;
}

function named(one: Fault): Fault {
  const path = one.path === 'requestId' ? HEADER : one.path;
  const message =
    one.path === 'executionId'
      ? one.message.replace(/ the requestId$/, ` the header ${HEADER}`)
      : one.message;
  return { ...one, path, message };
}
