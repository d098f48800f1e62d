/**
 * Recording: writes become rows, labels, words and counters in one transaction per few hundred executions.
 *
 * Locks are always taken in the same order, executions by id, then counters by key, then the events', so that two that record the same
 * rows wait for each other; where that fails the transaction is repeated, which changes nothing.
 */
import { CompiledQuery } from 'kysely';
import { cleanWrite } from './clean-write.js';
import { insertRows, isOneOf, listParameter } from './bulk.js';
import {
  chunksOf,
  isDuplicate,
  isPassing,
  transact,
  type Connection,
  type Database,
  type Dialect,
} from './database.js';
import {
  EXECUTION_COLUMNS,
  readEnds,
  readExecutions,
  valuesOf,
  type Stored,
} from './execution-columns.js';
import { isAt, ordOf } from './execution-order.js';
import type { ExecutionWrite } from './execution-row.js';
import { ExecutionRuns, inShort, isOtherRun } from './execution-runs.js';
import { writeSearch, type Searchable } from './execution-search.js';
import { isEnd, showsEnd, type Merged } from './merge-execution.js';
import { appendEvents } from './outbox.js';
import { CounterChanges } from './stats-counters.js';

/** Executions to a transaction. On SQLite it takes the event loop for as long as it lasts, some 20 ms. */
const CHUNK: Readonly<Record<Dialect, number>> = { sqlite: 100, postgres: 250 };

export interface RecordSummary {
  changed: number;
  ignored: number;
}

/** See `Executions.record`. */
export async function recordExecutions(
  database: Database,
  writes: readonly ExecutionWrite[],
  now: number,
): Promise<RecordSummary> {
  const byId = new Map<string, ExecutionWrite[]>();
  for (const write of writes) {
    const clean = cleanWrite(write);
    const known = byId.get(clean.executionId);
    if (known) known.push(clean);
    else byId.set(clean.executionId, [clean]);
  }
  const news = await withoutKnown(database, [...byId]);
  const sorted = news.sort(([a], [b]) => (a < b ? -1 : 1));
  const told = news.reduce((sum, [, of]) => sum + of.length, 0);
  const summary = { changed: 0, ignored: writes.length - told };
  // From the last on: a graph sorts before its nodes, and must not have ended before them.
  for (const chunk of chunksOf(sorted, CHUNK[database.dialect]).reverse()) {
    const done = await transact(
      database,
      (connection) => recordChunk(connection, database.dialect, new Map(chunk), now),
      // Another has just inserted the same execution, or taken its place.
      (error) => isPassing(error) || isDuplicate(error),
    );
    summary.changed += done.changed;
    summary.ignored += done.ignored;
    // SQLite answers at once, so nothing else would have a turn until the last chunk.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return summary;
}

/** Leaves out the ends that are in the store already, as those of most nodes are when their graph ends. */
async function withoutKnown<T extends readonly [string, readonly ExecutionWrite[]]>(
  { sql, dialect }: Database,
  writes: readonly T[],
): Promise<T[]> {
  const asked = writes.filter(([, of]) => of.every(isEnd)).map(([id]) => id);
  const shown = await readEnds(sql, dialect, asked);
  return writes.filter(([id, of]) => {
    const row = shown.get(id);
    return !row || !of.every((write) => showsEnd(row, write));
  });
}

/** An execution with its place in the table, if it has one. */
interface Recorded {
  runs: ExecutionRuns;
  stored: Stored | undefined;
}

async function recordChunk(
  connection: Connection,
  dialect: Dialect,
  writes: ReadonlyMap<string, readonly ExecutionWrite[]>,
  now: number,
): Promise<RecordSummary> {
  const recorded = await load(connection, dialect, writes);
  const summary = { changed: 0, ignored: 0 };
  for (const [id, { runs }] of recorded)
    for (const write of writes.get(id) ?? [])
      if (runs.apply(write, now)) summary.changed++;
      else summary.ignored++;
  await writeRows(connection, dialect, recorded);
  await writePastRuns(connection, dialect, recorded);
  const counters = new CounterChanges();
  for (const { runs } of recorded.values())
    for (const { before, after } of runs.states) counters.replace(before?.row, after.row);
  await counters.write(connection, dialect);
  const changes = [...recorded.values()].flatMap(({ runs }) => runs.states);
  await appendEvents(connection, dialect, changes, now);
  return summary;
}

async function load(
  connection: Connection,
  dialect: Dialect,
  writes: ReadonlyMap<string, readonly ExecutionWrite[]>,
): Promise<Map<string, Recorded>> {
  const ids = [...writes.keys()];
  const rows = await readExecutions(connection, dialect, 'execution_id', ids, true);
  const stored = new Map(rows.map((row) => [row.row.executionId, row]));
  const withPast = ids.filter((id) => {
    const row = stored.get(id)?.row;
    return row && writes.get(id)?.some((write) => isOtherRun(write, row));
  });
  const past = await readPastRuns(connection, dialect, withPast);
  return new Map(
    ids.map((id) => {
      const known = stored.get(id);
      const current = known && { before: known, after: known };
      return [id, { runs: new ExecutionRuns(current, past.get(id)), stored: known }];
    }),
  );
}

interface Placed extends Searchable {
  merged: Merged;
}

async function writeRows(
  connection: Connection,
  dialect: Dialect,
  recorded: ReadonlyMap<string, Recorded>,
): Promise<void> {
  const places = new Places();
  const placed: Placed[] = [];
  for (const { runs, stored } of recorded.values()) {
    const merged = runs.current?.after;
    if (!merged || (stored && merged === stored)) continue;
    const { executionId, createdAt } = merged.row;
    const ord =
      stored && isAt(stored.ord, createdAt)
        ? stored.ord
        : places.take(ordOf(createdAt, executionId));
    placed.push({ merged, row: merged.row, ord, before: stored });
  }
  await places.avoidTaken(connection, dialect, placed);
  const put = (
    rows: readonly Placed[],
    columns: readonly string[],
    then?: (columns: readonly string[]) => string,
  ) =>
    insertRows(connection, dialect, {
      table: 'executions',
      columns,
      rows: rows.map(({ merged, ord }) => valuesOf(merged, ord).slice(0, columns.length)),
      ...(then ? { then: then(columns) } : {}),
    });
  const known = placed.filter(({ before }) => before);
  // A new row that another has inserted meanwhile must fail here: the repetition merges into it.
  await put(
    placed.filter(({ before }) => !before),
    EXECUTION_COLUMNS,
  );
  await put(known.filter(hasSameValues), NARROW_COLUMNS, REPLACE[dialect]);
  await put(
    known.filter((one) => !hasSameValues(one)),
    EXECUTION_COLUMNS,
    REPLACE[dialect],
  );
  await writeSearch(connection, dialect, placed);
}

/** All but the last two, input and output, which may be long and seldom change. */
const NARROW_COLUMNS = EXECUTION_COLUMNS.slice(0, -2);

const hasSameValues = ({ row, before }: Placed): boolean =>
  row.input === before?.row.input && row.output === before.row.output;

const setAll = (columns: readonly string[]): string =>
  `do update set ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}`;
/** SQLite minds every key of the row, also the one that it keeps; PostgreSQL wants to be told which. */
const REPLACE: Readonly<Record<Dialect, (columns: readonly string[]) => string>> = {
  sqlite: (columns) => `on conflict ${setAll(columns)}`,
  postgres: (columns) => `on conflict (execution_id) ${setAll(columns)}`,
};

/** Places that are free: no two executions of a chunk, and none in the table, have the same. */
class Places {
  private readonly taken = new Set<bigint>();

  take(wanted: bigint): bigint {
    let ord = wanted;
    while (this.taken.has(ord)) ord++;
    this.taken.add(ord);
    return ord;
  }

  /** Moves those whose place an earlier row has. */
  async avoidTaken(connection: Connection, dialect: Dialect, placed: Placed[]): Promise<void> {
    let asked = placed.filter(({ ord, before }) => ord !== before?.ord);
    while (asked.length > 0) {
      const query = CompiledQuery.raw(
        `select cast(ord as text) as ord from executions where ${isOneOf(dialect, 'ord')}`,
        [
          listParameter(
            dialect,
            asked.map(({ ord }) => String(ord)),
          ),
        ],
      );
      const { rows } = await connection.executeQuery<{ ord: string }>(query);
      const used = new Set(rows.map((row) => row.ord));
      asked = asked.filter(({ ord }) => used.has(String(ord)));
      for (const one of asked) one.ord = this.take(one.ord + 1n);
    }
  }
}

async function readPastRuns(
  connection: Connection,
  dialect: Dialect,
  ids: readonly string[],
): Promise<Map<string, Merged[]>> {
  const past = new Map<string, Merged[]>();
  if (ids.length === 0) return past;
  const query = CompiledQuery.raw(
    `select execution_id, state from execution_past_runs where ${isOneOf(dialect, 'execution_id')}`,
    [listParameter(dialect, ids)],
  );
  const { rows } = await connection.executeQuery<{ execution_id: string; state: string }>(query);
  for (const { execution_id: id, state } of rows)
    past.set(id, [...(past.get(id) ?? []), JSON.parse(state) as Merged]);
  return past;
}

async function writePastRuns(
  connection: Connection,
  dialect: Dialect,
  recorded: ReadonlyMap<string, Recorded>,
): Promise<void> {
  const rows: unknown[][] = [];
  for (const [id, { runs }] of recorded)
    for (const merged of runs.changedPast)
      rows.push([id, merged.row.runId ?? '', JSON.stringify(inShort(merged))]);
  if (rows.length === 0) return;
  await insertRows(connection, dialect, {
    table: 'execution_past_runs',
    columns: ['execution_id', 'run_id', 'state'],
    rows,
    then: 'on conflict (execution_id, run_id) do update set state = excluded.state',
  });
}
