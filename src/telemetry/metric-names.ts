/** Our metrics and what they say. `docs/observability.md` prints them, and a test holds it to that. */

export const METRIC = {
  tempograph_executions_started: 'Executions that were prepared and began.',
  tempograph_executions_ended: 'Executions that ended, by status.',
  tempograph_nodes_ended: 'Nodes of executions that ended, by status.',
  tempograph_nodes_held: 'Times that a node gave its place back, by reason.',
  tempograph_attempts: 'Attempts that ended, by outcome.',
  tempograph_retries: 'Attempts that were followed by another one.',
  tempograph_pool_ready: 'Sandboxes that wait for a program, by runtime.',
  tempograph_pool_hits: 'Programs that found a sandbox waiting.',
  tempograph_pool_misses: 'Programs that could have had a sandbox waiting, and were started cold.',
  tempograph_task_metric: 'The last value that a task gave to ctx.metric.',
} as const;

/** Histograms, in seconds. */
export const SECONDS = {
  tempograph_execution_seconds: 'From start to end of an execution.',
  tempograph_attempt_queued_seconds: 'From being handed to the server until a worker took it.',
  tempograph_attempt_run_seconds: 'Time inside the handler.',
  tempograph_retry_wait_seconds: 'Wait before a retry.',
} as const;

/** Upper bounds of the histograms' buckets: 5 ms to a day. */
const BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400,
];

export const HISTOGRAM_BUCKETS: Record<string, number[]> = Object.fromEntries(
  Object.keys(SECONDS).map((name) => [name, BUCKETS]),
);
