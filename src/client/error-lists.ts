/** The run-time error lists as an engine changes and asks them: always through the store. */
import { isRetriable } from '../domain/classify.js';
import {
  kindsFor,
  nameOfKind,
  type ErrorKind,
  type ErrorKindPlace,
  type ErrorListVerbs,
} from '../domain/error-kinds.js';
import { resolveRetry } from '../domain/retry-options.js';
import type { ErrorList } from '../store/error-lists.js';
import type { StoreAccess } from './store-access.js';

/** What the engine lends. */
export interface ErrorListParts {
  stores: StoreAccess;
  /** @throws TaskStateError after shutdown */
  assertOpen: () => void;
}

export function errorListVerbs({ stores, assertOpen }: ErrorListParts): ErrorListVerbs {
  const lists = async () => {
    assertOpen();
    return (await stores.need('a change of the error lists', 'there')).errorLists;
  };
  const add = async (list: ErrorList, kind: ErrorKind, { project = '' }: ErrorKindPlace = {}) =>
    await (await lists()).add({ project, list, code: nameOfKind(kind) }, Date.now());
  const remove = async (list: ErrorList, kind: ErrorKind, { project = '' }: ErrorKindPlace = {}) =>
    await (await lists()).remove({ project, list, code: nameOfKind(kind) });
  return {
    addRetriableError: (kind, place) => add('retryOn', kind, place),
    removeRetriableError: (kind, place) => remove('retryOn', kind, place),
    addNeverRetryError: (kind, place) => add('neverRetryOn', kind, place),
    removeNeverRetryError: (kind, place) => remove('neverRetryOn', kind, place),
    isRetriableError: async (error, { project } = {}) => {
      assertOpen();
      const store = await stores.get('there');
      const { entries } = store ? await store.errorLists.list(project ?? '') : { entries: [] };
      return isRetriable(error, resolveRetry(), kindsFor(entries, project));
    },
  };
}
