/**
 * Many rows at once. On SQLite a statement is compiled once for each of a few numbers of rows and kept; on PostgreSQL,
 * where each statement is a journey, as many rows as it takes go in one.
 */
import { CompiledQuery } from 'kysely';
import { chunksOf, type Connection, type Dialect } from './database.js';

/** PostgreSQL numbers the parameters of a statement with 16 bits. */
const MAX_PARAMETERS = 60_000;
/** Rows to a statement on SQLite, the most first. */
const SIZES = [64, 16, 4, 1] as const;

export interface BulkInsert {
  table: string;
  columns: readonly string[];
  rows: readonly (readonly unknown[])[];
  /** What follows the values: `on conflict …`, `returning …`. */
  then?: string;
  /** Expressions instead of a parameter, `$` standing for it: `{ words: '$::tsvector' }`. */
  wrap?: Readonly<Record<string, string>>;
}

/** Inserts rows in their order. @returns what `returning` gives */
export async function insertRows<T>(
  connection: Connection,
  dialect: Dialect,
  { table, columns, rows, then = '', wrap = {} }: BulkInsert,
): Promise<T[]> {
  const head = `insert into ${table} (${columns.join(', ')}) values `;
  const place = (column: string, parameter: string): string =>
    (wrap[column] ?? '$').replace('$', () => parameter);
  const answers: T[] = [];
  const run = async (text: string, values: unknown[]): Promise<void> => {
    const answer = await connection.executeQuery<T>(CompiledQuery.raw(text, values));
    answers.push(...answer.rows);
  };
  if (dialect === 'sqlite') {
    const tuple = `(${columns.map((column) => place(column, '?')).join(', ')})`;
    let at = 0;
    for (const size of SIZES)
      for (; rows.length - at >= size; at += size)
        await run(textOf(head, tuple, then, size), rows.slice(at, at + size).flat());
    return answers;
  }
  for (const chunk of chunksOf(rows, Math.floor(MAX_PARAMETERS / columns.length))) {
    let next = 1;
    const tuples = chunk.map(
      () => `(${columns.map((column) => place(column, `$${next++}`)).join(', ')})`,
    );
    await run(`${head}${tuples.join(', ')} ${then}`, chunk.flat());
  }
  return answers;
}

/** Texts of statements by that of one row: 15,000 characters for 64 rows of executions, and there are a few dozen. */
const texts = new Map<string, Map<number, string>>();

function textOf(head: string, tuple: string, then: string, size: number): string {
  const one = `${head}${tuple} ${then}`;
  const known = texts.get(one) ?? new Map<number, string>();
  texts.set(one, known);
  const text = known.get(size) ?? `${head}${Array(size).fill(tuple).join(', ')} ${then}`;
  known.set(size, text);
  return text;
}

/** The condition that a column is one of a list, which is a single parameter: the statement's text stays the same. */
export function isOneOf(dialect: Dialect, column: string): string {
  return dialect === 'sqlite'
    ? `${column} in (select value from json_each(?))`
    : `${column} = any($1)`;
}

/** The parameter for {@link isOneOf}. */
export function listParameter(dialect: Dialect, values: readonly string[]): unknown {
  return dialect === 'sqlite' ? JSON.stringify(values) : values;
}
