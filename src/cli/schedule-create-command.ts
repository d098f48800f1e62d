/** `tempograph schedule create`: what runs, and when. */
import type { CalendarTimes, Overlap, SchedulePolicies, ScheduleTimes } from '../client.js';
import { PRIORITIES } from '../domain/priority.js';
import {
  collect,
  option,
  wholeNumber,
  type CommandDefinition,
  type CommonOptions,
} from './command.js';
import { notOneOf, oneOf } from './one-of.js';
import { EXIT, UsageError } from './exit.js';
import { readTarget, type TargetOptions } from './schedule-target.js';
import { printSchedule } from './schedule-text.js';
import { withSession } from './session.js';
import { PARAM_OPTIONS } from './values.js';

interface CreateOptions extends CommonOptions, TargetOptions {
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
  limit?: number;
  paused?: boolean;
  note?: string;
}

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

export const create: CommandDefinition<CreateOptions> = {
  name: 'create',
  summary: 'Run a pipeline or a task at set times',
  description:
    'FILE|TASK is a pipeline in YAML or JSON (- is standard input), or a task.\n' +
    'Times add up; --cron, --every, --calendar and --at may be repeated.\n' +
    'Each execution is called ID-<time>. A worker must poll the task queue then.',
  parameters: [
    ['<id>', "the schedule's id"],
    ['<file|task>', "a pipeline's file, or a task's name"],
  ],
  options: [
    option('--cron <expression>', 'such as "0 2 * * MON-FRI", or @daily', collect),
    option('--every <interval>', 'such as 6h, or 6h/15m to shift it by 15 minutes', collect),
    option('--calendar <json>', `such as '{"hour": "9-17", "dayOfWeek": "FRI"}'`, collect),
    option('--at <time>', 'once, such as 2027-01-31T08:00:00Z', collect),
    option('--timezone <zone>', 'of cron, calendar and times without an offset (default: UTC)'),
    option('--start-at <time>', 'nothing before'),
    option('--end-at <time>', 'nothing after'),
    option('--jitter <duration>', 'start late by a random part of this (default: 0)'),
    overlapOption('when one still runs (default: skip)'),
    option('--catchup-window <duration>', 'how late a start may be made up for (default: 365d)'),
    option('--limit <n>', 'so many starts in all', wholeNumber('--limit', 1, 1_000_000_000)),
    option('--pause-on-failure', 'pause the schedule when an execution fails'),
    option('--paused', 'create it paused'),
    option('--note <text>', 'a word for people'),
    ...PARAM_OPTIONS,
    option('-i, --input <json|@file>', "the task's input"),
    option('--project <name>', 'the project that the executions belong to'),
    option('--session <id>', 'the session that the executions belong to'),
    option('--priority <priority>', PRIORITIES.join(', '), oneOf('--priority', PRIORITIES)),
  ],
  examples: [
    ['tempograph schedule create nightly nightly.yaml --cron "0 2 * * *"', 'every night'],
    ['tempograph schedule create beat echo --every 10m --jitter 30s', 'one task'],
    ['tempograph schedule create q1 report.yaml --at 2027-04-01T08:00:00Z -p quarter=1', 'once'],
  ],
  run: async (out, options, [id = '', what = '']) => {
    const target = await readTarget(out, what, options);
    return await withSession(options, async ({ engine }) => {
      const record = await engine.schedules.create({ id, ...target, ...timesOf(options) });
      out.document(record);
      printSchedule(out, record);
      return EXIT.done;
    });
  },
};

function timesOf(options: CreateOptions): ScheduleTimes & SchedulePolicies {
  const { cron, at, timezone, startAt, endAt, jitter, limit, note } = options;
  const said = {
    cron,
    every: options.every?.map(interval),
    calendar: options.calendar?.map(calendar),
    at,
    timezone,
    startAt,
    endAt,
    jitter,
    overlap: options.overlap,
    catchupWindow: options.catchupWindow,
    pauseOnFailure: options.pauseOnFailure,
    limitedActions: limit,
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
