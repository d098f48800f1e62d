import { expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { openStore } from '../../src/store/store.js';
import { describeDatabases } from '../support/databases.js';

const PROGRAM = join(__dirname, 'programs', 'contend.ts');

interface Got {
  lease: boolean;
  added: boolean;
  claimed: string;
  probe: string;
  keys: number;
}

/** Starts the program in processes of their own, lets them go together, and gives what each got. */
async function contend(url: string, names: readonly string[]): Promise<Got[]> {
  const children = names.map((name) => {
    const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, url, name], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (chunk) => (errors += chunk));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const line = async (): Promise<string> => {
      const next = await lines.next();
      if (next.done) throw new Error(`${name} ended early: ${errors}`);
      return next.value;
    };
    return { child, line };
  });
  for (const { line } of children) expect(await line()).toBe('ready');
  for (const { child } of children) child.stdin.end('go\n');
  return Promise.all(children.map(async ({ line }) => JSON.parse(await line()) as Got));
}

describeDatabases('three processes that want the same', (database) => {
  it('end with each row once, exact counters, and one winner each', async () => {
    const url = await database.freshUrl();
    // Not even the tables are there: all three make them.
    const got = await contend(url, ['a', 'b', 'c']);
    const store = await database.open(url);
    const { total } = await store.executions.list({ limit: 1, withTotal: true });
    expect(total).toBe(400);
    await expect(store.stats.getExecutionStats()).resolves.toMatchObject({
      ...{ total: 400, successful: 400, active: 0, retried: 400, totalRetries: 400 },
    });
    await expect(store.executions.get('e7')).resolves.toMatchObject({
      ...{ status: 'COMPLETED', waitMs: 5, durationMs: 45, sequence: 3 },
    });
    const winners = (won: (one: Got) => boolean): number => got.filter(won).length;
    expect(winners(({ lease }) => lease)).toBe(1);
    expect(winners(({ claimed }) => claimed === 'claimed')).toBe(1);
    expect(winners(({ probe }) => probe === 'probe')).toBe(1);
    expect(winners(({ added }) => added)).toBe(1);
    expect(got.reduce((sum, { keys }) => sum + keys, 0)).toBe(50);
  });
});

describeDatabases('openStore', (database) => {
  it('may be called many times at once on a database without tables', async () => {
    const url = await database.freshUrl();
    const stores = await Promise.all(Array.from({ length: 5 }, () => database.open(url)));
    const counts = await Promise.all(stores.map(({ stats }) => stats.getExecutionStats()));
    expect(counts.map(({ total }) => total)).toEqual([0, 0, 0, 0, 0]);
  });

  it('keeps what it holds, and closes twice', async () => {
    const url = await database.freshUrl();
    const first = await openStore({ url });
    await first.leases.acquire('l', 'me', 1_000, 0);
    await first.close();
    await first.close();
    const second = await database.open(url);
    await expect(second.leases.holder('l', 0)).resolves.toEqual({ holder: 'me', until: 1_000 });
  });
});
