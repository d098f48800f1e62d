/** Places of the window that segments give back or are given, and what becomes of nodes that were lent to one that is lost. */
import type { GraphSpec } from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

type Nodes = GraphSpec['tasks'];

describe('nodes that are lent, and places of the window', () => {
  const ran: string[] = [];
  /** Opened by a test; a handler that waits ends then. */
  let open: (() => void) | undefined;
  /** What a handler does that is asked to. */
  let does: (nodeId: string) => Promise<unknown> = () => Promise.resolve();
  const step = defineTask<{ waits?: boolean; does?: boolean } | null>({
    name: 'step',
    retry: { strategy: 'FIXED_DELAY', delay: 1, maxRetries: 1 },
    run: async (input, { nodeId, attempt, signal }) => {
      ran.push(`${nodeId} ${attempt}`);
      if (input?.does) await does(nodeId);
      if (input?.waits)
        await new Promise<void>((resolve, reject) => {
          open = resolve;
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        });
    },
  });
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ tasks: [step], maxNodesPerRun: 20, coordinatorEvents: 80 });
  });
  afterAll(() => harness.stop());
  beforeEach(() => {
    ran.length = 0;
    open = undefined;
  });

  const waits = { id: 'a', task: 'step', input: { waits: true } };
  const others = (count: number, more: Partial<Nodes[number]> = {}): Nodes =>
    Array.from({ length: count }, (_, nth) => ({ id: `n${nth}`, task: 'step', ...more }));

  it('one that cleans up is not lent: it begins though its graph is cancelled', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      ...{ name: 'cleans up', concurrency: 1 },
      tasks: [waits, { id: 'remove', task: 'step', onCancel: 'run' }, ...others(40)],
    });
    await until(() => open !== undefined);
    await handle.cancel();
    const { status, nodes } = await handle.result();
    expect(status).toBe('CANCELLED');
    expect(nodes['a']).toMatchObject({ status: 'CANCELLED' });
    expect(nodes['remove']).toMatchObject({ status: 'COMPLETED' });
    expect(ran).toEqual(['a 1', 'remove 1']);
  });

  it('a place that a segment gives back, and tells of nothing else, is taken at once', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      ...{ name: 'gives back', concurrency: 1 },
      tasks: [
        waits,
        { id: 'b', task: 'step', retry: 'NONE' }, // may not be lent
        ...others(30, { dependsOn: ['b'] }),
      ],
    });
    await until(() => open !== undefined);
    // As it tells when it was given a place, and had begun what that was for in another one.
    const told = { segmentId: `${handle.executionId}/~seg/0`, outcomes: [], kept: -1 };
    await harness.client.workflow.getHandle(handle.executionId).signal('tempograph.settled', told);
    await until(() => ran.includes('b 1'), 'the start of b', 20_000);
    open?.();
    expect(await handle.result()).toMatchObject({ status: 'COMPLETED' });
  });

  it('one whose segment is lost before it told of its start runs again, and that run is not counted', async () => {
    const { client, engine } = harness;
    const handle = await engine.scheduleTaskGraph({
      ...{ name: 'lost', concurrency: 1 },
      tasks: others(40).map((node, nth) =>
        nth === 0 ? node : { ...node, dependsOn: [`n${nth - 1}`], input: { does: nth === 1 } },
      ),
    });
    does = async () => {
      does = () => Promise.resolve();
      await client.workflow.getHandle(`${handle.executionId}/~seg/0`).terminate('test');
      await handle.pause(); // which finds that it is gone
      await handle.resume();
    };
    const { status, nodes } = await handle.result();
    expect(status).toBe('COMPLETED');
    expect(ran.filter((line) => line.startsWith('n1 '))).toEqual(['n1 1', 'n1 1']);
    expect(nodes['n1']).toMatchObject({ status: 'COMPLETED', attempts: 1 });
    expect(nodes['n0']).toMatchObject({
      attempts: 2,
      attemptHistory: [{ outcome: 'WORKER_LOST' }, { outcome: 'COMPLETED' }],
    });
  });
});
