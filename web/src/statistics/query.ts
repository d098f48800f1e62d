/** What the statistics are of, as the address says it, and the periods of time that this makes. */
import { api, type StatsQuery } from '../api.js';
import { linkTo } from '../route.js';

export const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Hours of a longer time would be more points than a plot has room for. */
const MOST_HOURS = 31 * 24;

export type By = 'hour' | 'day';
export const STEP_MS: Record<By, number> = { hour: HOUR_MS, day: DAY_MS };
const DAYS = { '24h': 1, '7d': 7, '30d': 30, '90d': 90, '1y': 365 } as const;
export type Range = keyof typeof DAYS | 'own';
export type Kind = '' | 'graph' | 'task' | 'item' | 'node';

export interface Choice {
  range: Range;
  /** Days, where the range is `own`: the first and the last. */
  from: string;
  to: string;
  by: By;
  /** The groupings that fit the range. */
  bys: readonly By[];
  project: string;
  taskId: string;
  kind: Kind;
}

const RANGES = [...Object.keys(DAYS), 'own'] as readonly Range[];
const KINDS: readonly Kind[] = ['', 'graph', 'task', 'item', 'node'];

/** What is not known is taken for the default. */
export function choiceOf(query: URLSearchParams, now: number): Choice {
  const range = RANGES.find((one) => one === query.get('range')) ?? '24h';
  const [from, to] = [dayOf(query.get('from'), now - 6 * DAY_MS), dayOf(query.get('to'), now)];
  const [since, until] = range === 'own' ? ownSpan(from, to) : [0, DAYS[range] * DAY_MS];
  const bys: By[] = range === '24h' ? ['hour'] : ['hour', 'day'];
  if ((until - since) / HOUR_MS > MOST_HOURS) bys.shift();
  return {
    ...{ range, from, to, bys },
    by: bys.find((one) => one === query.get('by')) ?? bys.at(-1) ?? 'day',
    project: query.get('project') ?? '',
    taskId: query.get('taskId') ?? '',
    kind: KINDS.find((one) => one === query.get('kind')) ?? '',
  };
}

/** The address of a choice, less what is the default. */
export function linkOf({ range, from, to, by, project, taskId, kind }: Choice): string {
  const own = range === 'own' ? { from, to } : {};
  return linkTo(['statistics'], {
    ...(range === '24h' ? {} : { range, by }),
    ...own,
    ...{ project, taskId, kind },
  });
}

/** The first period and the first that is not shown, in epoch ms; whole periods in UTC, the last one has `now` in it. */
export function spanOf({ range, from, to, by }: Choice, now: number): [from: number, to: number] {
  if (range === 'own') return ownSpan(from, to);
  const end = (Math.floor(now / STEP_MS[by]) + 1) * STEP_MS[by];
  return [end - DAYS[range] * DAY_MS, end];
}

/** Asks for figures of the chosen time. */
export function askStats(choice: Choice, more: Partial<StatsQuery>, signal: AbortSignal) {
  const [since, until] = spanOf(choice, Date.now());
  const { project, taskId, kind } = choice;
  const times = { since: new Date(since).toISOString(), until: new Date(until).toISOString() };
  return api.stats({ project, taskId, kind, ...times, ...more }, signal);
}

function ownSpan(from: string, to: string): [number, number] {
  const [first, last] = [Date.parse(from), Date.parse(to)].sort((a, b) => a - b) as [
    number,
    number,
  ];
  return [first, last + DAY_MS];
}

const DAY = /^\d{4}-\d\d-\d\d$/;

function dayOf(given: string | null, otherwise: number): string {
  if (given !== null && DAY.test(given) && !Number.isNaN(Date.parse(given))) return given;
  return new Date(otherwise).toISOString().slice(0, 10);
}
