/** The tasks of `pipeline.yaml`, each a thin layer over the file that does the work. */
import { stat } from 'node:fs/promises';
import { defineTask } from 'tempograph';
import { z } from 'zod';
import { repositoryRoot, trackedFiles } from './git.js';
import { HistorySchema, readHistory } from './history.js';
import { isMarkdown } from './languages.js';
import { countLines, LineCountsSchema } from './lines.js';
import { checkLinks, LinkReportSchema } from './links.js';
import { writeReport, WrittenFileSchema } from './report-file.js';
import { htmlReport } from './report-html.js';
import { markdownReport } from './report-markdown.js';
import { joinReport, ReportSchema, SummarySchema, summaryOf } from './report.js';

const retry = { strategy: 'FIXED_DELAY', delay: '1s', maxRetries: 3 } as const;

export const listFiles = defineTask({
  name: 'list-files',
  version: '1',
  description: 'Lists the tracked files of a git repository, in groups of about the same size',
  input: z.strictObject({
    /** Any folder of the repository, absolute or from the folder the worker was started in. */
    directory: z.string(),
    groups: z.int().min(1).max(100).default(4),
  }),
  output: z.strictObject({
    root: z.string(),
    count: z.int(),
    groups: z.array(z.array(z.string())),
    markdown: z.array(z.string()),
  }),
  retry,
  timeout: '2m',
  async run(input, ctx) {
    const root = await repositoryRoot(input.directory, ctx.signal);
    const files = await trackedFiles(root, ctx.signal);
    ctx.log.info('Listed the tracked files', { root, files: files.length });
    // Dealt like cards: neighbours, which are often alike, spread over the groups.
    const groups = Array.from({ length: input.groups }, (_, group) =>
      files.filter((_file, index) => index % input.groups === group),
    );
    return { root, count: files.length, groups, markdown: files.filter(isMarkdown) };
  },
});

export const countLinesTask = defineTask({
  name: 'count-lines',
  version: '1',
  description: 'Counts lines per language in a list of files, without binary and very large ones',
  input: z.strictObject({ root: z.string(), files: z.array(z.string()) }),
  output: LineCountsSchema,
  retry,
  timeout: '5m',
  async run({ root, files }, ctx) {
    const onFile = every(200, (done, total) => ctx.progress({ done, total, message: 'files' }));
    return countLines(root, files, { signal: ctx.signal, onFile });
  },
});

export const readHistoryTask = defineTask({
  name: 'read-history',
  version: '1',
  description: 'Finds the most changed files and the most active authors of the newest commits',
  input: z.strictObject({
    root: z.string(),
    maxCommits: z.int().min(1).max(100_000).default(1_000),
    top: z.int().min(1).max(100).default(20),
  }),
  output: HistorySchema,
  retry,
  timeout: '10m',
  async run({ root, maxCommits, top }, ctx) {
    const onCommit = every(100, (done, total) => ctx.progress({ done, total, message: 'commits' }));
    return readHistory(root, { maxCommits, top, signal: ctx.signal, onCommit });
  },
});

export const checkLinksTask = defineTask({
  name: 'check-links',
  version: '1',
  description:
    'Checks that relative links and anchors in Markdown files lead somewhere; fetches nothing',
  input: z.strictObject({
    root: z.string(),
    documents: z.array(z.string()),
    failFirstAttempt: z.boolean().default(false),
  }),
  output: LinkReportSchema,
  retry,
  timeout: '5m',
  async run({ root, documents, failFirstAttempt }, ctx) {
    if (failFirstAttempt && ctx.attempt === 1) {
      throw new Error(
        'failed on purpose to show a retry: failFirstAttempt is true and this is attempt 1',
      );
    }
    const onDocument = every(10, (done, total) =>
      ctx.progress({ done, total, message: 'documents' }),
    );
    return checkLinks(root, documents, { signal: ctx.signal, onDocument });
  },
});

export const joinFindings = defineTask({
  name: 'join-findings',
  version: '1',
  description: 'Puts what the other tasks found together as one report',
  input: z.strictObject({
    root: z.string(),
    trackedFiles: z.int(),
    slices: z.array(LineCountsSchema),
    history: HistorySchema,
    links: LinkReportSchema,
  }),
  output: ReportSchema,
  retry,
  timeout: '1m',
  async run(findings) {
    return joinReport(findings, new Date());
  },
});

const writeInput = z.strictObject({
  /** Absolute, or from the folder the worker was started in. */
  folder: z.string(),
  report: ReportSchema,
});

export const writeMarkdown = defineTask({
  name: 'write-markdown',
  version: '1',
  description: 'Writes the report as Markdown',
  input: writeInput,
  output: WrittenFileSchema,
  retry,
  timeout: '1m',
  async run({ folder, report }) {
    return writeReport(folder, 'report.md', markdownReport(report));
  },
});

export const writeHtml = defineTask({
  name: 'write-html',
  version: '1',
  description: 'Writes the report as one HTML file',
  input: writeInput,
  output: WrittenFileSchema,
  retry,
  timeout: '1m',
  async run({ folder, report }) {
    return writeReport(folder, 'report.html', htmlReport(report));
  },
});

export const finishReport = defineTask({
  name: 'finish-report',
  version: '1',
  description: 'Makes sure that both reports are there and says where, with a few numbers',
  input: z.strictObject({ markdown: z.string(), html: z.string(), report: ReportSchema }),
  output: z.strictObject({ markdown: z.string(), html: z.string(), summary: SummarySchema }),
  retry,
  timeout: '1m',
  async run({ markdown, html, report }, ctx) {
    await Promise.all([stat(markdown), stat(html)]);
    ctx.log.info('Wrote the reports', { markdown, html });
    return { markdown, html, summary: summaryOf(report) };
  },
});

export default [
  listFiles,
  countLinesTask,
  readHistoryTask,
  checkLinksTask,
  joinFindings,
  writeMarkdown,
  writeHtml,
  finishReport,
];

/** Passes on every `step`th call, and the last. */
function every(step: number, report: (done: number, total: number) => void) {
  return (done: number, total: number) => {
    if (done % step === 0 || done === total) report(done, total);
  };
}
