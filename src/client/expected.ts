/** What a caller in JavaScript may give by mistake where TypeScript would say so: refused in our words. */
import { TaskError } from '../domain/errors.js';
import { isObject, preview } from '../domain/json.js';

/** @throws TaskError CONFIGURATION for options that are no object */
export function assertOptions(call: string, options: unknown): void {
  if (isObject(options)) return;
  throw new TaskError(
    'CONFIGURATION',
    `${call}: expected an object of options, got ${preview(options)}`,
  );
}

/** @throws TaskError CONFIGURATION for an id that is no text, or empty */
export function assertId(call: string, id: unknown): void {
  if (typeof id === 'string' && id !== '') return;
  throw new TaskError(
    'CONFIGURATION',
    `${call}: expected the id of an execution, got ${preview(id)}`,
  );
}
