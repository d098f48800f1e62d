import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { STATUSES, type Status } from '../../src/domain/status.js';
import {
  acceptsFailure,
  decideTrigger,
  dependencyState,
  evaluateTrigger,
  TRIGGER_RULES,
  type DependencyState,
  type TriggerRule,
} from '../../src/domain/trigger.js';
import { airflowDecision, DIFFERENCES, expectedDecision } from './support/airflow.js';

const STATES = ['success', 'failed', 'upstream_failed', 'skipped', 'running'] as const;

/** Every multiset of states up to this size. */
function multisets(size: number, from = 0): DependencyState[][] {
  if (size === 0) return [[]];
  const longer = STATES.slice(from).flatMap((state, offset) =>
    multisets(size - 1, from + offset).map((rest) => [state, ...rest]),
  );
  return [[], ...longer].filter(
    (one, index, all) => all.findIndex((other) => other.join() === one.join()) === index,
  );
}
const table = multisets(3);

describe('evaluateTrigger', () => {
  it('has a table of every multiset up to three dependencies', () => {
    expect(table).toHaveLength(1 + 5 + 15 + 35);
  });

  it.each(TRIGGER_RULES)(
    "decides as Airflow's scheduler does, but for listed differences: %s",
    (rule) => {
      for (const states of table) {
        const expected = expectedDecision(rule, states);
        expect({ states, decision: evaluateTrigger(rule, states) }).toEqual({
          states,
          decision: expected,
        });
      }
    },
  );

  it.each(Object.entries(DIFFERENCES))(
    'lists no difference of %s that is none',
    (rule, difference) => {
      const differing = table.filter((states) => {
        const ours = difference(states);
        return ours !== undefined && ours !== airflowDecision(rule as TriggerRule, states);
      });
      expect(differing.length).toBeGreaterThan(0);
    },
  );

  it.each(TRIGGER_RULES)('runs a node without dependencies at once: %s', (rule) => {
    expect(evaluateTrigger(rule, [])).toBe('run');
  });

  it.each(TRIGGER_RULES)('never waits once all dependencies have ended: %s', (rule) => {
    for (const states of table.filter((one) => !one.includes('running')))
      expect(evaluateTrigger(rule, states)).not.toBe('wait');
  });

  const manyStates = fc.array(fc.constantFrom(...STATES), { maxLength: 12 });

  it('keeps a decision once made, however the dependencies that still run end', () => {
    const rules = fc.constantFrom(...TRIGGER_RULES);
    const ends = fc.infiniteStream(
      fc.constantFrom('success', 'failed', 'upstream_failed', 'skipped'),
    );
    fc.assert(
      fc.property(rules, manyStates, ends, (rule, states, later) => {
        const early = evaluateTrigger(rule, states);
        fc.pre(early === 'run');
        const ended = states.map((state) =>
          state === 'running' ? (later.next().value as DependencyState) : state,
        );
        expect(evaluateTrigger(rule, ended)).toBe('run');
      }),
    );
  });

  it('asks for no order among the dependencies', () => {
    fc.assert(
      fc.property(fc.constantFrom(...TRIGGER_RULES), manyStates, (rule, states) => {
        expect(evaluateTrigger(rule, [...states].reverse())).toBe(evaluateTrigger(rule, states));
      }),
    );
  });
});

describe('decideTrigger', () => {
  it('decides from counts what evaluateTrigger decides from states', () => {
    const counts = { total: 3, success: 1, failed: 1, upstreamFailed: 0, skipped: 0 };
    expect(decideTrigger('one_done', counts)).toBe('run');
    expect(decideTrigger('all_done', counts)).toBe('wait');
    expect(decideTrigger('all_done', { ...counts, upstreamFailed: 1 })).toBe('run');
  });
});

describe('acceptsFailure', () => {
  it('is true for exactly the rules under which a node can run after a failure alone or with others', () => {
    const failing = table.filter(
      (states) =>
        states.includes('failed') &&
        states.every((state) => state === 'failed' || state === 'success'),
    );
    const canRun = (rule: TriggerRule): boolean =>
      failing.some((states) => evaluateTrigger(rule, states) === 'run');
    const despiteSuccess = new Set<TriggerRule>(['one_success', 'none_skipped']); // run for another reason
    for (const rule of TRIGGER_RULES)
      if (!despiteSuccess.has(rule))
        expect([rule, acceptsFailure(rule)]).toEqual([rule, canRun(rule)]);
    expect([...despiteSuccess].filter(acceptsFailure)).toEqual([]);
  });
});

describe('dependencyState', () => {
  const live: Status[] = ['PENDING', 'SCHEDULED', 'PREPARING', 'RUNNING', 'RETRYING', 'PAUSED'];
  const expected: Record<Status, DependencyState> = {
    ...(Object.fromEntries(live.map((status) => [status, 'running'])) as Record<Status, 'running'>),
    COMPLETED: 'success',
    FAILED: 'failed',
    TIMEOUT: 'failed',
    REJECTED: 'failed',
    CANCELLED: 'failed',
    SKIPPED: 'skipped',
  };

  it.each(STATUSES)('says how %s stands for the nodes after it', (status) => {
    expect(dependencyState(status, { allowFailure: false })).toBe(expected[status]);
  });

  it.each(STATUSES)(
    'lets allowFailure turn a failure, and nothing but it, into success: %s',
    (status) => {
      const failure = ['FAILED', 'TIMEOUT', 'REJECTED'].includes(status);
      const stands = dependencyState(status, { allowFailure: true });
      expect(stands).toBe(failure ? 'success' : expected[status]);
    },
  );

  it('passes on that something failed further up', () => {
    const options = { allowFailure: false, reason: 'upstream_failed' };
    expect(dependencyState('SKIPPED', options)).toBe('upstream_failed');
    expect(dependencyState('SKIPPED', { ...options, reason: 'rule' })).toBe('skipped');
  });
});
