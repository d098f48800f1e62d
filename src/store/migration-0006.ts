/** Deadlines: how long an execution may take, and what was told of it in time. */
import { sql, type Kysely, type Migration } from 'kysely';
import type { Dialect } from './database.js';

export function deadlinesMigration(dialect: Dialect): Migration {
  return {
    up: async (db: Kysely<unknown>) => {
      for (const statement of STATEMENTS)
        // As in the first migration: SQLite takes only `integer` for a rowid.
        await sql
          .raw(dialect === 'sqlite' ? statement.replaceAll('bigint', 'integer') : statement)
          .execute(db);
    },
  };
}

const STATEMENTS = [
  'alter table executions add column deadline_ms bigint',
  'alter table executions add column deadline_risk text',
  `create index executions_deadlines on executions (deadline_ms)
    where open = 1 and deadline_ms is not null and deadline_risk is null`,
];
