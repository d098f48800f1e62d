/** Changes, while workers run, to which errors are retried: what is added to the lists of every policy. */
import { TaskError } from './errors.js';
import { preview } from './json.js';

export const ERROR_LISTS = ['retryOn', 'neverRetryOn', 'takenOff'] as const;
/** `takenOff`: what was taken off our own list of what is retried. */
export type ErrorList = (typeof ERROR_LISTS)[number];

export type ErrorKinds = Readonly<Record<ErrorList, readonly string[]>>;

export const NO_KINDS: ErrorKinds = { retryOn: [], neverRetryOn: [], takenOff: [] };

/** An error's code or name, or its class. */
export type ErrorKind = string | (abstract new (...values: never[]) => unknown);

/** For which project a list is changed or asked. */
export interface ErrorKindPlace {
  /** Default: all projects. */
  project?: string;
}

/** Where it is asked whether a kind of error is retried. */
export interface ErrorQuestion extends ErrorKindPlace {
  /** Default retry, as for tasks and graphs; fail is what operations do with an error on no list. */
  unknownErrors?: 'retry' | 'fail';
}

/** The run-time lists, as an engine and a running worker have them. Every call may throw TaskError STORE. */
export interface ErrorListVerbs {
  /** Errors of this kind are worth a retry. @returns false when it was on the list already */
  addRetriableError(kind: ErrorKind, place?: ErrorKindPlace): Promise<boolean>;
  /**
   * Takes a kind off again. One that is retried by default, such as ECONNRESET, is not retried from then on, unless a
   * policy's `retryOn` names it or it is added again.
   *
   * @returns false when it was on no list
   */
  removeRetriableError(kind: ErrorKind, place?: ErrorKindPlace): Promise<boolean>;
  /** Errors of this kind are never retried, whatever else is said. @returns false when it was on the list already */
  addNeverRetryError(kind: ErrorKind, place?: ErrorKindPlace): Promise<boolean>;
  /** Takes a kind off again. @returns false when it was not on the list */
  removeNeverRetryError(kind: ErrorKind, place?: ErrorKindPlace): Promise<boolean>;
  /** Whether an error would be retried under the default policy and the lists as they are. */
  isRetriableError(error: unknown, asked?: ErrorQuestion): Promise<boolean>;
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
  entries: readonly { project: string; list: ErrorList; code: string }[],
  project = '',
): ErrorKinds {
  const mine = entries.filter((entry) => entry.project === '' || entry.project === project);
  const on = (list: ErrorList): string[] =>
    mine.flatMap((entry) => (entry.list === list ? [entry.code] : []));
  return { retryOn: on('retryOn'), neverRetryOn: on('neverRetryOn'), takenOff: on('takenOff') };
}

/** Adds to a list or takes off it, for one project or, where that is empty, for all. @returns whether that changed it */
export type ChangeList = (
  how: 'add' | 'remove',
  entry: { project: string; list: ErrorList; code: string },
) => Promise<boolean>;

/** @param byDefault what is retried although no list says so */
export function listVerbs(
  change: ChangeList,
  byDefault: readonly string[],
): Omit<ErrorListVerbs, 'isRetriableError'> {
  const verb =
    (how: 'add' | 'remove', list: ErrorList) =>
    async (kind: ErrorKind, { project = '' }: ErrorKindPlace = {}): Promise<boolean> =>
      await change(how, { project, list, code: nameOfKind(kind) });
  const [add, remove] = [verb('add', 'retryOn'), verb('remove', 'retryOn')];
  const [takeOff, putBack] = [verb('add', 'takenOff'), verb('remove', 'takenOff')];
  return {
    addRetriableError: async (kind, place) => {
      await putBack(kind, place);
      return await add(kind, place);
    },
    removeRetriableError: async (kind, place) => {
      const was = await remove(kind, place);
      if (!byDefault.includes(nameOfKind(kind))) return was;
      return (await takeOff(kind, place)) || was;
    },
    addNeverRetryError: verb('add', 'neverRetryOn'),
    removeNeverRetryError: verb('remove', 'neverRetryOn'),
  };
}
