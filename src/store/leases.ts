/** Leases: a right that one holder has at a time, for a while. The reconciler's leader has one. */
import { sql } from 'kysely';
import { transact, type Database } from './database.js';

export interface Leases {
  /** True when it is the holder's now: it was free, had run out, or was the holder's already. */
  acquire(name: string, holder: string, ttlMs: number, now: number): Promise<boolean>;
  /** False when it had run out or is another's: the holder must stop. */
  renew(name: string, holder: string, ttlMs: number, now: number): Promise<boolean>;
  /** False when it was not the holder's. */
  release(name: string, holder: string): Promise<boolean>;
  /** Who has it now. */
  holder(name: string, now: number): Promise<{ holder: string; until: number } | undefined>;
}

export function leasesOf(database: Database): Leases {
  return {
    acquire: (name, holder, ttlMs, now) =>
      transact(database, async (connection) => {
        const taken = await connection
          .insertInto('leases')
          .values({ name, holder, until: now + ttlMs })
          .onConflict((conflict) =>
            conflict
              .column('name')
              .doUpdateSet({ holder, until: now + ttlMs })
              .where(sql<boolean>`leases.holder = ${holder} or leases.until <= ${now}`),
          )
          .returning('holder')
          .executeTakeFirst();
        return taken !== undefined;
      }),
    renew: (name, holder, ttlMs, now) =>
      transact(database, async (connection) => {
        const { numUpdatedRows } = await connection
          .updateTable('leases')
          .set({ until: now + ttlMs })
          .where('name', '=', name)
          .where('holder', '=', holder)
          .where('until', '>', now)
          .executeTakeFirst();
        return numUpdatedRows > 0n;
      }),
    release: (name, holder) =>
      transact(database, async (connection) => {
        const { numDeletedRows } = await connection
          .deleteFrom('leases')
          .where('name', '=', name)
          .where('holder', '=', holder)
          .executeTakeFirst();
        return numDeletedRows > 0n;
      }),
    holder: (name, now) =>
      database.sql
        .selectFrom('leases')
        .select(['holder', 'until'])
        .where('name', '=', name)
        .where('until', '>', now)
        .executeTakeFirst(),
  };
}
