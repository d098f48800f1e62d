/** Text in columns: widths are the terminal's, so wide and combining characters count as what they take. */
import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';

/** Plain text, and how it looks; widths are those of the text. What would leave its line or move the cursor becomes a space. */
export interface Cell {
  text: string;
  paint?: ((text: string) => string) | undefined;
}

/** The least that a last column needs for its cells to go on in lines below, and not to be cut. */
const LEAST_TO_WRAP = 20;
/** Spaces between columns. */
const GAP = 2;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Text from elsewhere as one safe line: no line breaks, no control or escape characters. */
export function oneLine(text: string): string {
  return inline(text).replace(/\s+/g, ' ').trim();
}

/** The same with the spaces that it has: those of a column are its indent. */
function inline(text: string): string {
  return stripVTControlCharacters(text).replace(/(?! )[\s\p{Cc}\p{Cf}]+/gu, ' ');
}

/** ASCII, and what our pictures are drawn with: lines, signs of statuses, dots. Each takes one column. */
const NARROW = /^[ -~·…─-╿○●✔✘↻‖⊘⠀-⣿]*$/;

/** The columns that a text takes: finding its graphemes costs a tree of 20,000 rows seconds, so only where it may matter. */
function columnsOf(text: string): number {
  return NARROW.test(text) ? text.length : stringWidth(text);
}

/** The text cut to a width, with an ellipsis where something is missing. */
export function fit(text: string, width: number): string {
  if (columnsOf(text) <= width) return text;
  if (width <= 0) return '';
  if (NARROW.test(text)) return `${text.slice(0, width - 1)}…`;
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
  return text + ' '.repeat(Math.max(0, width - columnsOf(text)));
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
  for (const text of texts) width = Math.max(width, columnsOf(text));
  return Math.min(width, limit);
}

/**
 * Cells side by side, cut to their columns and the whole to `width`; no spaces at the end.
 *
 * @param widths of the columns, an empty one being left out; the last cell takes what is left
 */
export function row(cells: readonly Cell[], widths: readonly number[], width = Infinity): string {
  return placed(cells.map(inlined), widths, width);
}

const inlined = ({ text, ...look }: Cell): Cell => ({ ...look, text: inline(text) });

function placed(cells: readonly Cell[], widths: readonly number[], width: number): string {
  let line = '';
  let used = 0;
  let gap = 0;
  cells.forEach(({ text, paint = (plain) => plain }, index) => {
    const column = widths[index] ?? 0;
    const room = width - used - gap;
    const fitted = fit(text, index === cells.length - 1 ? room : Math.min(column, room));
    const taken = columnsOf(fitted);
    if (taken > 0) {
      line += ' '.repeat(gap) + paint(fitted);
      used += gap + taken;
      gap = 0;
    }
    if (column > 0) gap += column - taken + GAP;
  });
  return line;
}

/** The text in lines of at most `width`, broken between words where it can be. */
export function wrapped(text: string, width: number): string[] {
  return Number.isFinite(width) && width > 0
    ? wrapAnsi(text, width, { hard: true }).split('\n')
    : [text];
}

/** Columns that a table takes before its last one. */
function leading(widths: readonly number[]): number {
  return widths.slice(0, -1).reduce((sum, width) => sum + (width > 0 ? width + GAP : 0), 0);
}

const widthsOf = (rows: readonly (readonly Cell[])[]): number[] =>
  (rows[0] ?? []).map((_, column) => widest(rows.map((cells) => cells[column]?.text ?? '')));

/** Whether a table fits, its last column in several lines where it has to be. */
export function fits(rows: readonly (readonly Cell[])[], width: number): boolean {
  const widths = widthsOf(rows);
  return leading(widths) + Math.min(widths.at(-1) ?? 0, LEAST_TO_WRAP) <= width;
}

/**
 * Rows of cells with aligned columns, each as wide as its widest cell. What the last column has no room for goes on below
 * it; only where that is too narrow is a line cut.
 */
export function table(given: readonly (readonly Cell[])[], width = Infinity): string[] {
  const rows = given.map((cells) => cells.map(inlined));
  const widths = widthsOf(rows);
  const before = leading(widths);
  const last = widths.length - 1;
  return rows.flatMap((cells) => {
    const end = cells[last];
    if (!end || width - before < LEAST_TO_WRAP) return [placed(cells, widths, width)];
    const { text, paint = (plain: string) => plain } = end;
    const [first = '', ...more] = wrapped(text, width - before);
    return [
      placed([...cells.slice(0, last), { text: first, paint }], widths, width),
      ...more.map((line) => ' '.repeat(before) + paint(line)),
    ];
  });
}
