/** Numbers in Prometheus's text format 0.0.4. */
import { exposedName } from '../domain/metric.js';
import { SERVER_METRIC, type ServerMetric } from './metric-names.js';

export type Labels = Readonly<Record<string, string>>;

/** Upper bounds of the buckets of a duration, in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

interface Series {
  labels: Labels;
  value: number;
  /** Of a histogram: how many were at most as long as each bound. */
  buckets?: number[];
  count: number;
}

/** A set of samples, by metric and labels. */
export class Samples {
  private readonly metrics = new Map<ServerMetric, Map<string, Series>>();

  set(name: ServerMetric, labels: Labels, value: number): void {
    this.series(name, labels).value = value;
  }

  add(name: ServerMetric, labels: Labels): void {
    this.series(name, labels).value += 1;
  }

  observe(name: ServerMetric, labels: Labels, seconds: number): void {
    const series = this.series(name, labels);
    const buckets = (series.buckets ??= BUCKETS.map(() => 0));
    for (const [index, bound] of BUCKETS.entries())
      if (seconds <= bound) buckets[index] = (buckets[index] ?? 0) + 1;
    series.value += seconds;
    series.count += 1;
  }

  text(): string {
    return [...this.metrics].map(([name, series]) => textOf(name, [...series.values()])).join('');
  }

  private series(name: ServerMetric, labels: Labels): Series {
    const all = this.metrics.get(name) ?? new Map<string, Series>();
    this.metrics.set(name, all);
    const key = labelsText(labels);
    const found = all.get(key) ?? { labels, value: 0, count: 0 };
    all.set(key, found);
    return found;
  }
}

function textOf(name: ServerMetric, series: readonly Series[]): string {
  const { type, help } = SERVER_METRIC[name];
  const exposed = exposedName(name, { type });
  const lines = series.flatMap((one) =>
    type === 'histogram'
      ? histogramLines(exposed, one)
      : [`${exposed}${labelsText(one.labels)} ${one.value}`],
  );
  return [`# HELP ${exposed} ${help}`, `# TYPE ${exposed} ${type}`, ...lines, ''].join('\n');
}

function histogramLines(name: string, { labels, value, count, buckets = [] }: Series): string[] {
  const bucket = (le: string, most: number): string =>
    `${name}_bucket${labelsText({ ...labels, le })} ${most}`;
  return [
    ...BUCKETS.map((bound, index) => bucket(String(bound), buckets[index] ?? 0)),
    bucket('+Inf', count),
    `${name}_sum${labelsText(labels)} ${value}`,
    `${name}_count${labelsText(labels)} ${count}`,
  ];
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const escaped = (value: string): string =>
  value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
