/** How large the store is, and how much room its disk has left. */
import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { sql } from 'kysely';
import type { Database } from './database.js';

export interface StoreRoom {
  /** Of SQLite its files, what is not yet in the main one included; of PostgreSQL the whole database. */
  bytes: number;
  /** Free for this user on the disk of the SQLite file; null of a server, whose disk is not seen from here. */
  freeBytes: number | null;
}

/** @throws Error where the database, or its disk, cannot be asked */
export async function storeRoom({
  dialect,
  location,
  sql: database,
}: Database): Promise<StoreRoom> {
  if (dialect === 'postgres') {
    const size = sql<{ bytes: string }>`select pg_database_size(current_database()) as bytes`;
    const { rows } = await size.execute(database);
    return { bytes: Number(rows[0]?.bytes), freeBytes: null };
  }
  const file = location.replace(/^sqlite:/, '');
  const sizes = await Promise.all([stat(file), sizeOf(`${file}-wal`)]);
  const { bavail, bsize } = await statfs(dirname(file));
  return { bytes: sizes[0].size + sizes[1], freeBytes: bavail * bsize };
}

/** 0 where there is no such file: the last process that closes the store removes it. */
const sizeOf = async (file: string): Promise<number> =>
  await stat(file).then(
    ({ size }) => size,
    () => 0,
  );
