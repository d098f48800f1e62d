import { z } from 'zod';
import type { ExecutionHandle } from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const ASKED = { reason: 'because', by: 'ada' };

describe.each([
  ['in one piece', { maxNodesPerRun: 100 }],
  ['in segments', { maxNodesPerRun: 3, coordinatorEvents: 60 }],
])('people who look after a graph, %s', (_, settings) => {
  let harness: Harness;
  const open = new Set<string>();
  const entered: string[] = [];
  const hooked: string[] = [];

  const gated = defineTask<{ gate: string; checkpoint?: boolean }>({
    name: 'gated',
    run: async ({ gate }, ctx) => {
      entered.push(gate);
      while (!open.has(gate)) {
        ctx.signal.throwIfAborted();
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return gate;
    },
  });
  const count = defineTask({
    name: 'count',
    output: z.strictObject({ rows: z.number().min(0) }),
    run: () => ({ rows: 1 }),
  });
  const fails = defineTask<{ times: number }>({
    name: 'fails',
    run: ({ times }, ctx) => {
      if (ctx.attempt <= times) throw new Error(`attempt ${ctx.attempt}`);
      return ctx.attempt;
    },
  });
  const echoes = defineTask({ name: 'note', run: (input) => void entered.push(String(input)) });

  beforeAll(async () => {
    harness = await startHarness({
      tasks: [gated, count, fails, echoes],
      hooks: {
        post: [
          { name: 'hooked', run: (node) => void hooked.push(`${node.executionId} ${node.status}`) },
        ],
      },
      ...settings,
    });
  });
  afterAll(() => harness.stop());

  const start = (tasks: Parameters<Harness['engine']['scheduleTaskGraph']>[0], more = {}) =>
    harness.engine.scheduleTaskGraph(tasks, more);
  const untilStatus = (handle: ExecutionHandle, id: string, status: string) =>
    until(
      async () =>
        (
          await handle
            .node(id)
            .status()
            .catch(() => undefined)
        )?.status === status,
      `${id} ${status}`,
    );

  it('counts the attempts that the server knew of when a retry is hurried, again and again', async () => {
    const retry = { strategy: 'FIXED_DELAY' as const, delay: '45s', maxRetries: 3 };
    const handle = await start({
      name: 'hurry',
      tasks: [{ id: 'n', task: 'fails', input: { times: 3 }, retry }],
    });
    for (const attempts of [1, 2, 3]) {
      await until(async () => {
        const view = await handle
          .node('n')
          .status()
          .catch(() => undefined);
        return view?.status === 'RETRYING' && view.attempts === attempts;
      });
      expect(await handle.node('n').retryNow(ASKED)).toEqual({
        success: true,
        message: 'n is tried now',
      });
    }
    const { nodes } = await handle.result();
    expect(nodes['n']).toMatchObject({ status: 'COMPLETED', attempts: 4, output: 4 });
    expect(nodes['n']?.attemptHistory.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, 'FAILED'],
      [2, 'FAILED'],
      [3, 'FAILED'],
      [4, 'COMPLETED'],
    ]);
    expect(nodes['n']?.statusHistory.filter(({ by }) => by === 'ada')).toMatchObject(
      Array(3).fill({ status: 'PENDING', note: 'because', verb: 'retryNow' }),
    );
  });

  it('gives the operator’s value to those who read it, and tells post hooks the end that it has', async () => {
    const handle = await start({
      name: 'complete',
      tasks: [
        { id: 'n', task: 'gated', input: { gate: 'complete' } },
        { id: 'reads', task: 'echo', dependsOn: ['n'], input: '${{ tasks.n.output.rows + 1 }}' },
      ],
    });
    await untilStatus(handle, 'n', 'RUNNING');
    expect(await handle.node('n').complete({ rows: 7 }, ASKED)).toEqual({
      success: true,
      message: 'n is asked to stop, and ends COMPLETED with the given value',
    });
    const { status, nodes } = await handle.result();
    expect(status).toBe('COMPLETED');
    expect(nodes['reads']?.output).toBe(8);
    expect(nodes['n']).toMatchObject({ output: { rows: 7 }, reason: 'operator', attempts: 1 });
    expect(nodes['n']?.statusHistory.at(-1)).toMatchObject({
      ...{ status: 'COMPLETED', reason: 'operator', by: 'ada', note: 'because', verb: 'complete' },
    });
    const told = hooked.filter((line) => line.startsWith(`${handle.executionId}/n `));
    expect(told).toEqual([`${handle.executionId}/n COMPLETED`]);
  });

  it('takes a value of 500 kB by reference, and refuses what the schema does not take', async () => {
    const handle = await start({
      name: 'values',
      tasks: [
        { id: 'big', task: 'gated', input: { gate: 'big' } },
        { id: 'n', task: 'count', scheduledTime: '1h' },
      ],
    });
    expect(await handle.node('n').complete({ rows: -1 }, ASKED)).toEqual({
      success: false,
      message: expect.stringMatching(/output schema that refuses the value: .*rows/) as string,
    });
    expect(await handle.node('n').complete(undefined, ASKED)).toMatchObject({ success: false });
    await expect(handle.node('n').complete('x'.repeat(5_000_000), ASKED)).rejects.toThrow(
      'at most 1000000 bytes',
    );
    expect(await handle.node('n').status()).toMatchObject({ status: 'SCHEDULED' });
    const text = 'é'.repeat(250_000);
    expect(await handle.node('big').complete({ text }, ASKED)).toMatchObject({ success: true });
    expect(await handle.node('n').complete({ rows: 0 }, ASKED)).toMatchObject({ success: true });
    const { nodes } = await handle.result();
    expect(nodes['big']?.output).toEqual({ text });
    expect(nodes['n']?.output).toEqual({ rows: 0 });
  });

  it('refuses a value that the outputSchema of a program does not take', async () => {
    const outputSchema = { type: 'object', required: ['rows'] };
    const process = { command: ['true'] };
    const later = { scheduledTime: '1h' };
    const handle = await start({
      name: 'programs',
      tasks: [
        { id: 'p', process, outputSchema, ...later },
        { id: 'each', process, outputSchema, map: [1, 2], ...later },
        { id: 'any', process, ...later },
      ],
    });
    const says = /^(p|each): its outputSchema refuses the value: /;
    const refused = { success: false, message: expect.stringMatching(says) as string };
    expect(await handle.node('p').complete('junk', ASKED)).toEqual(refused);
    expect(await handle.node('each').complete([{ rows: 1 }, 'junk'], ASKED)).toEqual(refused);
    expect((await handle.node('p').complete({ rows: 1 }, ASKED)).message).not.toContain('checked');
    expect(await handle.node('each').complete([], ASKED)).toMatchObject({ success: true });
    expect(await handle.node('any').complete('junk', ASKED)).toMatchObject({ success: true });
    expect((await handle.result()).status).toBe('COMPLETED');
  });

  it('lets the first of two operators win, whoever that is', async () => {
    const handle = await start({
      name: 'two',
      tasks: [
        { id: 'n', task: 'gated', input: { gate: 'two' } },
        { id: 'm', task: 'gated', input: { gate: 'two' } },
      ],
    });
    await untilStatus(handle, 'n', 'RUNNING');
    const other = harness.engine.handle(handle.executionId);
    const answers = await Promise.all([
      handle.node('n').fail('no', { reason: 'r', by: 'ada' }),
      other.node('n').complete(1, { reason: 'r', by: 'bob' }),
      handle.node('m').fail('no', { reason: 'r', by: 'ada' }),
      other.node('m').fail('never', { reason: 'r', by: 'bob' }),
    ]);
    const [first, second] = [answers.slice(0, 2), answers.slice(2)];
    for (const pair of [first, second]) {
      expect(pair.filter(({ success }) => success)).toHaveLength(1);
      expect(pair.find(({ success }) => !success)?.message).toMatch(
        /is about to end (FAILED|COMPLETED), as (ada|bob) asked|is already/,
      );
    }
    const { nodes } = await handle.result();
    expect(nodes['n']?.status).toBe(first[0]?.success ? 'FAILED' : 'COMPLETED');
    expect(nodes['m']?.statusHistory.at(-1)?.by).toBe(second[0]?.success ? 'ada' : 'bob');
  });

  it('answers the same request once, and the same, also after a continue-as-new', async () => {
    const handle = await start({
      name: 'again',
      tasks: [
        ...Array.from({ length: 5 }, (__, i) => ({
          id: `g${i}`,
          task: 'gated',
          input: { gate: 'again' },
        })),
        { id: 'n', task: 'count', scheduledTime: '1h' },
      ],
    });
    const skip = () => handle.node('n').skip({ ...ASKED, requestId: 'once' });
    const [one, two] = await Promise.all([skip(), skip()]);
    expect([one, two]).toEqual(Array(2).fill({ success: true, message: 'n is skipped' }));
    const workflow = harness.client.workflow.getHandle(handle.executionId);
    const { runId } = await workflow.describe();
    if (settings.maxNodesPerRun < 10)
      await until(async () => {
        await handle.setConcurrency(7, ASKED);
        await handle.setConcurrency(8, ASKED);
        return (await workflow.describe()).runId !== runId;
      });
    expect(await skip()).toEqual(one);
    expect(await handle.node('n').skip({ ...ASKED, requestId: 'twice' })).toMatchObject({
      success: false,
      message: 'n is already SKIPPED',
    });
    open.add('again');
    const { nodes } = await handle.result();
    expect(nodes['n']).toMatchObject({ status: 'SKIPPED', reason: 'operator' });
    expect(nodes['n']?.statusHistory.filter(({ by }) => by === 'ada')).toHaveLength(1);
  });

  it('reorders what is ready, and widens and narrows the window, over a continue-as-new', async () => {
    const gate = `order ${settings.maxNodesPerRun}`;
    const handle = await start({
      name: 'order',
      concurrency: 1,
      tasks: [
        { id: 'gate', task: 'gated', input: { gate }, priority: 'CRITICAL' },
        ...['a', 'b', 'c', 'd'].map((id) => ({ id, task: 'note', input: `${gate} ${id}` })),
      ],
    });
    await untilStatus(handle, 'gate', 'RUNNING');
    expect(await handle.node('c').setPriority('HIGH', ASKED)).toEqual({
      success: true,
      message: 'c has priority HIGH now',
    });
    await handle.node('b').setPriority('LOW', ASKED);
    expect(await handle.node('c').status()).toMatchObject({ priority: 'HIGH' });
    if (settings.maxNodesPerRun < 10) {
      const workflow = harness.client.workflow.getHandle(handle.executionId);
      const { runId } = await workflow.describe();
      await until(async () => {
        await handle.node('d').pause();
        await handle.node('d').resume();
        return (await workflow.describe()).runId !== runId;
      });
    }
    open.add(gate);
    const { nodes } = await handle.result();
    expect(entered.filter((line) => line.startsWith(`${gate} `))).toEqual(
      ['c', 'a', 'd', 'b'].map((id) => `${gate} ${id}`),
    );
    expect(nodes['c']?.statusHistory).toContainEqual(
      expect.objectContaining({ by: 'ada', note: 'priority HIGH: because', verb: 'setPriority' }),
    );
  });

  it('starts more at once when the window is widened, and says who widened it', async () => {
    const gate = `window ${settings.maxNodesPerRun}`;
    const handle = await start({
      name: 'window',
      concurrency: 1,
      tasks: ['a', 'b', 'c', 'd'].map((id) => ({ id, task: 'gated', input: { gate } })),
    });
    await until(() => entered.filter((line) => line === gate).length === 1);
    expect(await harness.engine.setConcurrency(handle.executionId, 3, ASKED)).toEqual({
      success: true,
      message: 'the concurrency is 3 now; it was 1',
    });
    await until(() => entered.filter((line) => line === gate).length === 3);
    expect(await handle.status()).toMatchObject({ concurrency: 3, counts: { PENDING: 1 } });
    expect(await handle.setConcurrency(3, ASKED)).toMatchObject({ success: false });
    expect(await handle.setPriority('LOW', ASKED)).toMatchObject({
      success: true,
      message: '1 node has priority LOW now',
    });
    open.add(gate);
    const { statusHistory } = await handle.result();
    expect(statusHistory).toContainEqual(
      expect.objectContaining({
        ...{ status: 'RUNNING', by: 'ada', note: 'concurrency 1 → 3: because' },
        verb: 'setConcurrency',
      }),
    );
    expect(await harness.engine.skipNode(`${handle.executionId}/a`, ASKED)).toMatchObject({
      success: false,
      message: expect.stringContaining('already ended (COMPLETED)') as string,
    });
  });
});
