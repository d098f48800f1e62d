/** The tables of the store as Markdown: columns as the migrations make them, meanings as {@link TABLES} has them. */
import { sql } from 'kysely';
import { migrate } from '../../src/store/migrate.js';
import { openSqlite } from '../../src/store/sqlite.js';
import { COMMON, TABLES } from './meanings.js';

interface Column {
  name: string;
  type: string;
  notnull: number;
  pk: number;
}

const HEAD = `# Data model

The tables of the [store](settings.md), as the migrations make them on SQLite; on PostgreSQL the same columns have its own types. Times are epoch milliseconds, JSON is text, yes and no are 1 and 0. Executions and their figures are a projection: the truth of what runs is Temporal's, and \`tempograph rebuild-store\` writes them again. Read the tables as you like; write to them only by the API.

The shapes of records, as the API gives them, are in the [OpenAPI document](http.md) and in \`npm run docs:api\`.

\`npm run docs:model\` writes this file.
`;

/** @throws Error for a table or a column without a meaning, or a meaning of none */
export async function dataModel(): Promise<string> {
  const database = openSqlite(':memory:');
  try {
    await migrate(database);
    const { rows } = await sql<{ name: string }>`
      select name from sqlite_master where type = 'table'
      and name not like 'sqlite%' and name not like 'tempograph_migrations%'
      and name not like 'execution_text_%' order by name`.execute(database.sql);
    const tables = rows.map(({ name }) => name);
    const unknown = Object.keys(TABLES).filter((name) => !tables.includes(name));
    if (unknown.length > 0)
      throw new Error(`meanings of tables that are not: ${unknown.join(', ')}`);
    const sections: string[] = [];
    for (const name of tables) {
      const table = sql.raw(`pragma_table_info('${name}')`);
      const columns = await sql<Column>`select * from ${table}`.execute(database.sql);
      sections.push(sectionOf(name, columns.rows));
    }
    return [HEAD, ...sections].join('\n');
  } finally {
    await database.sql.destroy();
  }
}

function sectionOf(table: string, columns: readonly Column[]): string {
  const [about = '', meanings = {}] = TABLES[table] ?? [];
  if (about === '') throw new Error(`the table ${table} has no meaning`);
  const names = columns.map(({ name }) => name);
  const gone = Object.keys(meanings).filter((name) => !names.includes(name));
  if (gone.length > 0)
    throw new Error(`${table}: meanings of columns that are not: ${gone.join(', ')}`);
  const rows = columns.map(({ name, type, notnull, pk }) => {
    const meaning = meanings[name] ?? COMMON[name];
    if (meaning === undefined) throw new Error(`the column ${table}.${name} has no meaning`);
    const kind = [type.toLowerCase(), pk > 0 ? 'key' : '', notnull || pk ? '' : 'or null'];
    return `| \`${name}\` | ${kind.filter(Boolean).join(', ')} | ${meaning} |`;
  });
  const head = ['| column | type | meaning |', '| --- | --- | --- |'];
  return [`## ${table}`, '', about, '', ...head, ...rows, ''].join('\n');
}
