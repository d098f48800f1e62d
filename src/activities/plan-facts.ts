/** What this worker knows of a graph's tasks, for a client that plans it. */
import { planFacts as factsOf } from '../registry-facts.js';
import type { PlanAnswer, PlanRequest } from '../workflows/asks.js';
import type { Deps } from './deps.js';
import { check, planSettings } from './prepare.js';
import { loadSpec } from './references.js';

export async function planFacts(
  deps: Deps,
  { spec: given, submission }: PlanRequest,
): Promise<PlanAnswer> {
  const spec = await loadSpec(deps, given);
  const { serverWaitsMs, maxNodesPerRun, limits, circuits, defaults } = deps.settings;
  const { faults } = await check(deps, { kind: 'check', spec, submission });
  const { runners, isQuick } = planSettings(deps);
  const settings = {
    serverWaitsMs,
    maxNodesPerRun,
    limits,
    circuits,
    defaults,
    ...(runners ? { runners } : {}),
  };
  return {
    faults,
    facts: factsOf(deps.registry, spec, settings, (name) => deps.graphs(name), isQuick),
  };
}
