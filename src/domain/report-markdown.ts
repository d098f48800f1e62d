/** A task report as Markdown: for a terminal, a ticket, a pull request. */
import { formatDuration } from './duration.js';
import { formatError } from './errors.js';
import {
  bytesText,
  statusWords,
  timeText,
  undoneText,
  warningCount,
  type OperationReport,
  type TaskReport,
} from './task-report.js';
import { visibleLine } from './visible-text.js';

/** The whole report; ends with a newline. */
export function markdownReport(report: TaskReport): string {
  const { executionId, name, status, operations, attempts, retries, error } = report;
  const facts: [string, string | null][] = [
    ['Status', statusWords(status, warningCount(report))],
    ['Execution', escape(executionId)],
    ['Started', report.startedAt && timeText(report.startedAt)],
    ['Ended', report.endedAt && timeText(report.endedAt)],
    ['Took', report.durationMs === null ? null : formatDuration(report.durationMs)],
    ['Operations', `${operations.length}${countsText(report)}`],
    ['Attempts', `${attempts}, ${retries} of them retries`],
    ['Error', error && escape(`${error.nodeId ? `${error.nodeId}: ` : ''}${formatError(error)}`)],
    ['Undone', undoneText(report) && escape(undoneText(report) ?? '')],
    ['Report of', timeText(report.createdAt)],
  ];
  const blocks = [
    `# ${escape(name)}`,
    facts.flatMap(([what, text]) => (text === null ? [] : [`- ${what}: ${text}`])).join('\n'),
    ...(report.warnings.length > 0
      ? [report.warnings.map((warning) => `- Warning: ${escape(warning)}`).join('\n')]
      : []),
    '## Operations',
    operations.length === 0 ? 'None.' : table(operations),
    ...operations.flatMap(details),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function countsText({ counts }: TaskReport): string {
  const parts = Object.entries(counts).map(([status, count]) => `${count} ${status}`);
  return parts.length > 0 ? ` (${parts.join(', ')})` : '';
}

function table(operations: readonly OperationReport[]): string {
  const rows = operations.map((operation) => [
    escape(operation.name),
    escape(operation.task),
    `${operation.status}${operation.reason ? `, ${operation.reason}` : ''}`,
    `${operation.attempts}`,
    `${operation.retries}`,
    operation.startedAt ? timeText(operation.startedAt) : '',
    operation.durationMs === null ? '' : formatDuration(operation.durationMs),
    formatDuration(operation.executionTimeMs),
  ]);
  const heads = ['Operation', 'Task', 'Status', 'Attempts', 'Retries', 'Started', 'Took', 'Ran'];
  return [heads, heads.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** What the table has no room for; nothing of an operation that only did its work. */
function details({
  name,
  error,
  warnings,
  metrics,
  artifacts,
  ...rest
}: OperationReport): string[] {
  const lines = [
    ...(error ? [`- Error: ${escape(formatError(error))}`] : []),
    ...(rest.cached ? ['- Kept result: no attempt was made'] : []),
    ...(rest.retries > 0 ? rest.attemptHistory.map(attemptLine) : []),
    ...warnings.map((warning) => `- Warning: ${escape(warning)}`),
    ...Object.entries(metrics).map(([metric, value]) => `- ${escape(metric)}: ${value}`),
    ...artifacts.map(
      (one) =>
        `- Artifact ${escape(one.name)}: ${bytesText(one.bytes)}, ${escape(one.contentType)}`,
    ),
  ];
  return lines.length === 0 ? [] : [`### ${escape(name)}`, lines.join('\n')];
}

function attemptLine({
  attempt,
  outcome,
  startedAt,
  error,
  waitMs,
}: OperationReport['attemptHistory'][number]): string {
  const why = error ? `: ${escape(`${error.code}: ${error.message}`)}` : '';
  const wait = waitMs === undefined ? '' : `; waited ${formatDuration(waitMs)}`;
  return `- Attempt ${attempt}, ${timeText(startedAt)}, ${outcome}${why}${wait}`;
}

/** On one line, and nothing in it is markup: what begins or ends a mark is escaped, at the start also list signs. */
function escape(text: string): string {
  return visibleLine(text)
    .replace(/[\\`*_[\]|<>~&$^]/g, (mark) => `\\${mark}`)
    .replace(/^(\d*)([#+\-.=])/, '$1\\$2');
}
