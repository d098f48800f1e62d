/**
 * The run-time error lists as a worker knows them: read anew when the store's version has grown, which is asked at most
 * every two seconds, and only while errors are classified. Without a store they are the worker's own.
 */
import { isRetriable, RETRIABLE_BY_DEFAULT } from '../domain/classify.js';
import {
  kindsFor,
  listVerbs,
  type ErrorKinds,
  type ErrorList,
  type ErrorListVerbs,
} from '../domain/error-kinds.js';
import { messageOf } from '../domain/errors.js';
import { resolveRetry } from '../domain/retry-options.js';
import type { Store } from '../store/store.js';
import type { Logger } from '../telemetry.js';

const LOOK_MS = 2_000;

type Entry = { project: string; list: ErrorList; code: string };

export class WorkerErrorLists {
  private entries: readonly Entry[] = [];
  private version = 0;
  private lookedAt = -Infinity;
  private looking: Promise<void> | undefined;

  constructor(
    private readonly store: Store | undefined,
    private readonly log: Logger,
  ) {}

  /** The kinds to add to a policy's lists. Never throws: without an answer of the store, those known last. */
  async of(project: string | undefined): Promise<ErrorKinds> {
    if (this.store && Date.now() - this.lookedAt >= LOOK_MS)
      await (this.looking ??= this.look(this.store).finally(() => (this.looking = undefined)));
    return kindsFor(this.entries, project);
  }

  readonly verbs: ErrorListVerbs = {
    ...listVerbs((how, entry) => this.change(how, entry), RETRIABLE_BY_DEFAULT),
    isRetriableError: async (error, { project, unknownErrors } = {}) =>
      isRetriable(error, resolveRetry(unknownErrors && { unknownErrors }), await this.of(project)),
  };

  private async look({ errorLists }: Store): Promise<void> {
    this.lookedAt = Date.now();
    try {
      if ((await errorLists.version()) === this.version) return;
      const { version, entries } = await errorLists.list();
      this.version = version;
      this.entries = entries;
    } catch (error) {
      this.log.warn(`the error lists are as they were last read: ${messageOf(error)}`);
    }
  }

  private async change(how: 'add' | 'remove', entry: Entry): Promise<boolean> {
    this.lookedAt = -Infinity;
    if (!this.store) return this.changeOwn(how, entry);
    const { errorLists } = this.store;
    return how === 'add' ? await errorLists.add(entry, Date.now()) : await errorLists.remove(entry);
  }

  private changeOwn(how: 'add' | 'remove', entry: Entry): boolean {
    const others = this.entries.filter(
      ({ project, list, code }) =>
        project !== entry.project || list !== entry.list || code !== entry.code,
    );
    const known = others.length < this.entries.length;
    this.entries = how === 'add' ? [...others, entry] : others;
    return how === 'add' ? !known : known;
  }
}
