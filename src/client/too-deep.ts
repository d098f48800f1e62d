/** What is nested too deep to be asked with: somebody on its way, or the task that gets it, could not read it. */
import { TaskError } from '../domain/errors.js';
import { isNestedOver, JSON_DEPTH } from '../domain/json-faults.js';

/** @param what was asked, such as `complete` */
export function tooDeep(what: string): TaskError {
  return new TaskError(
    'INPUT_INVALID',
    `${what}: what is sent is nested too deep; the limit is ${JSON_DEPTH} levels`,
  );
}

/** @throws TaskError INPUT_INVALID for a request with a value that has more levels than are taken */
export function assertNotTooDeep(what: string, request: object): void {
  if (isNestedOver(JSON_DEPTH + 1, request)) throw tooDeep(what); // the request itself is one
}
