import { sql } from 'kysely';
import { transact } from '../../src/store/database.js';
import { openSqlite } from '../../src/store/sqlite.js';

describe('openSqlite', () => {
  it('says that the disk is full where a transaction fails for that, and goes on once there is room', async () => {
    const database = openSqlite(':memory:');
    await sql`create table lines (text text)`.execute(database.sql);
    // As SQLite sees a full disk: no further page can be had.
    await sql`pragma max_page_count = 4`.execute(database.sql);
    const write = (bytes: number) =>
      transact(database, async (connection) => {
        await sql`insert into lines values (${'x'.repeat(bytes)})`.execute(connection);
      });

    await expect(write(100_000)).rejects.toThrow('database or disk is full');
    await sql`pragma max_page_count = 1000`.execute(database.sql);
    await write(100_000);

    const { rows } = await sql<{ n: number }>`select count(*) as n from lines`.execute(
      database.sql,
    );
    expect(rows).toEqual([{ n: 1 }]);
    await database.sql.destroy();
  });

  it('takes back what a transaction wrote whose work fails', async () => {
    const database = openSqlite(':memory:');
    await sql`create table lines (text text)`.execute(database.sql);
    const work = transact(database, async (connection) => {
      await sql`insert into lines values ('x')`.execute(connection);
      throw new Error('not so');
    });

    await expect(work).rejects.toThrow('not so');
    const { rows } = await sql`select * from lines`.execute(database.sql);
    expect(rows).toEqual([]);
    await database.sql.destroy();
  });
});
