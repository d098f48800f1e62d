/** What `schedule create` and `schedule update` take: when, and what happens then. */
import type { Option } from 'commander';
import type { CalendarTimes, Overlap, SchedulePolicies, ScheduleTimes } from '../client.js';
import { PRIORITIES } from '../domain/priority.js';
import { collect, option, wholeNumber, type CommonOptions } from './command.js';
import { UsageError } from './exit.js';
import { notOneOf, oneOf } from './one-of.js';
import type { TargetOptions } from './schedule-target.js';
import { PARAM_OPTIONS } from './values.js';

export interface ScheduleCommandOptions extends CommonOptions, TargetOptions {
  cron?: string[];
  every?: string[];
  calendar?: string[];
  at?: string[];
  timezone?: string;
  startAt?: string;
  endAt?: string;
  jitter?: string;
  overlap?: Overlap;
  catchupWindow?: string;
  pauseOnFailure?: boolean;
  limit?: number | typeof NONE;
  paused?: boolean;
  note?: string;
}

/** What the engine calls them. */
export const OPTION_NAMES = {
  cron: '--cron',
  every: '--every',
  calendar: '--calendar',
  at: '--at',
  timezone: '--timezone',
  startAt: '--start-at',
  endAt: '--end-at',
  jitter: '--jitter',
  overlap: '--overlap',
  catchupWindow: '--catchup-window',
  limitedActions: '--limit',
  pauseOnFailure: '--pause-on-failure',
  note: '--note',
  input: '--input',
  project: '--project',
  sessionId: '--session',
  priority: '--priority',
  from: '--from',
  to: '--to',
} as const;

/** The words of `--overlap`; the engine's are the same without the hyphen. */
const OVERLAP_WORDS: Readonly<Record<string, Overlap>> = {
  skip: 'skip',
  'buffer-one': 'bufferOne',
  'buffer-all': 'bufferAll',
  'cancel-other': 'cancelOther',
  'terminate-other': 'terminateOther',
  'allow-all': 'allowAll',
};

/** `--overlap`, in every command that takes it. */
export const overlapOption = (what: string) =>
  option('--overlap <policy>', `${what}: ${Object.keys(OVERLAP_WORDS).join(', ')}`, overlap);

function overlap(text: string): Overlap {
  const plain = (word: string): string => word.toLowerCase().replace(/[-_]/g, '');
  const found = Object.entries(OVERLAP_WORDS).find(([word]) => plain(word) === plain(text));
  if (found) return found[1];
  throw notOneOf('--overlap', text, Object.keys(OVERLAP_WORDS));
}

const LIMIT = wholeNumber('--limit', 1, 1_000_000_000);

/** What takes an end or a limit away from a schedule that has one. */
const NONE = 'none';
const orNull = <T>(value: T): Exclude<T, typeof NONE> | null =>
  value === NONE ? null : (value as Exclude<T, typeof NONE>);

/** The options of either command; only a schedule that is there has something that is taken away. */
export function scheduleOptions(command: 'create' | 'update'): Option[] {
  const isNew = command === 'create';
  const otherwise = (text: string): string => (isNew ? ` (default: ${text})` : '');
  const taken = isNew ? '' : '; "none" takes it away';
  return [
    option('--cron <expression>', 'such as "0 2 * * MON-FRI", or @daily', collect),
    option('--every <interval>', 'such as 6h, or 6h/15m to shift it by 15 minutes', collect),
    option('--calendar <json>', `such as '{"hour": "9-17", "dayOfWeek": "FRI"}'`, collect),
    option('--at <time>', 'once, such as 2027-01-31T08:00:00Z', collect),
    option('--timezone <zone>', `of cron, calendar and times without an offset${otherwise('UTC')}`),
    option('--start-at <time>', `nothing before${taken}`),
    option('--end-at <time>', `nothing after${taken}`),
    option('--jitter <duration>', `start late by a random part of this${otherwise('0')}`),
    overlapOption(`when one still runs${otherwise('skip')}`),
    option(
      '--catchup-window <duration>',
      `how late a start may be made up for${otherwise('365d')}`,
    ),
    isNew
      ? option('--limit <n>', 'so many starts in all', LIMIT)
      : option('--limit <n>', `so many starts from now on${taken}`, (text) =>
          text === NONE ? NONE : LIMIT(text),
        ),
    option('--pause-on-failure', 'pause the schedule when an execution fails'),
    ...(isNew ? [] : [option('--no-pause-on-failure', 'go on when an execution fails')]),
    option('--paused', isNew ? 'create it paused' : 'also pause it'),
    option('--note <text>', 'a word for people'),
    ...PARAM_OPTIONS,
    option('-i, --input <json|@file>', "the task's input"),
    option('--project <name>', 'the project that the executions belong to'),
    option('--session <id>', 'the session that the executions belong to'),
    option('--priority <priority>', PRIORITIES.join(', '), oneOf('--priority', PRIORITIES)),
  ];
}

/** What was said of times and policies, and nothing else. @throws UsageError */
export function timesOf(options: ScheduleCommandOptions): ScheduleTimes & SchedulePolicies {
  const { cron, at, timezone, startAt, endAt, jitter, limit, note } = options;
  const said = {
    cron,
    every: options.every?.map(interval),
    calendar: options.calendar?.map(calendar),
    at,
    timezone,
    startAt: orNull(startAt),
    endAt: orNull(endAt),
    jitter,
    overlap: options.overlap,
    catchupWindow: options.catchupWindow,
    pauseOnFailure: options.pauseOnFailure,
    limitedActions: orNull(limit),
    paused: options.paused,
    note,
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

function interval(text: string) {
  const [every = '', offset, ...more] = text.split('/');
  if (more.length > 0)
    throw new UsageError(
      `--every: expected an interval such as 6h, or 6h/15m, got ${JSON.stringify(text)}`,
    );
  return offset === undefined ? every : { every, offset };
}

function calendar(text: string): CalendarTimes {
  try {
    return JSON.parse(text) as CalendarTimes;
  } catch (error) {
    throw new UsageError(
      `--calendar: expected JSON such as {"hour": 9, "dayOfWeek": "MON-FRI"}, got ${JSON.stringify(text)} (${(error as Error).message})`,
    );
  }
}
