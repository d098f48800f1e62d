/** Text in columns: widths are the terminal's, so wide and combining characters count as what they take. */
import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';

/** Plain text, and how it looks; widths are those of the text. */
export interface Cell {
  text: string;
  paint?: ((text: string) => string) | undefined;
}

/** Spaces between columns. */
const GAP = 2;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Text from elsewhere as one safe line: no line breaks, no control or escape characters. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ')
    .trim();
}

/** The text cut to a width, with an ellipsis where something is missing. */
export function fit(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  if (width <= 0) return '';
  let used = 1; // the ellipsis
  let kept = '';
  for (const { segment } of graphemes.segment(text)) {
    used += stringWidth(segment);
    if (used > width) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** The text filled with spaces up to a width. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)));
}

/** Rows that lines take beyond one each, where a terminal has become narrower and broken them. */
export function brokenRows(lines: readonly string[], width: number): number {
  const rowsOf = (line: string): number =>
    Math.max(1, Math.ceil(stringWidth(stripVTControlCharacters(line)) / Math.max(1, width)));
  return lines.reduce((rows, line) => rows + rowsOf(line) - 1, 0);
}

/** The width of the widest text, at most `limit`. */
export function widest(texts: Iterable<string>, limit = Infinity): number {
  let width = 0;
  for (const text of texts) width = Math.max(width, stringWidth(text));
  return Math.min(width, limit);
}

/**
 * Cells side by side, cut to their columns and the whole to `width`; no spaces at the end.
 *
 * @param widths of the columns, an empty one being left out; the last cell takes what is left
 */
export function row(cells: readonly Cell[], widths: readonly number[], width = Infinity): string {
  let line = '';
  let used = 0;
  let gap = 0;
  cells.forEach(({ text, paint = (plain) => plain }, index) => {
    const column = widths[index] ?? 0;
    const room = width - used - gap;
    const fitted = fit(text, index === cells.length - 1 ? room : Math.min(column, room));
    const taken = stringWidth(fitted);
    if (taken > 0) {
      line += ' '.repeat(gap) + paint(fitted);
      used += gap + taken;
      gap = 0;
    }
    if (column > 0) gap += column - taken + GAP;
  });
  return line;
}

/** Rows of cells with aligned columns, each as wide as its widest cell. */
export function table(rows: readonly (readonly Cell[])[], width = Infinity): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    widest(rows.map((cells) => cells[column]?.text ?? '')),
  );
  return rows.map((cells) => row(cells, widths, width));
}
