import { expect, it } from '@jest/globals';
import type { Scope } from '../../src/domain/access.js';
import { parseToken, refusalOf } from '../../src/store/api-token.js';
import type { Store } from '../../src/store/store.js';
import { describeDatabases } from '../support/databases.js';

const T = Date.UTC(2026, 2, 14);
const HOUR = 3_600_000;
const ann = { by: 'ann' };

interface Wanted {
  name?: string;
  scope?: Scope;
  projects?: string[] | null;
  expiresAt?: number | null;
}

describeDatabases('apiKeys', (database) => {
  const setup = async () => {
    const store = await database.fresh();
    const create = async (wanted: Wanted = {}, now = T) =>
      await store.apiKeys.create(
        { name: 'deploy', scope: 'run', projects: null, expiresAt: null, ...wanted },
        ann,
        now,
      );
    return { store, keys: store.apiKeys, create };
  };
  const refusal = async ({ apiKeys }: Store, token: string, now: number) => {
    const { id = '', secret = '' } = parseToken(token) ?? {};
    return refusalOf((await apiKeys.held(id))?.secrets, secret, now);
  };

  it('gives a key back as it was made, and opens to its token', async () => {
    const { store, keys, create } = await setup();
    const { key, token } = await create({ projects: ['shop', 'Große'], expiresAt: T + HOUR });
    expect(key).toEqual({
      ...{ id: key.id, name: 'deploy', scope: 'run', projects: ['shop', 'Große'] },
      ...{ createdAt: T, createdBy: 'ann', expiresAt: T + HOUR },
      ...{ revokedAt: null, lastUsedAt: null, previousUntil: null },
    });
    expect(parseToken(token)?.id).toBe(key.id);
    await expect(keys.get(key.id)).resolves.toEqual(key);
    await expect(keys.get('none')).resolves.toBeUndefined();
    await expect(refusal(store, token, T)).resolves.toBeUndefined();
    await expect(refusal(store, token, T + HOUR)).resolves.toBe('expired');
  });

  it('keeps no secret and no part of one, in keys and audit log', async () => {
    const { store, keys, create } = await setup();
    const first = await create();
    const second = await keys.rotate(first.key.id, {}, ann, T + 1);
    const kept = JSON.stringify([
      await keys.held(first.key.id),
      await store.audit.list(),
      await keys.list(),
    ]);
    for (const { token } of [first, second])
      expect(kept).not.toContain(parseToken(token)?.secret.slice(0, 8));
  });

  it('has one live key of a name: a revoked and an expired one give theirs away', async () => {
    const { keys, create } = await setup();
    const { key } = await create();
    await expect(create()).rejects.toMatchObject({
      code: 'STATE',
      message: expect.stringContaining('key "deploy": a live key has this name'),
    });
    await keys.revoke(key.id, ann, T);
    await create({ expiresAt: T + 10 });
    await expect(create({}, T + 9)).rejects.toThrow('a live key has this name');
    await create({}, T + 10);
    await expect(create({}, T + 11)).rejects.toThrow('a live key has this name');
  });

  it('gives a name to one of many that want it at once', async () => {
    const { keys, create } = await setup();
    const made = await Promise.allSettled(Array.from({ length: 8 }, () => create()));
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expect(keys.list()).resolves.toHaveLength(1);
  });

  it('lists the newest first, and revoked ones only when asked', async () => {
    const { keys, create } = await setup();
    const ids: string[] = [];
    for (const [i, name] of ['a', 'b', 'c'].entries())
      ids.unshift((await create({ name, expiresAt: T + 1 + i }, T + i)).key.id);
    await keys.revoke(ids[1] ?? '', ann, T + 5);
    const listed = async (revoked: boolean) => (await keys.list({ revoked })).map((key) => key.id);
    expect(await listed(false)).toEqual([ids[0], ids[2]]);
    expect(await listed(true)).toEqual(ids);
  });

  it('rotates: the old token is right for the grace, the one before it no more', async () => {
    const { store, keys, create } = await setup();
    const { key, token: first } = await create();
    const { token: second, key: rotated } = await keys.rotate(key.id, {}, ann, T);
    expect(rotated).toEqual({ ...key, previousUntil: T + 24 * HOUR });
    await expect(refusal(store, first, T + 24 * HOUR - 1)).resolves.toBeUndefined();
    await expect(refusal(store, first, T + 24 * HOUR)).resolves.toBe('expired');
    await expect(refusal(store, second, T + 48 * HOUR)).resolves.toBeUndefined();
    const { token: third } = await keys.rotate(key.id, { graceMs: 0 }, ann, T);
    await expect(refusal(store, first, T)).resolves.toBe('unknown');
    await expect(refusal(store, second, T)).resolves.toBe('expired');
    await expect(refusal(store, third, T)).resolves.toBeUndefined();
  });

  it('gives a later end with a rotation, and none where it is not said', async () => {
    const { keys, create } = await setup();
    const { key } = await create({ expiresAt: T + 10 });
    const kept = await keys.rotate(key.id, {}, ann, T + 1);
    expect(kept.key.expiresAt).toBe(T + 10);
    const later = await keys.rotate(key.id, { expiresAt: T + HOUR }, ann, T + 2);
    expect(later.key.expiresAt).toBe(T + HOUR);
  });

  it('leaves one right token after rotations at once, and the one it replaced', async () => {
    const { store, keys, create } = await setup();
    const { key } = await create();
    const made = await Promise.all(
      Array.from({ length: 6 }, () => keys.rotate(key.id, { graceMs: HOUR }, ann, T)),
    );
    const refusals = await Promise.all(made.map(({ token }) => refusal(store, token, T)));
    expect(refusals.filter((why) => why === undefined)).toHaveLength(2);
    expect((await store.audit.list({ what: 'key.rotate' })).entries).toHaveLength(6);
  });

  it('revokes for ever, and refuses to change what is revoked, expired or not there', async () => {
    const { store, keys, create } = await setup();
    const { key, token } = await create();
    await expect(keys.revoke(key.id, ann, T + 1)).resolves.toEqual({ ...key, revokedAt: T + 1 });
    await expect(refusal(store, token, T + 1)).resolves.toBe('revoked');
    for (const again of [keys.revoke(key.id, ann, T + 2), keys.rotate(key.id, {}, ann, T + 2)])
      await expect(again).rejects.toMatchObject({
        code: 'STATE',
        message: `key "deploy" (${key.id}) was revoked at 2026-03-14T00:00:00.001Z`,
      });
    const { key: short } = await create({ expiresAt: T + 5 });
    await expect(keys.rotate(short.id, {}, ann, T + 5)).rejects.toThrow(
      'expired at 2026-03-14T00:00:00.005Z; create a new one',
    );
    await expect(keys.revoke('none', ann, T)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(keys.revoke('deploy', ann, T)).rejects.toThrow(
      `no key has the id "deploy"; the key of this name has the id ${short.id}`,
    );
  });

  it('notes its use at most once a minute', async () => {
    const { keys, create } = await setup();
    const { key } = await create();
    const touched = [];
    for (const after of [0, 1, 59_999, 60_000, 60_001])
      touched.push(await keys.touch(key.id, T + after));
    expect(touched).toEqual([true, false, false, true, false]);
    expect((await keys.get(key.id))?.lastUsedAt).toBe(T + 60_000);
    await expect(keys.touch('none', T)).resolves.toBe(false);
  });

  it('writes every change to the audit log, and none that did not happen', async () => {
    const { store, keys, create } = await setup();
    const { key } = await create({ scope: 'operate', projects: ['shop'], expiresAt: T + HOUR });
    await create().catch(() => undefined);
    await keys.rotate(key.id, { graceMs: 0 }, { by: 'bob', reason: 'yearly' }, T + 1);
    await keys.revoke(key.id, { by: 'key:root', reason: 'left the company' }, T + 2);
    await keys.revoke(key.id, ann, T + 3).catch(() => undefined);
    const of = { name: 'deploy', scope: 'operate', projects: ['shop'] };
    const details = { ...of, expiresAt: '2026-03-14T01:00:00.000Z' };
    const { entries } = await store.audit.list();
    expect(entries.map(({ id: _id, ...entry }) => entry)).toEqual([
      {
        ...{ at: T + 2, who: 'key:root', what: 'key.revoke', target: key.id },
        ...{ reason: 'left the company', details },
      },
      {
        ...{ at: T + 1, who: 'bob', what: 'key.rotate', target: key.id, reason: 'yearly' },
        details: { ...details, graceMs: 0 },
      },
      { at: T, who: 'ann', what: 'key.create', target: key.id, reason: null, details },
    ]);
  });
});
