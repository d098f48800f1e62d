import { loadRealGraph, mergeCycles, realDataFolder } from './support/real-graphs.js';
import { specOf, startRealRuns, type RealRuns } from './support/real-runs.js';
import { validateGraph } from '../src/index.js';

const suite = realDataFolder() ? describe : describe.skip;

suite(
  `real graphs${realDataFolder() ? '' : ' (skipped: no shared/data next to this checkout)'}`,
  () => {
    let runs: RealRuns;
    beforeAll(async () => void (runs = await startRealRuns()));
    afterAll(() => runs.harness.stop());

    it.each([
      ['cloudworkflowsimulator', 'CyberShake_100.dag', 10],
      ['cloudworkflowsimulator', 'CyberShake_100.dag', 100],
      ['dagbench', 'workflows/ml_pipelines/gpt2_tensor_sh12_prefill/graph.json', 10],
    ])('%s %s runs in order within a window of %i', async (source, file, window) => {
      const { result, wrong } = await runs.run(loadRealGraph(source, file), window);
      expect(result.status).toBe('COMPLETED');
      expect(wrong).toEqual([]);
    });

    it('the raw lock graph is refused with its cycles named, and sound when they are merged', () => {
      const raw = loadRealGraph('rushstack-lock', 'graph.json');
      const { faults } = validateGraph(specOf(raw, 10));
      const cycles = faults.filter(({ code }) => code === 'CYCLE');
      expect(cycles.length).toBeGreaterThanOrEqual(1);
      expect(faults).toHaveLength(cycles.length);
      const ids = new Set(raw.tasks.map(({ id }) => id));
      for (const { message } of cycles) {
        const [, names = ''] = message.split('cycle: ');
        const cycle = names.split(' → ');
        expect(cycle.length).toBeGreaterThanOrEqual(3);
        expect(cycle[0]).toBe(cycle.at(-1));
        expect(cycle.every((name) => ids.has(name))).toBe(true);
      }
      expect(validateGraph(specOf(mergeCycles(raw), 10)).faults).toEqual([]);
    });
  },
);
