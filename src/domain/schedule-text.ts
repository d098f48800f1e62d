/** A schedule's times in words. */
import { formatDuration } from './duration.js';
import { preview } from './json.js';
import { list, parseInterval, type CalendarTimes, type ScheduleTimes } from './schedule-times.js';

/** When, a phrase each: `cron 0 2 * * *`, `every 1 h`, `at 2027-01-31T08:00:00Z`, `calendar hour 9`. */
export function timePhrases(times: ScheduleTimes): string[] {
  return [
    ...list(times.cron).map((text) => `cron ${String(text)}`),
    ...list(times.every).map(intervalPhrase),
    ...list(times.calendar).map((value) => `calendar ${calendarPhrase(value as CalendarTimes)}`),
    ...list(times.at).map((time) => `at ${String(time)}`),
    ...list(times.skip).map((value) => `never ${calendarPhrase(value as CalendarTimes)}`),
  ];
}

function intervalPhrase(value: unknown): string {
  const { everyMs, offsetMs } = parseInterval(value);
  const shifted = offsetMs > 0 ? `, shifted by ${formatDuration(offsetMs)}` : '';
  return `every ${formatDuration(everyMs)}${shifted}`;
}

function calendarPhrase({ comment, ...fields }: CalendarTimes): string {
  const said = Object.entries(fields).map(
    ([field, value]) => `${field} ${preview(value).replaceAll('"', '')}`,
  );
  return `${said.length > 0 ? said.join(', ') : 'midnight'}${comment ? ` (${comment})` : ''}`;
}
