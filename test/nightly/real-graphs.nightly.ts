import {
  loadRealGraphs,
  loadRealGraph,
  mergeCycles,
  realDataFolder,
} from '../support/real-graphs.js';
import { startRealRuns, type RealRuns } from '../support/real-runs.js';

const suite = realDataFolder() ? describe : describe.skip;

suite('every real graph of 100 tasks or more that has run times', () => {
  let runs: RealRuns;
  beforeAll(async () => void (runs = await startRealRuns()));
  afterAll(() => runs.harness.stop());

  const graphs = realDataFolder() ? loadRealGraphs({ minTasks: 100, withRuntimes: true }) : [];
  const cases = graphs.flatMap((graph) =>
    [10, 100].map((window) => [graph.file, graph.tasks.length, window, graph] as const),
  );

  it.each(cases)(
    '%s (%i tasks) runs in order within a window of %i',
    async (_file, _tasks, window, graph) => {
      const { result, wrong } = await runs.run(graph, window);
      expect(result.status).toBe('COMPLETED');
      expect(wrong).toEqual([]);
    },
  );

  it.each([10, 100])(
    'the lock graph with its cycles merged runs in order within a window of %i',
    async (window) => {
      const merged = mergeCycles(loadRealGraph('rushstack-lock', 'graph.json'));
      const { result, wrong } = await runs.run(merged, window);
      expect(result.status).toBe('COMPLETED');
      expect(wrong).toEqual([]);
    },
  );
});
