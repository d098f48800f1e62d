/**
 * Reading the statistics: what has ended from the counters, as few rows as the time asked for allows, and what has not
 * from the index of open executions.
 */
import { sql } from 'kysely';
import {
  STATS_GROUPINGS,
  STATS_ORDERS,
  type StatsGrouping,
  type StatsOrder,
} from '../domain/statistics.js';
import { STATUSES, type Status } from '../domain/status.js';
import type { Database } from './database.js';
import { EXECUTION_KINDS, SCHEDULED_KINDS, type ExecutionKind } from './execution-row.js';
import { percentiles, type Histogram } from './histogram.js';
import { limitOf, someOf } from './paging.js';
import { GRAIN, LEVEL } from './stats-counters.js';
import {
  addEncodedFigures,
  addFigures,
  emptyFigures,
  type StatusFigures,
} from './stats-figures.js';
import { periodOf, stretchesOf, type Level, type Stretch } from './stats-period.js';
import type { ExecutionStats, Percentiles, StatsFigures, StatsGroup, StatsQuery } from './stats.js';

/** See `Stats.getExecutionStats`. @throws TaskError CONFIGURATION for a grouping, kind, order or limit that is none */
export async function readStats(database: Database, query: StatsQuery): Promise<ExecutionStats> {
  const by = query.by === undefined ? [] : someOf('by', query.by, STATS_GROUPINGS);
  const kinds =
    query.kind === undefined ? SCHEDULED_KINDS : someOf('kind', query.kind, EXECUTION_KINDS);
  const [order = 'key'] = someOf('order', query.order ?? 'key', STATS_ORDERS);
  const most = query.limit === undefined ? undefined : limitOf(query.limit);
  const groups = new Groups(by);
  if (kinds.length > 0) {
    const longest: Level = by.includes('hour') ? 'hour' : by.includes('day') ? 'day' : 'month';
    for (const stretch of stretchesOf(query.since, query.until, longest))
      for (const row of await readCounters(database, query, kinds, by, stretch)) groups.addRow(row);
    for (const row of await readOpen(database, query, kinds)) groups.addOpen(row);
  }
  return {
    ...groups.all(),
    ...(by.length === 0 ? {} : { groups: groups.list(order).slice(0, most) }),
  };
}

interface Counted {
  period: number;
  project: string;
  task_id: string;
  figures: string;
}

/** The rows of the coarsest grain that tells apart what is asked for. */
function readCounters(
  { sql: db }: Database,
  query: StatsQuery,
  kinds: readonly ExecutionKind[],
  by: readonly StatsGrouping[],
  { level, from, to }: Stretch,
): Promise<Counted[]> {
  const { project, taskId } = query;
  const grain =
    by.includes('task') || taskId !== undefined
      ? GRAIN.task
      : by.includes('project') || project !== undefined
        ? GRAIN.project
        : GRAIN.all;
  return db
    .selectFrom('execution_stats')
    .select(['period', 'project', 'task_id', 'figures'])
    .where('grain', '=', grain)
    .where('level', '=', LEVEL[level])
    .$if(Number.isFinite(from), (q) => q.where('period', '>=', from))
    .$if(Number.isFinite(to), (q) => q.where('period', '<', to))
    .where('kind', 'in', [...kinds])
    .$if(project !== undefined, (q) => q.where('project', '=', project ?? ''))
    .$if(taskId !== undefined, (q) => q.where('task_id', '=', taskId ?? ''))
    .execute();
}

interface Open {
  project: string | null;
  task_id: string | null;
  status: string;
  count: number;
}

function readOpen(
  { sql: db }: Database,
  { project, taskId }: StatsQuery,
  kinds: readonly ExecutionKind[],
): Promise<Open[]> {
  return (
    db
      .selectFrom('executions')
      .select(['project', 'task_id', 'status'])
      .select(sql<number>`count(*)`.as('count'))
      // Written out, not a parameter: only then does the partial index fit.
      .where(sql<boolean>`open = 1`)
      .where('kind', 'in', [...kinds])
      .$if(project !== undefined, (q) => q.where('project', '=', project ?? ''))
      .$if(taskId !== undefined, (q) => q.where('task_id', '=', taskId ?? ''))
      .groupBy(['project', 'task_id', 'status'])
      .execute()
  );
}

interface Group {
  key: StatsGroup['key'];
  ended: StatusFigures;
  byStatus: Partial<Record<Status, number>>;
  active: number;
}

const emptyGroup = (key: StatsGroup['key']): Group => ({
  ...{ key, ended: emptyFigures(), byStatus: {}, active: 0 },
});

type Place = Record<StatsGrouping, string | number | null>;

/** What has been read, by group; without groupings there is one. */
class Groups {
  private readonly groups = new Map<string, Group>();

  constructor(private readonly by: readonly StatsGrouping[]) {}

  addRow({ period, project, task_id: task, figures }: Counted): void {
    const times = { hour: period, day: periodOf('day', period) };
    const place = { task: task || null, project: project || null, ...times };
    // Without `status` among the groupings, it is one group for all that the row holds.
    const one = this.by.includes('status') ? undefined : this.groupAt({ ...place, status: null });
    addEncodedFigures(figures, (status, ended) => {
      const group = one ?? this.groupAt({ ...place, status });
      addStatus(group, status, ended);
      return group.ended;
    });
  }

  addOpen({ project, task_id: task, status, count }: Open): void {
    const group = this.groupAt({ task, project, status, hour: null, day: null });
    addStatus(group, status as Status, count);
    group.active += count;
  }

  list(order: StatsOrder): StatsGroup[] {
    return [...this.groups.values()]
      .map((group) => ({ key: group.key, ...summaryOf(group) }))
      .filter(({ total }) => total > 0)
      .sort((a, b) => sizeIn(order, b) - sizeIn(order, a) || compareKeys(this.by, a.key, b.key));
  }

  all(): StatsFigures {
    const sum = emptyGroup({});
    for (const { ended, byStatus, active } of this.groups.values()) {
      addFigures(sum.ended, ended);
      for (const status of STATUSES) addStatus(sum, status, byStatus[status] ?? 0);
      sum.active += active;
    }
    return summaryOf(sum);
  }

  private groupAt(place: Place): Group {
    const id = JSON.stringify(this.by.map((name) => place[name]));
    let known = this.groups.get(id);
    if (!known) {
      known = emptyGroup(Object.fromEntries(this.by.map((name) => [name, place[name]])));
      this.groups.set(id, known);
    }
    return known;
  }
}

function addStatus({ byStatus }: Group, status: Status, count: number): void {
  if (count !== 0) byStatus[status] = (byStatus[status] ?? 0) + count;
}

function summaryOf({ ended, byStatus, active }: Group): StatsFigures {
  const of = (status: Status): number => byStatus[status] ?? 0;
  return {
    total: ended.ended + active,
    successful: of('COMPLETED'),
    failed: of('FAILED') + of('TIMEOUT') + of('REJECTED'),
    cancelled: of('CANCELLED'),
    skipped: of('SKIPPED'),
    active,
    retried: ended.retried,
    totalRetries: ended.totalRetries,
    withWarnings: ended.withWarnings,
    byStatus,
    waitMs: percentilesOf(ended.wait),
    runMs: percentilesOf(ended.run),
  };
}

function percentilesOf(histogram: Histogram): Percentiles {
  const [p50 = null, p95 = null, p99 = null] = percentiles(histogram, [0.5, 0.95, 0.99]);
  return { p50, p95, p99 };
}

/** How much of what is asked for a group has; -1 where nothing has been measured. */
function sizeIn(order: StatsOrder, { total, failed, totalRetries, waitMs, runMs }: StatsGroup) {
  switch (order) {
    case 'key':
      return 0;
    case 'total':
      return total;
    case 'failed':
      return failed;
    case 'retries':
      return totalRetries;
    case 'wait':
      return waitMs.p95 ?? -1;
    case 'run':
      return runMs.p95 ?? -1;
  }
}

/** In the order of the groupings; what has no value comes last. */
function compareKeys(
  by: readonly StatsGrouping[],
  a: StatsGroup['key'],
  b: StatsGroup['key'],
): number {
  for (const name of by) {
    const [left, right] = [a[name] ?? null, b[name] ?? null];
    if (left === right) continue;
    if (left === null) return 1;
    if (right === null) return -1;
    return left < right ? -1 : 1;
  }
  return 0;
}
