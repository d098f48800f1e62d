import type { Artifact } from '../../src/domain/artifact.js';
import { NonRetriableError } from '../../src/domain/errors.js';
import { defineTask } from '../../src/registry.js';
import type { StartWorkerOptions } from '../../src/worker.js';
import { startHarness, type Harness } from '../support/engine.js';

const LENGTH = 100;
const broken = new Set<string>();

/** Keeps a number that is one more than the one in the file that it reads. */
const relay = (name: string, rest: object) =>
  defineTask<{ file?: Artifact } | null, number>({
    ...{ name, ...rest },
    run: async (input, { artifact, readArtifact, nodeId }) => {
      if (broken.has(nodeId)) throw new NonRetriableError('asked to fail');
      const file = input?.file;
      const before = file ? Number(Buffer.from(await readArtifact(file)).toString()) : 0;
      await artifact(`${'long/'.repeat(30)}${nodeId}.txt`, { text: String(before + 1) });
      return before + 1;
    },
  });
const tasks = [relay('relay', {}), relay('light', { light: true })];

describe.each<[string, string, StartWorkerOptions]>([
  ['in one piece', 'relay', {}],
  ['in bursts', 'light', {}],
  ['of segments, some nodes lent', 'relay', { maxNodesPerRun: 20, coordinatorEvents: 80 }],
  ['of segments, in bursts', 'light', { maxNodesPerRun: 20, coordinatorEvents: 80 }],
])('a file that each node of a chain reads of the one before, %s', (_how, task, settings) => {
  let harness: Harness;
  beforeAll(async () => void (harness = await startHarness({ tasks, ...settings })));
  afterAll(() => harness.stop());

  const chain = () => ({
    name: 'chain',
    tasks: Array.from({ length: LENGTH }, (_, nth) => ({
      // A node that may not run twice is not lent.
      ...{ id: `n${nth}`, task },
      ...(nth === 0
        ? {}
        : {
            dependsOn: [`n${nth - 1}`],
            input: {
              file: `\${{ tasks.n${nth - 1}.artifacts["${'long/'.repeat(30)}n${nth - 1}.txt"] }}`,
            },
          }),
    })),
  });

  it('arrives at the end, also where a rerun goes on from the middle', async () => {
    broken.add('n60');
    const failed = await harness.engine.scheduleTaskGraph(chain());
    expect(await failed.result()).toMatchObject({ status: 'FAILED' });
    broken.clear();
    const again = await harness.engine.rerun(failed.executionId, { from: 'failed' });
    const { nodes } = await again.resultOrThrow();
    expect(nodes[`n${LENGTH - 1}`]).toMatchObject({ output: LENGTH });
    expect(nodes['n59']).toMatchObject({ reused: { executionId: failed.executionId } });
  });

  it('is what each item of a map reads, and what it finds in a list of them', async () => {
    const sum = `tasks.list.artifacts.map(name, tasks.list.artifacts[name])`;
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'each',
      tasks: [
        { id: 'list', task },
        { id: 'numbers', task: 'echo', input: Array.from({ length: 30 }, (_, nth) => nth) },
        {
          ...{ id: 'each', task, dependsOn: ['list', 'numbers'], map: 'tasks.numbers.output' },
          input: { file: `\${{ tasks.list.artifacts["${'long/'.repeat(30)}list.txt"] }}` },
        },
        {
          ...{ id: 'files', task, dependsOn: ['list'], map: sum },
          input: { file: '${{ item }}' },
        },
      ],
    });
    const { nodes } = await handle.resultOrThrow();
    expect(nodes['each']?.output).toEqual(Array.from({ length: 30 }, () => 2));
    expect(nodes['files']?.output).toEqual([2]);
  });
});
