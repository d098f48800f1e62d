/** Specs of every kind through validation, plan and simulated run. */
import fc from 'fast-check';
import { planGraph } from '../../../src/domain/forecast.js';
import type { AssumedOutcome } from '../../../src/domain/forecast-overrides.js';
import { isTerminal } from '../../../src/domain/status.js';
import { validateGraph } from '../../../src/domain/validate.js';
import { anything, brokenSpecs, soundSpecs } from './random-specs.js';

const worlds = fc.record({
  spec: fc.oneof(
    { weight: 5, arbitrary: soundSpecs },
    { weight: 4, arbitrary: brokenSpecs },
    { weight: 1, arbitrary: anything },
  ),
  durations: fc.dictionary(fc.constantFrom('load', 'clean', 'n0'), fc.nat({ max: 100_000 })),
  failures: fc.dictionary(fc.constantFrom('n0', 'n1', 'n2'), fc.nat({ max: 8 })),
  outcomes: fc.dictionary(
    fc.constantFrom('n0', 'n1', 'n3'),
    fc.constantFrom<AssumedOutcome>('COMPLETED', 'FAILED', 'SKIPPED'),
  ),
});

interface Said {
  durations: Record<string, number>;
  failures: Record<string, number>;
  outcomes: Record<string, AssumedOutcome>;
}

/** What became of the specs of a fuzz. */
export interface FuzzCount {
  planned: number;
  refused: number;
}

/** @throws for a crash, a refusal that names no place, or a node that does not end */
export function fuzz(numRuns: number, seed?: number): FuzzCount {
  const count: FuzzCount = { planned: 0, refused: 0 };
  fc.assert(
    fc.property(worlds, ({ spec, durations, failures, outcomes }) => {
      const { faults } = validateGraph(spec);
      const said = named(spec, { durations, failures, outcomes });
      const { faults: refusals, plan } = planGraph(spec, said);
      for (const { path, message } of [...faults, ...refusals])
        if (path === '' || message === '') throw new Error(`a fault without a place: ${message}`);
      if (!plan) {
        if (refusals.length === 0) throw new Error('refused without a fault');
        count.refused++;
        return;
      }
      if (faults.length > 0) throw new Error('planned although it is not valid');
      count.planned++;
      judge(plan);
    }),
    { numRuns, ...(seed === undefined ? {} : { seed }) },
  );
  return count;
}

function judge(plan: NonNullable<ReturnType<typeof planGraph>['plan']>): void {
  const { order, levels, nodes, makespanMs, criticalPathMs, worstCase } = plan;
  const all = Object.values(nodes);
  const at = new Map(order.map((id, index) => [id, index]));
  const must = (holds: boolean, what: string): void => {
    if (!holds) throw new Error(`${what}: ${JSON.stringify(plan)}`);
  };
  must(new Set(order).size === all.length && levels.flat().length === all.length, 'order, levels');
  must(criticalPathMs >= 0 && makespanMs >= 0, 'times');
  must(worstCase.retriesMs >= 0 && worstCase.timeoutsMs >= 0, 'worst case');
  for (const [id, { dependsOn, status, endMs, startMs, slackMs }] of Object.entries(nodes)) {
    must(isTerminal(status) && Number.isFinite(endMs) && endMs <= makespanMs, `${id} ends`);
    must(slackMs === null || slackMs >= 0, `slack of ${id}`);
    must(startMs === null || startMs <= endMs, `${id} starts before its end`);
    must(
      dependsOn.every((other) => (at.get(other) ?? 0) < (at.get(id) ?? 0)),
      `order of ${id}`,
    );
  }
}

/** Only of nodes and tasks that are there: what names nothing is refused, and tested by itself. */
function named(spec: unknown, said: Said): Said {
  const tasks = (spec as { tasks?: unknown } | null)?.tasks;
  const list = (Array.isArray(tasks) ? tasks : []) as ({ id?: string; task?: string } | null)[];
  const plain = list.filter((node) => node?.task !== undefined);
  const ids = new Set(plain.map((node) => node?.id));
  const names = new Set(plain.map((node) => node?.task));
  const only = <T>(all: Record<string, T>, known: (key: string) => boolean): Record<string, T> =>
    Object.fromEntries(Object.entries(all).filter(([key]) => known(key)));
  return {
    durations: only(said.durations, (key) => ids.has(key) || names.has(key)),
    failures: only(said.failures, (key) => ids.has(key)),
    outcomes: only(said.outcomes, (key) => ids.has(key)),
  };
}
