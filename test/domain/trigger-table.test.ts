import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  dependencyState,
  evaluateTrigger,
  TRIGGER_RULES,
  type DependencyState,
} from '../../src/domain/trigger.js';
import { expectedDecision } from './support/airflow.js';
import { LETTERS, published, SETS, tablesOf, truthTable } from './support/truth-table.js';

/** How dependencies may stand, a cancelled one among them. */
const STANDINGS: readonly [name: string, state: DependencyState][] = [
  ['success', 'success'],
  ['failed', 'failed'],
  ['upstream_failed', 'upstream_failed'],
  ['skipped', 'skipped'],
  ['cancelled', dependencyState('CANCELLED', { allowFailure: false })],
  ['running', 'running'],
];

/** Every sequence of so many dependencies. */
function sequences(length: number): DependencyState[][] {
  if (length === 0) return [[]];
  return sequences(length - 1).flatMap((rest) => STANDINGS.map(([, state]) => [...rest, state]));
}

const letters = Object.entries(LETTERS);
const setOf = (states: readonly DependencyState[]): string =>
  letters.flatMap(([letter, state]) => (states.includes(state) ? [letter] : [])).join('');

describe('the truth table in docs/graphs.md', () => {
  const text = readFileSync(join(__dirname, '..', '..', 'docs', 'graphs.md'), 'utf8');
  const [ended = [], running = []] = tablesOf(text);

  it('is the one that evaluateTrigger gives', () => {
    expect(tablesOf(text)).toEqual([truthTable(false), truthTable(true)]);
  });

  it('has a row for every rule and a column for every set of states', () => {
    expect(ended).toHaveLength(1 + TRIGGER_RULES.length);
    expect(ended[0]).toHaveLength(1 + 15);
    expect(running[0]).toHaveLength(1 + 16);
    expect(new Set(SETS).size).toBe(16);
  });

  const cases = [1, 2, 3, 4].flatMap(sequences);

  it.each(TRIGGER_RULES)(
    'holds for up to four dependencies, however they stand and in any order: %s',
    (rule) => {
      expect(cases).toHaveLength(6 + 36 + 216 + 1_296);
      for (const states of cases) {
        const table = states.includes('running') ? running : ended;
        const says = published(table, rule, setOf(states));
        const expected = expectedDecision(rule, states);
        expect({ states, says, decides: evaluateTrigger(rule, states) }).toEqual({
          ...{ states, says: expected, decides: expected },
        });
      }
    },
  );
});
