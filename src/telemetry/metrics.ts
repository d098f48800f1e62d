/** Numbers about executions and attempts, in the metrics of Temporal's runtime: with the SDK's own, on the same page. */
import { noopMetricMeter, type MetricMeter } from '@temporalio/common';
import { Runtime } from '@temporalio/worker';
import type { ExecutionEnd, ExecutionLabels, NodeHold } from '../domain/observation.js';
import type { AttemptRecord } from '../domain/outcome.js';
import { METRIC, SECONDS } from './metric-names.js';
import type { PoolWatch } from '../domain/warm-plan.js';
import { LabelBound } from './label-bound.js';

/** Different values of a label; the rest are `other`. */
const TASKS = 500;
const PROJECTS = 100;
const TASK_METRICS = 200;

/** One attempt that has ended, as the pipeline knows it. */
export interface EndedAttempt {
  task: string;
  project: string | undefined;
  record: AttemptRecord;
  /** From being handed to the server until a worker took it, in milliseconds; unknown for one that was lost. */
  queuedMs?: number;
}

export class Metrics {
  private readonly tasks = new LabelBound(TASKS);
  private readonly projects = new LabelBound(PROJECTS);
  private readonly names = new LabelBound(TASK_METRICS);
  private readonly meters;

  private constructor(meter: MetricMeter) {
    const counter = (name: keyof typeof METRIC) =>
      meter.createCounter(name, undefined, METRIC[name].help);
    const seconds = (name: keyof typeof SECONDS) =>
      meter.createHistogram(name, 'float', 's', SECONDS[name].help);
    this.meters = {
      started: counter('tempograph_executions_started'),
      ended: counter('tempograph_executions'),
      nodes: counter('tempograph_nodes_ended'),
      attempts: counter('tempograph_attempts'),
      retries: counter('tempograph_retries'),
      held: counter('tempograph_nodes_held'),
      poolHits: counter('tempograph_pool_hits'),
      poolMisses: counter('tempograph_pool_misses'),
      poolReady: meter.createGauge(
        'tempograph_pool_ready',
        'int',
        undefined,
        METRIC.tempograph_pool_ready.help,
      ),
      duration: seconds('tempograph_execution_seconds'),
      queued: seconds('tempograph_wait_seconds'),
      run: seconds('tempograph_run_seconds'),
      retryWait: seconds('tempograph_retry_wait_seconds'),
      value: meter.createGauge(
        'tempograph_task_metric',
        'float',
        undefined,
        METRIC.tempograph_task_metric.help,
      ),
    };
  }

  /** Those of this process's runtime; undefined where it exposes none. */
  static open(): Metrics | undefined {
    const { metricMeter } = Runtime.instance();
    return metricMeter === noopMetricMeter ? undefined : new Metrics(metricMeter);
  }

  started({ kind, project }: ExecutionLabels): void {
    this.meters.started.add(1, { kind, project: this.project(project) });
  }

  ended({ kind, project, status, durationMs, counts }: ExecutionEnd): void {
    const labels = { kind, project: this.project(project) };
    this.meters.ended.add(1, { ...labels, status });
    this.meters.duration.record(durationMs / 1_000, { ...labels, status });
    for (const [nodeStatus, count] of Object.entries(counts))
      this.meters.nodes.add(count, { ...labels, status: nodeStatus });
  }

  held({ reason, task, project }: NodeHold): void {
    this.meters.held.add(1, { reason, ...this.labels(task, project) });
  }

  attempt({ task, project, record, queuedMs }: EndedAttempt): void {
    const labels = this.labels(task, project);
    this.meters.attempts.add(1, { ...labels, outcome: record.outcome });
    const { enteredAt, endedAt, waitMs } = record;
    if (enteredAt !== undefined && endedAt !== undefined)
      this.meters.run.record(secondsBetween(enteredAt, endedAt), labels);
    if (queuedMs !== undefined) this.meters.queued.record(queuedMs / 1_000, labels);
    if (waitMs === undefined) return;
    this.meters.retries.add(1, labels);
    this.meters.retryWait.record(waitMs / 1_000, labels);
  }

  /** What a handler gave to `ctx.metric`. */
  values(
    task: string,
    project: string | undefined,
    values: Readonly<Record<string, number>>,
  ): void {
    const labels = this.labels(task, project);
    for (const [name, value] of Object.entries(values))
      this.meters.value.set(value, { ...labels, metric: this.names.of(name) });
  }

  /** For the pools of sandboxes that wait. */
  readonly pools: PoolWatch = {
    ready: (runtime, count) => this.meters.poolReady.set(count, { runtime }),
    hit: (runtime) => this.meters.poolHits.add(1, { runtime }),
    miss: (runtime) => this.meters.poolMisses.add(1, { runtime }),
  };

  private labels(task: string, project: string | undefined): { task: string; project: string } {
    return { task: this.tasks.of(task), project: this.project(project) };
  }

  private project(project: string | undefined): string {
    return project === undefined ? '' : this.projects.of(project);
  }
}

const secondsBetween = (from: string, to: string): number =>
  Math.max(0, Date.parse(to) - Date.parse(from)) / 1_000;
