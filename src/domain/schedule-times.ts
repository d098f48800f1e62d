/**
 * When a schedule starts something: what a caller says, checked with every fault at once, and in plain words.
 *
 * Pure; the clock is an argument. The times are the union of `cron`, `every`, `calendar` and `at`, without `skip`, from
 * `startAt` to `endAt`. The server counts in whole seconds.
 */
import { parseDuration, type Duration } from './duration.js';
import { fault, type Fault, type FaultCode } from './fault.js';
import { getOwn, isObject, preview, type Path } from './json.js';
import { everComes, parseCron, type CalendarRanges } from './schedule-cron.js';
import {
  CALENDAR_FIELDS,
  formatField,
  parseField,
  wholeField,
  YEARS,
  type CalendarField,
  type FieldRange,
} from './schedule-field.js';
import { instantsOf, once, parseInstant, parseZone, wallClock } from './schedule-zone.js';
import { didYouMean } from './suggest.js';

type FieldValue =
  number | string | { start: number | string; end?: number | string; step?: number };

/**
 * Times by the calendar: all fields must match. A field is `9`, `'MON-FRI'`, `'0-30/10'`, `'*'`, a range, or a list.
 * `second`, `minute` and `hour` default to 0, the others to every value.
 */
export type CalendarTimes = Partial<Record<CalendarField, FieldValue | FieldValue[]>> & {
  comment?: string;
};

type OneOrMore<T> = T | readonly T[];

/** When a schedule runs: the times of all fields together. */
export interface ScheduleTimes {
  /** `'0 2 * * *'`, with 6 fields a year after them, with 7 a second before them too; or `'@daily'`. */
  cron?: OneOrMore<string>;
  /** An interval, counted from 1970-01-01T00:00:00Z, and shifted by `offset`. At least 1 s. */
  every?: OneOrMore<Duration | { every: Duration; offset?: Duration }>;
  calendar?: OneOrMore<CalendarTimes>;
  /** Once, at an ISO time with an offset, or without one in `timezone`. */
  at?: OneOrMore<Date | string>;
  /** Times that the others have and this schedule shall not. */
  skip?: OneOrMore<CalendarTimes>;
  /** The zone in which cron, calendar and times without an offset are read. Default UTC. */
  timezone?: string;
  /** Nothing before. Null takes it away again. */
  startAt?: Date | string | null;
  /** Nothing after. Null takes it away again. */
  endAt?: Date | string | null;
  /** Each start is late by a random part of this. Default 0. */
  jitter?: Duration;
}

/** A calendar's times, every field said. */
export interface ParsedCalendar {
  fields: CalendarRanges;
  comment: string;
}

export interface ParsedTimes {
  cron: string[];
  every: { everyMs: number; offsetMs: number }[];
  /** Those of `calendar` and of `at`. */
  calendars: ParsedCalendar[];
  skip: ParsedCalendar[];
  timezone: string;
  /** Epoch milliseconds. */
  startAt?: number;
  endAt?: number;
  jitterMs: number;
}

/** How the server keeps what was written: as the comment of the calendar made of it. */
export const COMMENT = { cron: 'cron: ', at: 'at: ' } as const;

/** The ways to say when, of which a schedule needs one. */
export const TIME_FIELDS = ['cron', 'every', 'calendar', 'at'] as const;

/**
 * What was said, parsed; with faults, only as far as it could be.
 *
 * @param now epoch milliseconds
 */
export function parseTimes(times: ScheduleTimes, now: number, faults: Fault[]): ParsedTimes {
  const reader = new Reader(faults);
  const zone = reader.value(['timezone'], () =>
    times.timezone === undefined ? undefined : parseZone(times.timezone),
  );
  const instant = (path: Path, value: unknown): number | undefined =>
    value == null ? undefined : reader.value(path, () => parseInstant(value, zone));
  const at = reader.each('at', times.at, (value) => parseInstant(value, zone));
  const startAt = instant(['startAt'], times.startAt);
  const endAt = instant(['endAt'], times.endAt);
  const parsed: ParsedTimes = {
    cron: reader.each('cron', times.cron, parseCron),
    every: reader.each('every', times.every, parseInterval),
    calendars: [
      ...reader.calendars('calendar', times.calendar),
      ...reader.each('at', times.at, (value) => onceAt(value, zone), at),
    ],
    skip: reader.calendars('skip', times.skip),
    timezone: zone ?? 'UTC',
    ...(startAt === undefined ? {} : { startAt }),
    ...(endAt === undefined ? {} : { endAt }),
    jitterMs: reader.value(['jitter'], () => parseDuration(times.jitter ?? 0)) ?? 0,
  };
  if (TIME_FIELDS.every((field) => list(times[field]).length === 0))
    reader.refuse([], 'MISSING', 'says no times: give cron, every, calendar or at');
  const soonest = Math.max(now, startAt ?? now);
  const others = [times.cron, times.every, times.calendar].flatMap(list);
  if (at.length > 0 && others.length === 0 && at.every((time) => time < soonest))
    reader.refuse(['at'], 'INVALID_VALUE', `has passed: ${preview(times.at)} would start nothing`);
  if (endAt !== undefined && endAt < soonest)
    reader.refuse(
      ['endAt'],
      'INVALID_VALUE',
      `expected a time to come, after startAt, got ${preview(times.endAt)}`,
    );
  return parsed;
}

/** Reads values, and turns what cannot be read into faults. */
class Reader {
  constructor(private readonly faults: Fault[]) {}

  refuse(path: Path, code: FaultCode, message: string, hint?: string): void {
    this.faults.push(fault(path, code, message, hint));
  }

  value<T>(path: Path, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      this.refuse(path, 'INVALID_VALUE', (error as Error).message);
      return undefined;
    }
  }

  /** One or several values; with `given`, of which none is missing, or what is wrong was told already. */
  each<T>(field: string, values: unknown, read: (value: unknown) => T, given?: unknown[]): T[] {
    const all = list(values);
    if (given && given.length < all.length) return [];
    return all.flatMap((value, index) => {
      const path = Array.isArray(values) ? [field, index] : [field];
      const found = this.value(path, () => read(value));
      return found === undefined ? [] : [found];
    });
  }

  calendars(field: string, values: unknown): ParsedCalendar[] {
    return list(values).flatMap((value, index) => {
      const path = Array.isArray(values) ? [field, index] : [field];
      if (isObject(value)) return [this.calendar(path, value)];
      const expected = 'expected fields such as { hour: 9, dayOfWeek: "MON-FRI" }';
      this.refuse(path, 'INVALID_TYPE', `${expected}, got ${preview(value)}`);
      return [];
    });
  }

  private calendar(path: Path, value: Record<string, unknown>): ParsedCalendar {
    const known: readonly string[] = [...CALENDAR_FIELDS, 'comment'];
    for (const key of Object.keys(value))
      if (!known.includes(key))
        this.refuse(
          [...path, key],
          'UNKNOWN_FIELD',
          `unknown field ${JSON.stringify(key)}`,
          didYouMean(key, known),
        );
    const before = this.faults.length;
    const fields = everyField((field) => {
      const given = getOwn(value, field);
      return given === undefined
        ? DEFAULTS[field]
        : (this.value([...path, field], () => parseField(field, given)) ?? []);
    });
    if (this.faults.length === before && !everComes(fields))
      this.refuse(path, 'INVALID_VALUE', 'never comes: no month that it names has such a day');
    const { comment = '' } = value;
    return { fields, comment: typeof comment === 'string' ? comment : preview(comment) };
  }
}

const everyField = (ranges: (field: CalendarField) => FieldRange[]): CalendarRanges =>
  Object.fromEntries(CALENDAR_FIELDS.map((field) => [field, ranges(field)])) as CalendarRanges;

/** What a calendar's field means that is not said; a year that is not said is no range. */
export const DEFAULTS: CalendarRanges = everyField((field) => {
  if (field === 'year') return [];
  const clock = field === 'second' || field === 'minute' || field === 'hour';
  return [clock ? single(0) : wholeField(field)];
});

function single(value: number): FieldRange {
  return { start: value, end: value, step: 1 };
}

/** One or several, as a list. */
export function list(value: unknown): readonly unknown[] {
  if (value == null) return [];
  return Array.isArray(value) ? (value as unknown[]) : [value];
}

/** @throws RangeError unless it is of whole seconds, and the offset below it */
export function parseInterval(value: unknown): { everyMs: number; offsetMs: number } {
  const { every, offset = 0, ...rest } = isObject(value) ? value : { every: value };
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined)
    throw new RangeError(`expected { every, offset }, got ${preview(value)}`);
  const everyMs = parseDuration(every);
  const offsetMs = parseDuration(offset);
  if (everyMs < 1_000 || everyMs % 1_000 !== 0 || offsetMs % 1_000 !== 0)
    throw new RangeError(`expected whole seconds, at least "1s", got ${preview(value)}`);
  if (offsetMs >= everyMs)
    throw new RangeError(`expected an offset below the interval, got ${preview(value)}`);
  return { everyMs, offsetMs };
}

/** The calendar that matches one instant, to the second, and no other. */
function onceAt(value: unknown, zone = 'UTC'): ParsedCalendar {
  const wall = wallClock(zone, parseInstant(value, zone));
  once(value, zone, instantsOf(zone, wall));
  const { least, most } = YEARS;
  if (wall.year < least || wall.year > most)
    throw new RangeError(`expected a time in the years ${least} to ${most}, got ${preview(value)}`);
  const text = value instanceof Date ? value.toISOString() : String(value);
  return {
    fields: everyField((field) =>
      field === 'dayOfWeek' ? DEFAULTS.dayOfWeek : [single(wall[field])],
    ),
    comment: `${COMMENT.at}${text}`,
  };
}

/** A calendar as it could have been written: defaults left out, fields as cron writes them. */
export function calendarText({ fields, comment }: ParsedCalendar): CalendarTimes {
  const said = CALENDAR_FIELDS.flatMap((field) => {
    const text = formatField(field, fields[field]);
    return text === formatField(field, DEFAULTS[field]) ? [] : [[field, text] as const];
  });
  return { ...Object.fromEntries(said), ...(comment ? { comment } : {}) };
}
