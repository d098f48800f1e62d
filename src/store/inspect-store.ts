/** A look at a store that changes nothing in it, not even its tables. */
import { existsSync } from 'node:fs';
import { migrationState, type MigrationState } from './migrate.js';
import { openPostgres } from './postgres.js';
import { openSqlite } from './sqlite.js';
import { parseStoreUrl } from './store-url.js';

export interface StoreState extends MigrationState {
  /** Where it is, without a password. */
  location: string;
}

/** @throws TaskError CONFIGURATION for a url that is none, UNREACHABLE when the database does not answer */
export async function inspectStore(url: string): Promise<StoreState> {
  const parsed = parseStoreUrl(url);
  if (parsed.dialect === 'sqlite' && !existsSync(parsed.path))
    return { location: `sqlite:${parsed.path}`, state: 'missing', migration: null };
  const database =
    parsed.dialect === 'sqlite'
      ? openSqlite(parsed.path)
      : await openPostgres(parsed.url, () => undefined);
  try {
    return { location: database.location, ...(await migrationState(database)) };
  } finally {
    await database.sql.destroy();
  }
}
