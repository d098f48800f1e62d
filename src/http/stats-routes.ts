/** Figures about executions: how many ended how, and how long they waited and ran. */
import { z } from 'zod';
import { STATS_GROUPINGS, STATS_ORDERS } from '../domain/statistics.js';
import { STATUSES } from '../domain/status.js';
import { many, projectFor } from './calls.js';
import { route } from './route.js';

const count = z.int().min(0);
const PercentilesShape = z
  .object({ p50: z.number().nullable(), p95: z.number().nullable(), p99: z.number().nullable() })
  .describe('milliseconds, each within 4 % of the exact one; null where nothing was measured');
const FIGURES = {
  total: count.describe('successful + failed + cancelled + skipped + active'),
  successful: count,
  failed: count.describe('FAILED, TIMEOUT and REJECTED'),
  cancelled: count,
  skipped: count,
  active: count.describe('not ended: a time range does not narrow them'),
  retried: count.describe('with more than one attempt'),
  totalRetries: count.describe('attempts beyond the first'),
  withWarnings: count,
  byStatus: z.partialRecord(z.enum(STATUSES), count),
  waitMs: PercentilesShape,
  runMs: PercentilesShape,
};
const StatsShape = z
  .object({
    ...FIGURES,
    groups: z
      .array(
        z.object({
          ...FIGURES,
          key: z
            .partialRecord(z.enum(STATS_GROUPINGS), z.union([z.string(), z.int()]).nullable())
            .describe('hour and day: its beginning in epoch ms; null of what has not ended'),
        }),
      )
      .optional()
      .describe('with "by"'),
  })
  .meta({ id: 'ExecutionStats', description: 'Retries and percentiles are of what has ended.' });

export const statsRoutes = [
  route({
    id: 'stats',
    method: 'GET',
    path: '/stats',
    tag: 'system',
    summary: 'Counts and percentiles of executions, by task, project, status, hour or day',
    description: 'From counters, so that it is quick whatever the number. Needs the store.',
    scope: 'read',
    of: 'projects',
    query: z.strictObject({
      project: z.string().min(1).optional(),
      taskId: z.string().min(1).optional().describe('the name of a task, or of a graph'),
      since: z.iso
        .datetime({ offset: true })
        .optional()
        .describe('ended at or after, taken down to the full hour (UTC)'),
      until: z.iso
        .datetime({ offset: true })
        .optional()
        .describe('ended before, taken up to the full hour (UTC)'),
      by: many(z.enum(STATS_GROUPINGS)).optional().describe('a group for each, or for each pair'),
      kind: many(z.enum(['graph', 'task', 'item', 'node'])).optional(),
      order: z
        .enum(STATS_ORDERS)
        .optional()
        .describe('of the groups: by key (default), else most first; wait and run by p95'),
      limit: z.coerce.number().int().min(1).max(1_000).optional().describe('groups at most'),
    }),
    answer: StatsShape,
    handle: async (call) => {
      const { project: given, ...query } = call.query;
      const project = projectFor(call, given);
      return await call.engine.getExecutionStats({
        ...(query as object),
        ...(project === undefined ? {} : { project }),
      });
    },
  }),
];
