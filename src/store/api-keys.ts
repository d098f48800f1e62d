/** API keys: who may call over HTTP. Every change stands in the audit log, in the same transaction. Owned. */
import type { Selectable, Updateable } from 'kysely';
import type { Scope } from '../domain/access.js';
import { TaskError, TaskStateError } from '../domain/errors.js';
import { formatToken, hashSecret, newKeyId, newSecret, type KeySecrets } from './api-token.js';
import { appendAudit } from './audit.js';
import { isDuplicate, transact, type Connection, type Database } from './database.js';
import type { Tables } from './tables.js';

const DAY_MS = 86_400_000;
/** How exact `lastUsedAt` is: a key that is used all the time is written once in this time. */
export const TOUCH_MS = 60_000;

export interface ApiKey {
  id: string;
  /** Of all keys that are neither revoked nor expired, only one has it. */
  name: string;
  scope: Scope;
  /** Null: all, and what has none. */
  projects: string[] | null;
  createdAt: number;
  createdBy: string;
  expiresAt: number | null;
  revokedAt: number | null;
  /** To the minute. */
  lastUsedAt: number | null;
  /** Until when the secret before the last rotation is right too. Null: never rotated. */
  previousUntil: number | null;
}

/** A key, and what its tokens are held against. */
export interface HeldKey {
  key: ApiKey;
  secrets: KeySecrets;
}

/** Who changes a key, and why. */
export interface KeyChange {
  by: string;
  reason?: string;
}

export interface ApiKeys {
  /** @returns the token too, which is nowhere else. @throws TaskStateError where a live key has the name */
  create(
    key: { name: string; scope: Scope; projects: string[] | null; expiresAt: number | null },
    change: KeyChange,
    now: number,
  ): Promise<{ key: ApiKey; token: string }>;
  /** Newest first, expired ones too. @param revoked those too that are revoked */
  list(query?: { revoked?: boolean }): Promise<ApiKey[]>;
  get(id: string): Promise<ApiKey | undefined>;
  /** What tokens with this id are held against. */
  held(id: string): Promise<HeldKey | undefined>;
  /**
   * Gives a key a new secret. The one before is right for `graceMs` (24 h by default) more; the one before that is not.
   *
   * @param expiresAt when the key ends from now on; default: when it did
   * @throws TaskError NOT_FOUND, TaskStateError for a key that is revoked or expired
   */
  rotate(
    id: string,
    options: { graceMs?: number; expiresAt?: number },
    change: KeyChange,
    now: number,
  ): Promise<{ key: ApiKey; token: string }>;
  /** Ends a key at once and for ever. @throws TaskError NOT_FOUND, TaskStateError where it was revoked before */
  revoke(id: string, change: KeyChange, now: number): Promise<ApiKey>;
  /** Notes that a key was used, at most once a minute. @returns whether it was noted */
  touch(id: string, now: number): Promise<boolean>;
}

export function apiKeysOf(database: Database): ApiKeys {
  const find = async (id: string): Promise<HeldKey | undefined> => {
    const row = await rowOf(database.sql, id);
    return row && { key: keyOf(row), secrets: secretsOf(row) };
  };
  return {
    create: (key, change, now) => createKey(database, key, change, now),
    list: async ({ revoked = false } = {}) => {
      let select = database.sql
        .selectFrom('api_keys')
        .selectAll()
        .orderBy('created_at', 'desc')
        .orderBy('id');
      if (!revoked) select = select.where('revoked_at', 'is', null);
      return (await select.execute()).map(keyOf);
    },
    get: async (id) => (await find(id))?.key,
    held: find,
    rotate: async (id, { graceMs = DAY_MS, expiresAt }, change, now) => {
      const secret = newSecret();
      const key = await transact(database, async (connection) => {
        const row = await updateLive(connection, id, now, ({ secret_hash }) => ({
          secret_hash: hashSecret(secret),
          previous_hash: secret_hash,
          previous_until: now + graceMs,
          ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
        }));
        await audit(connection, 'key.rotate', row, change, now, { graceMs });
        return keyOf(row);
      });
      return { key, token: formatToken({ id, secret }) };
    },
    revoke: (id, change, now) =>
      transact(database, async (connection) => {
        const row = await updateUnrevoked(connection, id, () => ({
          revoked_at: now,
          live_name: null,
        }));
        await audit(connection, 'key.revoke', row, change, now);
        return keyOf(row);
      }),
    touch: (id, now) =>
      transact(database, async (connection) => {
        const { numUpdatedRows } = await connection
          .updateTable('api_keys')
          .set({ last_used_at: now })
          .where('id', '=', id)
          .where((where) =>
            where.or([
              where('last_used_at', 'is', null),
              where('last_used_at', '<=', now - TOUCH_MS),
            ]),
          )
          .executeTakeFirst();
        return numUpdatedRows > 0n;
      }),
  };
}

type Row = Selectable<Tables['api_keys']>;

async function createKey(
  database: Database,
  { name, scope, projects, expiresAt }: Parameters<ApiKeys['create']>[0],
  change: KeyChange,
  now: number,
): Promise<{ key: ApiKey; token: string }> {
  const [id, secret] = [newKeyId(), newSecret()];
  const row: Row = {
    ...{ id, name, live_name: name, scope },
    projects: projects === null ? null : JSON.stringify(projects),
    secret_hash: hashSecret(secret),
    ...{ previous_hash: null, previous_until: null },
    ...{ created_at: now, created_by: change.by, expires_at: expiresAt },
    ...{ revoked_at: null, last_used_at: null },
  };
  await transact(database, async (connection) => {
    // A key that has expired gives its name away.
    await connection
      .updateTable('api_keys')
      .set({ live_name: null })
      .where('live_name', '=', name)
      .where('expires_at', '<=', now)
      .execute();
    await connection.insertInto('api_keys').values(row).execute();
    await audit(connection, 'key.create', row, change, now);
  }).catch((error: unknown) => {
    if (!isDuplicate(error)) throw error;
    throw new TaskStateError(
      `key ${JSON.stringify(name)}: a live key has this name; take another, or rotate or revoke that one`,
      { cause: error },
    );
  });
  return { key: keyOf(row), token: formatToken({ id, secret }) };
}

async function rowOf(connection: Connection, id: string): Promise<Row | undefined> {
  return await connection
    .selectFrom('api_keys')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
}

type Change = (row: Row) => Updateable<Tables['api_keys']>;

/** As {@link updateUnrevoked}. @throws TaskStateError for a key that is expired, too */
async function updateLive(
  connection: Connection,
  id: string,
  now: number,
  change: Change,
): Promise<Row> {
  return await updateUnrevoked(connection, id, (row) => {
    if (row.expires_at !== null && row.expires_at <= now)
      throw new TaskStateError(
        `key ${label(row)} expired at ${iso(row.expires_at)}; create a new one`,
      );
    return change(row);
  });
}

/** Changes a key; two that do so at once are one after the other. @throws TaskError NOT_FOUND, TaskStateError */
async function updateUnrevoked(connection: Connection, id: string, change: Change): Promise<Row> {
  // Written first, which locks the row on PostgreSQL; on SQLite the transaction has the lock.
  const row = await connection
    .updateTable('api_keys')
    .set((column) => ({ id: column.ref('id') }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
  if (!row) throw await notFound(connection, id);
  if (row.revoked_at !== null)
    throw new TaskStateError(`key ${label(row)} was revoked at ${iso(row.revoked_at)}`);
  return await connection
    .updateTable('api_keys')
    .set(change(row))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

async function notFound(connection: Connection, id: string): Promise<TaskError> {
  const named = await connection
    .selectFrom('api_keys')
    .select('id')
    .where('live_name', '=', id)
    .executeTakeFirst();
  const hint = named
    ? `the key of this name has the id ${named.id}`
    : 'list the keys for their ids';
  return new TaskError('NOT_FOUND', `no key has the id ${JSON.stringify(id)}; ${hint}`);
}

async function audit(
  connection: Connection,
  what: string,
  row: Row,
  { by, reason }: KeyChange,
  at: number,
  details: { graceMs?: number } = {},
): Promise<void> {
  const { name, scope, projects, expiresAt } = keyOf(row);
  await appendAudit(connection, {
    ...{ at, who: by, what, target: row.id },
    ...(reason === undefined ? {} : { reason }),
    details: { name, scope, projects, expiresAt: expiresAt && iso(expiresAt), ...details },
  });
}

const label = ({ id, name }: Row): string => `${JSON.stringify(name)} (${id})`;
const iso = (time: number): string => new Date(time).toISOString();

const keyOf = (row: Row): ApiKey => ({
  ...{ id: row.id, name: row.name, scope: row.scope as Scope },
  projects: row.projects === null ? null : (JSON.parse(row.projects) as string[]),
  createdAt: row.created_at,
  createdBy: row.created_by,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
  lastUsedAt: row.last_used_at,
  previousUntil: row.previous_until,
});

const secretsOf = (row: Row): KeySecrets => ({
  hash: row.secret_hash,
  previousHash: row.previous_hash,
  previousUntil: row.previous_until,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
});
