/** Figures about executions, from counters and histograms that `record` keeps: never by reading the executions. */
import type { StatsGrouping, StatsOrder } from '../domain/statistics.js';
import type { Status } from '../domain/status.js';
import type { Database } from './database.js';
import type { ExecutionKind } from './execution-row.js';
import { readStats } from './read-stats.js';

export interface StatsQuery {
  /** One group per combination of these. */
  by?: StatsGrouping | readonly StatsGrouping[];
  project?: string;
  taskId?: string;
  /** Default: what people schedule, which is all but nodes. */
  kind?: ExecutionKind | readonly ExecutionKind[];
  /** Ended at or after; taken down to the full hour (UTC). */
  since?: number;
  /** Ended before; taken up to the full hour (UTC). */
  until?: number;
  /** Of the groups. Default: `key`. */
  order?: StatsOrder;
  /** Only the first groups, from 1 to 1,000; the figures beside them are of all. Default: every group. */
  limit?: number;
}

/** Milliseconds, each within 4 % of the exact one; null when nothing has been measured. */
export interface Percentiles {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export interface StatsFigures {
  /** successful + failed + cancelled + skipped + active */
  total: number;
  /** COMPLETED */
  successful: number;
  /** FAILED, TIMEOUT and REJECTED */
  failed: number;
  cancelled: number;
  skipped: number;
  /** Not ended, whenever they were created: a time range does not narrow them. */
  active: number;
  /** Executions with more than one attempt. */
  retried: number;
  /** Attempts beyond the first. */
  totalRetries: number;
  withWarnings: number;
  byStatus: Partial<Record<Status, number>>;
  waitMs: Percentiles;
  runMs: Percentiles;
}

export interface StatsGroup extends StatsFigures {
  /** The value of each grouping asked for; of `hour` and `day` its beginning, null for what has not ended. */
  key: Partial<Record<StatsGrouping, string | number | null>>;
}

/** Figures of executions, whole and by group. */
export interface ExecutionStats extends StatsFigures {
  groups?: StatsGroup[];
}

export interface Stats {
  /** Retried, retries, warnings and percentiles are of executions that have ended. */
  getExecutionStats(query?: StatsQuery): Promise<ExecutionStats>;
}

export function statsOf(database: Database): Stats {
  return { getExecutionStats: (query = {}) => readStats(database, query) };
}
