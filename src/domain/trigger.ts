/**
 * Trigger rules: when a node runs, given how its dependencies ended. The names and the meaning are Airflow's
 * (airflow-core/docs/core-concepts/dags.rst, "Trigger Rules").
 */
import type { Status } from './status.js';

/** All trigger rules. */
export const TRIGGER_RULES = [
  'all_success',
  'all_failed',
  'all_done',
  'all_skipped',
  'one_success',
  'one_failed',
  'one_done',
  'none_failed',
  'none_failed_min_one_success',
  'none_skipped',
  'all_done_min_one_success',
  'always',
] as const;
/** When a node runs, given how what it waits for ended. */
export type TriggerRule = (typeof TRIGGER_RULES)[number];

/** How a dependency stands. Cancelled, timed out and rejected count as failed. */
export type DependencyState = 'success' | 'failed' | 'upstream_failed' | 'skipped' | 'running';

/** What follows for the node: it runs, it waits, or it is skipped, by the rule or because something failed before it. */
export type TriggerDecision = 'run' | 'wait' | 'skipped' | 'upstream_failed';

/** How many dependencies stand in each state; `total` counts all of them. */
export interface DependencyCounts {
  total: number;
  success: number;
  failed: number;
  upstreamFailed: number;
  skipped: number;
}

/** Rules under which a node can run although a dependency failed. */
const ACCEPTS_FAILURE: ReadonlySet<TriggerRule> = new Set<TriggerRule>([
  'all_failed',
  'all_done',
  'one_failed',
  'one_done',
  'always',
  'all_done_min_one_success',
]);

/** True when a node with this rule may run after a failure, and so survives `failFast`. */
export function acceptsFailure(rule: TriggerRule): boolean {
  return ACCEPTS_FAILURE.has(rule);
}

/** The decision for a node whose dependencies stand as listed, in any order. */
export function evaluateTrigger(
  rule: TriggerRule,
  states: readonly DependencyState[],
): TriggerDecision {
  const count = (state: DependencyState): number =>
    states.filter((other) => other === state).length;
  return decideTrigger(rule, {
    total: states.length,
    success: count('success'),
    failed: count('failed'),
    upstreamFailed: count('upstream_failed'),
    skipped: count('skipped'),
  });
}

/** As {@link evaluateTrigger}, from counts: constant time, however many dependencies there are. */
export function decideTrigger(rule: TriggerRule, counts: DependencyCounts): TriggerDecision {
  if (counts.total === 0 || rule === 'always') return 'run';
  const { success, skipped } = counts;
  const failed = counts.failed + counts.upstreamFailed;
  const done = success + skipped + failed === counts.total;
  switch (rule) {
    case 'all_success':
      return failed > 0 ? 'upstream_failed' : skipped > 0 ? 'skipped' : done ? 'run' : 'wait';
    case 'all_failed':
      return success + skipped > 0 ? 'skipped' : done ? 'run' : 'wait';
    case 'all_done':
      return done ? 'run' : 'wait';
    case 'all_skipped':
      return success + failed > 0 ? 'skipped' : done ? 'run' : 'wait';
    case 'one_success':
      return success > 0 ? 'run' : !done ? 'wait' : failed > 0 ? 'upstream_failed' : 'skipped';
    case 'one_failed':
      return failed > 0 ? 'run' : done ? 'skipped' : 'wait';
    case 'one_done':
      return success + counts.failed > 0
        ? 'run'
        : !done
          ? 'wait'
          : failed > 0
            ? 'upstream_failed'
            : 'skipped';
    case 'none_failed':
      return failed > 0 ? 'upstream_failed' : done ? 'run' : 'wait';
    case 'none_failed_min_one_success':
      return failed > 0 ? 'upstream_failed' : !done ? 'wait' : success > 0 ? 'run' : 'skipped';
    case 'none_skipped':
      return skipped > 0 ? 'skipped' : done ? 'run' : 'wait';
    case 'all_done_min_one_success':
      return !done ? 'wait' : success > 0 ? 'run' : failed > 0 ? 'upstream_failed' : 'skipped';
  }
}

/** How an ended node stands for the nodes after it. */
export function dependencyState(
  status: Status,
  options: { allowFailure: boolean; reason?: string },
): DependencyState {
  switch (status) {
    case 'COMPLETED':
      return 'success';
    case 'FAILED':
    case 'TIMEOUT':
    case 'REJECTED':
      return options.allowFailure ? 'success' : 'failed';
    case 'CANCELLED':
      return 'failed';
    case 'SKIPPED':
      return options.reason === 'upstream_failed' ? 'upstream_failed' : 'skipped';
    case 'PENDING':
    case 'SCHEDULED':
    case 'PREPARING':
    case 'RUNNING':
    case 'RETRYING':
    case 'PAUSED':
      return 'running';
  }
}
