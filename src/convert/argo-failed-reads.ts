/** What steps read of others that failed: there an exit code, a result and outputs; here a node that failed gives nothing. */
import type { Waiting } from './argo-depends.js';
import { isObject } from '../domain/json.js';
import type { Source } from './source.js';

const READ =
  /(?:tasks|steps)(?:\.|\[')([^.'[\]]+)(?:'\])?(?:\.|\[')(outputs(?:'\])?(?:\.|\[')(?:result|parameters)|exitCode)/g;
/** Where a step says what it reads. */
const PARTS = ['arguments', 'when', 'withParam', 'withSequence', 'inline'];

/** Makes a loss of each such step, once: wherever it reads an exit code, and where it runs after a failure. */
export function loseFailedReads(
  { value, path, losses }: Source,
  { trigger }: Waiting,
  mayFail: (step: string) => boolean,
): void {
  if (!isObject(value)) return;
  const text = JSON.stringify(PARTS.map((key) => value[key])).replaceAll('\\"', "'");
  const after = trigger === 'all_done' || trigger === 'all_failed';
  const [codes, outputs] = [new Set<string>(), new Set<string>()];
  for (const [, step = '', what] of text.matchAll(READ))
    if (what === 'exitCode') codes.add(step);
    else if (after || mayFail(step)) outputs.add(step);
  for (const step of codes)
    losses.add(path, 'exitCode', `the exit code of ${step} is 0 here, or empty where it failed`);
  for (const step of outputs)
    losses.add(path, 'outputs', `what ${step} gives is empty here where it failed`);
}
