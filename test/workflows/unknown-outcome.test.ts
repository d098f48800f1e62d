import { TimeoutFailure } from '@temporalio/common';
import { defineTask } from '../../src/registry.js';
import type { GraphSpec } from '../../src/domain/spec.js';
import type { NodeClass } from '../../src/domain/plan.js';
import { outcomeOfFailure } from '../../src/workflows/activity-failure.js';
import type { NodeOrder, NodeRequest } from '../../src/workflows/requests.js';
import { settleUnknown } from '../../src/workflows/unknown.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const attempts: Record<string, number> = {};
/** Never ends by itself, nor when it is asked to; only its first attempts. */
const stuck = defineTask<{ times?: number }, string>({
  name: 'stuck',
  timeout: '400ms',
  retry: { strategy: 'IMMEDIATE', maxRetries: 2 },
  run: async ({ times = 9 }, { executionId, attempt, signal }) => {
    attempts[executionId] = attempt;
    if (attempt > times) return 'ran again';
    await new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    return 'never';
  },
});
const asked: unknown[] = [];
const verify = (name: string, answer: object) =>
  defineTask({
    name,
    run: (input) => {
      asked.push(input);
      return answer;
    },
  });

describe('an attempt of which nobody knows how it ended', () => {
  let harness: Harness;
  beforeAll(async () => {
    const verifiers = [
      verify('it-was-done', { done: true, output: 'done after all' }),
      verify('it-was-not', { done: false }),
      verify('nonsense', { maybe: 1 }),
    ];
    harness = await startHarness({ tasks: [stuck, ...verifiers] });
  });
  afterAll(() => harness.stop());

  const run = async (onUnknown: unknown, times: number) =>
    await harness.engine.scheduleTaskGraph({
      name: 'unknown',
      tasks: [{ id: 'a', task: 'stuck', input: { times }, onUnknown }] as GraphSpec['tasks'],
    });

  it('is followed by another by default', async () => {
    const handle = await run('retry', 1);
    expect((await handle.resultOrThrow()).output).toEqual({ a: 'ran again' });
  });

  it('is verified: that it did its work is its output, and it is not run again', async () => {
    const handle = await run({ verify: 'it-was-done' }, 9);
    const { nodes } = await handle.resultOrThrow();
    expect(nodes['a']).toMatchObject({ output: 'done after all', attempts: 1 });
    expect(nodes['a']?.warnings.join()).toMatch(/attempt 1 was lost, and verified/);
    const executionId = `${handle.executionId}/a`;
    expect(asked).toContainEqual({
      ...{ executionId, nodeId: 'a', attempt: 1, input: { times: 9 } },
      idempotencyKey: executionId,
    });
  });

  it('is verified: that it did not is followed by another', async () => {
    const handle = await run({ verify: 'it-was-not' }, 1);
    const { nodes } = await handle.resultOrThrow();
    expect(nodes['a']).toMatchObject({ output: 'ran again', attempts: 2 });
  });

  it('is verified after each attempt, and ends TIMEOUT with the last', async () => {
    const handle = await run({ verify: 'it-was-not' }, 9);
    const { nodes } = await handle.result();
    expect(nodes['a']).toMatchObject({ status: 'TIMEOUT', attempts: 3 });
    expect(nodes['a']?.error?.message).toMatch(/, and no retry is left$/);
  });

  it.each([
    ['a person is to be asked', 'ask', /, and a person is asked, since onUnknown says so$/],
    ['its verification says nothing', { verify: 'nonsense' }, /its verification ended FAILED/],
  ])('holds its node where %s', async (_title, onUnknown, says) => {
    const handle = await run(onUnknown, 9);
    const { node } = { node: handle.node('a') };
    await until(async () => (await node.status()).reason === 'outcome_unknown');
    const { status, error, attempts: count } = await node.status();
    expect({ status, count }).toEqual({ status: 'PENDING', count: 1 });
    expect(error?.message).toMatch(says);
    expect(attempts[`${handle.executionId}/a`]).toBe(1);
    await handle.cancel();
    expect((await handle.result()).status).toBe('CANCELLED');
  });
});

describe('a worker that was lost', () => {
  const lost = new TimeoutFailure('silent', undefined, 'HEARTBEAT');
  const order = { index: 0, id: 'a' } as NodeOrder;
  const request = {
    ...{ timeoutMs: 60_000, heartbeatTimeoutMs: 3_000 },
    retry: { maxRetries: 3, neverRetryOn: [] as string[] },
  } as NodeRequest;

  it('has a person asked because onUnknown says so, and not because no retry is left', async () => {
    const asking: NodeRequest = { ...request, holdUnknown: true };
    const outcome = outcomeOfFailure(lost, order, asking, 0);
    const ask = { onUnknown: 'ask', retry: request.retry } as NodeClass;
    expect(await settleUnknown(order, asking, ask, outcome)).toMatchObject({
      ...{ held: 'unknown', attemptsUsed: 1 },
      error: {
        code: 'WORKER_LOST',
        message:
          'the worker was silent for 3000 ms, and a person is asked, since onUnknown says so',
      },
    });
  });

  it('ends its node because no retry is left, where nobody is asked', () => {
    expect(outcomeOfFailure(lost, order, request, 0)).toMatchObject({
      status: 'TIMEOUT',
      error: { message: 'the worker was silent for 3000 ms, and no retry is left' },
    });
  });
});
