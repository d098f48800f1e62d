/** The numbers of an attempt, once it is over. */
import type { Metrics } from '../telemetry/metrics.js';
import type { Attempt } from './attempt.js';
import type { Facts } from './facts.js';

/** One that gave its place back without being counted has no record, and so no numbers. */
export function measureAttempt(
  metrics: Metrics | undefined,
  attempt: Pick<Attempt, 'request' | 'number' | 'startedAt' | 'scheduledAt' | 'attempts' | 'found'>,
  facts: Facts,
): void {
  if (!metrics) return;
  const { task } = attempt.request.node;
  const { project } = attempt.request.execution;
  for (const record of attempt.found) metrics.attempt({ task, project, record });
  const record = attempt.attempts.find((known) => known.attempt === attempt.number);
  if (!record) return;
  // Two clocks, the worker's and the server's: good enough for a graph, never for a decision.
  const queuedMs = Math.max(0, attempt.startedAt - attempt.scheduledAt);
  metrics.attempt({ task, project, record, queuedMs });
  metrics.values(task, project, facts.collected.metrics);
}
