/**
 * One field of a cron expression or of a calendar, in the dialect of Temporal's schedules: `9`, `MON-FRI`, `0-30/10`,
 * `*`, lists of these. No `?`, `L`, `W` or `#`.
 */
import { isObject, preview } from './json.js';

export const CALENDAR_FIELDS = [
  'second',
  'minute',
  'hour',
  'dayOfMonth',
  'month',
  'year',
  'dayOfWeek',
] as const;
export type CalendarField = (typeof CALENDAR_FIELDS)[number];

/** Values from `start` to `end`, both included, every `step`-th. */
export interface FieldRange {
  start: number;
  end: number;
  step: number;
}

interface FieldRules {
  least: number;
  most: number;
  /** Names by value, from `least` on. */
  names?: readonly string[];
}

export const MONTH_NAMES = [
  'JANUARY',
  'FEBRUARY',
  'MARCH',
  'APRIL',
  'MAY',
  'JUNE',
  'JULY',
  'AUGUST',
  'SEPTEMBER',
  'OCTOBER',
  'NOVEMBER',
  'DECEMBER',
] as const;
export const DAY_NAMES = [
  'SUNDAY',
  'MONDAY',
  'TUESDAY',
  'WEDNESDAY',
  'THURSDAY',
  'FRIDAY',
  'SATURDAY',
] as const;

/** The years that the server takes. */
export const YEARS = { least: 2000, most: 2100 } as const;

/** A day of the week may be 7 for Sunday; parsed it is 0. */
const RULES: Record<CalendarField, FieldRules> = {
  second: { least: 0, most: 59 },
  minute: { least: 0, most: 59 },
  hour: { least: 0, most: 23 },
  dayOfMonth: { least: 1, most: 31 },
  month: { least: 1, most: 12, names: MONTH_NAMES },
  year: YEARS,
  dayOfWeek: { least: 0, most: 7, names: DAY_NAMES },
};

/** Every value of a field. */
export const wholeField = (field: CalendarField): FieldRange => ({
  start: RULES[field].least,
  end: field === 'dayOfWeek' ? 6 : RULES[field].most,
  step: 1,
});

/**
 * The values that a field says: a number, a text, `{ start, end, step }`, or a list of these.
 *
 * @throws RangeError naming the part and what was expected
 */
export function parseField(field: CalendarField, value: unknown): FieldRange[] {
  const parts = (Array.isArray(value) ? (value as unknown[]) : [value]).flatMap((part) =>
    typeof part === 'string' ? part.split(',') : [part],
  );
  if (parts.length === 0) throw refused(field, value);
  const ranges = parts.map((part) =>
    isObject(part) ? fromObject(field, part) : fromText(field, part),
  );
  return field === 'dayOfWeek' ? withoutSeven(ranges) : ranges;
}

function fromObject(field: CalendarField, part: Record<string, unknown>): FieldRange {
  const { start, end = start, step = 1, ...rest } = part;
  if (Object.keys(rest).length > 0) throw refused(field, part);
  return range(field, part, valueOf(field, start), valueOf(field, end), step);
}

function fromText(field: CalendarField, part: unknown): FieldRange {
  const [whole = '', stepText, ...more] = String(part).trim().split('/');
  const step = stepText === undefined ? 1 : /^\d+$/.test(stepText) ? Number(stepText) : undefined;
  const all = wholeField(field);
  if (more.length > 0 || (typeof part !== 'string' && typeof part !== 'number'))
    throw refused(field, part);
  if (whole === '*') return range(field, part, all.start, all.end, step);
  const [first, last, ...others] = whole.split('-');
  if (others.length > 0) throw refused(field, part);
  const start = valueOf(field, first);
  // `5/10` goes on to the end.
  const alone = stepText === undefined ? start : all.end;
  return range(field, part, start, last === undefined ? alone : valueOf(field, last), step);
}

function range(
  field: CalendarField,
  part: unknown,
  start: number | undefined,
  end: number | undefined,
  step: unknown,
): FieldRange {
  const whole = typeof step === 'number' && Number.isInteger(step) && step >= 1 && step <= 9_999;
  if (start === undefined || end === undefined || end < start || !whole) throw refused(field, part);
  return { start, end, step };
}

/** A number of the field's range, or a name: whole, or its first three letters. */
function valueOf(field: CalendarField, value: unknown): number | undefined {
  const { least, most, names = [] } = RULES[field];
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const text = String(value).trim().toUpperCase();
  const named = names.findIndex((name) => name === text || name.slice(0, 3) === text);
  if (named >= 0) return named + least;
  const number = Number(text);
  return /^\d+$/.test(text) && number >= least && number <= most ? number : undefined;
}

function refused(field: CalendarField, part: unknown): RangeError {
  const { least, most, names } = RULES[field];
  const named = names ? `, or ${names[0]?.slice(0, 3)} to ${names.at(-1)?.slice(0, 3)}` : '';
  return new RangeError(
    `expected a value, range ("a-b") or step ("*/n") of ${least} to ${most}${named}, got ${preview(part)}`,
  );
}

/** Sunday is 0; a range that ends with 7 is told day by day. */
function withoutSeven(ranges: FieldRange[]): FieldRange[] {
  if (ranges.every(({ end }) => end <= 6)) return ranges;
  const days = new Set(ranges.flatMap(valuesOf).map((day) => day % 7));
  return [...days].sort((a, b) => a - b).map((day) => ({ start: day, end: day, step: 1 }));
}

export function valuesOf({ start, end, step }: FieldRange): number[] {
  const values: number[] = [];
  for (let value = start; value <= end; value += step) values.push(value);
  return values;
}

/** A field as cron writes it: `MON-FRI`, `0-30/10`, `*`. Parsing it again gives the same ranges. */
export function formatField(field: CalendarField, ranges: readonly FieldRange[]): string {
  const all = wholeField(field);
  const { least, names } = RULES[field];
  const word = (value: number): string => names?.[value - least]?.slice(0, 3) ?? String(value);
  const texts = ranges.map(({ start, end, step }) => {
    const every = step > 1 ? `/${step}` : '';
    if (start === all.start && end === all.end) return `*${every}`;
    if (start === end) return word(start);
    return `${word(start)}-${word(end)}${every}`;
  });
  return texts.length === 0 ? '*' : texts.join(',');
}
