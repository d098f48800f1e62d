/**
 * Cron expressions as Temporal's server takes them, checked before they are sent. Pure. Its dialect is its own (six
 * fields end with a year, a day of the month and a day of the week must both match), so no cron library serves.
 */
import { preview } from './json.js';
import { parseField, valuesOf, type CalendarField, type FieldRange } from './schedule-field.js';

/** The fields by their number in the expression. */
const FIELDS: Readonly<Record<number, readonly CalendarField[]>> = {
  5: ['minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'],
  6: ['minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek', 'year'],
  7: ['second', 'minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek', 'year'],
};

/** Shorthands, and what each stands for. */
const SHORTHAND: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const SHORTHANDS = Object.keys(SHORTHAND);

/** The longest that each month gets. */
const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

export type CalendarRanges = Record<CalendarField, FieldRange[]>;

/**
 * The expression with single spaces.
 *
 * @throws RangeError naming the field, what it holds and what was expected
 */
export function parseCron(value: unknown): string {
  if (typeof value !== 'string')
    throw new RangeError(`expected a cron expression such as "0 2 * * *", got ${preview(value)}`);
  const text = value.trim().replace(/\s+/g, ' ');
  if (SHORTHANDS.includes(text.toLowerCase())) return text.toLowerCase();
  checkDialect(text);
  const parts = text.split(' ');
  const fields = FIELDS[parts.length];
  if (text === '' || !fields)
    throw new RangeError(
      `expected 5 fields (minute hour day-of-month month day-of-week), 6 (and a year) or 7 (a second before them), got ${preview(value)}`,
    );
  if (!everComes(rangesOf(fields, parts, value)))
    throw new RangeError(`${preview(value)} never comes: no month that it names has such a day`);
  return text;
}

/** The fields that an expression of {@link parseCron} says; those that it leaves out are missing. */
export function cronRanges(text: string): Partial<CalendarRanges> {
  const parts = (SHORTHAND[text] ?? text).split(' ');
  return rangesOf(FIELDS[parts.length] ?? [], parts, text);
}

function rangesOf(
  fields: readonly CalendarField[],
  parts: readonly string[],
  value: unknown,
): Partial<CalendarRanges> {
  const ranges: Partial<CalendarRanges> = {};
  fields.forEach((field, index) => {
    try {
      ranges[field] = parseField(field, parts[index]);
    } catch (error) {
      throw new RangeError(`${NAMES[field]}: ${(error as Error).message} in ${preview(value)}`, {
        cause: error,
      });
    }
  });
  return ranges;
}

/** What other crons know, each with the way to say it here. */
function checkDialect(text: string): void {
  const refusals: readonly (readonly [RegExp, string])[] = [
    [/^(CRON_)?TZ=/, 'give the time zone as timezone'],
    [/^@every\b/, 'give an interval as every'],
    [/^@/, `expected one of ${SHORTHANDS.join(', ')}`],
    [/#/, 'the n-th weekday is not known: "0 0 8-14 * MON" is the second Monday'],
    [/(^| )\?( |$)/, 'write * for ?'],
  ];
  const found = refusals.find(([pattern]) => pattern.test(text));
  if (found) throw new RangeError(`${found[1]}, got ${preview(text)}`);
}

const NAMES: Record<CalendarField, string> = {
  second: 'second',
  minute: 'minute',
  hour: 'hour',
  dayOfMonth: 'day of month',
  month: 'month',
  year: 'year',
  dayOfWeek: 'day of week',
};

/** False for 30 February and its like. */
export function everComes({ dayOfMonth, month }: Partial<CalendarRanges>): boolean {
  if (!dayOfMonth || !month) return true;
  const first = Math.min(...dayOfMonth.map(({ start }) => start));
  return month.flatMap(valuesOf).some((number) => first <= (MONTH_DAYS[number - 1] ?? 0));
}
