/**
 * How quickly the store answers when it holds a million executions.
 *
 * `npx tsx bench/store.ts [--rows 1000000] [--postgres] [--keep URL]` loads executions as `record` gets them, measures
 * lists and statistics, and writes its part of `bench/store.md`: without `--postgres` that of SQLite.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import type { Database } from '../src/store/database.js';
import { executionsOf, type ExecutionQuery } from '../src/store/executions.js';
import { walksOf } from '../src/store/execution-walks.js';
import { pageQuery, searchOf, wayOf } from '../src/store/list-executions.js';
import { migrate } from '../src/store/migrate.js';
import { openPostgres } from '../src/store/postgres.js';
import { openSqlite } from '../src/store/sqlite.js';
import { statsOf, type StatsQuery } from '../src/store/stats.js';
import { BEGIN, END, executionsFrom } from '../test/store/support/busy-month.js';

const RUNS = 31;
const BATCH = 2_000;
const GOAL_MS = 50;
const RESULTS = fileURLToPath(new URL('store.md', import.meta.url));

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    postgres: { type: 'boolean', default: false },
    /** A database that an earlier run has filled. */
    keep: { type: 'string' },
  },
});
const rows = Number(options.rows);
const DAY = 86_400_000;

const LISTS: Readonly<Record<string, ExecutionQuery>> = {
  'first page': {},
  'status FAILED, project': { status: 'FAILED', project: 'billing' },
  'three statuses': { status: ['FAILED', 'TIMEOUT', 'REJECTED'] },
  'task and status': { taskId: 'send-report', status: 'FAILED' },
  'a frequent tag (30 %)': { tags: ['nightly'] },
  'a rare tag and a status': { tags: ['team-7'], status: 'FAILED' },
  'frequent tag, rare status, project': {
    tags: ['nightly'],
    status: 'TIMEOUT',
    project: 'billing',
  },
  'metadata, rare value': { metadata: { customer: 'c4711' } },
  'metadata, frequent value, and a tag': { metadata: { region: 'eu' }, tags: ['team-7'] },
  'text, a frequent word': { text: 'report' },
  'text, a rare word': { text: 'g4711' },
  'text of an error': { text: 'socket hang', status: 'FAILED' },
  'a day, by text': { text: 'invoice', since: BEGIN + 10 * DAY, until: BEGIN + 11 * DAY },
  'text and a rare tag': { text: 'report', tags: ['team-7'] },
  'nodes of a graph': { parentId: 'g4711' },
  'nodes that failed': { kind: 'node', status: 'FAILED' },
};

const STATS: Readonly<Record<string, StatsQuery>> = {
  'statistics of everything': {},
  'by task': { by: 'task' },
  'by project and day': { by: ['project', 'day'] },
  'by status': { by: 'status' },
  'by hour, a week': { by: 'hour', since: END - 7 * DAY },
  'by hour, all 30 days': { by: 'hour' },
  'nodes of a project by task': { kind: 'node', project: 'billing', by: 'task' },
  'the last 36 hours by project': { by: 'project', since: END - 1.5 * DAY },
};

interface Figure {
  name: string;
  ms: number[];
  found: string;
  plan: string[];
}

async function measure(name: string, run: () => Promise<string>, plan: string[]): Promise<Figure> {
  const ms: number[] = [];
  let found = '';
  for (let i = 0; i < RUNS; i++) {
    const start = performance.now();
    found = await run();
    ms.push(performance.now() - start);
  }
  const first = ms[0] ?? 0;
  ms.sort((a, b) => a - b);
  console.log(
    `${name.padEnd(40)} median ${at(ms, 0.5)} ms, fastest ${at(ms, 0)}, first ${first.toFixed(1)} ms, ${found}`,
  );
  return { name, ms, found, plan };
}

const at = (sorted: readonly number[], fraction: number): string =>
  (sorted[Math.floor((sorted.length - 1) * fraction)] ?? 0).toFixed(1);

async function planOf(database: Database, query: ExecutionQuery): Promise<string[]> {
  const search = await searchOf(database, query);
  if (!search) return ['nothing can be found'];
  const walks = walksOf(database.dialect, search, await wayOf(database, search));
  const page = pageQuery(database.dialect, walks, {
    limit: 101,
    offset: query.offset ?? 0,
    direction: 'newest',
  });
  const explain = database.dialect === 'sqlite' ? sql`explain query plan ` : sql`explain `;
  const answer = await sql<Record<string, string>>`${explain}${page}`.execute(database.sql);
  return answer.rows.map((row) => row.detail ?? row['QUERY PLAN'] ?? '');
}

async function load(database: Database): Promise<number> {
  const executions = executionsOf(database);
  const start = performance.now();
  for (let from = 0; from < rows; from += BATCH) {
    await executions.record(executionsFrom(from, Math.min(rows, from + BATCH), rows), END);
    if (from % 100_000 === 0)
      console.log(`loaded ${from}, ${((performance.now() - start) / 1000).toFixed(0)} s`);
  }
  if (database.dialect === 'postgres') await sql`vacuum analyze`.execute(database.sql);
  return (performance.now() - start) / 1000;
}

async function measureAll(database: Database): Promise<Figure[]> {
  const executions = executionsOf(database);
  const stats = statsOf(database);
  const figures: Figure[] = [];
  const list = async (name: string, query: ExecutionQuery): Promise<void> => {
    const run = async (): Promise<string> => {
      const page = await executions.list(query);
      return `${page.executions.length} rows${page.nextCursor ? ' and more' : ''}`;
    };
    figures.push(await measure(name, run, await planOf(database, query)));
  };
  for (const [name, query] of Object.entries(LISTS)) await list(name, query);
  await list('a cursor in the middle', { cursor: await deepCursor(database) });
  await list('a cursor in the middle, status', {
    cursor: await deepCursor(database),
    status: 'FAILED',
  });
  await list('offset 10,000', { offset: 10_000 });
  for (const [name, query] of Object.entries(STATS)) {
    const run = async (): Promise<string> => {
      const { total, groups } = await stats.getExecutionStats(query);
      return `${total} executions${groups ? `, ${groups.length} groups` : ''}`;
    };
    figures.push(await measure(name, run, []));
  }
  return figures;
}

/** The cursor after what was created in the second half. */
async function deepCursor(database: Database): Promise<string> {
  const page = await executionsOf(database).list({ until: BEGIN + 15 * DAY, limit: 1 });
  if (page.nextCursor === undefined) throw new Error('too few rows for a deep cursor');
  return page.nextCursor;
}

function section(database: Database, figures: Figure[], seconds: number | undefined): string {
  const version = database.dialect === 'sqlite' ? 'SQLite' : 'PostgreSQL';
  const table = figures.map(
    ({ name, ms, found }) =>
      `| ${name} | ${at(ms, 0)} | ${at(ms, 0.5)} | ${at(ms, 0.95)} | ${Number(at(ms, 0.5)) <= GOAL_MS ? 'yes' : '**no**'} | ${found} |`,
  );
  const plans = figures
    .filter(({ plan }) => plan.length > 0)
    .map(({ name, plan }) => `${name}\n${plan.map((line) => `    ${line}`).join('\n')}`);
  const loaded =
    seconds === undefined
      ? ''
      : ` Recorded in ${seconds.toFixed(0)} s (${Math.round(rows / seconds)} a second).`;
  return [
    `## ${version}, ${rows.toLocaleString('en')} executions`,
    '',
    `${machine()}${loaded}`,
    '',
    `| query | fastest ms | median ms | 95 % | median ≤ ${GOAL_MS} ms | answer |`,
    '| --- | ---: | ---: | ---: | --- | --- |',
    ...table,
    '',
    '<details><summary>Query plans</summary>',
    '',
    '```text',
    plans.join('\n\n'),
    '```',
    '',
    '</details>',
    '',
  ].join('\n');
}

function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown';
  const load = loadavg()[0]?.toFixed(1) ?? '?';
  const memory = Math.round(totalmem() / 2 ** 30);
  return `Node ${process.version}, ${cpus().length} × ${model}, ${memory} GB, load ${load} while measuring, median of ${RUNS} runs.`;
}

/** Replaces this database's part of the results, or adds it. */
function writeResults(dialect: Database['dialect'], text: string): void {
  const mark = `<!-- ${dialect} -->\n`;
  let before = '# The store with a million executions\n\n`npx tsx bench/store.ts [--postgres]`\n';
  try {
    before = readFileSync(RESULTS, 'utf8');
  } catch {
    // The first results.
  }
  const parts = before.split(/(?=^<!-- \w+ -->\n)/m).filter((part) => !part.startsWith(mark));
  writeFileSync(RESULTS, `${parts.map((part) => part.trimEnd()).join('\n\n')}\n\n${mark}\n${text}`);
}

type StartPostgres = (options: {
  settings: Record<string, string>;
  log: (line: string) => void;
}) => Promise<{ url: string; stop: () => Promise<void> }>;

async function open(folder: string): Promise<{ database: Database; stop: () => Promise<void> }> {
  const nothing = async (): Promise<void> => {};
  if (!options.postgres)
    return { database: openSqlite(options.keep ?? join(folder, 'store.db')), stop: nothing };
  if (options.keep)
    return { database: await openPostgres(options.keep, console.error), stop: nothing };
  // A script, without types.
  const script = '../scripts/postgres.mjs' as string;
  const { startPostgres } = (await import(script)) as { startPostgres: StartPostgres };
  const server = await startPostgres({ settings: { shared_buffers: '512MB' }, log: console.log });
  return { database: await openPostgres(server.url, console.error), stop: server.stop };
}

const folder = mkdtempSync(join(tmpdir(), 'tempograph-bench-'));
const { database, stop } = await open(folder);
try {
  await migrate(database);
  const { count } = await database.sql
    .selectFrom('executions')
    .select(sql<number>`count(*)`.as('count'))
    .executeTakeFirstOrThrow();
  const seconds = count > 0 ? undefined : await load(database);
  if (database.dialect === 'sqlite')
    console.log(
      `${Math.round(statSync(database.location.slice('sqlite:'.length)).size / 2 ** 20)} MB`,
    );
  writeResults(database.dialect, section(database, await measureAll(database), seconds));
  execFileSync('npx', ['prettier', '--write', RESULTS], { stdio: 'ignore' });
} finally {
  await database.sql.destroy();
  await stop();
  rmSync(folder, { recursive: true, force: true });
}
