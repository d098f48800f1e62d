/**
 * Airflow's trigger rules, written anew from `airflow-core/src/airflow/ti_deps/deps/trigger_rule_dep.py` as an oracle:
 * first the state that the scheduler gives a node that cannot run any more, then whether it may run now.
 */
import type { DependencyState, TriggerDecision, TriggerRule } from '../../../src/domain/trigger.js';

interface Upstream {
  all: number;
  success: number;
  failed: number;
  upstreamFailed: number;
  skipped: number;
}

type Verdict = 'skipped' | 'upstream_failed' | undefined;
interface Rule {
  /** The end that the rule gives a node, if any. */
  end(u: Upstream, done: boolean): Verdict;
  met(u: Upstream, done: boolean): boolean;
}

const anyFailed = (u: Upstream): boolean => u.failed > 0 || u.upstreamFailed > 0;
const never = (): Verdict => undefined;

const RULES: Record<Exclude<TriggerRule, 'always'>, Rule> = {
  all_success: {
    end: (u) => (anyFailed(u) ? 'upstream_failed' : u.skipped > 0 ? 'skipped' : undefined),
    met: (u) => u.success === u.all,
  },
  all_failed: {
    end: (u) => (u.success > 0 || u.skipped > 0 ? 'skipped' : undefined),
    met: (u) => u.failed + u.upstreamFailed === u.all,
  },
  all_done: { end: never, met: (_, done) => done },
  all_skipped: {
    end: (u) => (u.success > 0 || anyFailed(u) ? 'skipped' : undefined),
    met: (u) => u.skipped === u.all,
  },
  one_success: {
    end: (u, done) => {
      if (!done || u.success > 0) return undefined;
      return u.skipped === u.all ? 'skipped' : 'upstream_failed';
    },
    met: (u) => u.success > 0,
  },
  one_failed: { end: (u, done) => (done && !anyFailed(u) ? 'skipped' : undefined), met: anyFailed },
  one_done: {
    end: (u, done) => (done && u.failed + u.success === 0 ? 'skipped' : undefined),
    met: (u) => u.success + u.failed > 0,
  },
  none_failed: {
    end: (u) => (anyFailed(u) ? 'upstream_failed' : undefined),
    met: (u) => u.success + u.skipped === u.all,
  },
  none_failed_min_one_success: {
    end: (u) => (anyFailed(u) ? 'upstream_failed' : u.skipped === u.all ? 'skipped' : undefined),
    met: (u) => u.success + u.skipped === u.all,
  },
  none_skipped: {
    end: (u) => (u.skipped > 0 ? 'skipped' : undefined),
    met: (u, done) => done && u.skipped === 0,
  },
  all_done_min_one_success: {
    end: (u, done) => {
      if (u.skipped > 0) return 'skipped';
      return done && u.success === 0 ? 'upstream_failed' : undefined;
    },
    met: (u, done) => done && u.skipped === 0 && u.success > 0,
  },
};

/** What Airflow's scheduler makes of a node whose direct upstream tasks stand like this. */
export function airflowDecision(
  rule: TriggerRule,
  states: readonly DependencyState[],
): TriggerDecision {
  if (states.length === 0 || rule === 'always') return 'run';
  const u: Upstream = { all: states.length, success: 0, failed: 0, upstreamFailed: 0, skipped: 0 };
  for (const state of states) {
    if (state === 'upstream_failed') u.upstreamFailed++;
    else if (state !== 'running') u[state]++;
  }
  const done = u.success + u.failed + u.upstreamFailed + u.skipped === u.all;
  return RULES[rule].end(u, done) ?? (RULES[rule].met(u, done) ? 'run' : 'wait');
}

/** Where Airflow's code decides otherwise, and why we do not follow it. */
export const DIFFERENCES: Partial<
  Record<TriggerRule, (states: readonly DependencyState[]) => TriggerDecision | undefined>
> = {
  // Airflow says "skipped", which hides from later nodes that something failed.
  one_done: (states) =>
    states.every((state) => state === 'upstream_failed' || state === 'skipped') &&
    states.includes('upstream_failed')
      ? 'upstream_failed'
      : undefined,
  // Airflow's code skips at the first skipped dependency; its documentation, which we follow, only asks for the others.
  all_done_min_one_success: (states) => {
    if (!states.includes('skipped')) return undefined;
    if (states.includes('running')) return 'wait';
    if (states.includes('success')) return 'run';
    return states.every((state) => state === 'skipped') ? 'skipped' : 'upstream_failed';
  },
};

/** What the rules are to decide: Airflow's answer, but for the listed differences. */
export const expectedDecision = (
  rule: TriggerRule,
  states: readonly DependencyState[],
): TriggerDecision => DIFFERENCES[rule]?.(states) ?? airflowDecision(rule, states);
