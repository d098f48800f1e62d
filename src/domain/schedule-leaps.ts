/**
 * The starts that a schedule does not have because the clocks of its zone are put forward over them: of `30 2 * * *` in
 * Europe/Zurich the one of the last Sunday in March. Nobody misses them until that morning.
 *
 * Pure. Times that lie close to others of the same schedule are not told: one that runs each hour goes on all the same.
 */
import { cronRanges, type CalendarRanges } from './schedule-cron.js';
import { valuesOf } from './schedule-field.js';
import { DEFAULTS, type ParsedTimes } from './schedule-times.js';
import { utcOf, wallClock } from './schedule-zone.js';

const DAY_MS = 86_400_000;
/** How far is looked ahead: the clocks are put forward once a year at most. */
const AHEAD_DAYS = 366;

/**
 * What the clocks would show then, `2027-03-28 02:30`, soonest first, within a year after `now`.
 *
 * @param now epoch milliseconds
 */
export function leaptTimes(times: ParsedTimes, now: number): string[] {
  const { timezone: zone, startAt = -Infinity, endAt = Infinity } = times;
  const ranges = [
    ...times.cron.map((text) => ({ ...DEFAULTS, ...cronRanges(text) })),
    ...times.calendars.map(({ fields }) => fields),
  ];
  if (ranges.length === 0 || times.every.length > 0) return [];
  const from = Math.max(now, startAt);
  const until = Math.min(from + AHEAD_DAYS * DAY_MS, endAt);
  const leapt = gapsBetween(zone, from, until).flatMap(({ start, end }) => {
    const wide = end - start;
    const near = ranges.flatMap((fields) => clocksOf(fields, start - wide, end + wide));
    const inside = near.filter((clock) => clock >= start && clock < end);
    return inside.length === near.length ? inside : [];
  });
  return [...new Set(leapt)].sort((a, b) => a - b).map(clockText);
}

/** What the clocks leap over, as if they showed UTC: from `start` on, and before `end`. */
function gapsBetween(zone: string, from: number, until: number): { start: number; end: number }[] {
  const offsetAt = (time: number): number => utcOf(wallClock(zone, time)) - time;
  const gaps: { start: number; end: number }[] = [];
  for (let day = Math.ceil(from / 1_000) * 1_000; day < until; day += DAY_MS) {
    const [before, after] = [offsetAt(day), offsetAt(day + DAY_MS)];
    if (after <= before) continue;
    let [low, high] = [day, day + DAY_MS];
    while (high - low > 1_000) {
      const middle = Math.floor((low + high) / 2_000) * 1_000;
      if (offsetAt(middle) === before) low = middle;
      else high = middle;
    }
    if (high < until) gaps.push({ start: high + before, end: high + after });
  }
  return gaps;
}

/** Clock times from `start` on and before `end`, all as if they were UTC. */
function clocksOf(fields: CalendarRanges, start: number, end: number): number[] {
  const has = (field: keyof CalendarRanges, value: number): boolean =>
    fields[field].some((range) => valuesOf(range).includes(value));
  const found: number[] = [];
  for (let clock = Math.floor(start / 60_000) * 60_000; clock < end; clock += 60_000) {
    const date = new Date(clock);
    const day =
      (fields.year.length === 0 || has('year', date.getUTCFullYear())) &&
      has('month', date.getUTCMonth() + 1) &&
      has('dayOfMonth', date.getUTCDate()) &&
      has('dayOfWeek', date.getUTCDay());
    if (day && has('hour', date.getUTCHours()) && has('minute', date.getUTCMinutes()))
      found.push(clock);
  }
  return found.filter((clock) => clock >= start);
}

const clockText = (clock: number): string =>
  new Date(clock).toISOString().slice(0, 16).replace('T', ' ');
