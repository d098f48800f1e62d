/** What the reports say, put together from what the other tasks found. */
import path from 'node:path';
import { z } from 'zod';
import { counted, grouped } from './display.js';
import { type History, HistorySchema } from './history.js';
import { addCounts, type LineCounts, LineCountsSchema, MAX_FILE_BYTES } from './lines.js';
import { type LinkReport, LinkReportSchema } from './links.js';

export const ReportSchema = z.strictObject({
  repository: z.string(),
  /** ISO 8601. */
  createdAt: z.string(),
  trackedFiles: z.int(),
  lines: LineCountsSchema,
  history: HistorySchema,
  links: LinkReportSchema,
});
export type Report = z.infer<typeof ReportSchema>;

export const SummarySchema = z.strictObject({
  files: z.int(),
  lines: z.int(),
  languages: z.int(),
  commits: z.int(),
  authors: z.int(),
  brokenLinks: z.int(),
});
export type Summary = z.infer<typeof SummarySchema>;

/** What `joinReport` puts together; `slices` are the counts of the parts of the file list. */
export interface Findings {
  root: string;
  trackedFiles: number;
  slices: LineCounts[];
  history: History;
  links: LinkReport;
}

/** The findings as one report, which names the repository by its folder alone. */
export function joinReport(findings: Findings, now: Date): Report {
  const { root, trackedFiles, slices, history, links } = findings;
  return {
    repository: path.basename(root),
    createdAt: now.toISOString(),
    trackedFiles,
    lines: addCounts(slices),
    history,
    links,
  };
}

/** The report in a few numbers. */
export function summaryOf({ trackedFiles, lines, history, links }: Report): Summary {
  return {
    files: trackedFiles,
    lines: lines.languages.reduce((sum, language) => sum + language.lines, 0),
    languages: lines.languages.length,
    commits: history.commits,
    authors: history.authorCount,
    brokenLinks: links.brokenCount,
  };
}

/** What the lists cover and leave out, in sentences for both reports. */
export function notesOf({ lines, history, links }: Report) {
  return { lines: linesNote(lines), history: historyNote(history), links: linksNote(links) };
}

function linesNote({ languages, skipped }: LineCounts): string {
  const { binary, tooLarge, unreadable, notAFile } = skipped;
  const parts = [
    binary > 0 && counted(binary, 'binary file'),
    tooLarge > 0 && `${counted(tooLarge, 'file')} over ${MAX_FILE_BYTES / 1024 ** 2} MiB`,
    unreadable > 0 && `${counted(unreadable, 'file')} that could not be read`,
    notAFile > 0 && counted(notAFile, 'symbolic link or submodule', 'symbolic links or submodules'),
  ].filter((part) => part !== false);
  if (parts.length > 0) return `Not counted: ${parts.join(', ')}.`;
  return languages.length === 0 ? 'No files are tracked yet.' : 'Every tracked file was counted.';
}

function historyNote({ commits, from, to, partial }: History): string {
  if (commits === 0) return 'There are no commits yet.';
  const [first, last] = [from?.slice(0, 10) ?? '', to?.slice(0, 10) ?? ''];
  const when = first === last ? `on ${first}` : `from ${first} to ${last}`;
  const older = partial ? ' There are older ones, which were not read.' : '';
  return `${counted(commits, 'commit')} ${when}, merges left out.${older}`;
}

function linksNote({ documents, internal, external, brokenCount }: LinkReport): string {
  if (documents === 0) return 'There are no Markdown files to look for links in.';
  const broken =
    brokenCount === 1 ? '1 is' : `${brokenCount === 0 ? 'none' : grouped(brokenCount)} are`;
  return (
    `${counted(internal, 'link')} into the repository in ${counted(documents, 'Markdown file')}, of which ` +
    `${broken} broken. ${counted(external, 'link')} elsewhere, not fetched.`
  );
}
