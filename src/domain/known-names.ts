/** Names that a caller in JavaScript may have wrong where TypeScript would say so. */
import { TaskError } from './errors.js';
import { didYouMean } from './suggest.js';

/** More than these are not listed: the documentation has them. */
const LISTED = 20;

/**
 * @param call that was given them
 * @throws TaskError CONFIGURATION naming each key that is none, with the one that it is near to
 */
export function assertKnown(call: string, given: object, known: readonly string[]): void {
  const wrong = Object.entries(given).flatMap(([key, value]) =>
    value === undefined || known.includes(key) ? [] : [key],
  );
  if (wrong.length === 0) return;
  const named = wrong.map((key) => {
    const near = didYouMean(key, known);
    return `${JSON.stringify(key)}${near === undefined ? '' : ` (${near})`}`;
  });
  const all = known.length > LISTED ? '' : `; there are ${known.join(', ')}`;
  throw new TaskError('CONFIGURATION', `${call}: there is no ${named.join(', no ')}${all}`);
}
