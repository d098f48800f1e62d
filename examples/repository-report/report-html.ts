/** The report as one HTML file: no script, nothing fetched, light and dark, readable on a phone. */
import { barChart } from './bar-chart.js';
import { grouped, visible } from './display.js';
import { html, type Html } from './html.js';
import type { BrokenLink } from './links.js';
import { notesOf, type Report, summaryOf } from './report.js';
import { style } from './report-style.js';

/** Rows of a chart; the table under it has them all. */
const CHART_ROWS = 12;

/** The whole page. */
export function htmlReport(report: Report): string {
  const title = `${visible(report.repository)}: repository report`;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'"
        />
        <title>${title}</title>
        <style>
          ${style}
        </style>
      </head>
      <body>
        <h1>${visible(report.repository)}</h1>
        <p>Repository report of ${report.createdAt.slice(0, 16).replace('T', ' ')} UTC</p>
        ${numbers(report)}
        <main>
          ${languages(report)} ${changedFiles(report)} ${authors(report)} ${links(report)}
        </main>
      </body>
    </html> `;
  return page.toString();
}

function numbers(report: Report): Html {
  const { files, lines, commits, authors, brokenLinks } = summaryOf(report);
  return html`<dl>
    ${number('Files', files)} ${number('Lines', lines)} ${number('Commits', commits)}
    ${number('Authors', authors)}
    ${number('Broken links', brokenLinks, brokenLinks > 0 ? 'bad' : 'good')}
  </dl>`;
}

function number(name: string, value: number, className = ''): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd class="${className}">${grouped(value)}</dd>
  </div>`;
}

function languages(report: Report): Html {
  const all = report.lines.languages;
  const bars = all
    .slice(0, CHART_ROWS)
    .map(({ language, lines }) => ({ label: language, value: lines }));
  return html`<section>
    <h2>Lines per language</h2>
    ${barChart('Lines per language', bars)}
    <p>${notesOf(report).lines}</p>
    ${folded(
      table(
        ['Language', 'Files', 'Lines'],
        all.map((row) => [row.language, row.files, row.lines]),
      ),
    )}
  </section>`;
}

function changedFiles(report: Report): Html {
  const { files } = report.history;
  const bars = files
    .slice(0, CHART_ROWS)
    .map(({ path, commits }) => ({ label: path, value: commits }));
  return html`<section>
    <h2>Most changed files</h2>
    ${barChart('Commits per file', bars)}
    <p>${notesOf(report).history}</p>
    ${folded(
      table(
        ['File', 'Commits', 'Added', 'Removed'],
        files.map((row) => [row.path, row.commits, row.addedLines, row.removedLines]),
      ),
    )}
  </section>`;
}

function authors(report: Report): Html | string {
  const { authors: most, authorCount } = report.history;
  if (authorCount === 0) return '';
  const rest = authorCount - most.length;
  return html`<section>
    <h2>Authors</h2>
    ${table(
      ['Author', 'Commits', 'Added', 'Removed'],
      most.map((row) => [row.name, row.commits, row.addedLines, row.removedLines]),
    )}
    ${rest > 0 ? html`<p>And ${grouped(rest)} more.</p>` : ''}
  </section>`;
}

function links(report: Report): Html {
  const { broken, brokenCount } = report.links;
  const rest = brokenCount - broken.length;
  return html`<section>
    <h2>Links</h2>
    <p>${notesOf(report).links}</p>
    ${
      broken.length === 0
        ? ''
        : html`<ul>
            ${broken.map(brokenLink)}
          </ul>`
    }
    ${rest > 0 ? html`<p>And ${grouped(rest)} more.</p>` : ''}
  </section>`;
}

function brokenLink({ document, line, target, reason }: BrokenLink): Html {
  return html`<li>
    ${visible(target)}
    <div>${reason}, in ${visible(document)}, line ${line}</div>
  </li>`;
}

function folded(content: Html | string): Html | string {
  return content === ''
    ? ''
    : html`<details>
        <summary>All numbers</summary>
        ${content}
      </details>`;
}

/** Nothing at all without rows. */
function table(heads: string[], rows: (string | number)[][]): Html | string {
  if (rows.length === 0) return '';
  const kinds = heads.map((_, column) => typeof rows[0]?.[column]);
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${heads.map((head, column) => html`<th class="${kinds[column] ?? ''}">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map(cell)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function cell(value: string | number): Html {
  const text = typeof value === 'number' ? grouped(value) : visible(value);
  return html`<td class="${typeof value}">${text}</td>`;
}
