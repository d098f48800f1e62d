/**
 * SQLite through libsql under Kysely. Several processes may open one file: WAL lets readers go on while one writes, and
 * a writer waits for another.
 */
import { dirname, resolve } from 'node:path';
import { Kysely, SqliteAdapter, SqliteDialect, type SqliteDatabase } from 'kysely';
import Libsql from 'libsql';
import { TaskError } from '../domain/errors.js';
import { makeFolderSync } from '../make-folder.js';
import { isPassing, type Database } from './database.js';
import type { Tables } from './tables.js';

/** Short, since it blocks the event loop; `transact` waits longer without. */
const BUSY_TIMEOUT_MS = 250;
const CACHED_STATEMENTS = 200;
const TRIES = 100;
const RETRY_MS = 10;

/** Opens a file, which is created with its folder when it does not exist. @throws TaskError CONFIGURATION */
export function openSqlite(path: string): Database {
  const memory = path === ':memory:';
  const file = memory ? path : resolve(path);
  try {
    if (!memory) makeFolderSync(dirname(file));
    const connection = new Libsql(file);
    for (const pragma of pragmas(memory)) set(connection, pragma);
    const sql = new Kysely<Tables>({ dialect: new Dialect({ database: adapt(connection) }) });
    return { dialect: 'sqlite', location: `sqlite:${file}`, sql };
  } catch (error) {
    throw new TaskError(
      isPassing(error) ? 'UNREACHABLE' : 'CONFIGURATION',
      `cannot open the store sqlite:${file}: ${(error as Error).message}; expected a SQLite file, or a place for one`,
      { cause: error },
    );
  }
}

function pragmas(memory: boolean): string[] {
  return [
    `busy_timeout = ${BUSY_TIMEOUT_MS}`,
    ...(memory ? [] : ['journal_mode = WAL']),
    // With WAL a power failure may lose the last transactions, never the file: the read model is repaired anyway.
    'synchronous = NORMAL',
    'foreign_keys = ON',
    // 16 MiB: a process that only writes gains nothing by more, and each worker has one (decision 0038).
    'cache_size = -16384',
    // 16 MB: at the default of 4 a busy worker writes its file at every eighth commit, and waits for the disk.
    'wal_autocheckpoint = 4000',
  ];
}

/** Going over to WAL fails at once, without waiting, while another process does the same. */
function set(connection: InstanceType<typeof Libsql>, pragma: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      connection.exec(`PRAGMA ${pragma}`);
      return;
    } catch (error) {
      if (!isPassing(error) || attempt >= TRIES) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}

class Dialect extends SqliteDialect {
  /** Kysely's says no, and would run a migration that fails half-way into the file. */
  override createAdapter(): SqliteAdapter {
    return new (class extends SqliteAdapter {
      override get supportsTransactionalDdl(): boolean {
        return true;
      }
    })();
  }
}

type Statement = ReturnType<SqliteDatabase['prepare']>;

/** Keeps prepared statements, and takes the write lock at the start of a transaction. */
function adapt(connection: InstanceType<typeof Libsql>): SqliteDatabase {
  const statements = new Map<string, Statement>();
  return {
    close: () => {
      statements.clear();
      connection.close();
    },
    prepare: (text) => {
      // A transaction that reads first and writes later fails at once when another has written in between.
      const sql = text === 'begin' ? 'begin immediate' : text;
      const known = statements.get(sql);
      if (known) return known;
      const statement =
        sql === 'rollback' ? rollback(connection) : guarded(connection.prepare(sql));
      if (statements.size >= CACHED_STATEMENTS) statements.clear();
      statements.set(sql, statement);
      return statement;
    },
  };
}

/**
 * SQLite itself ends a transaction whose write fails for a full disk, or for a disk that fails. To roll back once more
 * is an error there, which would stand in place of the one that says why.
 */
function rollback(connection: InstanceType<typeof Libsql>): Statement {
  const statement = guarded(connection.prepare('rollback'));
  const run: Statement['run'] = (values) =>
    connection.inTransaction ? statement.run(values) : { changes: 0, lastInsertRowid: 0 };
  return { ...statement, run };
}

/** libsql 0.5 ends the whole process when it is given a boolean or undefined. */
function guarded(statement: ReturnType<InstanceType<typeof Libsql>['prepare']>): Statement {
  const bindable = (values: readonly unknown[]): unknown[] =>
    values.map((value) =>
      typeof value === 'boolean' ? Number(value) : value === undefined ? null : value,
    );
  return {
    reader: statement.reader,
    all: (values) => statement.all(bindable(values)),
    run: (values) => {
      const { changes, lastInsertRowid } = statement.run(bindable(values));
      return { changes, lastInsertRowid };
    },
    iterate: (values) => statement.iterate(bindable(values)),
  };
}
