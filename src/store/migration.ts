/** A migration out of statements that both databases take. */
import { sql, type Kysely, type Migration } from 'kysely';
import type { Dialect } from './database.js';

export function migrationOf(dialect: Dialect, statements: readonly string[]): Migration {
  return {
    up: async (db: Kysely<unknown>) => {
      for (const statement of statements)
        await sql.raw(dialect === 'sqlite' ? forSqlite(statement) : statement).execute(db);
    },
  };
}

/**
 * SQLite takes only `integer` for a rowid, and its integers are as wide as a bigint; it compares texts by their bytes
 * anyway.
 */
const forSqlite = (statement: string): string =>
  statement.replaceAll('bigint', 'integer').replaceAll(' collate "C"', '');
