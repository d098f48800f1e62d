import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { htmlReport } from '../../src/domain/report-html.js';
import { markdownReport } from '../../src/domain/report-markdown.js';
import { makeReport, type OperationReport, type TaskReport } from '../../src/domain/task-report.js';
import { visible, visibleLine } from '../../src/domain/visible-text.js';
import { realDataFolder } from '../support/real-graphs.js';

const folder = realDataFolder();
const file = folder === undefined ? '' : join(folder, 'naughty-strings', 'blns.json');
const present = existsSync(file);
const title = present ? '' : ' (skipped: no shared/data next to this checkout)';
const naughty = [
  ...(present ? (JSON.parse(readFileSync(file, 'utf8')) as string[]) : []),
  '</style><script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  'a | b\n| c \\| `d` | [x](javascript:alert(1)) <b>',
  '# not a head\n- not a list',
  '1. not a list',
  '\u202egnp.exe',
  '\ud800',
];

const at = (seconds: number): string => new Date(1_800_000_000_000 + seconds * 1_000).toISOString();

/** An operation that says `text` wherever a text of anybody's can stand. */
function operation(text: string, more: Partial<OperationReport> = {}): OperationReport {
  return {
    ...{ name: text, executionId: `g/${text}`, task: `task ${text}`, status: 'FAILED' },
    ...{ reason: null, attempts: 2, retries: 1, cached: false },
    attemptHistory: [
      {
        ...{ attempt: 1, startedAt: at(0), endedAt: at(1), outcome: 'FAILED', waitMs: 500 },
        error: { code: 'E', message: text },
      },
      { attempt: 2, startedAt: at(2), endedAt: at(3), outcome: 'TIMEOUT' },
    ],
    ...{ startedAt: at(0), endedAt: at(3), durationMs: 3_000, executionTimeMs: 2_000 },
    error: { code: 'E', message: text, origin: 'task', retriable: true, stack: `at ${text}` },
    warnings: [text],
    metrics: { [text]: 1.5 },
    artifacts: [{ name: text, bytes: 1_234_567, contentType: text, ref: 'r' }],
    ...more,
  };
}

function report(text: string, more: Partial<TaskReport> = {}): TaskReport {
  return makeReport({
    ...{ executionId: text, name: text, status: 'FAILED', createdAt: at(4) },
    ...{ startedAt: at(0), endedAt: at(3), durationMs: 3_000, warnings: [text] },
    error: { code: 'E', message: text, origin: 'task', retriable: true, nodeId: text },
    compensation: [
      {
        ...{ nodeId: text, task: text, status: 'COMPLETED', attempts: 1 },
        ...{ startedAt: at(3), endedAt: at(4) },
      },
    ],
    operations: [operation(text)],
    ...more,
  });
}

const tagsOf = (page: string): string[] => page.match(/<[^>]*>/g) ?? [];
const textOf = (page: string): string =>
  page
    .slice(page.indexOf('<body>'))
    .replace(/<[^>]*>/g, '')
    .replace(/&lt;|&gt;|&quot;|&#39;|&amp;/g, (entity) => {
      const marks: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&quot;': '"' };
      return marks[entity] ?? (entity === '&amp;' ? '&' : "'");
    });
/** Lines with what is between their marks taken out: pipes and list signs that are not escaped. */
const marksOf = (markdown: string): string[] =>
  markdown.split('\n').map((line) => {
    const start = /^(#{1,3} |- (?=\S)|\| )/.exec(line)?.[0] ?? '';
    return `${start}${(line.replace(/\\./g, '').match(/[|`*_[\]<>]/g) ?? []).join('')}`;
  });

describe(`htmlReport${title}`, () => {
  it('has the same tags whatever the texts in it say, and says all of them', () => {
    const plain = tagsOf(htmlReport(report('plain')));
    for (const text of naughty) {
      const page = htmlReport(report(text));
      expect(tagsOf(page)).toEqual(plain);
      const said = textOf(page);
      expect(said).toContain(visible(text));
      expect(said.split(visibleLine(text)).length).toBeGreaterThanOrEqual(10);
    }
  });

  it('has no script, fetches nothing, and shows what would turn or break the text around it', () => {
    const page = htmlReport(report('\u202egnp.exe \ud800 \u0007'));
    expect(page).not.toMatch(/<script|<link|<img|src=|url\(|@import/);
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(page).toContain('\\u202egnp.exe \\ud800 \\u0007');
  });

  it('tells figures, attempts, waits, metrics and files, and what has not ended', () => {
    const running = operation('later', {
      ...{ status: 'RUNNING', endedAt: null, durationMs: null, attempts: 1, retries: 0 },
      ...{ attemptHistory: [], error: null, warnings: [], metrics: {}, artifacts: [] },
    });
    const page = htmlReport(
      report('x', {
        ...{ status: 'RUNNING', endedAt: null, durationMs: null, warnings: [], error: null },
        operations: [operation('first'), running],
      }),
    );
    const said = textOf(page);
    expect(said).toContain('the execution has not ended');
    expect(said).toMatch(/Operations2Completed0Failed1Attempts3Retries1Warnings1Took–/);
    expect(said).toContain('1.2 MB');
    expect(said).toContain('500 ms');
    expect(page.match(/class="bar [a-z]+"/g)).toEqual([
      'class="bar bad"',
      'class="bar bad"',
      'class="bar busy"',
    ]);
  });

  it('is made of an execution without any operation, and of times that are none', () => {
    const odd = operation('odd', { startedAt: 'x', endedAt: 'y' });
    expect(htmlReport(report('x', { operations: [] }))).toContain('None.');
    expect(htmlReport(report('x', { operations: [odd], startedAt: null }))).not.toContain('NaN');
  });
});

describe(`markdownReport${title}`, () => {
  it('has the same marks whatever the texts in it say', () => {
    const plain = marksOf(markdownReport(report('plain')));
    for (const text of naughty) expect(marksOf(markdownReport(report(text)))).toEqual(plain);
  });

  it('is a table of the operations, with what it has no room for under it', () => {
    const done = operation('load', {
      ...{ status: 'COMPLETED', error: null, warnings: [], metrics: {}, artifacts: [] },
      ...{ attempts: 1, retries: 0, attemptHistory: [] },
    });
    const text = markdownReport(report('nightly', { operations: [done, operation('sum')] }));
    expect(text).toContain('| load | task load | COMPLETED | 1 | 0 |');
    expect(text).toContain('- Attempts: 3, 1 of them retries');
    expect(text).toContain('### sum\n\n- Error: E: sum\n- Attempt 1,');
    expect(text).toContain('FAILED: E: sum; waited 500 ms');
    expect(text).not.toContain('### load');
  });

  it('say what was undone, and what could not be', () => {
    const undone = { attempts: 1, startedAt: at(3), endedAt: at(4) };
    const made = report('x', {
      compensation: [
        { nodeId: 'pay', task: 'refund', status: 'COMPLETED', ...undone },
        { nodeId: 'book', task: 'free', status: 'FAILED', ...undone },
      ],
    });
    for (const text of [markdownReport(made), textOf(htmlReport(made))])
      expect(text).toContain('pay by refund, not book: free ended FAILED');
    expect(markdownReport(report('x', { compensation: [] }))).not.toContain('Undone');
  });
});
