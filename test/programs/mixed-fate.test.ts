/** Programs of every fate in one graph: all of them end, rightly told apart, and nothing of them is left. */
import { startHarness, type Harness } from '../support/engine.js';
import { endOf, fatesGraph, HELD, leftoversOf } from '../support/fates.js';
import { describeKilledFates } from '../support/fate-suite.js';

const COUNT = 50;

(HELD ? describe : describe.skip)(`${COUNT} programs in one graph`, () => {
  let harness: Harness;
  beforeAll(
    async () => void (harness = await startHarness({ programs: ['process'], maxPrograms: 6 })),
  );

  it('all end, each as it deserves, and leave nothing behind', async () => {
    const spec = { ...fatesGraph(COUNT, { retry: 'NONE' }), concurrency: 12 };
    const handle = await harness.engine.scheduleTaskGraph(spec as never);
    const { nodes, status } = await handle.result();
    expect(status).toBe('FAILED');
    expect(Object.keys(nodes)).toHaveLength(COUNT);
    for (const [id, { status: ended, output, error }] of Object.entries(nodes))
      expect({ id, status: ended, output, error }).toMatchObject({ id, ...endOf(id) });
    expect(leftoversOf([process.pid])).not.toEqual([]); // while it lives, the worker has a place of its own
    await harness.stop();
    expect(leftoversOf([process.pid])).toEqual([]);
  }, 300_000); // 50 sandboxes, six at once, and those that hang: on two busy cores they have taken over two minutes
});

describeKilledFates({ count: 16, kills: 1 });
