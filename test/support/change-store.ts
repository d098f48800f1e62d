/** Changes a store by hand: what one of another version would be like. */
import { sql } from 'kysely';
import { openPostgres } from '../../src/store/postgres.js';
import { openSqlite } from '../../src/store/sqlite.js';
import { parseStoreUrl } from '../../src/store/store-url.js';

export async function changeStore(url: string, ...statements: readonly string[]): Promise<void> {
  const parsed = parseStoreUrl(url);
  const database =
    parsed.dialect === 'sqlite'
      ? openSqlite(parsed.path)
      : await openPostgres(parsed.url, () => undefined);
  for (const statement of statements) await sql.raw(statement).execute(database.sql);
  await database.sql.destroy();
}
