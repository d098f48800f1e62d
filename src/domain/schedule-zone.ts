/** Time zones: whether a name is one, and what its clocks show when. */
import { preview } from './json.js';
import { didYouMean } from './suggest.js';

/** What the clocks of a zone show. */
export interface WallClock {
  year: number;
  month: number;
  dayOfMonth: number;
  hour: number;
  minute: number;
  second: number;
}

const DAY_MS = 86_400_000;

/**
 * The IANA name of a zone, in its right case.
 *
 * @throws RangeError for anything else; offsets such as `+01:00` are none: the server does not know them
 */
export function parseZone(value: unknown): string {
  if (typeof value === 'string' && /^[A-Za-z]/.test(value)) {
    try {
      const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions();
      return timeZone.toLowerCase() === value.toLowerCase() ? timeZone : value;
    } catch {
      // told below
    }
  }
  const known = ['UTC', ...Intl.supportedValuesOf('timeZone')];
  const hint = typeof value === 'string' ? nearest(value, known) : undefined;
  throw new RangeError(
    `expected an IANA time zone such as "Europe/Zurich", got ${preview(value)}${hint ? `; ${hint}` : ''}`,
  );
}

/** A zone that is near as a whole, or whose city is meant. */
function nearest(value: string, known: readonly string[]): string | undefined {
  const city = known.find((name) => name.toLowerCase().endsWith(`/${value.toLowerCase()}`));
  return city ? `did you mean ${JSON.stringify(city)}?` : didYouMean(value, known);
}

/** By zone in lower case: making one takes a hundred times as long as using it. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const key = zone.toLowerCase();
  const known = formats.get(key);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(key, format);
  return format;
}

/** What the clocks of a zone show at an instant, in epoch milliseconds. */
export function wallClock(zone: string, instant: number): WallClock {
  const parts = formatOf(zone).formatToParts(instant);
  const of = (type: Intl.DateTimeFormatPartTypes): number =>
    Number(parts.find((part) => part.type === type)?.value);
  return {
    year: of('year'),
    month: of('month'),
    dayOfMonth: of('day'),
    hour: of('hour'),
    minute: of('minute'),
    second: of('second'),
  };
}

/** The instants at which the clocks show this: none where they leap over it, two where they go back. */
export function instantsOf(zone: string, wall: WallClock): number[] {
  const asUtc = utcOf(wall);
  const offsets = [-DAY_MS, DAY_MS].map((apart) => {
    const near = asUtc + apart;
    return utcOf(wallClock(zone, near)) - near;
  });
  const instants = [...new Set(offsets)].map((offset) => asUtc - offset);
  return instants
    .filter((instant) => utcOf(wallClock(zone, instant)) === asUtc)
    .sort((a, b) => a - b);
}

/** The same clock in UTC, in epoch milliseconds. */
export const utcOf = ({ year, month, dayOfMonth, hour, minute, second }: WallClock): number =>
  Date.UTC(year, month - 1, dayOfMonth, hour, minute, second);

const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$/;

/**
 * An instant, in epoch milliseconds: a Date, or an ISO time with an offset, or one without that is read in `zone`.
 *
 * @throws RangeError when it is no time, has neither offset nor zone, or the clocks do not show it exactly once
 */
export function parseInstant(value: unknown, zone?: string): number {
  const text = value instanceof Date ? isoOf(value) : value;
  const match = typeof text === 'string' ? TIME.exec(text.trim()) : null;
  const instant = match ? Date.parse(`${match[0].slice(0, 10)}T00:00:00Z`) : NaN;
  // 31 February is taken for 3 March by Date.
  const real = match && new Date(instant).getUTCDate() === Number(match[3]);
  if (!match || !real || Number(match[4]) > 23 || Number(match[5]) > 59)
    throw new RangeError(
      `expected an ISO time with an offset, such as "2027-01-31T08:00:00Z", got ${preview(value)}`,
    );
  if (match[7] !== undefined) return Date.parse(match[0]);
  if (zone === undefined)
    throw new RangeError(
      `expected an ISO time with an offset, or a timezone to read it in, got ${preview(value)}; write ${JSON.stringify(`${match[0]}Z`)} for UTC`,
    );
  const [year = 0, month = 0, dayOfMonth = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const instants = instantsOf(zone, { year, month, dayOfMonth, hour, minute, second });
  return once(value, zone, instants);
}

/** @throws RangeError unless there is exactly one */
export function once(value: unknown, zone: string, instants: readonly number[]): number {
  const [instant, second] = instants;
  if (instant !== undefined && second === undefined) return instant;
  const what = instant === undefined ? 'never show' : 'show twice';
  throw new RangeError(
    `the clocks of ${zone} ${what} ${preview(value)}: they are put ${instant === undefined ? 'forward' : 'back'} then; choose another time`,
  );
}

const isoOf = (date: Date): string => (Number.isNaN(date.getTime()) ? '' : date.toISOString());
