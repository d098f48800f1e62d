/** A table with a head, for people. */
import { fits, oneLine, table, type Cell } from './columns.js';
import type { Output } from './output.js';

/**
 * Prints rows below their titles, or a remark where there are none. In a terminal that is too narrow for the columns each
 * row is a block of lines, one for each title. With `--json` nothing: the document says it.
 */
export function printTable(
  out: Output,
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  otherwise: string,
): void {
  if (out.json) return;
  if (rows.length === 0) return out.note(otherwise);
  const head = titles.map((text): Cell => ({ text, paint: out.style.dim }));
  const cells = rows.map((row) => row.map((text): Cell => ({ text: oneLine(text) })));
  // Only a terminal cuts lines: what goes into a pipe is whole.
  const width = out.live ? out.width : Infinity;
  if (!fits([head, ...cells], width)) return printBlocks(out, titles, rows);
  for (const line of table([head, ...cells], width)) out.print(line);
}

function printBlocks(
  out: Output,
  [, ...names]: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  rows.forEach(([title = '', ...texts], index) => {
    if (index > 0) out.print();
    printFacts(
      out,
      title,
      names.map((name, column) => [name.toLowerCase(), texts[column]]),
    );
  });
}

/** Prints names and what they are; what is empty is left out. */
export function printFacts(
  out: Output,
  title: string,
  facts: readonly (readonly [name: string, text: string | null | undefined])[],
): void {
  out.print(out.style.bold(oneLine(title)));
  const rows = facts.flatMap(([name, text]): Cell[][] =>
    text ? [[{ text: `  ${name}`, paint: out.style.dim }, { text: oneLine(text) }]] : [],
  );
  for (const line of table(rows, out.live ? out.width : Infinity)) out.print(line);
}
