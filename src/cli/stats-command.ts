/** `tempograph stats`: how many executions there are, how they ended, and how long they took. */
import type { ExecutionStats, ExecutionStatsQuery } from '../client.js';
import { formatDuration } from '../domain/duration.js';
import {
  STATS_GROUPINGS,
  STATS_ORDERS,
  type StatsGrouping,
  type StatsOrder,
} from '../domain/statistics.js';
import { table, type Cell } from './columns.js';
import { option, wholeNumber, type CommandDefinition, type CommonOptions } from './command.js';
import { EXIT } from './exit.js';
import type { Output } from './output.js';
import { withReadingSession } from './session.js';
import { sinceOf } from './since.js';

interface StatsOptions extends CommonOptions {
  by?: StatsGrouping;
  project?: string;
  task?: string;
  since?: string;
  nodes?: boolean;
  order?: StatsOrder;
  limit?: number;
}

export const stats: CommandDefinition<StatsOptions> = {
  name: 'stats',
  summary: 'Count executions, and how long they waited and ran',
  description:
    'Graphs, lone tasks and batch items; with --nodes the nodes of graphs instead. Needs the store.',
  options: [
    option('--by <what>', 'a line for each').choices([...STATS_GROUPINGS]),
    option('--project <name>', 'only those of a project'),
    option('--task <name>', 'only those of a task or graph'),
    option(
      '--since <time>',
      'ended at or after this time, or this long ago (24h), taken down to the full hour',
    ),
    option('--nodes', 'the nodes of graphs; a graph itself has no retries'),
    option(
      '--order <what>',
      'of the lines: by key, else most first (wait and run by their 95th percentile)',
    ).choices([...STATS_ORDERS]),
    option('-n, --limit <n>', 'at most this many lines', wholeNumber('--limit', 1, 1_000)),
  ],
  examples: [
    ['tempograph stats', 'all of them'],
    ['tempograph stats --by task --since 24h', 'a line for each task'],
    ['tempograph stats --by task --order failed -n 5', 'those that fail most'],
  ],
  run: async (out, options) =>
    await withReadingSession(out, options, async ({ engine }) => {
      const found = await engine.getExecutionStats(queryOf(options));
      out.document(found);
      printStats(out, found, options.by);
      if (!out.json && options.nodes !== true) {
        const { by: _by, ...query } = queryOf(options);
        noteNodes(out, await engine.getExecutionStats({ ...query, kind: 'node' }));
      }
      return EXIT.done;
    }),
};

function queryOf(options: StatsOptions): ExecutionStatsQuery {
  const { by, project, task, since, nodes, order, limit } = options;
  return {
    ...(by === undefined ? {} : { by }),
    ...(order === undefined ? {} : { order }),
    ...(limit === undefined ? {} : { limit }),
    ...(project === undefined ? {} : { project }),
    ...(task === undefined ? {} : { taskId: task }),
    ...(since === undefined ? {} : { since: sinceOf(since) }),
    ...(nodes === true ? { kind: 'node' as const } : {}),
  };
}

const HEAD = ['TOTAL', 'OK', 'FAILED', 'CANCELLED', 'SKIPPED', 'ACTIVE', 'RETRIED', 'RETRIES'];
const TIMES = ['WAIT P50', 'P95', 'P99', 'RUN P50', 'P95', 'P99'];

type Figures = Omit<ExecutionStats, 'groups'>;

function printStats(out: Output, found: ExecutionStats, by: StatsGrouping | undefined): void {
  const paint = out.style.dim;
  // A column that is as good as always 0 would take the place of one that is not.
  const warned = found.withWarnings > 0;
  const names = warned ? [...HEAD, 'WARNED'] : HEAD;
  const head = [...(by === undefined ? [] : [by.toUpperCase()]), ...names, ...TIMES];
  const rows: Cell[][] = [head.map((text) => ({ text, paint }))];
  for (const group of found.groups ?? [])
    rows.push([{ text: keyOf(group.key[by as StatsGrouping]) }, ...cells(group, warned)]);
  rows.push([...(by === undefined ? [] : [{ text: 'all' }]), ...cells(found, warned)]);
  for (const line of table(rows, out.live ? out.width : Infinity)) out.print(line);
}

/** A graph is tried once, whatever its nodes are: without a word its 0 retries read as if nothing had been retried. */
function noteNodes(out: Output, { retried, totalRetries }: Figures): void {
  if (retried === 0) return;
  const nodes = retried === 1 ? '1 node of a graph was' : `${retried} nodes of graphs were`;
  const retries = totalRetries === 1 ? '1 retry' : `${totalRetries} retries`;
  out.note(`${nodes} retried (${retries}), which is not counted here: see --nodes`);
}

const keyOf = (key: string | number | null | undefined): string =>
  typeof key === 'number'
    ? new Date(key).toISOString().slice(0, 13).replace('T', ' ')
    : (key ?? '–');

function cells(figures: Figures, warned: boolean): Cell[] {
  const { total, successful, failed, cancelled, skipped, active, retried, totalRetries } = figures;
  const counts = [total, successful, failed, cancelled, skipped, active, retried, totalRetries];
  if (warned) counts.push(figures.withWarnings);
  const { waitMs, runMs } = figures;
  const times = [waitMs.p50, waitMs.p95, waitMs.p99, runMs.p50, runMs.p95, runMs.p99];
  return [
    ...counts.map((count) => ({ text: String(count) })),
    ...times.map((ms) => ({ text: ms === null ? '' : formatDuration(Math.round(ms)) })),
  ];
}
