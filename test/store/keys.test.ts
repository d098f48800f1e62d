import { expect, it, jest } from '@jest/globals';
import type { Scope } from '../../src/domain/access.js';
import { Keys } from '../../src/client/keys.js';
import type { NewKeyOptions } from '../../src/client/key-options.js';
import type { Store } from '../../src/store/store.js';
import { describeDatabases } from '../support/databases.js';

const T = Date.UTC(2026, 2, 14);

describeDatabases('Keys', (database) => {
  /** Two processes that share a store, and the time that both see. */
  const setup = async () => {
    const store = await database.fresh();
    const clock = { now: T };
    const process = (over: Store = store): Keys =>
      new Keys({
        stores: { need: async () => over, ifThere: async () => over },
        assertOpen: () => undefined,
        now: () => clock.now,
      });
    const keys = process();
    const create = async (options: Partial<NewKeyOptions> = {}) =>
      await keys.create({ name: 'deploy', scope: 'run', by: 'ann', ...options });
    return { store, clock, keys, process, create };
  };

  it('knows whose token it is', async () => {
    const { keys, create } = await setup();
    const { key, token } = await create({ projects: ['shop', 'shop'], expires: '90d' });
    await expect(keys.verify(token)).resolves.toEqual({
      principal: { kind: 'key', name: 'key:deploy', scope: 'run', projects: ['shop'] },
    });
    expect(key).toEqual({
      ...{ id: key.id, name: 'deploy', scope: 'run', projects: ['shop'], state: 'live' },
      ...{ createdAt: '2026-03-14T00:00:00.000Z', createdBy: 'ann' },
      ...{ expiresAt: '2026-06-12T00:00:00.000Z', revokedAt: null },
      ...{ lastUsedAt: null, previousUntil: null },
    });
    await expect(keys.get(key.id)).resolves.toMatchObject({ lastUsedAt: key.createdAt });
  });

  it('says why a token opens nothing', async () => {
    const { clock, keys, create } = await setup();
    const { key, token } = await create({ expires: '1h' });
    const other = await create({ name: 'other' });
    await expect(keys.verify(token.slice(0, -1))).resolves.toEqual({ refused: 'malformed' });
    await expect(keys.verify('')).resolves.toEqual({ refused: 'malformed' });
    // One key's id with another's secret.
    const mixed = token.slice(0, 16) + other.token.slice(16);
    await expect(keys.verify(mixed)).resolves.toEqual({ refused: 'unknown' });
    await keys.revoke(other.key.id, { by: 'ann' });
    await expect(keys.verify(other.token)).resolves.toEqual({ refused: 'revoked' });
    clock.now += 3_600_000;
    await expect(keys.verify(token)).resolves.toEqual({ refused: 'expired' });
    await expect(keys.get(key.id)).resolves.toMatchObject({ state: 'expired' });
  });

  it('refuses a revoked key at once here, and within 5 s in another process', async () => {
    const { clock, keys, process, create } = await setup();
    const elsewhere = process();
    const { key, token } = await create();
    for (const one of [keys, elsewhere])
      await expect(one.verify(token)).resolves.toHaveProperty('principal');
    await keys.revoke(key.id, { by: 'ann', reason: 'leaked' });
    await expect(keys.verify(token)).resolves.toEqual({ refused: 'revoked' });
    clock.now += 4_999;
    await expect(elsewhere.verify(token)).resolves.toEqual({ refused: 'revoked' });
  });

  it('reads a key again whose reading was under way while it was revoked', async () => {
    const { store, process, create } = await setup();
    const { key, token } = await create();
    let goOn = (): void => undefined;
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    const held = jest
      .fn((id: string) => store.apiKeys.held(id))
      .mockImplementationOnce(async (id) => {
        const before = await store.apiKeys.held(id);
        await gate;
        return before;
      });
    const slow = process({ ...store, apiKeys: { ...store.apiKeys, held } });
    const underWay = slow.verify(token);
    await slow.revoke(key.id, { by: 'ann' });
    goOn();
    await underWay;
    await expect(slow.verify(token)).resolves.toEqual({ refused: 'revoked' });
    expect(held).toHaveBeenCalledTimes(2);
  });

  it('asks the store once for many requests at once, and again when its answer is old', async () => {
    const { store, clock, process, create } = await setup();
    const { token } = await create();
    const held = jest.fn((id: string) => store.apiKeys.held(id));
    const touch = jest.fn((id: string, now: number) => store.apiKeys.touch(id, now));
    const keys = process({ ...store, apiKeys: { ...store.apiKeys, held, touch } });
    await Promise.all(Array.from({ length: 20 }, () => keys.verify(token)));
    expect([held.mock.calls.length, touch.mock.calls.length]).toEqual([1, 1]);
    clock.now += 10_000;
    await keys.verify(token);
    expect([held.mock.calls.length, touch.mock.calls.length]).toEqual([2, 1]);
    clock.now -= 20_000; // a clock that was set back
    await keys.verify(token);
    expect(held).toHaveBeenCalledTimes(3);
  });

  it('asks again for a key that was not there, and after an error', async () => {
    const { store, process, create } = await setup();
    const { token } = await create();
    const held = jest
      .fn((id: string) => store.apiKeys.held(id))
      .mockResolvedValueOnce(undefined)
      .mockRejectedValueOnce(new Error('gone'));
    const keys = process({ ...store, apiKeys: { ...store.apiKeys, held } });
    await expect(keys.verify(token)).resolves.toEqual({ refused: 'unknown' });
    await expect(keys.verify(token)).rejects.toThrow('gone');
    await expect(keys.verify(token)).resolves.toHaveProperty('principal');
  });

  it('lets a key in whose use cannot be noted', async () => {
    const { store, process, create } = await setup();
    const { token } = await create();
    const touch = async (): Promise<boolean> => await Promise.reject(new Error('read only'));
    const keys = process({ ...store, apiKeys: { ...store.apiKeys, touch } });
    await expect(keys.verify(token)).resolves.toHaveProperty('principal');
  });

  it('rotates with a grace, also none, and takes the new token at once', async () => {
    const { clock, keys, create } = await setup();
    const { key, token } = await create();
    await keys.verify(token);
    const hour = await keys.rotate(key.id, { by: 'ann', grace: '1h' });
    expect(hour.key.previousUntil).toBe('2026-03-14T01:00:00.000Z');
    for (const one of [token, hour.token])
      await expect(keys.verify(one)).resolves.toHaveProperty('principal');
    clock.now += 3_600_000;
    await expect(keys.verify(token)).resolves.toEqual({ refused: 'expired' });
    await expect(keys.get(key.id)).resolves.toMatchObject({ previousUntil: null });
    await keys.rotate(key.id, { by: 'ann', grace: 0 });
    await expect(keys.verify(hour.token)).resolves.toEqual({ refused: 'expired' });
  });

  it.each([
    [{ name: '' }, 'key.name: got ""'],
    [
      { scope: 'reed' as Scope },
      'key.scope: got "reed", expected one of read, run, operate, admin; did you mean "read"?',
    ],
    [{ projects: [] }, 'key.projects: got []'],
    [{ projects: [''] }, 'key.projects.name: got ""'],
    [{ scope: 'admin', projects: ['shop'] }, 'leave them out, or take operate'],
    [{ expires: 0 }, 'key.expires: got 0, expected a second or more'],
    [{ expires: 'soon' }, 'key.expires: expected a duration'],
    [{ by: ' ' }, 'key.by: got " ", expected who asks'],
    [{ reason: 'x'.repeat(1_001) }, 'key.reason: got'],
  ] satisfies [Partial<NewKeyOptions>, string][])('refuses %j', async (options, message) => {
    const { keys, create } = await setup();
    await expect(create(options)).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining(message),
    });
    await expect(keys.list()).resolves.toEqual([]);
  });
});
