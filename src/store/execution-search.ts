/** What executions are found by beside their columns: labels and words, kept in step with the rows. */
import { CompiledQuery } from 'kysely';
import { insertRows } from './bulk.js';
import type { Connection, Dialect } from './database.js';
import type { Stored } from './execution-columns.js';
import { labelsOf } from './execution-labels.js';
import type { ExecutionRow } from './execution-row.js';
import { wordsOfExecution } from './execution-words.js';

export interface Searchable {
  row: ExecutionRow;
  ord: bigint;
  /** As it was stored. */
  before: Stored | undefined;
}

/** Writes the labels and words of rows that have just been written. */
export async function writeSearch(
  connection: Connection,
  dialect: Dialect,
  rows: readonly Searchable[],
): Promise<void> {
  await writeLabels(connection, dialect, rows);
  await writeWords(connection, dialect, rows);
}

async function writeLabels(
  connection: Connection,
  dialect: Dialect,
  rows: readonly Searchable[],
): Promise<void> {
  const added: [string, bigint][] = [];
  for (const { row, ord, before } of rows) {
    const old = before ? labelsOf(before.row) : [];
    const labels = labelsOf(row);
    const stays = (label: string): boolean =>
      before?.ord === ord && old.includes(label) && labels.includes(label);
    for (const label of labels) if (!stays(label)) added.push([label, ord]);
    for (const label of old)
      if (!stays(label)) await forget(connection, dialect, label, before?.ord ?? ord);
  }
  await insertRows(connection, dialect, {
    table: 'execution_labels',
    columns: ['label', 'ord'],
    rows: added,
    then: 'on conflict do nothing',
  });
}

function forget(
  connection: Connection,
  dialect: Dialect,
  label: string,
  ord: bigint,
): Promise<unknown> {
  const text =
    dialect === 'sqlite'
      ? 'delete from execution_labels where label = ? and ord = ?'
      : 'delete from execution_labels where label = $1 and ord = $2';
  return connection.executeQuery(CompiledQuery.raw(text, [label, ord]));
}

async function writeWords(
  connection: Connection,
  dialect: Dialect,
  rows: readonly Searchable[],
): Promise<void> {
  const key = dialect === 'sqlite' ? 'rowid' : 'ord';
  const added: [bigint, string][] = [];
  for (const { row, ord, before } of rows) {
    const words = wordsOfExecution(row).join(' ');
    if (before) {
      if (before.ord === ord && wordsOfExecution(before.row).join(' ') === words) continue;
      const text = `delete from execution_text where ${key} = ${dialect === 'sqlite' ? '?' : '$1'}`;
      await connection.executeQuery(CompiledQuery.raw(text, [before.ord]));
    }
    added.push([ord, words]);
  }
  // FTS5 writes a piece of index each time a row comes before the last one.
  added.sort(([a], [b]) => (a < b ? -1 : 1));
  const words = new Set(added.flatMap(([, text]) => text.split(' ')));
  words.delete('');
  await insertRows(connection, dialect, {
    table: 'execution_vocabulary',
    columns: ['word'],
    // Sorted: two that add the same words wait for each other in the same order.
    rows: [...words].sort().map((word) => [word]),
    then: 'on conflict do nothing',
  });
  await insertRows(connection, dialect, {
    table: 'execution_text',
    columns: [key, 'words'],
    rows: added,
    // The words are split already: PostgreSQL's own parser would take some for urls, files and numbers.
    wrap: { words: dialect === 'sqlite' ? '$' : "array_to_tsvector(string_to_array($, ' '))" },
  });
}
