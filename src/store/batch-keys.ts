/** Idempotency keys: which execution a caller's key stands for. */
import { sql } from 'kysely';
import { insertRows } from './bulk.js';
import { transact, type Connection, type Database } from './database.js';

const DAY_MS = 86_400_000;
/** Keys that have run out are removed a few at a time, by whoever claims. */
const SWEEP = 500;

export interface BatchKeys {
  /**
   * Claims keys for executions, all or none of a call at once. A key that has an owner keeps it until `ttlMs` (24 h by
   * default) after it was claimed.
   *
   * @returns for each entry, in order, the execution that owns its key: the caller's own, or an earlier one
   */
  claim(
    project: string,
    keys: readonly { key: string; executionId: string }[],
    now: number,
    ttlMs?: number,
  ): Promise<{ key: string; executionId: string; own: boolean }[]>;
  /** The execution a key stands for now. */
  owner(project: string, key: string, now: number): Promise<string | undefined>;
  /** Gives keys back that these executions own, for example when their start failed. @returns how many */
  release(project: string, executionIds: readonly string[]): Promise<number>;
}

export function batchKeysOf(database: Database): BatchKeys {
  return {
    claim: async (project, keys, now, ttlMs = DAY_MS) => {
      // Of a key that comes twice in a call the first owns it; sorted, so that two callers take the locks in one order.
      const first = new Map<string, string>();
      for (const { key, executionId } of keys) if (!first.has(key)) first.set(key, executionId);
      const sorted = [...first].sort(([a], [b]) => (a < b ? -1 : 1));
      const owners = await transact(database, (connection) =>
        claimKeys(connection, database, project, sorted, now, ttlMs),
      );
      await sweep(database, now);
      return keys.map(({ key, executionId }) => {
        const owner = owners.get(key) ?? executionId;
        return { key, executionId: owner, own: owner === executionId };
      });
    },
    owner: async (project, key, now) => {
      const row = await database.sql
        .selectFrom('idempotency_keys')
        .select('execution_id')
        .where('project', '=', project)
        .where('request_key', '=', key)
        .where('until', '>', now)
        .executeTakeFirst();
      return row?.execution_id;
    },
    release: (project, executionIds) =>
      transact(database, async (connection) => {
        let released = 0;
        for (const id of executionIds) {
          const { numDeletedRows } = await connection
            .deleteFrom('idempotency_keys')
            .where('project', '=', project)
            .where('execution_id', '=', id)
            .executeTakeFirst();
          released += Number(numDeletedRows);
        }
        return released;
      }),
  };
}

async function claimKeys(
  connection: Connection,
  { dialect }: Database,
  project: string,
  keys: readonly [key: string, executionId: string][],
  now: number,
  ttlMs: number,
): Promise<Map<string, string>> {
  const until = now + ttlMs;
  // An owner whose time is over gives way; any other row is only read, which locks it as well.
  const over = `idempotency_keys.until <= excluded.until - ${Math.round(ttlMs)}`;
  const column = (name: string): string =>
    `${name} = case when ${over} then excluded.${name} else idempotency_keys.${name} end`;
  const rows = await insertRows<{ request_key: string; execution_id: string }>(
    connection,
    dialect,
    {
      table: 'idempotency_keys',
      columns: ['project', 'request_key', 'execution_id', 'until'],
      rows: keys.map(([key, executionId]) => [project, key, executionId, until]),
      then: `on conflict (project, request_key) do update set ${column('execution_id')}, ${column('until')}
        returning request_key, execution_id`,
    },
  );
  return new Map(rows.map((row) => [row.request_key, row.execution_id]));
}

async function sweep(database: Database, now: number): Promise<void> {
  const over = database.sql
    .selectFrom('idempotency_keys')
    .select(['project', 'request_key'])
    .where('until', '<=', now)
    .limit(SWEEP);
  const rows = await over.execute();
  if (rows.length === 0) return;
  await transact(database, (connection) =>
    connection
      .deleteFrom('idempotency_keys')
      .where(sql<boolean>`(project, request_key) in (${over})`)
      // It may have a new owner by now.
      .where('until', '<=', now)
      .execute(),
  );
}
