/** What this worker knows of a graph's tasks, for a client that plans it. */
import { planFacts as factsOf } from '../registry-facts.js';
import type { PlanAnswer, PlanRequest } from '../workflows/asks.js';
import type { Deps } from './deps.js';
import { check } from './prepare.js';

export function planFacts(deps: Deps, { spec, submission }: PlanRequest): PlanAnswer {
  const { serverWaitsMs, maxNodesPerRun, limits, circuits } = deps.settings;
  const { faults } = check(deps, { kind: 'check', spec, submission });
  const settings = { serverWaitsMs, maxNodesPerRun, limits, circuits };
  return {
    faults,
    facts: factsOf(deps.registry, spec, settings, (name) => deps.graphs(name)),
  };
}
