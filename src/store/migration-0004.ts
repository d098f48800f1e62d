/** API keys. Owned: they exist nowhere else. */
import { sql, type Kysely, type Migration } from 'kysely';

const STATEMENTS = [
  `create table api_keys (
    id text primary key not null,
    name text not null,
    live_name text unique,
    scope text not null,
    projects text,
    secret_hash text not null,
    previous_hash text,
    previous_until bigint,
    created_at bigint not null,
    created_by text not null,
    expires_at bigint,
    revoked_at bigint,
    last_used_at bigint
  )`,
];

export const apiKeysMigration: Migration = {
  up: async (db: Kysely<unknown>) => {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};
