/** Reruns: the execution that one is a rerun of. */
import { sql, type Kysely, type Migration } from 'kysely';

const STATEMENTS = [
  'alter table executions add column rerun_of text',
  'create index executions_rerun on executions (rerun_of, ord) where rerun_of is not null',
];

export const rerunsMigration: Migration = {
  up: async (db: Kysely<unknown>) => {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};
