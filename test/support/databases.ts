/** The databases that the store's suite runs over, each with fresh stores for its tests. */
import { afterAll, describe } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { openStore, type Store } from '../../src/store/store.js';

export interface TestDatabase {
  /** The url of a database without tables, its own for each call. */
  freshUrl(): Promise<string>;
  /** A store in a database of its own, closed after the tests. */
  fresh(): Promise<Store>;
  /** Another connection to a database, closed after the tests. */
  open(url: string): Promise<Store>;
}

const url = process.env.TEMPOGRAPH_TEST_POSTGRES;
const missing =
  process.env.TEMPOGRAPH_TEST_POSTGRES_MISSING ?? 'test/store/global-setup.mjs did not run';

/** Runs a suite over SQLite and over PostgreSQL; where there is no PostgreSQL, its half is skipped and says why. */
export function describeDatabases(name: string, suite: (database: TestDatabase) => void): void {
  describe(`${name} on SQLite`, () => suite(sqlite()));
  if (url) describe(`${name} on PostgreSQL`, () => suite(postgres(url)));
  else describe.skip(`${name} on PostgreSQL (skipped: ${missing})`, () => suite(sqlite()));
}

function sqlite(): TestDatabase {
  // Made when it is needed: the clean-up of a skipped suite does not run.
  let folder: string | undefined;
  const database = stores(async () => {
    folder ??= mkdtempSync(join(tmpdir(), 'tempograph-store-'));
    return `sqlite:${join(folder, `${randomUUID()}.db`)}`;
  });
  afterAll(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });
  return database;
}

function postgres(server: string): TestDatabase {
  const schemas: string[] = [];
  const admin = async (statements: string[]): Promise<void> => {
    const client = new pg.Client({ connectionString: server });
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  };
  const database = stores(async () => {
    const schema = `test_${randomUUID().replaceAll('-', '')}`;
    await admin([`create schema ${schema}`]);
    schemas.push(schema);
    const fresh = new URL(server);
    fresh.searchParams.set('options', `-c search_path=${schema}`);
    return fresh.href;
  });
  // Registered after that of the stores: jest runs them in order, and a schema in use cannot be dropped.
  afterAll(() => admin(schemas.map((schema) => `drop schema ${schema} cascade`)));
  return database;
}

function stores(freshUrl: () => Promise<string>): TestDatabase {
  const opened: Store[] = [];
  afterAll(async () => {
    for (const store of opened) await store.close();
  });
  const open = async (at: string): Promise<Store> => {
    const store = await openStore({ url: at });
    opened.push(store);
    return store;
  };
  return { freshUrl, open, fresh: async () => open(await freshUrl()) };
}
