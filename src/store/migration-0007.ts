/** Events that are told at once stand in one row: what they say of their execution stands there once. */
import type { Migration } from 'kysely';
import type { Dialect } from './database.js';
import { migrationOf } from './migration.js';

export const outboxMigration = (dialect: Dialect): Migration => migrationOf(dialect, STATEMENTS);

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
