/** `engine.keys`: the keys of those who call over HTTP. They are kept in the store; every change is in the audit log. */
import type { Principal, Scope } from '../domain/access.js';
import type { ApiKey, ApiKeys } from '../store/api-keys.js';
import { TOUCH_MS } from '../store/api-keys.js';
import { parseToken, refusalOf, type KeyRefusal } from '../store/api-token.js';
import { HeldKeys } from './held-keys.js';
import {
  changeOf,
  expiryOf,
  graceOf,
  keyNameOf,
  projectsOf,
  scopeOf,
  type KeyChangeOptions,
  type KeyRotation,
  type NewKeyOptions,
} from './key-options.js';
import type { StoreAccess } from './store-access.js';

/** A key without its token. */
export interface KeyRecord {
  id: string;
  /** Only one key that is live has it. */
  name: string;
  scope: Scope;
  /** Null: all, and what has none. */
  projects: string[] | null;
  state: 'live' | 'expired' | 'revoked';
  createdAt: string;
  createdBy: string;
  expiresAt: string | null;
  revokedAt: string | null;
  /** To the minute. */
  lastUsedAt: string | null;
  /** Until when the secret before the last rotation is right too; null where none is. */
  previousUntil: string | null;
}

/** A key with its token, which is told this once. */
export interface KeyWithToken {
  key: KeyRecord;
  token: string;
}

/** Whose token it is, or why it is nobody's. */
export type KeyVerdict =
  { principal: Principal; refused?: never } | { principal?: never; refused: KeyRefusal };

/** What the engine lends. */
export interface KeysParts {
  stores: Pick<StoreAccess, 'need' | 'ifThere'>;
  /** @throws TaskStateError after shutdown */
  assertOpen: () => void;
  now?: () => number;
}

/** Keys of the HTTP API. */
export class Keys {
  private readonly now: () => number;
  private readonly heldKeys = new HeldKeys(async (id) => await (await this.known())?.held(id));

  constructor(private readonly parts: KeysParts) {
    this.now = parts.now ?? Date.now;
  }

  /**
   * Makes a key.
   *
   * @returns the key and its token, which nothing gives a second time
   * @throws TaskError CONFIGURATION | STORE, TaskStateError where a live key has the name
   */
  async create(options: NewKeyOptions): Promise<KeyWithToken> {
    const { name, projects, expires } = options;
    const now = this.now();
    const scope = scopeOf(options.scope);
    const wanted = {
      ...{ name: keyNameOf(name), scope, projects: projectsOf(projects, scope) },
      expiresAt: expires === undefined ? null : expiryOf(expires, now),
    };
    const change = changeOf(options);
    const { key, token } = await (await this.keys()).create(wanted, change, now);
    return { key: recordOf(key, now), token };
  }

  /** Newest first, expired ones too; with `revoked` those that are revoked as well. @throws TaskError STORE */
  async list(query: { revoked?: boolean } = {}): Promise<KeyRecord[]> {
    const keys = (await (await this.known())?.list(query)) ?? [];
    return keys.map((key) => recordOf(key, this.now()));
  }

  /** One key, by its id. @throws TaskError STORE */
  async get(id: string): Promise<KeyRecord | undefined> {
    const key = await (await this.known())?.get(id);
    return key && recordOf(key, this.now());
  }

  /**
   * Gives a key a new token. The one so far is right for `grace` more; one before that is not.
   *
   * @throws TaskError CONFIGURATION | NOT_FOUND | STORE, TaskStateError for a key that is revoked or expired
   */
  async rotate(id: string, options: KeyRotation): Promise<KeyWithToken> {
    const { grace, expires } = options;
    const now = this.now();
    const rotation = {
      ...(grace === undefined ? {} : { graceMs: graceOf(grace) }),
      ...(expires === undefined ? {} : { expiresAt: expiryOf(expires, now) }),
    };
    const { key, token } = await this.change(id, options, (keys, change) =>
      keys.rotate(id, rotation, change, now),
    );
    return { key: recordOf(key, now), token };
  }

  /**
   * Ends a key for ever: in this process at once, in others within 5 s.
   *
   * @throws TaskError CONFIGURATION | NOT_FOUND | STORE, TaskStateError for one that was revoked before
   */
  async revoke(id: string, options: KeyChangeOptions): Promise<KeyRecord> {
    const now = this.now();
    return recordOf(await this.change(id, options, (keys, how) => keys.revoke(id, how, now)), now);
  }

  /** Whose token this is. @throws TaskError STORE | CONFIGURATION where the store cannot be asked */
  async verify(token: string): Promise<KeyVerdict> {
    const parsed = parseToken(token);
    if (!parsed) return { refused: 'malformed' };
    const { id, secret } = parsed;
    const now = this.now();
    const held = await this.heldKeys.get(id, now);
    const refused = refusalOf(held?.secrets, secret, this.now());
    if (refused !== undefined || !held) return { refused: refused ?? 'unknown' };
    await this.touch(held.key, now);
    const { name, scope, projects } = held.key;
    return { principal: { kind: 'key', name: `key:${name}`, scope, projects } };
  }

  private async change<T>(
    id: string,
    options: KeyChangeOptions,
    work: (keys: ApiKeys, change: KeyChangeOptions) => Promise<T>,
  ): Promise<T> {
    const change = changeOf(options);
    try {
      return await work(await this.keys(), change);
    } finally {
      this.heldKeys.forget(id); // also after an error: it may have been done
    }
  }

  private async touch(key: ApiKey, now: number): Promise<void> {
    if (key.lastUsedAt !== null && now - key.lastUsedAt < TOUCH_MS) return;
    key.lastUsedAt = now; // requests at the same time do not write too
    // A store that can only be read shuts nobody out.
    await (await this.keys()).touch(key.id, now).catch(() => false);
  }

  /** For who reads: undefined where there is no store, and so no key. */
  private async known(): Promise<ApiKeys | undefined> {
    this.parts.assertOpen();
    return (await this.parts.stores.ifThere('API keys'))?.apiKeys;
  }

  private async keys(): Promise<ApiKeys> {
    this.parts.assertOpen();
    return (await this.parts.stores.need('API keys', 'made')).apiKeys;
  }
}

function recordOf(key: ApiKey, now: number): KeyRecord {
  const { id, name, scope, projects, createdBy, expiresAt, revokedAt, previousUntil } = key;
  const expired = expiresAt !== null && expiresAt <= now;
  const state = revokedAt !== null ? 'revoked' : expired ? 'expired' : 'live';
  const old = state === 'live' && previousUntil !== null && previousUntil > now;
  return {
    ...{ id, name, scope, projects, state, createdBy },
    createdAt: new Date(key.createdAt).toISOString(),
    expiresAt: iso(expiresAt),
    revokedAt: iso(revokedAt),
    lastUsedAt: iso(key.lastUsedAt),
    previousUntil: old ? iso(previousUntil) : null,
  };
}

const iso = (time: number | null): string | null =>
  time === null ? null : new Date(time).toISOString();
