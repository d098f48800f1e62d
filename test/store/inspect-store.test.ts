import { expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { inspectStore } from '../../src/store/inspect-store.js';
import { openPostgres } from '../../src/store/postgres.js';
import { openSqlite } from '../../src/store/sqlite.js';
import { parseStoreUrl } from '../../src/store/store-url.js';
import { describeDatabases } from '../support/databases.js';

/** Changes what the store says of its migrations. */
async function change(url: string, statement: string): Promise<void> {
  const parsed = parseStoreUrl(url);
  const database =
    parsed.dialect === 'sqlite'
      ? openSqlite(parsed.path)
      : await openPostgres(parsed.url, () => undefined);
  await sql.raw(statement).execute(database.sql);
  await database.sql.destroy();
}

describeDatabases('inspectStore', (database) => {
  it('tells a place without tables, and makes none', async () => {
    const url = await database.freshUrl();
    await expect(inspectStore(url)).resolves.toMatchObject({ state: 'missing', migration: null });
    await expect(inspectStore(url)).resolves.toMatchObject({ state: 'missing' });
  });

  it("tells this version's tables, older and newer ones", async () => {
    const url = await database.freshUrl();
    await database.open(url);
    const state = await inspectStore(url);
    expect(state).toMatchObject({ state: 'current' });
    await change(url, "delete from tempograph_migrations where name > '0004'");
    await expect(inspectStore(url)).resolves.toMatchObject({
      ...{ state: 'older', migration: '0003-reruns' },
    });
    await change(url, "insert into tempograph_migrations values ('9999-later', '2030-01-01')");
    await expect(inspectStore(url)).resolves.toMatchObject({
      ...{ state: 'newer', migration: '9999-later' },
    });
  });
});
