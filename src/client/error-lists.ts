/** The run-time error lists as an engine changes and asks them: always through the store. */
import { isRetriable, RETRIABLE_BY_DEFAULT } from '../domain/classify.js';
import {
  kindsFor,
  listVerbs,
  type ChangeList,
  type ErrorListVerbs,
} from '../domain/error-kinds.js';
import { resolveRetry } from '../domain/retry-options.js';
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
  const change: ChangeList = async (how, entry) =>
    how === 'add'
      ? await (await lists()).add(entry, Date.now())
      : await (await lists()).remove(entry);
  return {
    ...listVerbs(change, RETRIABLE_BY_DEFAULT),
    isRetriableError: async (error, { project, unknownErrors } = {}) => {
      assertOpen();
      const store = await stores.get('there');
      const { entries } = store ? await store.errorLists.list(project ?? '') : { entries: [] };
      return isRetriable(
        error,
        resolveRetry(unknownErrors && { unknownErrors }),
        kindsFor(entries, project),
      );
    },
  };
}
