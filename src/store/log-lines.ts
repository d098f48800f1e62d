/**
 * Lines of the logs of tasks: written in batches by workers, read by position, forgotten after a while. Nothing can
 * build them again.
 *
 * Positions are taken from a counter whose row stays locked until the transaction ends, as those of events are: whoever
 * has read up to a position has missed nothing before it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'kysely';
import { plainExecutionId, rootExecutionId } from '../domain/execution-id.js';
import type { JsonObject } from '../domain/json.js';
import {
  LINE_LEVELS,
  LINE_SOURCES,
  type LineLevel,
  type LineSource,
  type LogLine,
} from '../domain/log-line.js';
import { insertRows } from './bulk.js';
import { cleanText } from './clean-write.js';
import { transact, type Database } from './database.js';
import { limitOf, someOf } from './paging.js';
import type { LogLineTable } from './tables.js';

const COUNTER = 'logs';
/** TypeScript refuses a level without a number. Those from 40 up have an index of their own. */
const LEVEL: Record<LineLevel, number> = { debug: 20, info: 30, warn: 40, error: 50 };
const INDEXED_LEVEL = 40;
const PRUNED_AT_ONCE = 1_000;
/** Lines that one {@link LogLines.prune} forgets at most. */
export const PRUNED_AT_MOST = 50_000;

/** A line as its worker has it. */
export interface NewLogLine extends Omit<LogLine, 'position' | 'nodeId' | 'at' | 'fields'> {
  /** Tells apart those that number the lines of one attempt; unique. */
  writer: string;
  /** Of the run that it is part of. */
  runStartedAt: number;
  /** Epoch milliseconds. */
  at: number;
  /** JSON of an object. */
  fields: string | null;
}

export interface LogFilter {
  /** An execution with all that is below it, or one node. */
  executionId: string;
  /** Only of runs that started at or after: an id may have run before. */
  runsSince?: number;
  attempt?: number;
  /** This level and worse. */
  level?: LineLevel;
  /** Default: all. */
  sources?: readonly LineSource[];
  /** Said at or after, epoch milliseconds. */
  since?: number;
}

export interface LogRange {
  /** Those after this position. Default 0. */
  after?: number;
  /** The newest, up to this position: then `more` is whether there are older ones. */
  before?: number;
  /** From 1 to 1,000; 100 by default. */
  limit?: number;
}

/** A page of log lines. */
export interface LogPage {
  /** Oldest first. */
  lines: LogLine[];
  /** Where to go on: as `after`, what comes next. */
  next: number;
  more: boolean;
}

export interface LogLines {
  /** Keeps lines in their order; one that is there already is left as it is. */
  add(lines: readonly NewLogLine[]): Promise<void>;
  /** @throws TaskError CONFIGURATION for a limit, a level or a source that is none */
  read(query: LogFilter & LogRange): Promise<LogPage>;
  /** The position of the latest line; 0 where there was none. */
  head(): Promise<number>;
  /** Forgets lines that were said before a time, at most {@link PRUNED_AT_MOST}. @returns how many */
  prune(before: number): Promise<number>;
}

export function logLinesIn(database: Database): LogLines {
  const head = async (): Promise<number> =>
    (
      await database.sql
        .selectFrom('counters')
        .select('value')
        .where('name', '=', COUNTER)
        .executeTakeFirst()
    )?.value ?? 0;
  return {
    head,
    add: (lines) => add(database, lines),
    read: async (query) => await read(database, query, await head()),
    prune: (before) => prune(database, before),
  };
}

async function add(database: Database, lines: readonly NewLogLine[]): Promise<void> {
  if (lines.length === 0) return;
  await transact(database, async (connection) => {
    const { value: last } = await connection
      .insertInto('counters')
      .values({ name: COUNTER, value: lines.length })
      .onConflict((conflict) =>
        conflict.column('name').doUpdateSet({ value: sql`counters.value + ${lines.length}` }),
      )
      .returning('value')
      .executeTakeFirstOrThrow();
    const first = last - lines.length + 1;
    await insertRows(connection, database.dialect, {
      table: 'log_lines',
      columns: COLUMNS,
      rows: lines.map((line, index) => [first + index, ...valuesOf(line)]),
      then: 'on conflict (writer, sequence) do nothing',
    });
  });
}

const COLUMNS = [
  ...['position', 'writer', 'sequence', 'family', 'execution_id', 'run_started_at'],
  ...['attempt', 'at', 'level', 'source', 'text', 'fields'],
];

function valuesOf(line: NewLogLine): unknown[] {
  const { writer, sequence, runStartedAt, attempt, at, level, source, text, fields } = line;
  const executionId = cleanText(line.executionId);
  return [
    ...[writer, sequence, rootExecutionId(executionId), executionId, runStartedAt],
    ...[attempt, at, LEVEL[level], source, cleanText(text), fields],
  ];
}

async function read(
  database: Database,
  { after = 0, before, limit, ...filter }: LogFilter & LogRange,
  upTo: number,
): Promise<LogPage> {
  const most = limitOf(limit);
  const below = await isAbove(database, plainExecutionId(filter.executionId));
  const matching = select(database, filter, below)
    .where('position', '>', after)
    .where('position', '<=', before === undefined ? upTo : Math.min(before - 1, upTo))
    .orderBy('position', before === undefined ? 'asc' : 'desc')
    .limit(most);
  const lines = (await matching.execute()).map(lineOf);
  const more = lines.length === most;
  if (before !== undefined) return { lines: lines.reverse(), more, next: upTo };
  return { lines, more, next: more ? (lines.at(-1)?.position ?? after) : Math.max(after, upTo) };
}

/** Whether anything below this execution has lines. */
async function isAbove({ sql: db }: Database, executionId: string): Promise<boolean> {
  const found = await db
    .selectFrom('log_lines')
    .select('position')
    .where('execution_id', '>', `${executionId}/`)
    .where('execution_id', '<', afterAllBelow(executionId))
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}

/** The first id that is after all those below an execution: `0` follows `/`. */
const afterAllBelow = (executionId: string): string => `${executionId}0`;

/**
 * @param below with all that is below it: along the family's index. A node alone has an index of its own, so that its
 *   lines are not looked for among those of a large graph.
 */
function select({ sql: db }: Database, filter: LogFilter, below: boolean) {
  const { runsSince, attempt, level, sources, since } = filter;
  const id = plainExecutionId(filter.executionId);
  const root = rootExecutionId(id);
  let found = db.selectFrom('log_lines').selectAll();
  if (!below) found = found.where('execution_id', '=', id);
  else if (id === root) found = found.where('family', '=', id);
  else
    found = found
      .where('family', '=', root)
      .where('execution_id', '>=', id)
      .where('execution_id', '<', afterAllBelow(id))
      .where((either) =>
        either.or([either('execution_id', '=', id), either('execution_id', '>', `${id}/`)]),
      );
  if (runsSince !== undefined) found = found.where('run_started_at', '>=', runsSince);
  if (attempt !== undefined) found = found.where('attempt', '=', attempt);
  if (since !== undefined) found = found.where('at', '>=', since);
  if (sources && sources.length > 0)
    found = found.where('source', 'in', someOf('source', sources, LINE_SOURCES));
  const [least] = level === undefined ? [] : someOf('level', level, LINE_LEVELS);
  if (least === undefined) return found;
  // As a constant: with a parameter neither database could tell that the index of the bad ones has them all.
  if (LEVEL[least] >= INDEXED_LEVEL)
    found = found.where(sql<boolean>`level >= ${sql.lit(INDEXED_LEVEL)}`);
  return found.where('level', '>=', LEVEL[least]);
}

function lineOf(row: LogLineTable): LogLine {
  const { position, family, execution_id: executionId, attempt, sequence, at, source, text } = row;
  const level = LINE_LEVELS.find((one) => LEVEL[one] === row.level) ?? 'info';
  return {
    ...{ position, executionId, attempt, sequence },
    nodeId: executionId.startsWith(`${family}/`) ? executionId.slice(family.length + 1) : null,
    at: new Date(at).toISOString(),
    ...{ level, source: source as LineSource, text },
    ...(row.fields === null ? {} : { fields: JSON.parse(row.fields) as JsonObject }),
  };
}

async function prune(database: Database, before: number): Promise<number> {
  let pruned = 0;
  while (pruned < PRUNED_AT_MOST) {
    const deleted = await transact(database, async (connection) => {
      const oldest = connection
        .selectFrom('log_lines')
        .select('position')
        .where('at', '<', before)
        .orderBy('at')
        .limit(PRUNED_AT_ONCE);
      const { numDeletedRows } = await connection
        .deleteFrom('log_lines')
        .where('position', 'in', oldest)
        .executeTakeFirst();
      return Number(numDeletedRows);
    });
    pruned += deleted;
    if (deleted < PRUNED_AT_ONCE) break;
    await nextTurn(); // SQLite works in this very process
  }
  return pruned;
}
