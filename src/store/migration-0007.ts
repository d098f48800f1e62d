/** Events that are told at once stand in one row: what they say of their execution stands there once. */
import { sql, type Kysely, type Migration } from 'kysely';
import type { Dialect } from './database.js';

export function outboxMigration(dialect: Dialect): Migration {
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
  `create table outbox (
    position bigint primary key not null,
    family text not null,
    execution_id text not null,
    parent_id text,
    project text,
    names text not null,
    at bigint not null,
    body text not null
  )`,
  `insert into outbox
    select position, family, execution_id, parent_id, project, ' ' || event || ' ', at,
      '{"steps":[' || body || ']}'
    from events`,
  'create index outbox_family on outbox (family, position)',
  'create index outbox_execution on outbox (execution_id)',
  'drop table events',
];
