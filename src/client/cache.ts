/** `engine.cache`: the results that tasks with `cache` have left in the store. */
import { namedKey } from '../domain/cache.js';
import { TaskError } from '../domain/errors.js';
import type { StoreAccess } from './store-access.js';

/** What to forget: the results that all given fields fit; with none of them, all. */
export interface CacheFilter {
  task?: string;
  /** The task's version. */
  version?: string;
  /** Null: of executions without a project. Default: of all. */
  project?: string | null;
  /** As `cache.key` says it, of one task: needs `task`, and `version` unless that is '1'. */
  key?: string;
}

/** What the engine lends. */
export interface CacheParts {
  stores: StoreAccess;
  /** @throws TaskStateError after shutdown */
  assertOpen: () => void;
}

/** Results that are kept. */
export class Cache {
  constructor(private readonly parts: CacheParts) {}

  /**
   * Forgets results: what asks for them next does the work again. Work that is under way is not stopped, and what comes
   * of it is kept.
   *
   * @returns how many
   * @throws TaskError CONFIGURATION | STORE
   */
  async invalidate({ task, version, project, key }: CacheFilter = {}): Promise<number> {
    this.parts.assertOpen();
    if (key !== undefined && task === undefined)
      throw new TaskError('CONFIGURATION', 'cache.invalidate: a key needs the task that it is of');
    const { cache } = await this.parts.stores.need('the cache');
    return await cache.invalidate({
      ...(task === undefined ? {} : { task }),
      ...(version === undefined ? {} : { taskVersion: version }),
      ...(project === undefined ? {} : { project: project ?? '' }),
      ...(key === undefined || task === undefined
        ? {}
        : { key: namedKey(task, version ?? '1', key) }),
    });
  }
}
