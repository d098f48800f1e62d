/** An open database, and transactions on it. */
import type { Kysely, Transaction } from 'kysely';
import { TaskError } from '../domain/errors.js';
import type { Tables } from './tables.js';

export type Dialect = 'sqlite' | 'postgres';

export interface Database {
  readonly dialect: Dialect;
  /** For messages, without a password. */
  readonly location: string;
  readonly sql: Kysely<Tables>;
}

/** What a query runs on: the database, or a transaction of it. */
export type Connection = Kysely<Tables>;

/** PostgreSQL: deadlock, serialization failure, lock not available. SQLite: another process writes. */
const PASSING = /^(40P01|40001|55P03|SQLITE_BUSY.*|SQLITE_LOCKED.*)$/;
const TRIES = 100;

/** The database's own code for an error, if it has one. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** True for an error that ends a transaction only because of what others do at the same time. */
export function isPassing(error: unknown): boolean {
  return PASSING.test(codeOf(error) ?? '');
}

/** True when a row with this key exists already. */
export function isDuplicate(error: unknown): boolean {
  const code = codeOf(error);
  return (
    code === '23505' ||
    code === 'SQLITE_CONSTRAINT_UNIQUE' ||
    code === 'SQLITE_CONSTRAINT_PRIMARYKEY'
  );
}

/**
 * Runs `work` in a transaction, again when it was in another's way: `work` must bear being repeated. On SQLite the
 * transaction holds the write lock from its start.
 *
 * @param again which errors are worth a repetition
 */
export async function transact<T>(
  database: Database,
  work: (connection: Transaction<Tables>) => Promise<T>,
  again: (error: unknown) => boolean = isPassing,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await database.sql.transaction().execute(work);
    } catch (error) {
      if (!again(error) || attempt >= TRIES) throw error;
      await pause(Math.random() * Math.min(attempt, 20));
    }
  }
}

/** Not a fixed wait: two that collided would collide again. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The error of ours for one of the database's. */
export function storeError(error: unknown, what: string, location: string): TaskError {
  if (error instanceof TaskError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new TaskError('STORE', `${what} failed on ${location}: ${message}`, { cause: error });
}

/** The rows of at most `size` each. */
export function chunksOf<T>(items: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let i = 0; i < items.length; i += size) chunks.push(items.slice(i, i + size));
  return chunks;
}
