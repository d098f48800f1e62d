/** The record of a node: what its graph says of it, while that runs and after. */
import { startHarness, type Harness } from '../support/engine.js';
import { Gates } from '../support/gates.js';

const gates = new Gates();
let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ tasks: [gates.gated], maxNodesPerRun: 4 });
});
afterAll(() => harness.stop());

const linksOf = async (id: string): Promise<unknown[]> => {
  const { priority, dependencies } = await harness.engine.getExecution(id);
  return [priority, dependencies];
};

describe('the record of a node', () => {
  it('has its priority and the nodes it depends on while it runs and after, as they were changed', async () => {
    const id = 'linked';
    const handle = await harness.engine.scheduleTaskGraph(
      {
        name: id,
        tasks: [
          { id: 'a', task: 'gated', input: { gate: id }, priority: 'CRITICAL' },
          { id: 'b', task: 'noop', dependsOn: ['a'] },
        ],
      },
      { executionId: id },
    );
    expect(await linksOf(`${id}/b`)).toEqual(['MEDIUM', [`${id}/a`]]);
    await handle.node('b').setPriority('HIGH', { reason: 'mail waits' });
    const c = { id: 'c', task: 'noop', priority: 'LOW' as const, dependsOn: ['a', 'b'] };
    await handle.edit({ add: [c], reason: 'one more' });
    const links = () => Promise.all(['a', 'b', 'c'].map((node) => linksOf(`${id}/${node}`)));
    const asked = [
      ['CRITICAL', []],
      ['HIGH', [`${id}/a`]],
      ['LOW', [`${id}/a`, `${id}/b`]],
    ];
    expect(await links()).toEqual(asked);
    gates.open(id);
    await handle.result();
    expect(await links()).toEqual(asked);
  });

  it('has them of a large graph, and of what runs below a node', async () => {
    const noops = (count: number, last: object) =>
      Array.from({ length: count }, (_, at) => ({
        ...{ id: `n${at}`, task: 'noop', ...(at === count - 1 ? last : {}) },
      }));
    const below = { name: 'below', tasks: noops(2, { dependsOn: ['n0'] }) };
    const graphs = {
      large: noops(6, { priority: 'HIGH', dependsOn: ['n0', 'n4'] }),
      above: [
        { id: 'sub', graph: below },
        { id: 'each', task: 'noop', map: [1] },
      ],
    };
    for (const [name, tasks] of Object.entries(graphs))
      await (
        await harness.engine.scheduleTaskGraph({ name, tasks }, { executionId: name })
      ).result();
    expect(await linksOf('large/n5')).toEqual(['HIGH', ['large/n0', 'large/n4']]);
    expect(await linksOf('above/sub/n1')).toEqual(['MEDIUM', ['above/sub/n0']]);
    expect(await linksOf('above/each/0')).toEqual(['MEDIUM', []]);
  });
});
