/** Changes, while workers run, to which errors are retried: what is added to the lists of every policy. */
import { TaskError } from './errors.js';
import { preview } from './json.js';

export interface ErrorKinds {
  retryOn: readonly string[];
  neverRetryOn: readonly string[];
}

export const NO_KINDS: ErrorKinds = { retryOn: [], neverRetryOn: [] };

/** An error's code or name, or its class. */
export type ErrorKind = string | (abstract new (...values: never[]) => unknown);

/** For which project a list is changed or asked. */
export interface ErrorKindPlace {
  /** Default: all projects. */
  project?: string;
}

/** The run-time lists, as an engine and a running worker have them. Every call may throw TaskError STORE. */
export interface ErrorListVerbs {
  /** Errors of this kind are worth a retry. @returns false when it was on the list already */
  addRetriableError(kind: ErrorKind, place?: ErrorKindPlace): Promise<boolean>;
  /** Takes a kind off again. @returns false when it was not on the list */
  removeRetriableError(kind: ErrorKind, place?: ErrorKindPlace): Promise<boolean>;
  /** Errors of this kind are never retried, whatever else is said. @returns false when it was on the list already */
  addNeverRetryError(kind: ErrorKind, place?: ErrorKindPlace): Promise<boolean>;
  /** Takes a kind off again. @returns false when it was not on the list */
  removeNeverRetryError(kind: ErrorKind, place?: ErrorKindPlace): Promise<boolean>;
  /** Whether an error would be retried under the default policy and the lists as they are. */
  isRetriableError(error: unknown, place?: ErrorKindPlace): Promise<boolean>;
}

/** @throws TaskError CONFIGURATION for what is no kind of error */
export function nameOfKind(kind: ErrorKind): string {
  const name: unknown = typeof kind === 'function' ? kind.name : kind;
  if (typeof name === 'string' && name !== '' && name.length <= 200 && name !== 'Error')
    return name;
  throw new TaskError(
    'CONFIGURATION',
    `a kind of error: expected an error's code, its name, or a class of errors other than Error, got ${preview(name)}`,
  );
}

/** The lists of one project, out of the entries of all. */
export function kindsFor(
  entries: readonly { project: string; list: 'retryOn' | 'neverRetryOn'; code: string }[],
  project = '',
): ErrorKinds {
  const mine = entries.filter((entry) => entry.project === '' || entry.project === project);
  const on = (list: 'retryOn' | 'neverRetryOn'): string[] =>
    mine.flatMap((entry) => (entry.list === list ? [entry.code] : []));
  return { retryOn: on('retryOn'), neverRetryOn: on('neverRetryOn') };
}
