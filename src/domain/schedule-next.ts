/**
 * The next times of a schedule, as Temporal's server will find them: for whoever writes one, before it is there.
 *
 * Pure. Times that the clocks leap over are none, and those that they show twice are two; of these the server (1.29) leaves
 * out some in zones east of Greenwich, which docs/schedules.md tells. Jitter is left out: it is chance.
 */
import { cronRanges, type CalendarRanges } from './schedule-cron.js';
import { valuesOf, YEARS, type CalendarField } from './schedule-field.js';
import { DEFAULTS, type ParsedTimes } from './schedule-times.js';
import { utcOf, wallClock } from './schedule-zone.js';

const DAY_MS = 86_400_000;
/** Times looked at, of all parts of a schedule together: one whose times are all skipped is given up. */
const MOST_LOOKS = 10_000;

/**
 * The first times after `now`, soonest first, in epoch milliseconds; fewer where there are no more.
 *
 * @param now epoch milliseconds
 */
export function nextTimes(times: ParsedTimes, now: number, count: number): number[] {
  const { timezone: zone, startAt = -Infinity, endAt = Infinity } = times;
  const after = Math.max(now, startAt - 1);
  const skipped = times.skip.map(({ fields }) => matcherOf(fields));
  const skips = (time: number): boolean => {
    if (skipped.length === 0) return false;
    const wall = wallClock(zone, time);
    return skipped.some((matches) => matches(wall));
  };
  const found = new Set<number>();
  const parts = partsOf(times, after);
  const most = Math.max(count, Math.floor(MOST_LOOKS / parts.length));
  for (const part of parts) {
    let taken = 0;
    let looks = 0;
    for (const time of part) {
      if (time > endAt || looks++ === most || taken === count) break;
      if (skips(time)) continue;
      found.add(time);
      taken++;
    }
  }
  return [...found].sort((a, b) => a - b).slice(0, count);
}

/** The times of each of its parts, in order. */
function partsOf(
  { cron, every, calendars, timezone }: ParsedTimes,
  after: number,
): Iterable<number>[] {
  const ranges = [
    ...cron.map((text) => ({ ...DEFAULTS, ...cronRanges(text) })),
    ...calendars.map(({ fields }) => fields),
  ];
  return [
    ...ranges.map((fields) => calendarTimes(fields, timezone, after)),
    ...every.map((interval) => intervalTimes(interval, after)),
  ];
}

function* intervalTimes(
  { everyMs, offsetMs }: ParsedTimes['every'][number],
  after: number,
): Iterable<number> {
  const passed = Math.floor((after - offsetMs) / everyMs);
  for (let number = passed + 1; ; number++) yield number * everyMs + offsetMs;
}

function* calendarTimes(fields: CalendarRanges, zone: string, after: number): Iterable<number> {
  const has = setsOf(fields);
  const [hours, minutes, seconds] = [has.hour, has.minute, has.second].map(sorted);
  const clocks = function* (day: number): Iterable<number> {
    for (const hour of hours ?? [])
      for (const minute of minutes ?? [])
        for (const second of seconds ?? [])
          yield day + ((hour * 60 + minute) * 60 + second) * 1_000;
  };
  const { year, month, dayOfMonth } = wallClock(zone, after);
  const last = Date.UTC(YEARS.most, 11, 31);
  for (let day = Date.UTC(year, month - 1, dayOfMonth); day <= last; day += DAY_MS) {
    if (!hasDay(has, new Date(day))) continue;
    for (const { offset, from, until } of offsetsAround(zone, day))
      for (const clock of clocks(day)) {
        const time = clock - offset;
        if (time >= from && time < until && time > after) yield time;
      }
  }
}

/** What the zone's clocks are ahead of UTC on a day and beside it; two where they are put forward or back then. */
function offsetsAround(
  zone: string,
  day: number,
): { offset: number; from: number; until: number }[] {
  const offsetAt = (time: number): number => utcOf(wallClock(zone, time)) - time;
  let before = day - DAY_MS;
  let after = day + 2 * DAY_MS;
  const [first, second] = [offsetAt(before), offsetAt(after)];
  if (first === second) return [{ offset: first, from: -Infinity, until: Infinity }];
  while (after - before > 1_000) {
    const middle = Math.floor((before + after) / 2_000) * 1_000;
    if (offsetAt(middle) === first) before = middle;
    else after = middle;
  }
  return [
    { offset: first, from: -Infinity, until: after },
    { offset: second, from: after, until: Infinity },
  ];
}

type Sets = Record<CalendarField, ReadonlySet<number>>;

/** No year said is every year. */
function hasDay({ year, month, dayOfMonth, dayOfWeek }: Sets, date: Date): boolean {
  return (
    (year.size === 0 || year.has(date.getUTCFullYear())) &&
    month.has(date.getUTCMonth() + 1) &&
    dayOfMonth.has(date.getUTCDate()) &&
    dayOfWeek.has(date.getUTCDay())
  );
}

function matcherOf(fields: CalendarRanges): (wall: ReturnType<typeof wallClock>) => boolean {
  const has = setsOf(fields);
  return (wall) =>
    has.hour.has(wall.hour) &&
    has.minute.has(wall.minute) &&
    has.second.has(wall.second) &&
    hasDay(has, new Date(utcOf(wall)));
}

const setsOf = (fields: CalendarRanges): Sets =>
  Object.fromEntries(
    Object.entries(fields).map(([field, ranges]) => [field, new Set(ranges.flatMap(valuesOf))]),
  ) as unknown as Sets;

const sorted = (values: ReadonlySet<number>): number[] => [...values].sort((a, b) => a - b);
