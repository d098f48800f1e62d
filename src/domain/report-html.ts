/**
 * A task report as one HTML file: no script, nothing fetched, nothing in it that was not written here or escaped.
 */
import { formatDuration } from './duration.js';
import { formatError } from './errors.js';
import { REPORT_STYLE } from './report-style.js';
import type { Status } from './status.js';
import {
  bytesText,
  statusWords,
  timeText,
  undoneText,
  warningCount,
  type OperationReport,
  type TaskReport,
} from './task-report.js';
import { visible, visibleLine } from './visible-text.js';

/** Characters of a stack that are shown. */
const STACK = 4_000;

/** The whole page. */
export function htmlReport(report: TaskReport): string {
  const { name, executionId, status, startedAt, endedAt, error, operations } = report;
  const times = [
    startedAt && `started ${timeText(startedAt)}`,
    endedAt && `ended ${timeText(endedAt)}`,
  ].filter(Boolean);
  const articles = operations.map(details).filter((text) => text !== '');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escape(visibleLine(name))}: ${status.toLowerCase()}</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<p>${badge(status, warningCount(report))}</p>
<h1>${line(name)}</h1>
<p class="soft"><code>${line(executionId)}</code></p>
${times.length > 0 ? `<p class="soft">${times.join(' · ')}</p>` : ''}
${error ? errorNote(`${error.nodeId === undefined ? '' : `${error.nodeId}: `}${formatError(error)}`, error.otherFailures) : ''}
${report.warnings.map(warningNote).join('')}
${undone(report)}
${numbers(report)}
<main>
<h2>Operations</h2>
${operations.length === 0 ? '<p class="soft">None.</p>' : table(report)}
${articles.length > 0 ? `<h2>Details</h2>${articles.join('')}` : ''}
</main>
<p class="soft">Task report of ${timeText(report.createdAt)}${report.ended ? '' : ': the execution has not ended'}</p>
</body>
</html>
`;
}

function numbers(report: TaskReport): string {
  const { operations, attempts, retries, durationMs, counts } = report;
  const failed = (counts.FAILED ?? 0) + (counts.TIMEOUT ?? 0) + (counts.REJECTED ?? 0);
  const warnings = warningCount(report);
  const facts: [name: string, value: string, tone?: string][] = [
    ['Operations', grouped(operations.length)],
    ['Completed', grouped(counts.COMPLETED ?? 0), 'good'],
    ['Failed', grouped(failed), failed > 0 ? 'bad' : ''],
    ['Attempts', grouped(attempts)],
    ['Retries', grouped(retries), retries > 0 ? 'warn' : ''],
    ['Warnings', grouped(warnings), warnings > 0 ? 'warn' : ''],
    ['Took', durationMs === null ? '–' : formatDuration(durationMs)],
  ];
  const cells = facts.map(
    ([name, value, tone = '']) => `<div><dt>${name}</dt><dd class="${tone}">${value}</dd></div>`,
  );
  return `<dl>${cells.join('')}</dl>`;
}

/** What was undone, where something was. */
function undone(report: TaskReport): string {
  const text = undoneText(report);
  return text === null ? '' : `<p class="note warn">Undone: ${line(text)}</p>`;
}

function table(report: TaskReport): string {
  const scale = timeScale(report);
  const heads = [
    '<th>Operation</th><th>Status</th><th class="number">Attempts</th>',
    '<th class="number">Took</th><th class="number">Ran</th><th class="span">When</th>',
  ];
  const rows = report.operations.map((operation, at) => row(operation, at, scale));
  return `<div class="scroll"><table><thead><tr>${heads.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

function row(operation: OperationReport, at: number, scale: Scale): string {
  const { name, task, status, reason, attempts, durationMs, executionTimeMs, warnings } = operation;
  const shown = hasDetails(operation) ? `<a href="#o${at}">${line(name)}</a>` : line(name);
  const under = task === name ? '' : `<div class="soft code">${line(task)}</div>`;
  const why = reason ? `<div class="soft">${line(reason.replaceAll('_', ' '))}</div>` : '';
  return `<tr><td class="name">${shown}${under}</td><td>${badge(status, warnings.length)}${why}</td><td class="number">${attempts}</td><td class="number">${durationMs === null ? '–' : formatDuration(durationMs)}</td><td class="number">${formatDuration(executionTimeMs)}</td><td class="span">${track(operation, scale)}</td></tr>`;
}

interface Scale {
  from: number;
  lengthMs: number;
}

function timeScale({ operations, startedAt, endedAt, createdAt }: TaskReport): Scale {
  const times = operations
    .flatMap((one) => [one.startedAt, one.endedAt])
    .concat(startedAt, endedAt ?? createdAt)
    .flatMap((iso) => (iso === null ? [] : Date.parse(iso)))
    .filter((time) => Number.isFinite(time));
  const from = times.reduce((least, time) => Math.min(least, time), Infinity);
  const to = times.reduce((most, time) => Math.max(most, time), -Infinity);
  return { from, lengthMs: Math.max(1, to - from) };
}

/** A bar for each attempt that is kept, over a thin one from first start to end. */
function track(operation: OperationReport, scale: Scale): string {
  const { startedAt, endedAt, attemptHistory, status } = operation;
  if (startedAt === null) return '';
  const end = endedAt ?? new Date(scale.from + scale.lengthMs).toISOString();
  const attempts = attemptHistory.map(({ startedAt: from, endedAt: to, outcome }) =>
    bar('bar', toneOf(outcome), from, to ?? end, scale),
  );
  const whole =
    attempts.length === 0
      ? bar('bar', toneOf(status), startedAt, end, scale)
      : bar('wait', 'idle', startedAt, end, scale);
  return `<div class="track">${whole}${attempts.join('')}</div>`;
}

function bar(kind: string, tone: string, from: string, to: string, scale: Scale): string {
  const percent = (ms: number): string => `${Math.min(100, Math.max(0, ms)).toFixed(2)}%`;
  const left = ((Date.parse(from) - scale.from) / scale.lengthMs) * 100;
  const width = ((Date.parse(to) - Date.parse(from)) / scale.lengthMs) * 100;
  if (!Number.isFinite(left) || !Number.isFinite(width)) return '';
  return `<span class="${kind} ${tone}" style="left:${percent(left)};width:${percent(Math.min(width, 100 - left))}"></span>`;
}

function hasDetails(operation: OperationReport): boolean {
  const { error, warnings, metrics, artifacts, retries, cached } = operation;
  const lists = warnings.length + artifacts.length + Object.keys(metrics).length + retries;
  return error !== null || lists > 0 || cached;
}

function details(operation: OperationReport, at: number): string {
  if (!hasDetails(operation)) return '';
  const { name, status, error, warnings, metrics, artifacts, attemptHistory } = operation;
  const stack = error?.stack?.slice(0, STACK);
  const parts = [
    error ? errorNote(formatError(error)) : '',
    stack
      ? `<details><summary>Stack</summary><pre class="code">${escape(stack)}</pre></details>`
      : '',
    operation.cached ? '<p>A kept result: no attempt was made.</p>' : '',
    ...warnings.map(warningNote),
    operation.retries > 0 ? attemptsTable(attemptHistory) : '',
    pairs(
      'Metrics',
      Object.entries(metrics).map(([key, value]) => [key, String(value)]),
    ),
    pairs(
      'Artifacts',
      artifacts.map((one) => [one.name, `${bytesText(one.bytes)}, ${one.contentType}`]),
    ),
  ];
  return `<article id="o${at}"><h3>${line(name)} ${badge(status, warnings.length)}</h3>${parts.join('')}</article>`;
}

function attemptsTable(attempts: OperationReport['attemptHistory']): string {
  const rows = attempts.map(({ attempt, startedAt, endedAt, outcome, error, waitMs }) => {
    const took = endedAt === undefined ? NaN : Date.parse(endedAt) - Date.parse(startedAt);
    const cells = [
      `<td class="number">${attempt}</td><td>${line(timeText(startedAt))}</td>`,
      `<td class="number">${Number.isFinite(took) ? formatDuration(Math.max(0, took)) : '–'}</td>`,
      `<td class="${toneOf(outcome)}">${line(outcome)}</td>`,
      `<td>${error ? line(`${error.code}: ${error.message}`) : ''}</td>`,
      `<td class="number">${waitMs === undefined ? '' : formatDuration(waitMs)}</td>`,
    ];
    return `<tr>${cells.join('')}</tr>`;
  });
  return `<div class="scroll"><table><thead><tr><th class="number">Attempt</th><th>Started</th><th class="number">Took</th><th>Outcome</th><th>Error</th><th class="number">Then waited</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

function pairs(title: string, rows: readonly (readonly [string, string])[]): string {
  if (rows.length === 0) return '';
  const items = rows.map(([key, value]) => `<li><code>${line(key)}</code>: ${line(value)}</li>`);
  return `<p class="soft">${title}</p><ul>${items.join('')}</ul>`;
}

function errorNote(text: string, others = 0): string {
  const more = others > 0 ? `\n${grouped(others)} more failed.` : '';
  return `<div class="note">${escape(text)}${more}</div>`;
}

const warningNote = (text: string): string => `<div class="note warning">${escape(text)}</div>`;

function badge(status: Status, warnings: number): string {
  const words = statusWords(status, warnings);
  return `<span class="badge ${words.endsWith('warnings') ? 'warn' : toneOf(status)}">${words}</span>`;
}

/** The colour of a status, and of an attempt's outcome. */
function toneOf(status: Status | OperationReport['attemptHistory'][number]['outcome']): string {
  switch (status) {
    case 'COMPLETED':
      return 'good';
    case 'FAILED':
    case 'TIMEOUT':
    case 'REJECTED':
    case 'WORKER_LOST':
      return 'bad';
    case 'RETRYING':
    case 'PAUSED':
      return 'warn';
    case 'PREPARING':
    case 'RUNNING':
      return 'busy';
    case 'PENDING':
    case 'SCHEDULED':
    case 'CANCELLED':
    case 'SKIPPED':
      return 'idle';
  }
}

const grouped = (value: number): string => value.toLocaleString('en');

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Nothing of it is markup, in text and in quoted attributes. */
function escape(text: string): string {
  return visible(text).replace(/[&<>"']/g, (mark) => ENTITIES[mark] ?? mark);
}

/** The same on one line, which turns the direction of nothing around it. */
function line(text: string): string {
  return `<bdi>${escape(visibleLine(text))}</bdi>`;
}
