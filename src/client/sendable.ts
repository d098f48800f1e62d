/** What an execution is asked with, as JSON: what is nested too deep for somebody on its way, or would lose a part, is refused. */
import { TaskError } from '../domain/errors.js';
import { isNestedOver, JSON_DEPTH } from '../domain/json-faults.js';
import { jsonText } from '../domain/json-loss.js';

/**
 * A request as it will be sent: what is undefined is not there.
 *
 * @param what is asked, such as `complete`
 * @throws TaskError INPUT_INVALID for more levels than are taken, or for a value that is no JSON
 */
export function sendable<T extends object>(what: string, request: T): T {
  if (isNestedOver(JSON_DEPTH + 1, request) && !isCircle(request))
    // the request itself is a level
    throw new TaskError(
      'INPUT_INVALID',
      `${what}: what is sent is nested too deep; the limit is ${JSON_DEPTH} levels`,
    );
  return JSON.parse(jsonText(request, `${what}: what is sent`, 'INPUT_INVALID')) as T;
}

/** JSON.stringify finds what refers back to itself before it gets too deep, and has words for it. */
function isCircle(value: object): boolean {
  try {
    JSON.stringify(value);
    return false;
  } catch (error) {
    return error instanceof TypeError;
  }
}
