import type { TestEngine } from '../../src/testing.js';
import { planAndRun, startPlanRuns } from '../support/plan-runs.js';
import { loadRealGraph, realDataFolder } from '../support/real-graphs.js';

const suite = realDataFolder() ? describe : describe.skip;

suite('a run of a real graph with its real run times', () => {
  let test: TestEngine;
  beforeAll(async () => void (test = await startPlanRuns()));
  afterAll(() => test.stop());

  it.each([
    ['cloudworkflowsimulator', 'CyberShake_30.dag', 10],
    ['cloudworkflowsimulator', 'Montage_25.dag', 5],
    ['cloudworkflowsimulator', 'psmerge_small.dag', 10],
    ['flowbench', 'runs/somospie-run0001.csv', 10],
  ])('%s %s takes as long as planned, in a window of %i', async (source, file, window) => {
    const graph = loadRealGraph(source, file);
    const { plan, result, boundMs, allowedMs } = await planAndRun(test, graph, window);
    expect(result.status).toBe('COMPLETED');
    expect(Math.abs(result.durationMs - plan.makespanMs)).toBeLessThanOrEqual(allowedMs);
    // Far more than what may be added: the run times count.
    expect(plan.makespanMs).toBeGreaterThan(10 * boundMs);
  });
});
