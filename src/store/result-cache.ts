/** The result cache: what a task gave for an input, so that the same work is done once. */
import { sql } from 'kysely';
import type { Json } from '../domain/json.js';
import { transact, type Connection, type Database } from './database.js';

/** Whoever stores removes a few that have expired. */
const SWEEP = 100;

export interface CacheEntry {
  project: string;
  key: string;
  task: string;
  taskVersion: string;
  value: Json;
  createdAt: number;
  /** Null: never. */
  expiresAt: number | null;
}

/** Whether the caller is the one who computes. */
export type CacheClaim =
  | { outcome: 'hit'; entry: CacheEntry }
  /** Compute, then `put` and `release`. */
  | { outcome: 'claimed' }
  /** Somebody else computes; ask again, at the latest at `until`. */
  | { outcome: 'wait'; holder: string; until: number };

export interface ResultCache {
  get(project: string, key: string, now: number): Promise<CacheEntry | undefined>;
  /** Stores or replaces. Sweeps some expired entries. */
  put(entry: Omit<CacheEntry, 'createdAt'>, now: number): Promise<void>;
  /** Removes the entries that all given fields fit; `{}` removes all. @returns how many */
  invalidate(filter: {
    project?: string;
    task?: string;
    taskVersion?: string;
    key?: string;
  }): Promise<number>;
  /** Removes what has expired, claims too. @returns how many entries */
  sweep(now: number): Promise<number>;
  /**
   * The right to compute a value, given to one holder at a time. The same holder may claim again, which extends it.
   * A claim that is not released ends after `ttlMs`.
   */
  claim(
    project: string,
    key: string,
    holder: string,
    ttlMs: number,
    now: number,
  ): Promise<CacheClaim>;
  /** @returns false when the claim was no longer this holder's */
  release(project: string, key: string, holder: string): Promise<boolean>;
}

export function resultCacheOf(database: Database): ResultCache {
  return {
    get: (project, key, now) => read(database.sql, project, key, now),
    put: ({ project, key, task, taskVersion, value, expiresAt }, now) =>
      transact(database, async (connection) => {
        const stored = {
          ...{ task, task_version: taskVersion, value: JSON.stringify(value) },
          ...{ created_at: now, expires_at: expiresAt },
        };
        await connection
          .insertInto('cache_entries')
          .values({ project, cache_key: key, ...stored })
          .onConflict((conflict) => conflict.columns(['project', 'cache_key']).doUpdateSet(stored))
          .execute();
        await sweep(connection, now, SWEEP);
      }),
    invalidate: ({ project, task, taskVersion, key }) =>
      transact(database, async (connection) => {
        let remove = connection.deleteFrom('cache_entries');
        const filter = { project, task, task_version: taskVersion, cache_key: key };
        for (const [column, value] of Object.entries(filter) as [keyof typeof filter, string?][])
          if (value !== undefined) remove = remove.where(column, '=', value);
        const { numDeletedRows } = await remove.executeTakeFirst();
        return Number(numDeletedRows);
      }),
    sweep: (now) => transact(database, (connection) => sweep(connection, now)),
    claim: (project, key, holder, ttlMs, now) =>
      transact(database, (connection) => claim(connection, project, key, holder, ttlMs, now)),
    release: (project, key, holder) =>
      transact(database, async (connection) => release(connection, project, key, holder)),
  };
}

async function read(
  connection: Connection,
  project: string,
  key: string,
  now: number,
): Promise<CacheEntry | undefined> {
  const row = await connection
    .selectFrom('cache_entries')
    .selectAll()
    .where('project', '=', project)
    .where('cache_key', '=', key)
    .where((is) => is.or([is('expires_at', 'is', null), is('expires_at', '>', now)]))
    .executeTakeFirst();
  return (
    row && {
      ...{ project, key, task: row.task, taskVersion: row.task_version },
      value: JSON.parse(row.value) as Json,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
    }
  );
}

async function claim(
  connection: Connection,
  project: string,
  key: string,
  holder: string,
  ttlMs: number,
  now: number,
): Promise<CacheClaim> {
  const mine = { holder, until: now + ttlMs };
  const granted = await connection
    .insertInto('cache_claims')
    .values({ project, cache_key: key, ...mine })
    .onConflict((conflict) =>
      conflict
        .columns(['project', 'cache_key'])
        .doUpdateSet(mine)
        .where(sql<boolean>`cache_claims.holder = ${holder} or cache_claims.until <= ${now}`),
    )
    .returning('holder')
    .executeTakeFirst();
  // Only now: the holder before may have stored the value and let go since we last looked.
  const entry = await read(connection, project, key, now);
  if (entry) {
    if (granted) await release(connection, project, key, holder);
    return { outcome: 'hit', entry };
  }
  if (granted) return { outcome: 'claimed' };
  const other = await connection
    .selectFrom('cache_claims')
    .select(['holder', 'until'])
    .where('project', '=', project)
    .where('cache_key', '=', key)
    .executeTakeFirst();
  // Let go in this very moment: ask again.
  return { outcome: 'wait', holder: other?.holder ?? '', until: other?.until ?? now };
}

async function release(
  connection: Connection,
  project: string,
  key: string,
  holder: string,
): Promise<boolean> {
  const { numDeletedRows } = await connection
    .deleteFrom('cache_claims')
    .where('project', '=', project)
    .where('cache_key', '=', key)
    .where('holder', '=', holder)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/** @param most how many entries at most; all by default */
async function sweep(connection: Connection, now: number, most?: number): Promise<number> {
  let over = connection
    .selectFrom('cache_entries')
    .select(['project', 'cache_key'])
    .where('expires_at', '<=', now);
  if (most !== undefined) over = over.limit(most);
  const { numDeletedRows } = await connection
    .deleteFrom('cache_entries')
    .where(sql<boolean>`(project, cache_key) in (${over})`)
    .where('expires_at', '<=', now)
    .executeTakeFirst();
  await connection.deleteFrom('cache_claims').where('until', '<=', now).execute();
  return Number(numDeletedRows);
}
