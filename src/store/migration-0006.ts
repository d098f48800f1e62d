/** Deadlines: how long an execution may take, and what was told of it in time. */
import type { Migration } from 'kysely';
import type { Dialect } from './database.js';
import { migrationOf } from './migration.js';

export const deadlinesMigration = (dialect: Dialect): Migration => migrationOf(dialect, STATEMENTS);

const STATEMENTS = [
  'alter table executions add column deadline_ms bigint',
  'alter table executions add column deadline_risk text',
  `create index executions_deadlines on executions (deadline_ms)
    where open = 1 and deadline_ms is not null and deadline_risk is null`,
];
