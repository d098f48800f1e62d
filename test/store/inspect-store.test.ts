import { expect, it } from '@jest/globals';
import { inspectStore } from '../../src/store/inspect-store.js';
import { changeStore } from '../support/change-store.js';
import { describeDatabases } from '../support/databases.js';

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
    await changeStore(url, "delete from tempograph_migrations where name > '0004'");
    await expect(inspectStore(url)).resolves.toMatchObject({
      ...{ state: 'older', migration: '0003-reruns' },
    });
    await changeStore(url, "insert into tempograph_migrations values ('9999-later', '2030-01-01')");
    await expect(inspectStore(url)).resolves.toMatchObject({
      ...{ state: 'newer', migration: '9999-later' },
    });
  });
});
