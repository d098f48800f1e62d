/** Questions to running workflows: when they are asked, and when once more. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { answering } from '../../src/client/explain-facts.js';
import { pendingAttempts, query } from '../../src/client/live.js';
import type { GraphStatus } from '../../src/workflows/messages.js';
import { startHarness } from '../support/engine.js';

/** As the client throws it where no worker took a question in time, by its own timer or by the server's. */
const late = (code: number): Error =>
  Object.assign(new Error('Failed to query Workflow'), {
    cause: Object.assign(new Error('late'), { code, details: 'Call cancelled', metadata: {} }),
  });

/** A client whose workflow does not answer the first questions. */
function unanswered(times: number, code = 4): Client {
  let asked = 0;
  const handle = {
    describe: async () => await Promise.resolve({ historyLength: 9, status: { name: 'RUNNING' } }),
    query: async () =>
      await (++asked > times ? Promise.resolve('an answer') : Promise.reject(late(code))),
  };
  return { workflow: { getHandle: () => handle } } as unknown as Client;
}

describe('a question', () => {
  it('that no worker took in time is asked once more, and not for ever', async () => {
    expect(await query(unanswered(1), 'some', 'status')).toBe('an answer');
    expect(await query(unanswered(1, 1), 'some', 'status')).toBe('an answer');
    await expect(query(unanswered(2), 'some', 'status')).rejects.toThrow('Failed to query');
  });

  it.each([1, 4, 9])('that ends with gRPC status %i says that no worker answers', async (code) => {
    const client = Object.assign(unanswered(9, code), {
      withDeadline: (_until: number, ask: () => Promise<unknown>) => ask(),
    });
    expect(await answering(client, 'some', undefined)).toBe('silent');
  });

  it('that ends with another says what it was', async () => {
    const client = Object.assign(unanswered(9, 14), {
      withDeadline: (_until: number, ask: () => Promise<unknown>) => ask(),
    });
    await expect(answering(client, 'some', undefined)).rejects.toThrow('Failed to query');
  });

  it('waits for the first workflow task, and does not come with it', async () => {
    const harness = await startHarness();
    await harness.worker.shutdown();
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'early',
      tasks: [{ id: 'late', task: 'noop', scheduledTime: '1h' }],
    });
    const answer = handle.status();
    await harness.startWorker();
    expect(await answer).toMatchObject({ total: 1 });
    const workflow = harness.client.workflow.getHandle(handle.executionId);
    const { events } = await workflow.fetchHistory();
    const timer = events?.find((event) => event.timerStartedEventAttributes);
    expect(Number(timer?.timerStartedEventAttributes?.workflowTaskCompletedEventId)).toBe(4);
    await workflow.terminate();
    await harness.stop();
  });
});

describe('attempts under way', () => {
  it('are found although a segment is named that the server does not have yet', async () => {
    const raw = { pendingActivities: [{ activityId: 'load' }, { activityId: '~1' }] };
    const client = {
      workflow: {
        getHandle: (id: string) => ({
          describe: async () =>
            await (id === 'g'
              ? Promise.resolve({ raw })
              : Promise.reject(new WorkflowNotFoundError('workflow not found', id, undefined))),
        }),
      },
    } as unknown as Client;
    const status = { runs: ['g/~seg/0', 'g'] } as unknown as GraphStatus;
    expect([...(await pendingAttempts(client, status)).keys()]).toEqual(['load']);
  });
});
