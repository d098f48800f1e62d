/** Lines of the logs of tasks. */
import type { Migration } from 'kysely';
import type { Dialect } from './database.js';
import { migrationOf } from './migration.js';

export const logsMigration = (dialect: Dialect): Migration => migrationOf(dialect, STATEMENTS);

const STATEMENTS = [
  // By their bytes: what is below an execution is a range of ids.
  `create table log_lines (
    position bigint primary key not null,
    writer text not null,
    sequence bigint not null,
    family text not null,
    execution_id text collate "C" not null,
    run_started_at bigint not null,
    attempt bigint not null,
    at bigint not null,
    level smallint not null,
    source text not null,
    text text not null,
    fields text
  )`,
  'create unique index log_lines_writer on log_lines (writer, sequence)',
  'create index log_lines_family on log_lines (family, position)',
  'create index log_lines_execution on log_lines (execution_id, position)',
  // Few among many: to find them must not mean to read all others.
  'create index log_lines_bad on log_lines (family, position) where level >= 40',
  'create index log_lines_at on log_lines (at)',
];
