/** The engine's way to the store: opened when it is first needed, and only where it is this namespace's. */
import { existsSync } from 'node:fs';
import type { Client } from '@temporalio/client';
import type { ResolvedSettings } from '../config.js';
import { TaskError } from '../domain/errors.js';
import { claimStore, namespaceId, ownerOf } from '../observe/store-owner.js';
import type { ExecutionWrite } from '../store/execution-row.js';
import type { Store } from '../store/store.js';

/**
 * Which store will do: one that a worker keeps, which knows of all executions; any that is there; or one that is made. One
 * that a command made, to write a key or an entry of the audit log, knows of no execution before a worker keeps it.
 */
export type StoreNeed = 'kept' | 'there' | 'made';

/** A store that is being opened, or is open. */
interface Opening {
  /** Whether it is made where there is none. */
  makes: boolean;
  store: Promise<Store | undefined>;
}

export class StoreAccess {
  private opened: Opening | undefined;
  private readonly writes = new Set<Promise<unknown>>();
  /** Of the namespace; undefined before the store is open, and where the server does not tell. */
  private id: string | undefined;
  private isKept = false;

  constructor(
    private readonly settings: ResolvedSettings,
    private readonly client: Client,
  ) {}

  /**
   * The store; undefined where none is wanted, there is none that will do, or it holds another namespace's executions.
   *
   * @throws TaskError when the settings name a store that cannot be used
   */
  async get(which: StoreNeed = 'kept'): Promise<Store | undefined> {
    const store = await this.openedFor(which === 'made');
    const isEnough = which !== 'kept' || (store !== undefined && (await this.keeps(store)));
    return isEnough ? store : undefined;
  }

  /**
   * The store that is there, for who reads what a store owns: undefined where there is none, which holds nothing.
   *
   * @throws TaskError CONFIGURATION naming what needs a store, where the settings want none
   */
  async ifThere(what: string): Promise<Store | undefined> {
    return this.settings.storeUrl === null
      ? await this.need(what, 'there')
      : await this.get('there');
  }

  /** @throws TaskError CONFIGURATION naming what needs a store, where there is none */
  async need(what: string, which?: StoreNeed): Promise<Store> {
    const store = await this.get(which);
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

  /** The store, made where there is none, which holds all executions from now on. @throws TaskError CONFIGURATION | STORE */
  async keep(what: string): Promise<Store> {
    const store = await this.need(what, 'made');
    if (this.id !== undefined) await claimStore(store, this.id, Date.now());
    return store;
  }

  async close(): Promise<void> {
    await Promise.all(this.writes);
    const store = await this.opened?.store.catch(() => undefined);
    await store?.close();
  }

  private async openedFor(makes: boolean): Promise<Store | undefined> {
    const opening = (this.opened ??= { makes, store: this.open(makes) });
    let store: Store | undefined;
    try {
      store = await opening.store;
    } finally {
      // A worker may make it meanwhile, or it may answer later.
      if (!store && this.opened === opening) this.opened = undefined;
    }
    // Who only looked whether there is one has found none: that is no answer to who wants it made.
    return store || opening.makes || !makes ? store : await this.openedFor(makes);
  }

  private async keeps(store: Store): Promise<boolean> {
    if (this.id === undefined) return true;
    return (this.isKept ||= (await ownerOf(store, Date.now())) !== undefined);
  }

  private async open(create: boolean): Promise<Store | undefined> {
    const { storeUrl, storeNamed } = this.settings;
    if (storeUrl === null) return undefined;
    if (!storeNamed && !create && !existsSync(storeUrl.replace(/^sqlite:/, ''))) return undefined;
    // Much to load, and most commands for one execution need none of it.
    const { openStore } = await import('../store/store.js');
    const store = await openStore({ url: storeUrl });
    this.id = await namespaceId(this.client);
    if (this.id === undefined) return store;
    const owner = await ownerOf(store, Date.now());
    if (owner === undefined || owner === this.id) return store;
    const { location } = store;
    await store.close();
    if (!storeNamed) return undefined;
    throw new TaskError(
      'CONFIGURATION',
      `storeUrl: the store at ${location} holds the executions of another Temporal namespace; give this one a store of its own`,
    );
  }
}
