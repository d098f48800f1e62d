/** Lists of executions. */
import { sql, type RawBuilder, type SqlBool } from 'kysely';
import { TaskError } from '../domain/errors.js';
import type { Database, Dialect } from './database.js';
import { readExecutions } from './execution-columns.js';
import { boundsOf, filterOf, type Filter } from './execution-filter.js';
import { cursorOf, ordOfCursor } from './execution-order.js';
import { walksOf, type Search, type Way } from './execution-walks.js';
import type { ExecutionPage, ExecutionQuery } from './executions.js';
import { limitOf, wholeNumber } from './paging.js';
import { textMatches, textQuery } from './text-query.js';

type Direction = 'newest' | 'oldest';

/** See `Executions.list`. */
export async function listExecutions(
  database: Database,
  query: ExecutionQuery,
  direction: Direction = 'newest',
): Promise<ExecutionPage> {
  const limit = limitOf(query.limit);
  const offset = wholeNumber('offset', query.offset ?? 0, 0, Number.MAX_SAFE_INTEGER);
  const { cursor } = query;
  if (cursor !== undefined && offset > 0)
    throw new TaskError(
      'CONFIGURATION',
      `offset: got ${offset} and a cursor, expected one of them`,
    );
  const after = cursor === undefined ? undefined : { ord: ordOfCursor(cursor), direction };
  const search = await searchOf(database, query);
  if (!search) return { executions: [], ...(query.withTotal ? { total: 0 } : {}) };
  const way = await wayOf(database, search);
  const walks = walksOf(database.dialect, search, way, after);
  const window = { limit: limit + 1, offset, direction };
  const { rows: places } = await pageQuery(database.dialect, walks, window).execute(database.sql);
  const page = places.slice(0, limit).map(({ ord }) => ord);
  const rows = await readExecutions(database.sql, database.dialect, 'ord', page);
  const byOrd = new Map(rows.map((stored) => [String(stored.ord), stored.row]));
  const last = page.at(-1);
  return {
    // A row may have moved since.
    executions: page.flatMap((ord) => byOrd.get(ord) ?? []),
    ...(places.length > limit && last !== undefined ? { nextCursor: cursorOf(BigInt(last)) } : {}),
    ...(query.withTotal ? { total: await count(database, search, way) } : {}),
  };
}

/** Undefined when nothing can be found. */
export async function searchOf(
  database: Database,
  query: ExecutionQuery,
): Promise<Search | undefined> {
  const filter = filterOf(query);
  if (filter.nothing) return undefined;
  if (filter.words.length === 0) return { filter, text: undefined };
  const text = await textQuery(database, filter.words);
  return text === undefined ? undefined : { filter, text };
}

/**
 * The places of a page; exported for the plans in `bench/store.ts`. SQLite merges walks that are sorted by their index,
 * as far as the page goes; PostgreSQL sorts what they give, unless each is cut to a page before.
 */
export function pageQuery(
  dialect: Dialect,
  walks: readonly RawBuilder<unknown>[],
  { limit, offset, direction }: { limit: number; offset: number; direction: Direction },
): RawBuilder<{ ord: string }> {
  const order = sql`order by place ${sql.raw(direction === 'newest' ? 'desc' : 'asc')}`;
  const arms =
    dialect === 'sqlite' || walks.length === 1
      ? walks
      : walks.map((walk) => sql`(${walk} ${order} limit ${limit + offset})`);
  return sql`select cast(place as text) as ord from (${sql.join(arms, sql` union all `)}
    ${order} limit ${limit} offset ${offset}) as page`;
}

/** From here on two ways are as good as each other: both find a page soon. */
const MANY = 5_000;

/**
 * The way with the fewest rows, for which a few of each are counted: SQLite has no statistics, and PostgreSQL takes a
 * rare word for a frequent one. Of two with many it is the one that comes first here, whose rows are the quickest to
 * check for the rest.
 */
export async function wayOf(database: Database, search: Search): Promise<Way> {
  const { filter, text } = search;
  const narrow = filter.statuses !== undefined || Object.keys(filter.columns).length > 0;
  const ways: Way[] = [
    ...(narrow ? [{ along: 'columns' } as const] : []),
    ...filter.labels.map((label) => ({ along: 'label', label }) as const),
  ];
  let best: { way: Way; rows: number } | undefined;
  const consider = (way: Way, rows: number): void => {
    if (!best || rows < best.rows) best = { way, rows };
  };
  if (ways.length > 1 || text !== undefined)
    for (const way of ways) consider(way, await countSome(database, filter, way));
  if (text !== undefined) {
    const { way, rows } = await textWay(database, filter, text);
    consider(way, rows);
  }
  return best?.way ?? ways[0] ?? { along: 'columns' };
}

/** How many rows a way has before anything else is looked at, at most {@link MANY}. */
async function countSome(database: Database, filter: Filter, way: Way): Promise<number> {
  const bare = { filter: { ...filter, labels: [], words: [] }, text: undefined };
  const walks =
    way.along === 'label'
      ? [sql`select 1 from execution_labels where label = ${way.label}`]
      : walksOf(database.dialect, bare, way);
  let sum = 0;
  for (const walk of walks) {
    sum += await countRows(database, sql`${walk} limit ${MANY - sum}`);
    if (sum >= MANY) break;
  }
  return sum;
}

/** Of the newest rows, how many are looked at, and how many with the text show that it is frequent. */
const SAMPLE = { of: 2_000, frequent: 20 } as const;

async function textWay(
  database: Database,
  filter: Filter,
  text: string,
): Promise<{ way: Way; rows: number }> {
  const matches = textMatches(database.dialect, text);
  if (database.dialect === 'sqlite') {
    const some = sql`select 1 from execution_text where ${matches} limit ${MANY}`;
    return { way: { along: 'text' }, rows: await countRows(database, some) };
  }
  // The index would collect all rows of a frequent word first.
  const bounds = sql.join([sql`true`, ...boundsOf(filter, 'ord')], sql` and `);
  const newest = sql`select 1 from (select words from execution_text where ${bounds}
    order by ord desc limit ${SAMPLE.of}) as execution_text where ${matches}`;
  if ((await countRows(database, newest)) >= SAMPLE.frequent)
    return { way: { along: 'text' }, rows: MANY };
  const ords = await placesOfText(database, matches);
  return { way: { along: 'text', ...(ords.length < MANY ? { ords } : {}) }, rows: ords.length };
}

/** The places of at most {@link MANY} rows with a text, on PostgreSQL. */
async function placesOfText(database: Database, matches: RawBuilder<SqlBool>): Promise<string[]> {
  return database.sql.transaction().execute(async (connection) => {
    // It would read the table from its beginning until it has enough, which a rare word never is.
    await sql`set local enable_seqscan = off`.execute(connection);
    const some = sql<{ ord: string }>`select cast(ord as text) as ord from execution_text
      where ${matches} limit ${MANY}`;
    return (await some.execute(connection)).rows.map(({ ord }) => ord);
  });
}

async function countRows(database: Database, select: RawBuilder<unknown>): Promise<number> {
  const counted = sql<{ n: number }>`select count(*) as n from (${select}) as counted`;
  return (await counted.execute(database.sql)).rows[0]?.n ?? 0;
}

async function count(database: Database, search: Search, way: Way): Promise<number> {
  return countRows(database, sql.join(walksOf(database.dialect, search, way), sql` union all `));
}
