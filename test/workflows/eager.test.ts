/** Nodes that begin at the worker that decided them (decision 0052). */
import { hostname } from 'node:os';
import type { GraphSpec } from '../../src/index.js';
import { defineTask, type AnyTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';

const wide: GraphSpec = {
  name: 'wide',
  concurrency: 10,
  tasks: Array.from({ length: 200 }, (_, n) => ({ id: `n${n}`, task: 'where' })),
};

/** Tells which of the workers ran each node. */
const taskOf = (worker: string, ran: Map<string, string>): AnyTask =>
  defineTask({
    name: 'where',
    run: (_input, { nodeId }) => {
      ran.set(nodeId, worker);
      return worker;
    },
  });

describe('nodes of a queue with two workers', () => {
  let harness: Harness;
  afterEach(() => harness.stop());

  async function ranAt(eagerActivities?: number): Promise<Set<string>> {
    const ran = new Map<string, string>();
    const options = (name: string) => ({
      tasks: [taskOf(name, ran)],
      ...(eagerActivities === undefined ? {} : { eagerActivities }),
    });
    harness = await startHarness(options('first'));
    await harness.startWorker({
      ...options('second'),
      temporal: { identity: `second@${hostname()}` },
    });
    const { status } = await (await harness.engine.scheduleTaskGraph(wide)).result();
    expect([status, ran.size]).toEqual(['COMPLETED', 200]);
    return new Set(ran.values());
  }

  it('all begin at the one that decides, while it has slots free', async () => {
    expect((await ranAt()).size).toBe(1);
  });

  it('are spread over both where no worker takes any for itself', async () => {
    expect((await ranAt(0)).size).toBe(2);
  });

  it('are tried again at any of them, though one alone decides', async () => {
    const where = (run: () => string) => ({ tasks: [defineTask({ name: 'where', run })] });
    const serverWaits = '1ms'; // longer ones are the workflow's, which hands the node over again
    harness = await startHarness({
      ...where(() => {
        throw new Error('this machine cannot');
      }),
      serverWaits,
    });
    const noWorkflows = { workflowBundle: undefined, workflowsPath: undefined } as object;
    await harness.startWorker({ ...where(() => 'here'), serverWaits, temporal: noWorkflows });
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'again',
      tasks: [
        {
          id: 'n',
          task: 'where',
          // The server gives a task to the poll that waits longest, and the first worker's ten were there first.
          retry: { strategy: 'FIXED_DELAY', delay: '10ms', maxRetries: 60 },
        },
      ],
    });
    const { status, nodes } = await handle.result();
    expect([status, nodes['n']?.output]).toEqual(['COMPLETED', 'here']);
    expect(nodes['n']?.attempts).toBeGreaterThan(1);
  });
});
