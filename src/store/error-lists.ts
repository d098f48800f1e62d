/** Changes, while workers run, to what is retried and what never is. Owned. */
import { sql } from 'kysely';
import type { ErrorList } from '../domain/error-kinds.js';
import { transact, type Connection, type Database } from './database.js';

export interface ErrorListEntry {
  /** Empty: all projects. */
  project: string;
  list: ErrorList;
  /** An error's code or kind. */
  code: string;
  addedAt: number;
  addedBy: string | null;
}

export interface ErrorLists {
  /** @returns false when it was there already */
  add(
    entry: { project: string; list: ErrorList; code: string; addedBy?: string },
    now: number,
  ): Promise<boolean>;
  /** @returns false when it was not there */
  remove(entry: { project: string; list: ErrorList; code: string }): Promise<boolean>;
  /** Without a project those of all; with one, its own and those of all projects. */
  list(project?: string): Promise<{ version: number; entries: ErrorListEntry[] }>;
  /** Grows with each change: cheap to ask, so that workers need not read the lists. */
  version(): Promise<number>;
}

const COUNTER = 'error_lists';

export function errorListsOf(database: Database): ErrorLists {
  const version = async (): Promise<number> => {
    const row = await database.sql
      .selectFrom('counters')
      .select('value')
      .where('name', '=', COUNTER)
      .executeTakeFirst();
    return row?.value ?? 0;
  };
  return {
    version,
    add: ({ project, list, code, addedBy }, now) =>
      transact(database, async (connection) => {
        const { numInsertedOrUpdatedRows } = await connection
          .insertInto('error_lists')
          .values({ project, list, code, added_at: now, added_by: addedBy ?? null })
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst();
        return grown(connection, numInsertedOrUpdatedRows ?? 0n);
      }),
    remove: ({ project, list, code }) =>
      transact(database, async (connection) => {
        const { numDeletedRows } = await connection
          .deleteFrom('error_lists')
          .where('project', '=', project)
          .where('list', '=', list)
          .where('code', '=', code)
          .executeTakeFirst();
        return grown(connection, numDeletedRows);
      }),
    list: async (project) => {
      // The version first: should a change come in between, its number says to read again.
      const before = await version();
      let select = database.sql
        .selectFrom('error_lists')
        .selectAll()
        .orderBy('project')
        .orderBy('list')
        .orderBy('code');
      if (project !== undefined) select = select.where('project', 'in', ['', project]);
      const rows = await select.execute();
      return {
        version: before,
        entries: rows.map((row) => ({
          project: row.project,
          list: row.list as ErrorList,
          code: row.code,
          addedAt: row.added_at,
          addedBy: row.added_by,
        })),
      };
    },
  };
}

/** Counts a change. @returns whether there was one */
async function grown(connection: Connection, rows: bigint): Promise<boolean> {
  if (rows === 0n) return false;
  await connection
    .insertInto('counters')
    .values({ name: COUNTER, value: 1 })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet({ value: sql<number>`counters.value + 1` }),
    )
    .execute();
  return true;
}
