import { expect, it } from '@jest/globals';
import { describeDatabases } from '../support/databases.js';

const T = Date.UTC(2026, 2, 14);

describeDatabases('cache', (database) => {
  const entry = (key: string, rest: object = {}) => ({
    ...{ project: 'p', key, task: 'load', taskVersion: '1', value: { inline: [1, null] } },
    ...{ expiresAt: T + 1_000, ...rest },
  });

  it('gives a value until it expires, and the newest one', async () => {
    const { cache } = await database.fresh();
    await cache.put(entry('k'), T);
    await cache.put(entry('k', { value: 'newer' }), T + 1);
    await expect(cache.get('p', 'k', T + 999)).resolves.toEqual({
      ...entry('k', { value: 'newer' }),
      createdAt: T + 1,
    });
    await expect(cache.get('p', 'k', T + 1_000)).resolves.toBeUndefined();
    await expect(cache.get('q', 'k', T)).resolves.toBeUndefined();
    await cache.put(entry('ever', { expiresAt: null }), T);
    await expect(cache.get('p', 'ever', T * 2)).resolves.toMatchObject({ expiresAt: null });
  });

  it('invalidates what all given fields fit, and says how many', async () => {
    const { cache } = await database.fresh();
    const other = { task: 'save' };
    const entries = [entry('a'), entry('b', { taskVersion: '2' }), entry('c', other)];
    for (const one of [...entries, entry('d', { ...other, project: 'q' })]) await cache.put(one, T);
    await expect(cache.invalidate({ task: 'load', taskVersion: '2' })).resolves.toBe(1);
    await expect(cache.invalidate({ project: 'p', task: 'save' })).resolves.toBe(1);
    await expect(cache.invalidate({ key: 'none' })).resolves.toBe(0);
    await expect(cache.invalidate({})).resolves.toBe(2);
  });

  it('sweeps what has expired', async () => {
    const { cache } = await database.fresh();
    await cache.put(entry('a'), T);
    await cache.put(entry('b', { expiresAt: T + 5_000 }), T);
    await expect(cache.sweep(T + 2_000)).resolves.toBe(1);
    await cache.put(entry('c', { expiresAt: null }), T + 9_000);
    await expect(cache.sweep(T + 9_000)).resolves.toBe(0);
  });

  it('lets one compute and the others wait, until there is a value', async () => {
    const { cache } = await database.fresh();
    const claim = (holder: string, now = T) => cache.claim('p', 'k', holder, 500, now);
    await expect(claim('a')).resolves.toEqual({ outcome: 'claimed' });
    await expect(claim('b')).resolves.toEqual({ outcome: 'wait', holder: 'a', until: T + 500 });
    await expect(claim('a', T + 100)).resolves.toEqual({ outcome: 'claimed' });
    await cache.put(entry('k'), T + 200);
    await expect(cache.release('p', 'k', 'b')).resolves.toBe(false);
    await expect(cache.release('p', 'k', 'a')).resolves.toBe(true);
    await expect(claim('b', T + 300)).resolves.toMatchObject({
      outcome: 'hit',
      entry: { key: 'k' },
    });
  });

  it('passes the claim of a dead holder on', async () => {
    const { cache } = await database.fresh();
    await cache.claim('p', 'k', 'dead', 500, T);
    await expect(cache.claim('p', 'k', 'b', 500, T + 499)).resolves.toMatchObject({
      outcome: 'wait',
    });
    await expect(cache.claim('p', 'k', 'b', 500, T + 500)).resolves.toEqual({ outcome: 'claimed' });
    await expect(cache.release('p', 'k', 'dead')).resolves.toBe(false);
  });
});

describeDatabases('leases', (database) => {
  it('have one holder until they run out or are given back', async () => {
    const { leases } = await database.fresh();
    await expect(leases.acquire('leader', 'a', 100, T)).resolves.toBe(true);
    await expect(leases.acquire('leader', 'b', 100, T + 99)).resolves.toBe(false);
    await expect(leases.renew('leader', 'a', 100, T + 50)).resolves.toBe(true);
    await expect(leases.holder('leader', T + 149)).resolves.toEqual({
      holder: 'a',
      until: T + 150,
    });
    await expect(leases.renew('leader', 'a', 100, T + 150)).resolves.toBe(false);
    await expect(leases.acquire('leader', 'b', 100, T + 150)).resolves.toBe(true);
    await expect(leases.release('leader', 'a')).resolves.toBe(false);
    await expect(leases.release('leader', 'b')).resolves.toBe(true);
    await expect(leases.holder('leader', T)).resolves.toBeUndefined();
  });

  it('go to one of many who ask at once', async () => {
    const url = await database.freshUrl();
    const [one, two] = [await database.open(url), await database.open(url)];
    const asked = Array.from({ length: 20 }, (_, i) =>
      (i % 2 ? one : two).leases.acquire('leader', `h${i}`, 100, T),
    );
    expect((await Promise.all(asked)).filter(Boolean)).toHaveLength(1);
  });
});

describeDatabases('batchKeys', (database) => {
  it('give each key the first execution that claimed it, for its time', async () => {
    const { batchKeys } = await database.fresh();
    const claim = (pairs: [string, string][], now: number) =>
      batchKeys.claim(
        'p',
        pairs.map(([key, executionId]) => ({ key, executionId })),
        now,
        1_000,
      );
    await expect(
      claim([['k1', 'a'], ['k2', 'b'], ['k1', 'c']], T), // prettier-ignore
    ).resolves.toEqual([
      { key: 'k1', executionId: 'a', own: true },
      { key: 'k2', executionId: 'b', own: true },
      { key: 'k1', executionId: 'a', own: false },
    ]);
    await expect(claim([['k1', 'd']], T + 999)).resolves.toMatchObject([{ executionId: 'a' }]);
    await expect(batchKeys.owner('q', 'k1', T)).resolves.toBeUndefined();
    await expect(claim([['k1', 'd']], T + 1_000)).resolves.toMatchObject([
      { executionId: 'd', own: true },
    ]);
    await expect(batchKeys.owner('p', 'k1', T + 1_500)).resolves.toBe('d');
    await expect(batchKeys.release('p', ['d', 'none'])).resolves.toBe(1);
    await expect(claim([['k1', 'e']], T + 1_500)).resolves.toMatchObject([
      { executionId: 'e', own: true },
    ]);
  });

  it('take thousands at once, and none', async () => {
    const { batchKeys } = await database.fresh();
    const keys = Array.from({ length: 5_000 }, (_, i) => ({ key: `k${i}`, executionId: `e${i}` }));
    const owned = await batchKeys.claim('p', keys, T);
    expect(owned.every(({ own }) => own)).toBe(true);
    await expect(batchKeys.claim('p', [], T)).resolves.toEqual([]);
    await expect(batchKeys.owner('p', 'k9', T + 86_399_999)).resolves.toBe('e9');
    await expect(batchKeys.owner('p', 'k9', T + 86_400_000)).resolves.toBeUndefined();
  });
});

describeDatabases('errorLists', (database) => {
  it('grow by version with each change, and only then', async () => {
    const { errorLists } = await database.fresh();
    const entry = { project: '', list: 'retryOn', code: 'ECONNRESET' } as const;
    await expect(errorLists.version()).resolves.toBe(0);
    await expect(errorLists.add({ ...entry, addedBy: 'ada' }, T)).resolves.toBe(true);
    await expect(errorLists.add(entry, T + 1)).resolves.toBe(false);
    await errorLists.add({ project: 'p', list: 'neverRetryOn', code: 'E2' }, T + 2);
    await errorLists.add({ project: 'q', list: 'neverRetryOn', code: 'E3' }, T + 3);
    await expect(errorLists.list('p')).resolves.toEqual({
      version: 3,
      entries: [
        { ...entry, addedAt: T, addedBy: 'ada' },
        { project: 'p', list: 'neverRetryOn', code: 'E2', addedAt: T + 2, addedBy: null },
      ],
    });
    await expect(errorLists.remove(entry)).resolves.toBe(true);
    await expect(errorLists.remove(entry)).resolves.toBe(false);
    await expect(errorLists.version()).resolves.toBe(4);
    expect((await errorLists.list()).entries).toHaveLength(2);
  });
});

describeDatabases('audit', (database) => {
  it('keeps what is appended, newest first, page by page', async () => {
    const { audit } = await database.fresh();
    const what = 'execution.cancel';
    for (let i = 0; i < 5; i++)
      await audit.append({ at: T + i, who: `w${i % 2}`, what, target: `t${i}`, details: { i } });
    const first = await audit.list({ limit: 3 });
    expect(first.entries.map((entry) => entry.target)).toEqual(['t4', 't3', 't2']);
    expect(first.entries[0]).toMatchObject({ reason: null, details: { i: 4 }, what });
    const second = await audit.list({ limit: 3, cursor: first.nextCursor ?? '' });
    expect(second.entries.map((entry) => entry.target)).toEqual(['t1', 't0']);
    expect((await audit.list({ who: 'w1', since: T + 2 })).entries).toHaveLength(1);
    expect((await audit.list({ target: 't0' })).entries).toHaveLength(1);
  });
});
