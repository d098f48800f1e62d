/** The engine's way to the store: opened when it is first needed, and only where it is this namespace's. */
import { existsSync } from 'node:fs';
import type { Client } from '@temporalio/client';
import type { ResolvedSettings } from '../config.js';
import { TaskError } from '../domain/errors.js';
import { namespaceId, ownsStore } from '../observe/store-owner.js';
import type { ExecutionWrite } from '../store/execution-row.js';
import type { Store } from '../store/store.js';

export class StoreAccess {
  private opened: Promise<Store | undefined> | undefined;
  private readonly writes = new Set<Promise<unknown>>();

  constructor(
    private readonly settings: ResolvedSettings,
    private readonly client: Client,
  ) {}

  /**
   * The store; undefined where none is wanted, none has been made by a worker yet, or it holds another namespace's
   * executions.
   *
   * @param create make it where there is none
   * @throws TaskError when the settings name a store that cannot be used
   */
  async get(create = false): Promise<Store | undefined> {
    let store: Store | undefined;
    try {
      return (store = await (this.opened ??= this.open(create)));
    } finally {
      if (!store) this.opened = undefined; // a worker may make it meanwhile, or it may answer later
    }
  }

  /** @throws TaskError CONFIGURATION naming what needs a store, where there is none */
  async need(what: string, { create = false } = {}): Promise<Store> {
    const store = await this.get(create);
    if (store) return store;
    throw new TaskError(
      'CONFIGURATION',
      `${what} needs the store, and there is none at ${this.settings.storeUrl ?? 'storeUrl "none"'}; start a worker that shares it, or set storeUrl (TEMPOGRAPH_STORE_URL)`,
    );
  }

  /** Writes a row without anybody waiting for it; the reconciler writes what gets lost. */
  note(write: ExecutionWrite): void {
    const writing = this.get()
      .then((store) => store?.executions.record([write], Date.now()))
      .catch(() => undefined)
      .finally(() => this.writes.delete(writing));
    this.writes.add(writing);
  }

  async close(): Promise<void> {
    await Promise.all(this.writes);
    const store = await this.opened?.catch(() => undefined);
    await store?.close();
  }

  private async open(create: boolean): Promise<Store | undefined> {
    const { storeUrl, storeNamed } = this.settings;
    if (storeUrl === null) return undefined;
    if (!storeNamed && !create && !existsSync(storeUrl.replace(/^sqlite:/, ''))) return undefined;
    // Much to load, and most commands for one execution need none of it.
    const { openStore } = await import('../store/store.js');
    const store = await openStore({ url: storeUrl });
    const id = await namespaceId(this.client);
    if (id === undefined || (await ownsStore(store, id, Date.now()))) return store;
    const { location } = store;
    await store.close();
    if (!storeNamed) return undefined;
    throw new TaskError(
      'CONFIGURATION',
      `storeUrl: the store at ${location} holds the executions of another Temporal namespace; give this one a store of its own`,
    );
  }
}
