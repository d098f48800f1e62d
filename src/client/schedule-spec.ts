/** A schedule's times in Temporal's own terms, and back. */
import type {
  CalendarSpec,
  CalendarSpecDescription,
  ScheduleSpec,
  ScheduleSpecDescription,
} from '@temporalio/client';
import {
  CALENDAR_FIELDS,
  DAY_NAMES,
  MONTH_NAMES,
  type CalendarField,
  type FieldRange,
} from '../domain/schedule-field.js';
import {
  calendarText,
  COMMENT,
  type CalendarTimes,
  type ParsedCalendar,
  type ParsedTimes,
  type ScheduleTimes,
} from '../domain/schedule-times.js';

/** The server makes calendars of cron expressions; a comment keeps what was written. */
export function specOf(times: ParsedTimes): ScheduleSpec {
  const { startAt, endAt } = times;
  return {
    cronExpressions: times.cron.map((text) => `${text} #${COMMENT.cron}${text}`),
    intervals: times.every.map(({ everyMs, offsetMs }) => ({ every: everyMs, offset: offsetMs })),
    calendars: times.calendars.map(calendarSpec),
    skip: times.skip.map(calendarSpec),
    timezone: times.timezone,
    jitter: times.jitterMs,
    ...(startAt === undefined ? {} : { startAt: new Date(startAt) }),
    ...(endAt === undefined ? {} : { endAt: new Date(endAt) }),
  };
}

/** The SDK takes a range without an end for one that ends at 1, so every range is told whole. */
function calendarSpec({ fields, comment }: ParsedCalendar): CalendarSpec {
  const { second, minute, hour, dayOfMonth, year } = fields;
  return {
    second,
    minute,
    hour,
    dayOfMonth,
    year: year.length === 0 ? '*' : year,
    month: fields.month.map((range) => named(range, (value) => MONTH_NAMES[value - 1])),
    dayOfWeek: fields.dayOfWeek.map((range) => named(range, (value) => DAY_NAMES[value])),
    ...(comment ? { comment } : {}),
  };
}

function named<Name extends string>(
  { start, end, step }: FieldRange,
  name: (value: number) => Name | undefined,
): { start: Name; end: Name; step: number } {
  return { start: name(start) as Name, end: name(end) as Name, step };
}

/** What was written, out of what the server made of it; good for {@link parseTimes} again. */
export function timesOf(spec: ScheduleSpecDescription): ScheduleTimes {
  const cron: string[] = [];
  const at: string[] = [];
  const calendar: CalendarTimes[] = [];
  for (const one of spec.calendars ?? []) {
    const { comment = '' } = one;
    if (comment.startsWith(COMMENT.cron)) cron.push(comment.slice(COMMENT.cron.length));
    else if (comment.startsWith(COMMENT.at)) at.push(comment.slice(COMMENT.at.length));
    else calendar.push(calendarText(parsedCalendar(one)));
  }
  const every = (spec.intervals ?? []).map(({ every, offset }) =>
    offset ? { every, offset } : every,
  );
  const skip = (spec.skip ?? []).map((one) => calendarText(parsedCalendar(one)));
  return {
    ...(cron.length > 0 ? { cron } : {}),
    ...(every.length > 0 ? { every } : {}),
    ...(calendar.length > 0 ? { calendar } : {}),
    ...(at.length > 0 ? { at } : {}),
    ...(skip.length > 0 ? { skip } : {}),
    ...(spec.timezone ? { timezone: spec.timezone } : {}),
    ...(spec.startAt ? { startAt: spec.startAt } : {}),
    ...(spec.endAt ? { endAt: spec.endAt } : {}),
    ...(spec.jitter ? { jitter: spec.jitter } : {}),
  };
}

function parsedCalendar(description: CalendarSpecDescription): ParsedCalendar {
  const fields = Object.fromEntries(
    CALENDAR_FIELDS.map((field) => [
      field,
      description[field].map((range) => numbers(field, range)),
    ]),
  ) as ParsedCalendar['fields'];
  return { fields, comment: description.comment ?? '' };
}

function numbers(
  field: CalendarField,
  { start, end, step }: { start: number | string; end: number | string; step: number },
): FieldRange {
  const value = (given: number | string): number => {
    if (typeof given === 'number') return given;
    const names: readonly string[] = field === 'month' ? MONTH_NAMES : DAY_NAMES;
    return names.indexOf(given) + (field === 'month' ? 1 : 0);
  };
  return { start: value(start), end: value(end), step };
}
