/** The groups of an answer as columns: one value for each period, also where nothing ended. */
import type { ExecutionStats, StatsFigures } from '../../../src/store/stats.js';
import type { By } from './query.js';
import { STEP_MS } from './query.js';

export interface Series {
  by: By;
  /** Where each period begins, in epoch ms. */
  at: number[];
  figures: StatsFigures[];
}

const NOTHING: StatsFigures = {
  ...{ total: 0, successful: 0, failed: 0, cancelled: 0, skipped: 0, active: 0 },
  ...{ retried: 0, totalRetries: 0, withWarnings: 0, byStatus: {} },
  waitMs: { p50: null, p95: null, p99: null },
  runMs: { p50: null, p95: null, p99: null },
};

export function seriesOf(
  { groups = [] }: ExecutionStats,
  by: By,
  [from, to]: readonly [number, number],
): Series {
  const known = new Map(groups.map(({ key, ...figures }) => [key[by], figures]));
  const at: number[] = [];
  for (let time = from; time < to; time += STEP_MS[by]) at.push(time);
  return { by, at, figures: at.map((time) => known.get(time) ?? NOTHING) };
}

/** How many have ended; `total` has those that have not. */
export const endedOf = ({ total, active }: StatsFigures): number => total - active;

/** Percent of those that completed or failed; null where none did. */
export function rateOf({ successful, failed }: StatsFigures): number | null {
  const all = successful + failed;
  return all === 0 ? null : (100 * successful) / all;
}

const HOUR = new Intl.DateTimeFormat('en-GB', {
  ...{ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', timeZone: 'UTC' },
});
const DAY = new Intl.DateTimeFormat('en-GB', {
  ...{ day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' },
});

/** A period by its beginning, in UTC. */
export const periodText = (at: number, by: By): string => (by === 'hour' ? HOUR : DAY).format(at);

export const rateText = (rate: number | null): string =>
  rate === null ? '–' : `${rate === 100 || rate === 0 ? rate : rate.toFixed(1)} %`;
