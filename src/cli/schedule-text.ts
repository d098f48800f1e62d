/** Schedules for people: one in full, and many in a table. */
import type { ScheduleRecord, ScheduleSummary } from '../client.js';
import { formatDuration } from '../domain/duration.js';
import { preview } from '../domain/json.js';
import { leaptTimes } from '../domain/schedule-leaps.js';
import { parseTimes } from '../domain/schedule-times.js';
import { oneLine, table, type Cell } from './columns.js';
import { utcTime } from './utc-time.js';
import type { Output, Style } from './output.js';
import { painter, signOf } from './status-style.js';

export function printSchedules(out: Output, schedules: readonly ScheduleSummary[]): void {
  if (schedules.length === 0) {
    if (!out.json) out.note('no schedules');
    return;
  }
  const { style } = out;
  const head = ['ID', 'STATE', 'NAME', 'NEXT', 'LAST', 'WHEN'].map((text): Cell => ({
    text,
    paint: style.dim,
  }));
  const rows = schedules.map((one): Cell[] => [
    { text: one.id },
    stateCell(one, style),
    { text: one.taskId ?? '' },
    { text: one.nextAt === null ? '' : utcTime(one.nextAt) },
    { text: one.last === null ? '' : utcTime(one.last.startedAt) },
    { text: oneLine(whenText(one)) },
  ]);
  // Only a terminal cuts lines: what goes into a pipe is whole.
  for (const line of table([head, ...rows], out.live ? out.width : Infinity)) out.print(line);
}

function stateCell({ paused }: ScheduleSummary, style: Style): Cell {
  return paused
    ? { text: '‖ PAUSED', paint: style.yellow }
    : { text: '● ACTIVE', paint: style.green };
}

/** `cron 0 2 * * * · every 6 h (Europe/Zurich)`. */
function whenText({ when, timezone }: ScheduleSummary): string {
  return `${when.join(' · ')}${timezone === 'UTC' ? '' : ` (${timezone})`}`;
}

export function printSchedule(out: Output, record: ScheduleRecord): void {
  const { style } = out;
  const { text, paint = String } = stateCell(record, style);
  out.print(`${paint(text)}  ${style.bold(record.id)}`);
  const rows = factsOf(record).map(([name, fact]): Cell[] => [
    { text: `  ${name}`, paint: style.dim },
    { text: oneLine(fact) },
  ]);
  for (const line of table(rows, out.live ? out.width : Infinity)) out.print(line);
  if (record.recent.length === 0) return;
  out.print();
  const recent = record.recent.map(({ executionId, startedAt, status }): Cell[] => [
    { text: '  ' },
    status === null
      ? { text: 'forgotten', paint: style.dim }
      : { text: `${signOf(status)} ${status}`, paint: painter(status, style) },
    { text: executionId },
    { text: utcTime(startedAt), paint: style.dim },
  ]);
  for (const line of table(recent, out.live ? out.width : Infinity)) out.print(line.slice(2));
}

/** Next starts that are printed; `--json` gives all. */
const NEXT = 3;

function factsOf(record: ScheduleRecord): [string, string][] {
  const { kind, taskId, note, next, counts, times, limitedActions: left, running } = record;
  const { startAt, endAt, jitter } = times;
  const facts: [string, string | null | undefined][] = [
    [kind, taskId],
    ['params', paramsText(record)],
    ['note', note],
    ['when', whenText(record)],
    ['from', startAt && utcTime(new Date(startAt).toISOString())],
    ['until', endAt && utcTime(new Date(endAt).toISOString())],
    ['jitter', jitter === undefined ? null : formatDuration(Number(jitter))],
    ['next', next.slice(0, NEXT).map(utcTime).join(', ')],
    ['left out', leapsText(record)],
    ['overlap', `${record.overlap}${record.pauseOnFailure ? ', pause on failure' : ''}`],
    ['catch-up', formatDuration(record.catchupWindowMs)],
    ['left', left === null ? null : String(left)],
    ['project', record.project],
    ['session', record.sessionId],
    ['queue', record.taskQueue],
    ['running', running.join(', ')],
    ['counts', countsText(counts)],
  ];
  return facts.flatMap(([name, text]): [string, string][] => (text ? [[name, text]] : []));
}

/** The times of a year that there are none of, since the clocks leap over them. */
function leapsText({ times, timezone }: ScheduleRecord): string {
  const now = Date.now();
  const leapt = leaptTimes(parseTimes(times, now, []), now);
  if (leapt.length === 0) return '';
  return `${leapt.join(', ')}: the clocks of ${timezone} are put forward then; another hour, or UTC, has them all`;
}

/** `day="2026-11-22" rows=5`: what the schedule gives; defaults of the pipeline stand in its file. */
function paramsText({ submission: { params = {} } }: ScheduleRecord): string {
  const given = Object.entries(params);
  return given.map(([name, value]) => `${name}=${preview(value)}`).join(' ');
}

function countsText({ started, ...others }: ScheduleRecord['counts']): string {
  const more = Object.entries(others).filter(([, count]) => count > 0);
  return [`${started} started`, ...more.map(([name, count]) => `${count} ${name}`)].join(' · ');
}
