import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { StoreAccess } from '../../src/client/store-access.js';
import { resolveSettings } from '../../src/config.js';

describe('StoreAccess', () => {
  let folder: string;
  let stores: StoreAccess;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tempograph-access-'));
    // The server does not tell its namespace: nothing else is asked of it.
    stores = new StoreAccess(resolveSettings({ dataDir: folder }), { options: {} } as Client);
  });
  afterEach(async () => {
    await stores.close();
    rmSync(folder, { recursive: true });
  });

  it('makes a store for who writes, also while somebody looks whether there is one', async () => {
    const [looked, made] = await Promise.all([stores.get('there'), stores.get('made')]);
    expect(looked).toBeUndefined();
    expect(made).toBeDefined();
    expect(await stores.get('there')).toBe(made);
  });

  it('opens one store for all who ask at once', async () => {
    const asked = ['there', 'made', 'there', 'made', 'kept'] as const;
    await Promise.all(asked.map((which) => stores.get(which)));
    const [one, other] = await Promise.all([stores.get('made'), stores.get('made')]);
    expect(one).toBe(other);
    expect(await stores.get('there')).toBe(one);
  });

  it('makes none for who reads', async () => {
    expect(await Promise.all([stores.get(), stores.get('there')])).toEqual([undefined, undefined]);
    expect(await stores.ifThere('a test')).toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says that there is none where the settings want none, also to who reads', async () => {
    const none = new StoreAccess(resolveSettings({ storeUrl: 'none' }), {} as Client);
    await expect(none.ifThere('the catalogue')).rejects.toThrow(
      /the catalogue needs the store, and there is none at storeUrl "none"/,
    );
  });
});
