/** What a caller in JavaScript may give by mistake where TypeScript would say so: refused in our words. */
import { TaskError } from '../domain/errors.js';
import { isObject, preview } from '../domain/json.js';
import { didYouMean } from '../domain/suggest.js';

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

/** @throws TaskError CONFIGURATION naming each key that is none, with the one that it is near to */
export function assertKnown(call: string, given: object, known: readonly string[]): void {
  const wrong = Object.keys(given).filter((key) => !known.includes(key));
  if (wrong.length === 0) return;
  const named = wrong.map((key) => {
    const near = didYouMean(key, known);
    return `${JSON.stringify(key)}${near === undefined ? '' : ` (${near})`}`;
  });
  throw new TaskError(
    'CONFIGURATION',
    `${call}: there is no ${named.join(', no ')}; there are ${known.join(', ')}`,
  );
}
