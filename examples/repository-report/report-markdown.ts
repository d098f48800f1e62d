/** The report as Markdown, in tables that GitHub shows. */
import { grouped, visible } from './display.js';
import { notesOf, type Report, summaryOf } from './report.js';

/** The whole document. */
export function markdownReport(report: Report): string {
  const { history, links } = report;
  const numbers = summaryOf(report);
  const notes = notesOf(report);
  const blocks = [
    `# ${escapeMarkdown(report.repository)}`,
    `Repository report of ${report.createdAt.slice(0, 16).replace('T', ' ')} UTC`,
    table(
      ['Files', 'Lines', 'Commits', 'Authors', 'Broken links'],
      [[numbers.files, numbers.lines, numbers.commits, numbers.authors, numbers.brokenLinks]],
    ),
    '## Lines per language',
    table(
      ['Language', 'Files', 'Lines'],
      report.lines.languages.map((row) => [row.language, row.files, row.lines]),
    ),
    notes.lines,
    '## Most changed files',
    table(
      ['File', 'Commits', 'Added', 'Removed'],
      history.files.map((row) => [row.path, row.commits, row.addedLines, row.removedLines]),
    ),
    notes.history,
    history.authorCount === 0 ? '' : '## Authors',
    table(
      ['Author', 'Commits', 'Added', 'Removed'],
      history.authors.map((row) => [row.name, row.commits, row.addedLines, row.removedLines]),
    ),
    more(history.authorCount - history.authors.length),
    '## Links',
    notes.links,
    table(
      ['Where', 'Link', 'What is wrong'],
      links.broken.map((link) => [`${link.document}:${link.line}`, link.target, link.reason]),
    ),
    more(links.brokenCount - links.broken.length),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** Text that Markdown shows as it is, in a table too; the bar is an entity, since a backslash before it may be text. */
export function escapeMarkdown(text: string): string {
  return visible(text)
    .replace(/[\\`*_[\]<>&~#]/g, '\\$&')
    .replaceAll('|', '&#124;');
}

/** Nothing at all without rows. */
function table(heads: string[], rows: (string | number)[][]): string {
  if (rows.length === 0) return '';
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const cell = (value: string | number) =>
    typeof value === 'number' ? grouped(value) : escapeMarkdown(value);
  const sides = heads.map((_, column) => (typeof rows[0]?.[column] === 'number' ? '---:' : '---'));
  return [line(heads), line(sides), ...rows.map((row) => line(row.map(cell)))].join('\n');
}

function more(rest: number): string {
  return rest > 0 ? `And ${grouped(rest)} more.` : '';
}
