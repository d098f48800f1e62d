/** Brings the tables up to date, also when many processes start at once. */
import { Migrator, sql, type Kysely, type Migration } from 'kysely';
import { TaskError } from '../domain/errors.js';
import { codeOf, isPassing, type Database, type Dialect } from './database.js';
import { firstMigration } from './migration-0001.js';
import { eventsMigration } from './migration-0002.js';
import { rerunsMigration } from './migration-0003.js';
import { apiKeysMigration } from './migration-0004.js';
import { logsMigration } from './migration-0005.js';
import { deadlinesMigration } from './migration-0006.js';
import { outboxMigration } from './migration-0007.js';

const TABLE = 'tempograph_migrations';
const TRIES = 100;

/** In order: names sort as they are applied. */
const migrationsOf = (dialect: Dialect): Record<string, Migration> => ({
  '0001-first': firstMigration(dialect),
  '0002-events': eventsMigration(dialect),
  '0003-reruns': rerunsMigration,
  '0004-api-keys': apiKeysMigration,
  '0005-logs': logsMigration(dialect),
  '0006-deadlines': deadlinesMigration(dialect),
  '0007-outbox': outboxMigration(dialect),
});

/** How the tables stand to this version. */
export interface MigrationState {
  state: 'missing' | 'older' | 'current' | 'newer';
  /** The last that was applied; of a newer version the first that this one does not know. */
  migration: string | null;
}

/** Reads and changes nothing. */
export async function migrationState(database: Database): Promise<MigrationState> {
  const known = Object.keys(migrationsOf(database.dialect));
  const applied = await appliedMigrations(database);
  const unknown = applied.find((name) => !known.includes(name));
  if (unknown !== undefined) return { state: 'newer', migration: unknown };
  const migration = applied.toSorted().at(-1) ?? null;
  if (migration === null) return { state: 'missing', migration };
  return { state: applied.length < known.length ? 'older' : 'current', migration };
}

/** @throws TaskError CONFIGURATION when the tables are newer than this version, STORE when they cannot be made */
export async function migrate(database: Database): Promise<void> {
  const migrations = migrationsOf(database.dialect);
  const known = Object.keys(migrations);
  const applied = await appliedMigrations(database);
  const unknown = applied.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new TaskError(
      'CONFIGURATION',
      `the store ${database.location} was made by a newer version: it has migration ${unknown}, this version knows them up to ${known.at(-1)}; upgrade tempograph`,
    );
  }
  // Kysely's migrator reads the whole catalogue of the database first, which is slow for a short-lived process.
  if (applied.length === known.length) return;
  const migrator = new Migrator({
    db: database.sql,
    provider: { getMigrations: async () => migrations },
    migrationTableName: TABLE,
    migrationLockTableName: `${TABLE}_lock`,
    ...(await schemaOf(database)),
  });
  for (let attempt = 1; ; attempt++) {
    const { error, results } = await migrator.migrateToLatest();
    if (error === undefined) return;
    if (isWorthAnother(error) && attempt < TRIES) {
      await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20));
      continue;
    }
    const failed = results?.find((result) => result.status === 'Error')?.migrationName;
    throw new TaskError(
      'STORE',
      `cannot bring the tables of ${database.location} up to date${failed ? `, migration ${failed}` : ''}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

async function appliedMigrations(database: Database): Promise<string[]> {
  const tables = database.sql as unknown as Kysely<Record<typeof TABLE, { name: string }>>;
  try {
    const rows = await tables.selectFrom(TABLE).select('name').execute();
    return rows.map((row) => row.name);
  } catch (error) {
    // Not there yet; should there be another reason, the migrator says it.
    if (error instanceof Error) return [];
    throw error;
  }
}

/** PostgreSQL's codes for a schema, a table or a column that is not there. */
const GONE = ['3F000', '42P01', '42703'];

/** Others that start now make the same tables; or drop a schema or a table that the migrator looks at, whosever it is. */
const isWorthAnother = (error: unknown): boolean =>
  isPassing(error) || GONE.includes(codeOf(error) ?? '');

/** Kysely's migrator looks for its tables in all schemas, and would take another's for its own. */
async function schemaOf(database: Database): Promise<{ migrationTableSchema?: string }> {
  if (database.dialect === 'sqlite') return {};
  const { rows } = await sql<{ name: string | null }>`select current_schema() as name`.execute(
    database.sql,
  );
  const name = rows[0]?.name;
  return name == null ? {} : { migrationTableSchema: name };
}
