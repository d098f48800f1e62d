/** The metrics of the code, as the tables of `docs/monitoring.md`. */
import { exposedName, type MetricDescription } from '../../src/domain/metric.js';
import { SERVER_METRIC } from '../../src/http/metric-names.js';
import { METRIC, SECONDS } from '../../src/telemetry/metric-names.js';

export const WORKER_METRICS: Record<string, MetricDescription> = { ...METRIC, ...SECONDS };
export const SERVER_METRICS: Record<string, MetricDescription> = SERVER_METRIC;

/** Rows of Markdown, without the spaces that fill them up. */
export const rowsOf = (metrics: Record<string, MetricDescription>): string[] =>
  Object.entries(metrics).map(([name, one]) => {
    const labels = one.labels.map((label) => `\`${label}\``).join(', ') || '–';
    return `| \`${exposedName(name, one)}\` | ${one.type} | ${labels} | ${one.unit ?? 'count'} | ${one.help} |`;
  });

/** Labels by each name that a query may use. */
export const QUERIED: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({ ...WORKER_METRICS, ...SERVER_METRICS }).flatMap(([name, one]) => {
    const exposed = exposedName(name, one);
    if (one.type !== 'histogram') return [[exposed, new Set(one.labels)] as const];
    return [
      [`${exposed}_bucket`, new Set([...one.labels, 'le'])] as const,
      [`${exposed}_sum`, new Set(one.labels)] as const,
      [`${exposed}_count`, new Set(one.labels)] as const,
    ];
  }),
);
