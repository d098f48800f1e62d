import type { TestEngine } from '../../src/testing.js';
import { planAndRun, startPlanRuns } from '../support/plan-runs.js';
import { loadRealGraphs, realDataFolder } from '../support/real-graphs.js';

const suite = realDataFolder() ? describe : describe.skip;
/** The longest that the built-in `sleep` takes. */
const LONGEST_MS = 24 * 3_600_000;

suite('a run of every real graph with its real run times', () => {
  let test: TestEngine;
  beforeAll(async () => void (test = await startPlanRuns()));
  afterAll(() => test.stop());

  const graphs = realDataFolder()
    ? loadRealGraphs({ withRuntimes: true }).filter(
        ({ acyclic, tasks }) => acyclic && tasks.every(({ runtimeMs }) => runtimeMs <= LONGEST_MS),
      )
    : [];
  it.each(graphs.map((graph) => [graph.source, graph.file, graph] as const))(
    '%s %s takes as long as planned',
    async (_source, _file, graph) => {
      const { plan, result, allowedMs } = await planAndRun(test, graph, 10);
      expect(result.status).toBe('COMPLETED');
      expect(Math.abs(result.durationMs - plan.makespanMs)).toBeLessThanOrEqual(allowedMs);
    },
  );
});
