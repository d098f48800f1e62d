/** Questions to running workflows: when they are asked, and when once more. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { answering } from '../../src/client/explain-facts.js';
import { firstLook } from '../../src/client/first-look.js';
import { pendingAttempts } from '../../src/client/live.js';
import { query } from '../../src/client/query.js';
import type { GraphStatus } from '../../src/workflows/messages.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

/** As the client throws it where no worker took a question in time, by its own timer or by the server's. */
const late = (code: number): Error =>
  Object.assign(new Error('Failed to query Workflow'), {
    cause: Object.assign(new Error('late'), { code, details: 'Call cancelled', metadata: {} }),
  });

/** A client with a workflow; a call ends when it is aborted. */
function clientOf(answer: (nth: number) => Promise<string>): Client & { asked: number } {
  const context = new AsyncLocalStorage<AbortSignal>();
  const client = { asked: 0, workflow: { getHandle: () => handle } };
  const handle = {
    describe: async () => await Promise.resolve({ historyLength: 9, status: { name: 'RUNNING' } }),
    query: async () => {
      const given = answer(++client.asked);
      const signal = context.getStore();
      if (!signal) return await given;
      const gone = once(signal, 'abort').then(() => Promise.reject(late(1)));
      return await Promise.race([given, gone]);
    },
  };
  return Object.assign(client, {
    withAbortSignal: (signal: AbortSignal, ask: () => Promise<unknown>) => context.run(signal, ask),
    withDeadline: (_until: number, ask: () => Promise<unknown>) => ask(),
  }) as unknown as Client & { asked: number };
}
const refusing = (code: number) => clientOf(() => Promise.reject(late(code)));

describe('a question', () => {
  it('that is lost is asked again beside itself; the first answer counts', async () => {
    const lost = new Promise<string>(() => undefined);
    const client = clientOf((nth) => (nth === 1 ? lost : Promise.resolve(`answer ${nth}`)));
    expect(await query(client, 'some', 'status')).toBe('answer 2');
    expect(client.asked).toBe(2);
  });

  it('that is answered is asked once', async () => {
    const client = clientOf((nth) => Promise.resolve(`answer ${nth}`));
    expect(await query(client, 'some', 'status')).toBe('answer 1');
    expect(client.asked).toBe(1);
  });

  it('that no worker took in time is asked once more, and not for ever', async () => {
    const client = refusing(4);
    await expect(query(client, 'some', 'status')).rejects.toThrow('Failed to query');
    expect(client.asked).toBe(2);
  });

  it('that is slow is answered although what it was asked again is refused', async () => {
    let answer = (_text: string): void => undefined;
    const slow = new Promise<string>((resolve) => (answer = resolve));
    const client = clientOf((nth) => {
      if (nth === 1) return slow;
      setImmediate(answer, 'answer 1'); // after the refusal
      return Promise.reject(late(8));
    });
    expect(await query(client, 'some', 'status')).toBe('answer 1');
    expect(client.asked).toBe(2);
  });

  it('that is one of many is not asked again: more of them would be slower', async () => {
    const slow = new Promise<string>((resolve) => setTimeout(resolve, 1_200, 'answer'));
    const client = clientOf(() => slow);
    await Promise.all(Array.from({ length: 40 }, () => query(client, 'some', 'status')));
    expect(client.asked).toBe(40);
  });

  it.each([1, 4, 9])('that ends with gRPC status %i says that no worker answers', async (code) => {
    expect(await answering(refusing(code), 'some', undefined)).toBe('silent');
    await expect(firstLook(refusing(code), 'some')).rejects.toMatchObject({ code: 'NO_WORKER' });
  });

  it('that is the first of many waits 4 s at most for a worker', async () => {
    const client = clientOf(() => Promise.resolve('answer'));
    const waits: number[] = [];
    client.withDeadline = async (until, ask) => {
      waits.push(Number(until) - Date.now());
      return await ask();
    };
    expect(await firstLook(client, 'some')).toBe('answer');
    expect(waits).toHaveLength(1);
    expect(Math.max(...waits)).toBeLessThanOrEqual(4_000);
  });

  it('that ends with another says what it was', async () => {
    await expect(answering(refusing(14), 'some', undefined)).rejects.toThrow('Failed to query');
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

describe('an execution whose workflow did not end itself', () => {
  let harness: Harness;
  beforeAll(async () => void (harness = await startHarness()));
  afterAll(() => harness.stop());

  /** The statuses that a watch told; it is left where it does not end. */
  const watched = async ({ executionId }: { executionId: string }): Promise<string[]> => {
    const seen: string[] = [];
    const signal = AbortSignal.timeout(15_000);
    const handle = harness.engine.handle(executionId);
    for await (const { status } of handle.watch({ intervalMs: 50, signal })) seen.push(status);
    return seen;
  };

  it('ends its watch REJECTED where it was refused, from the start and afterwards', async () => {
    const handle = await harness.engine.scheduleTask({ task: 'ehco' });
    expect((await watched(handle)).at(-1)).toBe('REJECTED');
    expect((await handle.result()).status).toBe('REJECTED');
    expect(await watched(handle)).toEqual(['REJECTED']);
    expect(await handle.status()).toMatchObject({ status: 'REJECTED', total: 0 });
  });

  it('ends its watch CANCELLED where it was terminated', async () => {
    const tasks = [{ id: 'late', task: 'noop', scheduledTime: '1h' }];
    const handle = await harness.engine.scheduleTaskGraph({ name: 'gone', tasks });
    const watching = watched(handle);
    await until(async () => (await handle.status()).total === 1, 'the graph');
    await harness.client.workflow.getHandle(handle.executionId).terminate();
    expect((await watching).at(-1)).toBe('CANCELLED');
    expect((await handle.status()).status).toBe('CANCELLED');
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
