/** Tasks that end elsewhere: their handler starts something, and somebody reports its end. */
import { setTimeout as wait } from 'node:timers/promises';
import { ActivityNotFoundError } from '@temporalio/client';
import { z } from 'zod';
import type { Handover } from '../../src/domain/handover.js';
import type { HeartbeatDetails } from '../../src/domain/outcome.js';
import {
  defineTask,
  TaskStateError,
  type ExecutionEvent,
  type HandledItem,
  type HookExecution,
  type Publisher,
} from '../../src/index.js';
import { pendingAttempt } from '../../src/observe/handed-over.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

/** What was started elsewhere: attempts, by execution. */
const begun: { executionId: string; attempt: number; checkpoint: unknown }[] = [];
const ends: HookExecution[] = [];
const retries: [code: unknown, attempt: number][] = [];
let gate: Promise<void> | undefined;

const render = defineTask({
  name: 'render',
  completion: 'external',
  input: z.strictObject({ film: z.string() }).nullable(),
  output: z.strictObject({ frames: z.int() }),
  retry: { strategy: 'FIXED_DELAY', delay: 1, maxRetries: 1 },
  onRetry: (error, attempt) =>
    void retries.push([(error as { code?: unknown }).code ?? null, attempt]),
  run: async (_input, ctx) => {
    const { executionId, attempt } = ctx;
    begun.push({ executionId, attempt, checkpoint: ctx.lastCheckpoint() ?? null });
    ctx.checkpoint({ job: attempt });
    ctx.warn('started');
    await gate;
  },
});
const stuck = defineTask({
  name: 'stuck',
  completion: 'external',
  run: async (_input, { executionId, attempt, signal }) => {
    begun.push({ executionId, attempt, checkpoint: null });
    await wait(600_000, undefined, { signal });
  },
});
const ordinary = defineTask({ ...stuck, name: 'ordinary', completion: 'handler' });
const keeps = defineTask({
  name: 'keeps',
  completion: 'external',
  run: async (_input, { executionId, attempt, artifact }) => {
    begun.push({ executionId, attempt, checkpoint: null });
    await artifact('log', { text: 'begun' });
    await artifact('film', { text: '?' });
  },
  processResult: async (given, { artifact }) => {
    await artifact('film', { text: 'done' });
    await artifact('poster', { text: 'x'.repeat(9) });
    return given;
  },
});

let harness: Harness;
beforeAll(async () => {
  const post = [{ name: 'end', run: (end: HookExecution): void => void ends.push(end) }];
  harness = await startHarness({
    tasks: [render, stuck, keeps, ordinary],
    hooks: { post },
    maxConcurrentActivities: 1,
  });
});
afterAll(() => harness.stop());

const nested = (levels: number): unknown =>
  JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);

const attemptsOf = (nodeExecution: string): number[] =>
  begun.filter(({ executionId }) => executionId === nodeExecution).map(({ attempt }) => attempt);
const runs = async (executionId: string, attempt = 1): Promise<void> =>
  await until(() => attemptsOf(executionId).includes(attempt), `attempt ${attempt}`);

/** What the server has of an attempt, once it was handed over. */
async function handedOver(
  executionId: string,
): Promise<{ workflowId: string; details: HeartbeatDetails & { handover: Handover } }> {
  for (let look = 0; look < 100; look++) {
    const pending = await pendingAttempt(harness.client, executionId, 'task');
    const handover = pending?.details?.handover;
    if (pending?.details && handover)
      return { workflowId: pending.workflowId, details: { ...pending.details, handover } };
    await wait(100);
  }
  throw new Error(`${executionId} is not handed over`);
}

describe('a task with completion: external', () => {
  it('runs on after its handler, without a slot, until its end is reported; that is checked, recorded and hooked', async () => {
    const { engine } = harness;
    const graph = {
      name: 'film',
      tasks: [
        { id: 'a', task: 'render', input: { film: 'one' } },
        { id: 'b', task: 'render' },
        { id: 'next', task: 'echo', input: '${{ tasks.a.output.frames }}', dependsOn: ['a'] },
      ],
    };
    const handle = await engine.scheduleTaskGraph(graph);
    const { executionId } = handle;
    await Promise.all([runs(`${executionId}/a`), runs(`${executionId}/b`)]); // of one slot
    expect((await handle.node('a').status()).status).toBe('RUNNING');

    const first = await engine.handleItem({
      executionId: `${executionId}/a`,
      result: { frames: 24 },
    });
    expect(first).toEqual({
      executionId: `${executionId}/a`,
      status: 'COMPLETED',
      attempt: 1,
      error: null,
      nextRetryAt: null,
    });
    await engine.handleItem({ executionId: `${executionId}/b`, result: { frames: 1 } });
    const { status, nodes } = await handle.result();
    expect(status).toBe('COMPLETED');
    expect(nodes).toMatchObject({
      a: { output: { frames: 24 }, attempts: 1, warnings: ['started'] },
      next: { output: 24 },
    });
    const end = ends.find((one) => one.executionId === `${executionId}/a`);
    expect(end).toMatchObject({ status: 'COMPLETED', output: { frames: 24 } });
    expect(await engine.getExecution(`${executionId}/a`)).toMatchObject({
      status: 'COMPLETED',
      input: { film: 'one' },
    });
  });

  it('is tried again when a failure is reported, with onRetry, checkpoint and history', async () => {
    const { engine } = harness;
    const handle = await engine.scheduleTask({ task: 'render' });
    const { executionId } = handle;
    const node = `${executionId}/task`;
    await runs(node);
    const error = { message: 'no license', code: 'LICENSE' };
    const failed = await engine.handleItem({ executionId, error, attempt: 1 });
    expect(failed).toMatchObject({
      status: 'RETRYING',
      attempt: 1,
      error: { code: 'LICENSE', message: 'no license', origin: 'task' },
      nextRetryAt: expect.any(String) as string,
    });
    await runs(node, 2);
    expect(begun.find((one) => one.executionId === node && one.attempt === 2)).toMatchObject({
      checkpoint: { job: 1 },
    });
    const late = engine.handleItem({ executionId, result: { frames: 1 }, attempt: 1 });
    await expect(late).rejects.toThrow(/attempt 1 of .* is over; attempt 2 runs/);

    expect(await engine.handleItem({ executionId, error })).toMatchObject({ status: 'FAILED' });
    const result = await handle.result();
    expect(result).toMatchObject({ status: 'FAILED', error: { code: 'LICENSE', attempt: 2 } });
    expect(result.nodes['task']?.attemptHistory).toMatchObject([
      { attempt: 1, outcome: 'FAILED', error: { code: 'LICENSE' } },
      { attempt: 2, outcome: 'FAILED', error: { code: 'LICENSE' } },
    ]);
    expect(retries).toContainEqual(['LICENSE', 1]);
    expect(result.statusHistory.map(({ status }) => status)).toEqual([
      ...['PENDING', 'SCHEDULED', 'PREPARING', 'RUNNING'],
      ...['RETRYING', 'PREPARING', 'RUNNING', 'FAILED'],
    ]);
    expect(ends.filter((one) => one.executionId === node)).toMatchObject([{ status: 'FAILED' }]);
  });

  it.each([
    ['is FAILED by a result that its schema refuses', { result: { frames: 'many' } }],
    [
      'is FAILED by an error that says it is not retriable',
      { error: { message: 'x', retriable: false } },
    ],
  ] as [string, HandledItem][])('%s', async (_title, item) => {
    const { engine } = harness;
    const handle = await engine.scheduleTask({ task: 'render' });
    await runs(`${handle.executionId}/task`);
    const answer = await engine.handleItem({ ...item, executionId: handle.executionId });
    expect(answer).toMatchObject({ status: 'FAILED', attempt: 1 });
    const { status, error } = await handle.result();
    expect({ status, code: error?.code }).toEqual({ status: 'FAILED', code: answer.error?.code });
  });

  it('keeps a long wait as any other, without a slot', async () => {
    const { engine } = harness;
    const retry = { strategy: 'FIXED_DELAY', delay: '1h', maxDelay: '1h', maxRetries: 2 } as const;
    const handle = await engine.scheduleTask({ task: 'render', retry });
    const { executionId } = handle;
    await runs(`${executionId}/task`);
    await engine.handleItem({ executionId, error: 'not now' });
    await until(async () => (await engine.getExecution(executionId)).status === 'RETRYING');
    const item = { executionId, result: { frames: 1 } };
    await expect(engine.handleItem(item)).rejects.toThrow(/it is RETRYING/);
    await handle.cancel();
    expect((await handle.result()).status).toBe('CANCELLED');
  });

  it('is ended by the requestId that it was submitted with; a second end is refused', async () => {
    const { engine } = harness;
    const key = { requestId: `film ${harness.taskQueue}`, project: 'studio' };
    const handle = await engine.scheduleTask({ task: 'render', ...key });
    await runs(`${handle.executionId}/task`);
    const item = { ...key, result: { frames: 3 } };
    const both = await Promise.allSettled([engine.handleItem(item), engine.handleItem(item)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await handle.result()).output).toEqual({ frames: 3 });
    const second = engine.handleItem(item);
    await expect(second).rejects.toBeInstanceOf(TaskStateError);
    await expect(second).rejects.toThrow(/already ended \(COMPLETED\)/);
  });

  it('waits with an end that is reported before its handler has returned', async () => {
    const { engine } = harness;
    let open = (): void => undefined;
    gate = new Promise((resolve) => (open = resolve));
    const handle = await engine.scheduleTask({ task: 'render' });
    await runs(`${handle.executionId}/task`);
    const reported = engine.handleItem({
      executionId: handle.executionId,
      result: { frames: 9 },
    });
    open();
    gate = undefined;
    expect(await reported).toMatchObject({ status: 'COMPLETED' });
    expect((await handle.result()).output).toEqual({ frames: 9 });
  });

  it('lists what processResult keeps with what its handler kept, with a large input too', async () => {
    const { engine } = harness;
    const handle = await engine.scheduleTask({ task: 'keeps', input: 'x'.repeat(3_000) });
    const { executionId } = handle;
    await runs(`${executionId}/task`);
    const { handover } = (await handedOver(executionId)).details;
    expect(JSON.stringify(handover).length).toBeLessThan(1_000);
    await engine.handleItem({ executionId, result: 1 });
    const { artifacts, output } = await handle.result();
    expect(output).toBe(1);
    expect(artifacts.map(({ name, bytes }) => [name, bytes])).toEqual([
      ['log', 5],
      ['film', 4],
      ['poster', 9],
    ]);
  });

  it('is ended although an older beat came after the handover', async () => {
    const { engine, client } = harness;
    const handle = await engine.scheduleTask({ task: 'render' });
    const { executionId } = handle;
    await runs(`${executionId}/task`);
    const { workflowId, details } = await handedOver(executionId);
    const { handover: _lost, ...older } = details;
    await client.activity.heartbeat({ workflowId, activityId: 'task' }, older);
    const answer = await engine.handleItem({ executionId, result: { frames: 4 } });
    expect(answer).toMatchObject({ status: 'COMPLETED', attempt: 1 });
    expect((await handle.result()).output).toEqual({ frames: 4 });
  });

  it('leaves a handover behind that is good for its own attempt only', async () => {
    const { engine, client } = harness;
    const handle = await engine.scheduleTask({ task: 'render' });
    const { executionId } = handle;
    await runs(`${executionId}/task`);
    const { handover } = (await handedOver(executionId)).details;
    await engine.handleItem({ executionId, error: 'once more' });
    await runs(`${executionId}/task`, 2);
    const { details } = await handedOver(executionId);
    expect(details.attempt).toBe(2);
    const late = client.activity.complete(Buffer.from(handover.token, 'base64'), {});
    await expect(late).rejects.toBeInstanceOf(ActivityNotFoundError);
    await engine.handleItem({ executionId, result: { frames: 6 } });
    expect(await handle.result()).toMatchObject({ status: 'COMPLETED', output: { frames: 6 } });
  });

  it('is cancelled at once, and goes on from its checkpoint after a hard pause', async () => {
    const { engine } = harness;
    const handle = await engine.scheduleTask({ task: 'render' });
    const { executionId } = handle;
    await runs(`${executionId}/task`);
    const elsewhere = async () => (await handle.node('task').status()).status;
    await until(async () => (await elsewhere()) === 'RUNNING');
    expect(await handle.pause({ mode: 'hard' })).toMatchObject({ success: true });
    await until(async () => (await elsewhere()) === 'PAUSED');
    await handle.resume();
    await until(() => attemptsOf(`${executionId}/task`).length === 2, 'it goes on');
    expect(begun.at(-1)).toMatchObject({ attempt: 1, checkpoint: { job: 1 } });
    await until(async () => (await elsewhere()) === 'RUNNING');
    await handle.cancel();
    expect(await handle.result()).toMatchObject({ status: 'CANCELLED' });
    await expect(engine.handleItem({ executionId, error: 'late' })).rejects.toThrow(/CANCELLED/);
  });

  it('times out by its own time, without a heartbeat asked for, and is tried again', async () => {
    const { engine } = harness;
    const handle = await engine.scheduleTask({
      ...{ task: 'render', timeout: '2s', heartbeatTimeout: '1s' },
      retry: { strategy: 'IMMEDIATE', maxRetries: 1 },
    });
    const { executionId } = handle;
    await runs(`${executionId}/task`, 2);
    await engine.handleItem({ executionId, result: { frames: 2 } });
    const { nodes, output } = await handle.result();
    expect(output).toEqual({ frames: 2 });
    expect(nodes['task']?.attemptHistory).toMatchObject([
      { attempt: 1, outcome: 'TIMEOUT' },
      { attempt: 2, outcome: 'COMPLETED' },
    ]);
  });

  it('runs in a segment of a big graph as well', async () => {
    const split = await startHarness({ tasks: [render], maxNodesPerRun: 2 });
    const tasks = ['a', 'b', 'c'].map((id) => ({ id, task: 'render' }));
    const handle = await split.engine.scheduleTaskGraph({ name: 'segments', tasks });
    for (const { id } of tasks) {
      const executionId = `${handle.executionId}/${id}`;
      await runs(executionId);
      await split.engine.handleItem({ executionId, result: { frames: 5 } });
    }
    expect((await handle.result()).counts).toEqual({ COMPLETED: 3 });
    await split.stop();
  });
});

describe('engine.handleItem', () => {
  it.each([
    [{ executionId: 'nobody', result: 1 }, 'NOT_FOUND', /no execution "nobody"/],
    [{ executionId: 'x' }, 'CONFIGURATION', /"result" or "error", one of the two/],
    [{ executionId: 'x', result: 1, error: 'y' }, 'CONFIGURATION', /one of the two/],
    [{ result: 1 }, 'CONFIGURATION', /"executionId" or "requestId"/],
    [{ executionId: 'x', error: 5 }, 'CONFIGURATION', /error: expected a text or .*, got 5/],
    [{ executionId: 'x', result: 'x'.repeat(2_000_000) }, 'TOO_LARGE', /the limit is 1,500,000/],
    [{ executionId: 'x', result: nested(65) }, 'INPUT_INVALID', /too deep; the limit is 64 levels/],
    [{ executionId: 'x', result: nested(20_000) }, 'INPUT_INVALID', /the limit is 64 levels/],
    [
      { executionId: 'x', error: { message: 'y', details: nested(20_000) } },
      'INPUT_INVALID',
      /the limit is 64 levels/,
    ],
    [{ executionId: 'x', result: () => 1 }, 'INPUT_INVALID', /result is no JSON, got a function/],
    ['text', 'CONFIGURATION', /expected an object, got "text"/],
  ])('refuses %#', async (item, code, message) => {
    const refused = harness.engine.handleItem(item as HandledItem);
    await expect(refused).rejects.toMatchObject({ code });
    await expect(refused).rejects.toThrow(message);
  });

  it.each([65, 3_000, 20_000])(
    'leaves the attempt as it is where it refuses %d levels; the next end is taken',
    async (levels) => {
      const { engine } = harness;
      const handle = await engine.scheduleTask({ task: 'keeps' });
      const { executionId } = handle;
      await runs(`${executionId}/task`);
      const refused = engine.handleItem({ executionId, result: nested(levels) });
      await expect(refused).rejects.toMatchObject({ code: 'INPUT_INVALID' });
      const answer = await engine.handleItem({ executionId, result: nested(64) });
      expect(answer).toMatchObject({ status: 'COMPLETED', attempt: 1 });
      expect((await handle.result()).output).toEqual(nested(64));
    },
  );

  it('refuses a graph without its node, a node that is not there, and one that ends by itself', async () => {
    const { engine } = harness;
    const tasks = [
      { id: 'a', task: 'stuck' },
      { id: 'b', task: 'noop', dependsOn: ['a'] },
    ];
    const handle = await engine.scheduleTaskGraph({ name: 'refusals', tasks });
    const { executionId } = handle;
    await runs(`${executionId}/a`);
    const end = (id: string) => engine.handleItem({ executionId: id, result: { frames: 1 } });
    await expect(end(executionId)).rejects.toThrow(/is a graph; say which node has ended/);
    await expect(end(`${executionId}/z`)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(end(`${executionId}/b`)).rejects.toThrow(/does not wait for its end: it is/);
    await expect(end(`${executionId}/a`)).rejects.toThrow(/its handler has not returned/);
    await handle.cancel();
    expect((await handle.result()).status).toBe('CANCELLED');
  });

  it('refuses a running task that is not external, and says so', async () => {
    const handle = await harness.engine.scheduleTask({ task: 'ordinary' });
    await runs(`${handle.executionId}/task`);
    const ended = harness.engine.handleItem({ executionId: handle.executionId, result: 1 });
    await expect(ended).rejects.toThrow(/task "ordinary" is not external/);
    await handle.cancel();
  });

  it('gets what a publisher subscribes to, until it is detached', async () => {
    const { engine } = harness;
    const published: ExecutionEvent[] = [];
    let bring: ((item: HandledItem) => Promise<void>) | undefined;
    const publisher: Publisher = {
      publish: (event) => void published.push(event),
      subscribe: (handler) => {
        bring = handler;
        return () => (bring = undefined);
      },
    };
    const detach = engine.start({ publisher });
    const { executionId } = await engine.scheduleTask({ task: 'render' });
    await runs(`${executionId}/task`);
    await bring?.({ executionId, result: { frames: 7 } });
    await until(
      () => published.some((one) => one.executionId === executionId && one.event === 'completed'),
      'the event of its end',
    );
    await expect(bring?.({ executionId, result: { frames: 8 } })).rejects.toBeInstanceOf(
      TaskStateError,
    );
    detach();
    expect(bring).toBeUndefined();
  });
});

describe('defineTask', () => {
  it('refuses a completion that there is not', () => {
    const task = { name: 'odd', completion: 'elsewhere', run: () => undefined };
    expect(() => defineTask(task as never)).toThrow(
      /completion: expected one of handler, external, got "elsewhere"/,
    );
  });
});
