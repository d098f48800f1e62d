/**
 * The store: a SQL database with the read model of all executions (projected: Temporal has the truth) and what exists
 * nowhere else (owned: catalogue, cache, circuits, error lists, keys, audit). One object of small parts.
 */
import { apiKeysOf, type ApiKeys } from './api-keys.js';
import { auditOf, type Audit } from './audit.js';
import { batchKeysOf, type BatchKeys } from './batch-keys.js';
import { catalogueOf, type Catalogue } from './catalogue.js';
import { circuitsOf, type Circuits } from './circuits.js';
import { storeError, type Database } from './database.js';
import { deadLettersOf, type DeadLetters } from './dead-letters.js';
import { errorListsOf, type ErrorLists } from './error-lists.js';
import { eventsIn, type Events } from './events.js';
import { executionsOf, type Executions } from './executions.js';
import { leasesOf, type Leases } from './leases.js';
import { logLinesIn, type LogLines } from './log-lines.js';
import { migrate } from './migrate.js';
import { resultCacheOf, type ResultCache } from './result-cache.js';
import { openSqlite } from './sqlite.js';
import { statsOf, type Stats } from './stats.js';
import { storeRoom, type StoreRoom } from './store-room.js';
import { parseStoreUrl } from './store-url.js';

export interface StoreOptions {
  /** `sqlite:<path>`, a bare path, or `postgres://…`. */
  url: string;
  /** Told about what is wrong but not fatal, for example a connection that was lost and made anew. */
  onWarning?: (message: string) => void;
}

/** An open store. Every call may throw TaskError STORE, which is worth another try. Nothing reads the clock. */
export interface Store {
  readonly dialect: 'sqlite' | 'postgres';
  /** Where it is, for messages, without a password. */
  readonly location: string;
  readonly executions: Executions;
  /** What happened to them, in order. */
  readonly events: Events;
  /** What their tasks logged. */
  readonly logs: LogLines;
  readonly deadLetters: DeadLetters;
  readonly stats: Stats;
  readonly catalogue: Catalogue;
  readonly cache: ResultCache;
  readonly circuits: Circuits;
  readonly errorLists: ErrorLists;
  readonly leases: Leases;
  readonly batchKeys: BatchKeys;
  readonly apiKeys: ApiKeys;
  readonly audit: Audit;
  /** How large it is, and how much room it has. */
  room(): Promise<StoreRoom>;
  /** Ends what is under way and closes; a second call does nothing. */
  close(): Promise<void>;
}

/**
 * Opens a store and brings its tables up to date, which is safe when many processes do so at once. On PostgreSQL it
 * needs a database, or a schema, of its own.
 *
 * @throws TaskError CONFIGURATION for a url that is none, UNREACHABLE when the database does not answer
 */
export async function openStore({ url, onWarning = () => {} }: StoreOptions): Promise<Store> {
  const parsed = parseStoreUrl(url);
  const database =
    parsed.dialect === 'sqlite'
      ? openSqlite(parsed.path)
      : await (await import('./postgres.js')).openPostgres(parsed.url, onWarning);
  try {
    await migrate(database);
  } catch (error) {
    await database.sql.destroy();
    throw error;
  }
  return storeOf(database);
}

function storeOf(database: Database): Store {
  const part = <T extends object>(name: string, of: T): T => naming(of, name, database.location);
  let closing: Promise<void> | undefined;
  return {
    dialect: database.dialect,
    location: database.location,
    executions: part('executions', executionsOf(database)),
    events: part('events', eventsIn(database)),
    logs: part('logs', logLinesIn(database)),
    deadLetters: part('deadLetters', deadLettersOf(database)),
    stats: part('stats', statsOf(database)),
    catalogue: part('catalogue', catalogueOf(database)),
    cache: part('cache', resultCacheOf(database)),
    circuits: part('circuits', circuitsOf(database)),
    errorLists: part('errorLists', errorListsOf(database)),
    leases: part('leases', leasesOf(database)),
    batchKeys: part('batchKeys', batchKeysOf(database)),
    apiKeys: part('apiKeys', apiKeysOf(database)),
    audit: part('audit', auditOf(database)),
    room: async () => {
      try {
        return await storeRoom(database);
      } catch (error) {
        throw storeError(error, 'room', database.location);
      }
    },
    close: () => (closing ??= database.sql.destroy()),
  };
}

/** The same part, whose calls throw errors of ours that name them. */
function naming<T extends object>(part: T, name: string, location: string): T {
  const named: Record<string, unknown> = {};
  for (const [method, call] of Object.entries(part) as [string, Call][]) {
    named[method] = async (...values: unknown[]) => {
      try {
        return await call(...values);
      } catch (error) {
        throw storeError(error, `${name}.${method}`, location);
      }
    };
  }
  return named as T;
}

type Call = (...values: unknown[]) => Promise<unknown>;
