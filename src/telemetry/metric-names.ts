/** The metrics of a worker's process. `docs/monitoring.md` prints them, and a test holds it to that. */
import type { MetricDescription } from '../domain/metric.js';

const counter = (labels: string[], help: string) => ({ type: 'counter', labels, help }) as const;
const gauge = (labels: string[], help: string) => ({ type: 'gauge', labels, help }) as const;
const seconds = (labels: string[], help: string) =>
  ({ type: 'histogram', labels, unit: 'seconds', help }) as const;

export const METRIC = {
  tempograph_executions_started: counter(
    ['kind', 'project'],
    'Executions that were prepared and began.',
  ),
  tempograph_executions: counter(
    ['kind', 'project', 'status'],
    'Executions that ended, by status.',
  ),
  tempograph_nodes_ended: counter(
    ['kind', 'project', 'status'],
    'Nodes of executions that ended, counted when the execution ends.',
  ),
  tempograph_nodes_held: counter(
    ['project', 'reason', 'task'],
    'Times that a node gave its place back: retry, paused, no_handler, circuit and so on.',
  ),
  tempograph_attempts: counter(
    ['outcome', 'project', 'task'],
    'Attempts that ended; lost ones once the next attempt finds them.',
  ),
  tempograph_retries: counter(
    ['project', 'task'],
    'Failed attempts that were followed by another one.',
  ),
  tempograph_pool_ready: gauge(['runtime'], 'Sandboxes that wait for a program.'),
  tempograph_pool_hits: counter(['runtime'], 'Programs that found a sandbox waiting.'),
  tempograph_pool_misses: counter(
    ['runtime'],
    'Programs that could have had a sandbox waiting, and were started cold.',
  ),
  tempograph_task_metric: gauge(
    ['metric', 'project', 'task'],
    'The last value that an attempt gave to ctx.metric.',
  ),
} satisfies Record<string, MetricDescription>;

export const SECONDS = {
  tempograph_execution_seconds: seconds(
    ['kind', 'project', 'status'],
    "From an execution's submission to its end, waits included.",
  ),
  tempograph_wait_seconds: seconds(
    ['project', 'task'],
    'From being handed to the server until a worker took the attempt.',
  ),
  tempograph_run_seconds: seconds(['project', 'task'], 'Time inside the handler, an attempt.'),
  tempograph_retry_wait_seconds: seconds(['project', 'task'], 'Wait before a retry.'),
} satisfies Record<string, MetricDescription>;

/** Upper bounds of the histograms' buckets: 5 ms to a day. */
const BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400,
];

export const HISTOGRAM_BUCKETS: Record<string, number[]> = Object.fromEntries(
  Object.keys(SECONDS).map((name) => [name, BUCKETS]),
);
