/** Queries of a workflow that is in no worker's cache, while a workflow task of it is due. */
import { Worker } from '@temporalio/worker';
import { startHarness } from '../support/engine.js';
import { shared } from '../support/shared.js';
import { until } from '../support/until.js';

const GRAPHS = 5;

it('a graph that is asked while its worker is away is replayed as it ran', async () => {
  const harness = await startHarness();
  const { client, engine } = harness;
  const handles = await Promise.all(
    Array.from({ length: GRAPHS }, (_, nth) =>
      engine.scheduleTaskGraph({
        name: `asked ${nth}`,
        tasks: [
          { id: 'late', task: 'noop', scheduledTime: '2s' },
          { id: 'later', task: 'noop', scheduledTime: '3s' },
        ],
      }),
    ),
  );
  const graphs = handles.map(({ executionId }) => client.workflow.getHandle(executionId));
  await until(async () => {
    const statuses = await Promise.all(handles.map((handle) => handle.status()));
    return statuses.every(({ total }) => total === 2);
  }, 'their plans');
  await harness.worker.shutdown(); // nothing is cached any more

  const answers = handles.map((handle) => handle.status()); // no task is due: the server waits for a worker
  await until(async () => {
    const histories = await Promise.all(graphs.map((graph) => graph.fetchHistory()));
    return histories.every(({ events }) =>
      events?.some((event) => event.timerFiredEventAttributes),
    );
  }, 'a timer of each');
  await harness.startWorker();

  for (const answer of await Promise.all(answers)) expect(answer.total).toBe(2);
  for (const graph of graphs) {
    await graph.result();
    const history = await graph.fetchHistory();
    await Worker.runReplayHistory(
      { workflowBundle: { codePath: shared().bundle } },
      history,
      graph.workflowId,
    );
  }
  expect(harness.lines.filter((line) => JSON.stringify(line).includes('TMPRL1100'))).toEqual([]);
  await harness.stop();
}, 60_000);
