/** What a caller says of a schedule, checked whole, and what Temporal is told. */
import type { ScheduleOverlapPolicy } from '@temporalio/client';
import type { GraphBuilder } from '../builder.js';
import type { Adjacency } from '../domain/adjacency.js';
import { uncleanIn } from '../domain/clean-name.js';
import { parseDuration, type Duration } from '../domain/duration.js';
import { fault, type Fault } from '../domain/fault.js';
import { preview } from '../domain/json.js';
import { SubmissionSchema, TaskOptionsSchema, type GraphSpec } from '../domain/spec.js';
import type { ScheduleTimes } from '../domain/schedule-times.js';
import { didYouMean } from '../domain/suggest.js';
import { visible } from '../domain/visible-text.js';
import type { GraphSubmitOptions, SubmitOptions, TaskSubmission } from './submission.js';

/** What happens to a start that comes while an execution of the schedule still runs. TypeScript refuses one without a row. */
export const OVERLAP = {
  /** It does not take place. */
  skip: 'SKIP',
  /** It waits for the end of the one that runs; one may wait. */
  bufferOne: 'BUFFER_ONE',
  /** It waits, behind those that wait already. */
  bufferAll: 'BUFFER_ALL',
  /** The one that runs is cancelled; this one starts when that has ended. */
  cancelOther: 'CANCEL_OTHER',
  /** The one that runs is killed, its hooks and clean-up with it. */
  terminateOther: 'TERMINATE_OTHER',
  /** Both run. */
  allowAll: 'ALLOW_ALL',
} as const satisfies Record<string, ScheduleOverlapPolicy>;
/** What happens when the last execution of a schedule still runs. */
export type Overlap = keyof typeof OVERLAP;
export const OVERLAPS = Object.keys(OVERLAP) as Overlap[];

export interface SchedulePolicies {
  /** Default skip. */
  overlap?: Overlap;
  /** A start that the server was down for is made up for when it is at most this late. At least 10 s; default one year. */
  catchupWindow?: Duration;
  /** Pauses the schedule when an execution ends FAILED, TIMEOUT or REJECTED. Default false. Not with allowAll. */
  pauseOnFailure?: boolean;
  /** Starts that are left; at 0 only `trigger` starts one. Null, the default, is no limit. */
  limitedActions?: number | null;
  /** Default false. */
  paused?: boolean;
  /** A word for people; `pause` and `resume` write theirs over it. */
  note?: string;
}

type Own = 'executionId' | 'reuse' | 'scheduledTime' | 'workflowType';

/** What may be said of every execution, as where one is submitted; each has a start time and an id by itself. */
export interface TaskWork extends Omit<TaskSubmission, Own> {
  /** Beginning of the executions' ids; Temporal adds `-` and the time. Default: the schedule's id. */
  executionId?: string;
  graph?: never;
}

export interface GraphWork extends Omit<GraphSubmitOptions, Own> {
  /** Also the name of a template: the graph that it stands for now is kept. */
  graph: string | GraphBuilder | GraphSpec | Adjacency;
  executionId?: string;
  task?: never;
}

/** What a schedule is created with: its id, its times, what it runs, and by which policies. */
export type ScheduleOptions = { id: string } & ScheduleTimes &
  SchedulePolicies &
  (TaskWork | GraphWork);

/**
 * What is to change. Any of `cron`, `every`, `calendar` and `at` replaces all four. `task` or `graph` replaces what is
 * run with all that was said of it; without them the fields given replace those of before.
 */
export type ScheduleUpdate = ScheduleTimes &
  SchedulePolicies &
  Omit<SubmitOptions & GraphSubmitOptions, Own | 'name'> & {
    input?: unknown;
    executionId?: string;
    name?: string;
  } & ({ task?: TaskWork['task']; graph?: never } | { graph?: GraphWork['graph']; task?: never });

const TIMES = ['cron', 'every', 'calendar', 'at', 'skip', 'timezone', 'startAt', 'endAt', 'jitter'];
const POLICIES = [
  'overlap',
  'catchupWindow',
  'pauseOnFailure',
  'limitedActions',
  'paused',
  'note',
] as const;
const WORK = ['task', 'graph', 'input', 'inputs', 'name', 'executionId'];
/** Those of the submission that travels; what it is for is ours to say, options are given one by one, its times are the schedule's. */
const SUBMISSION = Object.keys(SubmissionSchema.shape).filter(
  (field) => !['kind', 'options', 'scheduledTime'].includes(field),
);
const KNOWN: readonly string[] = [
  ...['id', ...TIMES, ...POLICIES, ...WORK, ...SUBMISSION],
  ...Object.keys(TaskOptionsSchema.shape),
];

/** Fields of a submission that a schedule has its own way for. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  scheduledTime: 'say when with cron, every, calendar, at or startAt',
  reuse: 'every execution of a schedule gets an id of its own',
  workflowType: 'schedule a graph whose node has the container',
};

/** What was said, by what it is about; undefined fields are left out. */
export interface SortedOptions {
  times: ScheduleTimes;
  policies: SchedulePolicies;
  work: Record<string, unknown>;
}

export function sortOptions(options: object, faults: Fault[]): SortedOptions {
  const times: Record<string, unknown> = {};
  const policies: Record<string, unknown> = {};
  const work: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || key === 'id') continue;
    if (TIMES.includes(key)) times[key] = value;
    else if ((POLICIES as readonly string[]).includes(key)) policies[key] = value;
    else if (KNOWN.includes(key)) work[key] = value;
    else faults.push(unknownField(key));
  }
  return { times, policies, work };
}

function unknownField(key: string): Fault {
  const elsewhere = Object.hasOwn(ELSEWHERE, key) ? ELSEWHERE[key] : undefined;
  const text = elsewhere
    ? `is not for schedules: ${elsewhere}`
    : `unknown field ${JSON.stringify(key)}`;
  return fault([key], 'UNKNOWN_FIELD', text, elsewhere ? undefined : didYouMean(key, KNOWN));
}

/** The server raises a shorter one to this without a word. */
const LEAST_CATCHUP_MS = 10_000;

/** The policies as Temporal takes them: only what was said. */
export interface ParsedPolicies {
  overlap?: ScheduleOverlapPolicy;
  catchupWindow?: number;
  pauseOnFailure?: boolean;
  remainingActions?: number | null;
  paused?: boolean;
  note?: string;
}

export function parsePolicies(given: SchedulePolicies, faults: Fault[]): ParsedPolicies {
  const parsed: ParsedPolicies = {};
  const wrong = (field: string, expected: string, value: unknown, hint?: string): void =>
    void faults.push(
      fault([field], 'INVALID_VALUE', `expected ${expected}, got ${preview(value)}`, hint),
    );
  const { overlap, catchupWindow, limitedActions: left, note } = given;
  if (overlap !== undefined) {
    const policy = overlapOf(overlap, faults);
    if (policy) parsed.overlap = policy;
  }
  if (catchupWindow !== undefined)
    try {
      parsed.catchupWindow = parseDuration(catchupWindow);
      if (parsed.catchupWindow < LEAST_CATCHUP_MS)
        wrong('catchupWindow', 'at least "10s"', catchupWindow);
    } catch (error) {
      faults.push(fault(['catchupWindow'], 'INVALID_VALUE', (error as Error).message));
    }
  if (left !== undefined) {
    if (left === null || (Number.isInteger(left) && left >= 0)) parsed.remainingActions = left;
    else wrong('limitedActions', 'a whole number from 0, or null for no limit', left);
  }
  for (const field of ['pauseOnFailure', 'paused'] as const) {
    const value: unknown = given[field];
    if (typeof value === 'boolean') parsed[field] = value;
    else if (value !== undefined) wrong(field, 'true or false', value);
  }
  if (typeof note === 'string') parsed.note = note;
  else if (note !== undefined) wrong('note', 'text', note);
  if (parsed.overlap === 'ALLOW_ALL' && parsed.pauseOnFailure)
    faults.push(
      fault(
        ['pauseOnFailure'],
        'INVALID_VALUE',
        'does nothing with overlap allowAll: the server does not follow those executions; choose another overlap',
      ),
    );
  return parsed;
}

/** Temporal's policy for ours. */
export function overlapOf(overlap: unknown, faults: Fault[]): ScheduleOverlapPolicy | undefined {
  const found = OVERLAPS.find((one) => one === overlap);
  if (found) return OVERLAP[found];
  faults.push(
    fault(
      ['overlap'],
      'INVALID_VALUE',
      `expected one of ${OVERLAPS.join(', ')}, got ${preview(overlap)}`,
      typeof overlap === 'string' ? didYouMean(overlap, OVERLAPS) : undefined,
    ),
  );
  return undefined;
}

/** `-2027-01-31T08:00:00Z`, which Temporal adds to the id of each execution. */
export const TIME_SUFFIX_LENGTH = 21;
const LONGEST_ID = 255 - TIME_SUFFIX_LENGTH;

/** Ids of schedules begin those of their executions. */
export function scheduleIdFaults(field: 'id' | 'executionId', id: unknown): Fault[] {
  if (id === '.' || id === '..') {
    const message = `expected another id than "." and "..", got ${preview(id)}`;
    return [fault([field], 'INVALID_VALUE', message, 'no address over HTTP holds it')];
  }
  const isText = typeof id === 'string' && /^[^/]+$/.test(id) && id.length <= LONGEST_ID;
  const unclean = isText ? uncleanIn(id) : undefined;
  if (isText && unclean === undefined) return [];
  const without = unclean === undefined ? '"/"' : `control characters such as ${unclean}`;
  const expected = `expected 1 to ${LONGEST_ID} characters without ${without}`;
  const why = 'Temporal adds the time to it for the id of each execution';
  return [fault([field], 'INVALID_VALUE', `${expected}, got ${visible(preview(id))}`, why)];
}
