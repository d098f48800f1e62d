import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { z } from 'zod';
import type { BatchItem, BatchOptions } from '../../src/client.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

describe('scheduleTaskBatch', () => {
  let harness: Harness;
  let client: Client;
  const ran: string[] = [];
  const double = defineTask({
    name: 'double',
    input: z.object({ n: z.number() }),
    run: ({ n }, { executionId }) => {
      ran.push(executionId);
      return n * 2;
    },
  });
  const hang = defineTask({
    name: 'hang',
    run: (_input, { signal }) =>
      new Promise((_done, failed) =>
        signal.addEventListener('abort', () => failed(signal.reason as Error)),
      ),
  });
  const batch = defineTask({ name: 'batch', run: () => null });
  beforeAll(async () => {
    harness = await startHarness({ tasks: [double, hang, batch] });
    client = new Client({ connection: await Connection.connect({ address: harness.address }) });
  });
  afterAll(async () => {
    await client.connection.close();
    await harness.stop();
  });
  const results = async (ids: string[]) =>
    await Promise.all(ids.map(async (id) => await harness.engine.handle(id).result()));

  it('hands over fifty items at first, and all of them where none ends', async () => {
    const items = Array.from({ length: 300 }, () => ({ task: hang }));
    const { successful } = await harness.engine.scheduleTaskBatch(items);
    const [batchId = ''] = successful[0]?.executionId.split('/') ?? [];
    const handle = harness.engine.handle(batchId);
    await until(async () => {
      const { counts } = await handle.status();
      return (counts.SCHEDULED ?? 0) + (counts.RUNNING ?? 0) === items.length;
    });
    const { events = [] } = (await client.workflow.getHandle(batchId).fetchHistory()) ?? {};
    const handedOver = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: one }) =>
      one?.activityType?.name === 'hang' ? [String(one.workflowTaskCompletedEventId)] : [],
    );
    expect(handedOver).toHaveLength(items.length);
    expect(handedOver.filter((task) => task === handedOver[0])).toHaveLength(50);
    await handle.cancel();
  });

  it('gives every item an execution of its own in one run, and each its output', async () => {
    const { successful, failed } = await harness.engine.scheduleTaskBatch(
      [1, 2, 3].map((n) => ({ task: double, input: { n } })),
    );
    expect(failed).toEqual([]);
    expect(new Set(successful.map(({ executionId }) => executionId.split('/')[0])).size).toBe(1);
    const ended = await results(successful.map(({ executionId }) => executionId));
    expect(ended.map(({ status, output }) => [status, output])).toEqual([
      ['COMPLETED', 2],
      ['COMPLETED', 4],
      ['COMPLETED', 6],
    ]);
    const [first] = successful;
    expect(await harness.engine.getExecution(first?.executionId ?? '')).toMatchObject({
      kind: 'item',
      taskId: 'double',
      status: 'COMPLETED',
      output: 2,
    });
  });

  it.each([
    ['double-batch', ['double', 'double']],
    ['batch', ['double', 'echo']],
    ['batch', ['batch', 'batch']],
  ])('calls a run %s-…, of the tasks %j', async (prefix, tasks) => {
    const items = tasks.map((task) => ({ task, input: { n: 1 } }));
    const { successful } = await harness.engine.scheduleTaskBatch(items);
    const [{ executionId } = { executionId: '' }] = successful;
    expect(executionId).toMatch(new RegExp(`^${prefix}-[0-9a-f]{12}/`));
    await results(successful.map((one) => one.executionId));
  });

  it('answers for each item: what cannot be scheduled stands in failed, and nobody else suffers', async () => {
    const { successful, failed } = await harness.engine.scheduleTaskBatch([
      { task: double, input: { n: 1 } },
      { task: '', input: 1 },
      { task: 'echo', timeout: 'soon' },
      { task: 'echo', scheduledTime: '2027-01-01T00:00:00' },
      { task: 'echo', input: 'fine', dependencies: ['nobody-at-all'] },
      { task: 'echo', input: '${{ not.an.expression }}' },
    ]);
    expect(successful.map(({ index, taskId }) => [index, taskId])).toEqual([
      [0, 'double'],
      [5, 'echo'],
    ]);
    expect(failed.map(({ index, error }) => [index, error.code])).toEqual([
      [1, 'SPEC_INVALID'],
      [2, 'SPEC_INVALID'],
      [3, 'SPEC_INVALID'],
      [4, 'SPEC_INVALID'],
    ]);
    expect(failed.map(({ error }) => error.message).join('\n')).toMatch(
      /name of a task[^]+timeout[^]+with a zone[^]+nobody-at-all/,
    );
    const ended = await results(successful.map(({ executionId }) => executionId));
    expect(ended.map(({ output }) => output)).toEqual([2, '${{ not.an.expression }}']);
  });

  it.each([
    [null, 'items[1]: expected { task: "<name>", input, … } or { taskId: "<id>", … }, got null'],
    [undefined, 'got undefined'],
    [5, 'got 5'],
    ['echo', 'got "echo"'],
    [[], 'got []'],
    [{ task: null }, 'task: expected the name of a task'],
    [{ taskId: 5 }, 'items[1].taskId: expected a text that is not empty, got 5'],
    [{ task: 'echo', idempotencyKey: 5 }, 'items[1].idempotencyKey: expected a text'],
    [{ task: 'echo', scheduledTime: new Date(NaN) }, 'scheduledTime: expected a delay'],
    [{ task: 'echo', dependencies: null }, 'dependencies'],
    [{ task: 'echo', input: { rate: NaN } }, 'input.rate: NaN is not JSON'],
  ])('starts what stands beside the item %j, which has an entry in failed', async (item, says) => {
    const items = [{ task: 'echo', input: 1 }, item] as BatchItem[];
    const { successful, failed } = await harness.engine.scheduleTaskBatch(items);
    expect(successful.map(({ index }) => index)).toEqual([0]);
    expect(failed).toMatchObject([{ index: 1, error: { code: 'SPEC_INVALID' } }]);
    expect(failed[0]?.error.message).toContain(says);
  });

  it.each([
    [null, {}, 'expected a list of items, or { taskIds: [...] }, got null'],
    [{ taskIds: 'echo' }, {}, 'expected a list of items, or { taskIds: [...] }, got {'],
    [[], null, 'expected an object of what all items have in common, got null'],
  ])('refuses %j with %j, which is no batch', async (items, common, says) => {
    await expect(
      harness.engine.scheduleTaskBatch(items as never, common as BatchOptions),
    ).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining(says) as string,
    });
  });

  it('says each fault of an item once, at its place in the item', async () => {
    const { failed } = await harness.engine.scheduleTaskBatch([
      { task: 'echo', retry: { maxRetries: -1 }, timeuot: '1s', tags: 'x' } as never,
    ]);
    const faults = failed[0]?.error.details as { path: string }[];
    expect(faults.map(({ path }) => path).sort()).toEqual(['retry.maxRetries', 'tags', 'timeuot']);
    expect(failed[0]?.error.message).toMatch(/^task refused, 3 faults:/);
  });

  it('gives an item its index in the request as the end of its id, whatever became of those before it', async () => {
    const idempotencyKey = randomUUID();
    const [owner] = (
      await harness.engine.scheduleTaskBatch([{ task: 'echo', idempotencyKey, input: 'first' }])
    ).successful;
    const { successful } = await harness.engine.scheduleTaskBatch([
      { task: 'echo', timeout: 'soon' }, // refused
      { task: 'echo', input: 1 },
      { task: 'echo', idempotencyKey }, // of an earlier batch
      { task: 'echo', input: 3, idempotencyKey: randomUUID() },
      { task: 'echo', executionId: `own-${randomUUID()}` }, // in an execution of its own
      { task: 'echo', input: 5, project: `p-${randomUUID()}` }, // in another run
    ]);
    const ids = successful.map(({ index, executionId }) => [index, executionId.split('/')[1]]);
    expect(ids).toEqual([
      [1, '1'],
      [2, '0'],
      [3, '3'],
      [4, undefined],
      [5, '5'],
    ]);
    expect(successful[1]?.executionId).toBe(owner?.executionId);
    const ended = await results(successful.map(({ executionId }) => executionId));
    expect(ended.map(({ output }) => output)).toEqual([1, 'first', 3, { task: null }, 5]);
  });

  it('rejects alone an item whose task no worker knows, or whose input its schema refuses', async () => {
    const { successful } = await harness.engine.scheduleTaskBatch([
      { task: 'no-such-task' },
      { task: double, input: { n: 'one' as never } },
      { task: double, input: { n: 4 } },
    ]);
    const ended = await results(successful.map(({ executionId }) => executionId));
    expect(ended.map(({ status }) => status)).toEqual(['REJECTED', 'REJECTED', 'COMPLETED']);
    expect(ended[0]?.error?.message).toContain('no-such-task');
    expect(ended[1]?.error?.message).toContain('n');
  });

  it('calls a refused item by the task that it asked for, in its status, its row and its events', async () => {
    const { engine } = harness;
    const { successful } = await engine.scheduleTaskBatch([
      { task: 'nix' },
      { task: double, input: { n: 'one' as never } },
      { task: 'noop' },
    ]);
    const ids = successful.map(({ executionId }) => executionId);
    await results(ids);
    const [parentId = ''] = ids[0]?.split('/') ?? [];
    const tasks = ['nix', 'double', 'noop'];
    const records = await Promise.all(ids.map((id) => engine.getExecution(id)));
    expect(records.map(({ taskId }) => taskId)).toEqual(tasks);
    await until(async () => {
      const { executions } = await engine.listExecutions({ parentId, kind: 'item' });
      return executions.length === 3 && executions.every(({ endedAt }) => endedAt !== null);
    }, 'the end of each in the store');
    const { executions } = await engine.listExecutions({ parentId, kind: 'item' });
    expect(Object.fromEntries(executions.map((one) => [one.executionId, one.taskId]))).toEqual(
      Object.fromEntries(ids.map((id, index) => [id, tasks[index]])),
    );
    const told = new Map<string, Set<string | null>>();
    for await (const { executionId, taskId } of engine.events({ after: 0, follow: false }))
      if (ids.includes(executionId))
        told.set(executionId, (told.get(executionId) ?? new Set()).add(taskId));
    expect(ids.map((id) => [...(told.get(id) ?? [])])).toEqual(tasks.map((task) => [task]));
  });

  it('resolves items of one idempotency key to one execution', async () => {
    ran.length = 0;
    const { successful } = await harness.engine.scheduleTaskBatch([
      { task: double, input: { n: 1 }, idempotencyKey: 'k' },
      { task: double, input: { n: 1 }, idempotencyKey: 'k' },
      { task: double, input: { n: 2 } },
    ]);
    expect(successful[0]?.executionId).toBe(successful[1]?.executionId);
    await results(successful.map(({ executionId }) => executionId));
    expect(ran.length).toBe(2);
  });

  it('gives the execution of an earlier batch to an item with its key', async () => {
    ran.length = 0;
    const idempotencyKey = randomUUID();
    const first = await harness.engine.scheduleTaskBatch([
      { task: double, input: { n: 1 }, idempotencyKey },
    ]);
    const second = await harness.engine.scheduleTaskBatch([
      { task: double, input: { n: 2 } },
      { task: double, input: { n: 1 }, idempotencyKey },
    ]);
    expect(second.successful[1]?.executionId).toBe(first.successful[0]?.executionId);
    await results(second.successful.map(({ executionId }) => executionId));
    expect(ran.length).toBe(2);
  });

  it('sent twice with one key starts nothing new and answers the same', async () => {
    ran.length = 0;
    const idempotencyKey = randomUUID();
    const send = async () =>
      await harness.engine.scheduleTaskBatch(
        { taskIds: [double, 'double'], input: { n: 5 } },
        { idempotencyKey },
      );
    const [first, second] = [await send(), await send()];
    expect(second).toEqual(first);
    await results(first.successful.map(({ executionId }) => executionId));
    expect(ran.length).toBe(2);
  });

  it.each([
    ['of the whole request', (key: string) => [{}, { idempotencyKey: key }]],
    ['of the item', (key: string) => [{ idempotencyKey: key }, {}]],
  ] as const)(
    'sent twice with a key %s starts an item once that has an execution of its own',
    async (_of, keysOf) => {
      const project = `p-${randomUUID()}`;
      const [item, common] = keysOf(randomUUID());
      const send = async () =>
        await harness.engine.scheduleTaskBatch(
          [{ task: 'noop', scheduledTime: '2h', project, ...item }],
          common,
        );
      const [first, second] = [await send(), await send()];
      expect(first.failed).toEqual([]);
      expect(second).toEqual(first);
      const [{ executionId } = { executionId: '' }] = first.successful;
      const { executions } = await harness.engine.listExecutions({ project });
      expect(executions.map((one) => one.executionId)).toEqual([executionId]);
      await harness.engine.cancelExecution(executionId);
    },
  );

  it('cancels one item; the others go on', async () => {
    const { successful } = await harness.engine.scheduleTaskBatch([
      { task: hang },
      { task: hang },
      { task: 'echo', input: 1 },
    ]);
    const ids = successful.map(({ executionId }) => executionId);
    await until(async () => (await harness.engine.getExecution(ids[0] ?? '')).status === 'RUNNING');
    expect(await harness.engine.cancelExecution(ids[0] ?? '')).toMatchObject({ success: true });
    const [first] = await results([ids[0] ?? '']);
    expect(first?.status).toBe('CANCELLED');
    expect((await harness.engine.getExecution(ids[1] ?? '')).status).toBe('RUNNING');
    expect(await harness.engine.cancelExecution(ids[1] ?? '')).toMatchObject({ success: true });
    expect((await results(ids)).map(({ status }) => status)).toEqual([
      'CANCELLED',
      'CANCELLED',
      'COMPLETED',
    ]);
  });

  it('puts items with an id, dependencies or a far start time into executions of their own', async () => {
    const executionId = `own-${randomUUID()}`;
    const { successful } = await harness.engine.scheduleTaskBatch([
      { task: 'echo', executionId },
      { task: 'echo', dependencies: [executionId], awaitUnknown: true },
      { task: 'echo', scheduledTime: '2h' },
      { task: 'echo', scheduledTime: 10 },
    ]);
    expect(successful[0]?.executionId).toBe(executionId);
    expect(successful.map(({ executionId: id }) => id.includes('/'))).toEqual([
      false,
      false,
      false,
      true,
    ]);
    await harness.engine.cancelExecution(successful[2]?.executionId ?? '');
  });

  it('of 1,200 items makes three runs, and every item runs', async () => {
    const { successful } = await harness.engine.scheduleTaskBatch(
      Array.from({ length: 1_200 }, (_, n) => ({ task: double, input: { n } })),
    );
    const runs = [...new Set(successful.map(({ executionId }) => executionId.split('/')[0] ?? ''))];
    expect(runs).toHaveLength(3);
    expect(successful.map(({ executionId }) => executionId.split('/')[1])).toEqual(
      successful.map(({ index }) => String(index)),
    );
    const closed = await Promise.all(
      runs.map(
        async (id) =>
          await client.workflow
            .getHandle(id)
            .result()
            .then(() => id),
      ),
    );
    expect(closed).toEqual(runs);
    const last = successful.at(-1)?.executionId ?? '';
    expect((await harness.engine.handle(last).result()).output).toBe(2_398);
  });

  it('refuses what is no list', async () => {
    await expect(harness.engine.scheduleTaskBatch({} as never)).rejects.toThrow(
      /expected a list of items/,
    );
    expect(await harness.engine.scheduleTaskBatch([])).toEqual({ successful: [], failed: [] });
  });
});
