import { expect, it } from '@jest/globals';
import { sql } from 'kysely';
import pg from 'pg';
import { openPostgres } from '../../src/store/postgres.js';
import { openStore } from '../../src/store/store.js';

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

  it('has its tables made while others drop theirs', async () => {
    const admin = new pg.Client({ connectionString: url });
    await admin.connect();
    let busy = true;
    const dropping = (async () => {
      const names = Array.from({ length: 3 }, (_, nth) => `public.passing_${process.pid}_${nth}`);
      // Each column is looked at by itself: a table may go between two of them.
      const columns = Array.from({ length: 80 }, (_, nth) => `c${nth} int`).join(', ');
      while (busy) {
        await admin.query(names.map((name) => `create table ${name} (${columns})`).join(';'));
        for (const name of names) await admin.query(`drop table ${name}`);
      }
    })();
    const schemas = Array.from({ length: 12 }, (_, nth) => `made_${process.pid}_${nth}`);
    try {
      for (const schema of schemas) {
        const own = new URL(String(url));
        own.searchParams.set('options', `-c search_path=${schema}`);
        const maker = new pg.Client({ connectionString: url });
        await maker.connect();
        await maker.query(`create schema ${schema}`);
        await maker.end();
        const store = await openStore({ url: own.href });
        expect(await store.executions.get('nobody')).toBeUndefined();
        await store.close();
      }
    } finally {
      busy = false;
      await dropping;
      await admin.query(
        schemas.map((schema) => `drop schema if exists ${schema} cascade`).join(';'),
      );
      await admin.end();
    }
  });
});
