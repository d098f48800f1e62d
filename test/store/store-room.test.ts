import { describeDatabases } from '../support/databases.js';

describeDatabases('Store.room', (database) => {
  it('tells how large the store is, and how much room the disk of a file has', async () => {
    const store = await database.fresh();
    const { bytes, freeBytes } = await store.room();
    expect(bytes).toBeGreaterThan(4_096);
    if (store.dialect === 'postgres') expect(freeBytes).toBeNull();
    else expect(freeBytes).toBeGreaterThan(0);
  });
});
