/** Events: the outbox of what happened to executions, how far each consumer has read, and what could not be delivered. */
import type { Migration } from 'kysely';
import type { Dialect } from './database.js';
import { migrationOf } from './migration.js';

export const eventsMigration = (dialect: Dialect): Migration => migrationOf(dialect, STATEMENTS);

const STATEMENTS = [
  `create table events (
    position bigint primary key not null,
    id text not null unique,
    family text not null,
    execution_id text not null,
    parent_id text,
    project text,
    event text not null,
    at bigint not null,
    body text not null
  )`,
  'create index events_family on events (family, position)',
  `create table event_cursors (
    consumer text primary key not null,
    position bigint not null,
    updated_at bigint not null
  )`,
  `create table dead_letters (
    sink text not null,
    event_id text not null,
    position bigint not null,
    event text not null,
    tries bigint not null,
    error text not null,
    at bigint not null,
    due smallint not null,
    primary key (sink, event_id)
  )`,
];
