import { expect, it } from '@jest/globals';
import { sql } from 'kysely';
import pg from 'pg';
import { openPostgres } from '../../src/store/postgres.js';

const url = process.env.TEMPOGRAPH_TEST_POSTGRES;

(url ? describe : describe.skip)('openPostgres', () => {
  it('survives a server that ends a connection between two queries of a transaction, and goes on with another', async () => {
    const database = await openPostgres(String(url), () => undefined);
    const admin = new pg.Client({ connectionString: url });
    await admin.connect();
    try {
      const cut = database.sql.transaction().execute(async (connection) => {
        const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(
          connection,
        );
        const pid = rows[0]?.pid;
        await admin.query('select pg_terminate_backend($1)', [pid]);
        const gone = 'select count(*)::int as left from pg_stat_activity where pid = $1';
        while ((await admin.query<{ left: number }>(gone, [pid])).rows[0]?.left !== 0);
        await new Promise((resolve) => setImmediate(resolve)); // the end of the connection is read
        await sql`select 1`.execute(connection);
      });
      await expect(cut).rejects.toThrow(/terminat|not queryable/i);
      const { rows } = await sql<{ one: number }>`select 1 as one`.execute(database.sql);
      expect(rows).toEqual([{ one: 1 }]);
    } finally {
      await admin.end();
      await database.sql.destroy();
    }
  });
});
