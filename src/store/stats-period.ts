/** Hours, days and months (UTC) that a stretch of time is made of. */
export type Level = 'hour' | 'day' | 'month';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** The beginning of the period that a time lies in. */
export function periodOf(level: Level, at: number): number {
  if (level === 'hour') return Math.floor(at / HOUR_MS) * HOUR_MS;
  if (level === 'day') return Math.floor(at / DAY_MS) * DAY_MS;
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
}

/** The beginning of the first period that begins at this time or later. */
export function periodFrom(level: Level, at: number): number {
  const begin = periodOf(level, at);
  if (begin === at) return at;
  if (level === 'hour') return begin + HOUR_MS;
  if (level === 'day') return begin + DAY_MS;
  const date = new Date(begin);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
}

/** Periods of one level, the first that counts and the first that does not; infinite where there is no bound. */
export interface Stretch {
  level: Level;
  from: number;
  to: number;
}

/**
 * The fewest whole periods that make up the time from `since`, taken down to the hour, to `until`, taken up to it.
 *
 * @param longest the longest period that may be used: `hour` when hours are asked for
 */
export function stretchesOf(
  since: number | undefined,
  until: number | undefined,
  longest: Level,
): Stretch[] {
  const from = since === undefined ? -Infinity : periodOf('hour', since);
  const to = until === undefined ? Infinity : periodFrom('hour', until);
  return from < to ? split(from, to, longest) : [];
}

const SHORTER: Readonly<Record<Level, Level | undefined>> = {
  month: 'day',
  day: 'hour',
  hour: undefined,
};

function split(from: number, to: number, level: Level): Stretch[] {
  const shorter = SHORTER[level];
  if (shorter === undefined) return from < to ? [{ level, from, to }] : [];
  const first = Number.isFinite(from) ? periodFrom(level, from) : from;
  const last = Number.isFinite(to) ? periodOf(level, to) : to;
  if (first >= last) return split(from, to, shorter);
  return [
    ...(Number.isFinite(from) ? split(from, first, shorter) : []),
    { level, from: first, to: last },
    ...(Number.isFinite(to) ? split(last, to, shorter) : []),
  ];
}
