import { defineTask } from '../../src/registry.js';
import { startTestEngine, type TestEngine } from '../../src/testing.js';
import { detailOf } from '../../src/cli/node-text.js';
import type { NodeExplanation } from '../../src/domain/explain.js';
import type { NodeView } from '../../src/workflows/messages.js';
import { startHarness } from '../support/engine.js';
import { shared } from '../support/shared.js';
import { until } from '../support/until.js';

describe('an environment that cannot be prepared', () => {
  let test: TestEngine;
  let failures = 0;
  const asked: number[] = [];
  /** From its failure on the vault gives nothing more. */
  const seals = defineTask({
    name: 'seals',
    run: () => {
      failures = 99;
      throw new Error('sealed');
    },
  });

  beforeAll(async () => {
    const { timeSkipping, bundle } = shared();
    test = await startTestEngine({
      serverPath: timeSkipping,
      temporal: { workflowBundle: { codePath: bundle } },
      tasks: [seals],
      secrets: async (name) => {
        asked.push(await test.env.currentTimeMs());
        if (failures-- > 0) throw new Error('the vault is sealed');
        return name.toLowerCase();
      },
    });
  });
  afterAll(() => test.stop());
  beforeEach(() => asked.splice(0));

  const run = async (retry: object | string) => {
    const node = { id: 'a', task: 'noop', input: '${{ secrets.KEY }}', retry };
    const handle = await test.engine.scheduleTaskGraph({ name: 'g', tasks: [node as never] });
    const { nodes } = await handle.result();
    return nodes['a'];
  };
  /** Between two tries, in whole seconds. */
  const waits = (): number[] =>
    asked.slice(1).map((time, index) => Math.round((time - (asked[index] ?? 0)) / 1_000));

  it('is tried again after 1, 2, 4 and 8 s, and spends no attempt, also where nothing is retried', async () => {
    failures = 4;
    expect(await run('NONE')).toMatchObject({ status: 'COMPLETED', attempts: 1, error: null });
    expect(waits()).toEqual([1, 2, 4, 8]);
  });

  it('is given up after five tries', async () => {
    failures = 5;
    const node = await run('NONE');
    expect(node).toMatchObject({
      status: 'FAILED',
      error: { code: 'ENVIRONMENT', retriable: false },
    });
    expect(node?.error?.message).toContain('the vault is sealed (tried 5 times)');
    expect(asked).toHaveLength(5);
  });

  it('is told as an attempt that could not be begun, and not as one that failed', async () => {
    failures = 5;
    const node = { id: 'a', task: 'noop', input: '${{ secrets.KEY }}', retry: 'NONE' as const };
    const handle = await test.engine.scheduleTaskGraph({ name: 'g', tasks: [node] });
    await handle.result();
    const { failures: told } = await handle.explain();
    expect(told).toMatchObject([{ nodeId: 'a', sentence: 'attempt 1 of 1 could not be begun' }]);

    let sealed = true;
    const vault = (): string => {
      if (sealed) throw new Error('the vault is sealed');
      return 'key';
    };
    const harness = await startHarness({ secrets: (name) => `${name} ${vault()}` });
    try {
      const live = await harness.engine.scheduleTaskGraph({ name: 'g', tasks: [node] });
      let found: NodeExplanation | undefined;
      await until(async () => {
        [found] = (await live.node('a').explain()).nodes;
        return found?.reason.kind === 'retry';
      });
      expect(found).toMatchObject({
        reason: { kind: 'retry', attempt: 1, of: 1, begun: false, error: { code: 'ENVIRONMENT' } },
        sentence: expect.stringMatching(
          /^attempt 1 of 1 could not be begun \(ENVIRONMENT: .*sealed\); it is tried again (in|now)/,
        ) as string,
      });
      let view: NodeView | undefined;
      await until(async () => (view = await live.node('a').status()).status === 'RETRYING');
      expect(view && detailOf(view, Date.now())).toMatch(
        /^attempt 1\/1 could not be begun · next /,
      );
      sealed = false;
      expect((await live.result()).nodes['a']).toMatchObject({ status: 'COMPLETED', attempts: 1 });
    } finally {
      await harness.stop();
    }
  });

  it('is not tried again where the task never wants that, and by the policy that it has for it', async () => {
    failures = 1;
    expect(await run({ neverRetryOn: ['ENVIRONMENT'] })).toMatchObject({
      status: 'FAILED',
      attempts: 1,
    });
    failures = 1;
    const byError = { ENVIRONMENT: { strategy: 'FIXED_DELAY', delay: '7s' } };
    expect(await run({ byError })).toMatchObject({ status: 'COMPLETED', attempts: 2 });
    expect(waits().at(-1)).toBe(7);
  });

  it('ends what undoes a node too, after five tries', async () => {
    failures = 0;
    const tasks = [
      { id: 'a', task: 'noop', input: '${{ secrets.KEY }}', compensate: 'noop' },
      { id: 'b', dependsOn: ['a'], task: 'seals', retry: 'NONE' },
    ];
    const handle = await test.engine.scheduleTaskGraph({ name: 'g', tasks: tasks as never });
    const { error, compensation } = await handle.result();
    expect(error?.code).toBe('COMPENSATION_FAILED');
    expect(error?.message).toContain('the vault is sealed (tried 5 times)');
    expect(compensation).toMatchObject([{ nodeId: 'a', status: 'FAILED' }]);
    expect(waits().slice(1)).toEqual([1, 2, 4, 8]);
  });

  it('ends what undoes a node that no worker knows, after ten minutes', async () => {
    failures = 0;
    const compensate = { task: 'nobody-knows', queue: test.worker.taskQueue };
    const tasks = [
      { id: 'a', task: 'noop', compensate },
      { id: 'b', dependsOn: ['a'], task: 'fail', input: { times: 9 }, retry: 'NONE' },
    ];
    const handle = await test.engine.scheduleTaskGraph({ name: 'g', tasks: tasks as never });
    const { compensation } = await handle.result();
    expect(compensation).toMatchObject([{ status: 'FAILED', error: { code: 'UNKNOWN_TASK' } }]);
  });
});
