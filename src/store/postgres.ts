/** PostgreSQL through pg under Kysely. */
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { TaskError } from '../domain/errors.js';
import { codeOf, type Database } from './database.js';
import type { Tables } from './tables.js';

const CONNECT_TIMEOUT_MS = 10_000;
const INT8 = 20;

/** What the server says when the url is wrong, and not when it is down: no such role, password, or database. */
const REFUSED = new Set(['28000', '28P01', '3D000', '42501']);

/**
 * Connects to a server.
 *
 * @throws TaskError CONFIGURATION when the server refuses the url, UNREACHABLE when there is none
 */
export async function openPostgres(
  url: string,
  onWarning: (message: string) => void,
): Promise<Database> {
  const location = withoutPassword(url);
  const pool = new pg.Pool({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'tempograph',
    // Times and counts fit a number; `ord`, which does not, is read as text.
    types: {
      getTypeParser: (oid: number, format?: 'text') =>
        oid === INT8 ? Number : (pg.types.getTypeParser(oid, format) as (text: string) => unknown),
    } as pg.CustomTypesConfig,
  });
  // An idle connection that the server closes is replaced at the next query; unheard, it would end the process.
  pool.on('error', (error) => onWarning(`lost a connection to ${location}: ${error.message}`));
  // The pool listens to idle ones only. One in use that is cut off between two queries, in a transaction, would end the
  // process as well; its next query fails, and says why.
  pool.on('connect', (client) => client.on('error', () => undefined));
  try {
    (await pool.connect()).release();
  } catch (error) {
    await pool.end();
    throw connectError(error, location);
  }
  return {
    dialect: 'postgres',
    location,
    sql: new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }),
  };
}

function connectError(error: unknown, location: string): TaskError {
  const code = codeOf(error) ?? '';
  const why = (error as Error).message || code;
  return REFUSED.has(code)
    ? new TaskError(
        'CONFIGURATION',
        `the store ${location} refuses: ${why}; check user, password and database in its url`,
        { cause: error },
      )
    : new TaskError(
        'UNREACHABLE',
        `the store ${location} does not answer: ${why}; check that the server runs and that host and port are right`,
        { cause: error },
      );
}

function withoutPassword(url: string): string {
  const parsed = new URL(url);
  const user = parsed.username ? `${parsed.username}@` : '';
  return `postgres://${user}${parsed.host}${parsed.pathname}`;
}
