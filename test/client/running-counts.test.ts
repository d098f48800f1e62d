/** How far running graphs are, in lists of executions. */
import type { Counts } from '../../src/workflows/messages.js';
import { startHarness, type Harness } from '../support/engine.js';
import { Gates } from '../support/gates.js';
import { until } from '../support/until.js';

describe('the list of executions', () => {
  const gates = new Gates();
  let harness: Harness;
  beforeAll(async () => void (harness = await startHarness({ tasks: [gates.gated] })));
  afterAll(() => harness.stop());

  const listed = async (executionId: string): Promise<Counts | null | undefined> =>
    (await harness.engine.listExecutions({ executionId })).executions[0]?.counts;
  const shows = (id: string, counts: Counts) =>
    until(
      async () => JSON.stringify(await listed(id)) === JSON.stringify(counts),
      `${id} ${JSON.stringify(counts)}`,
    );

  it('says how far a running graph is, edited or run again too, and how it ended', async () => {
    const gated = (id: string, dependsOn: string[] = []) => ({
      ...{ id, task: 'gated', input: { gate: id }, dependsOn },
    });
    const handle = await harness.engine.scheduleTaskGraph(
      { name: 'far', tasks: [{ id: 'a', task: 'noop' }, gated('b', ['a']), gated('c', ['b'])] },
      { executionId: 'far' },
    );
    await shows('far', { PENDING: 1, COMPLETED: 1, RUNNING: 1 });
    await handle.edit({ add: [gated('d', ['c'])], reason: 'one more' });
    await shows('far', { PENDING: 2, COMPLETED: 1, RUNNING: 1 });
    gates.open('b');
    await shows('far', { PENDING: 1, COMPLETED: 2, RUNNING: 1 });
    await handle.cancel();
    await handle.result();
    await shows('far', { COMPLETED: 2, CANCELLED: 2 });
    await harness.engine.rerun('far', { executionId: 'further' });
    await shows('further', { COMPLETED: 2, PENDING: 1, RUNNING: 1 });
    await harness.engine.cancelExecution('further');
  });
});
