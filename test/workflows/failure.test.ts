import {
  MaxRetriesExceededError,
  NonRetriableError,
  SpecInvalidError,
  TaskStateError,
} from '../../src/index.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';

/** Never comes back unless it is asked to. */
const hang = defineTask({
  name: 'hang',
  run: (_input, { signal }) =>
    new Promise((_done, failed) =>
      signal.addEventListener('abort', () => failed(signal.reason as Error)),
    ),
});
/** Does not even listen. */
const deaf = defineTask({
  name: 'deaf',
  run: () => new Promise((done) => setTimeout(done, 4_000)),
});
const bigint = defineTask({ name: 'bigint', run: () => ({ n: 5n }) });

describe('failures', () => {
  let harness: Harness;
  beforeAll(async () => void (harness = await startHarness({ tasks: [hang, deaf, bigint] })));
  afterAll(() => harness.stop());
  const none = { strategy: 'NONE' as const };

  it('continues independent branches after a failure and skips what depended on it', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'continue',
      tasks: [
        { id: 'bad', task: 'fail', retry: none },
        { id: 'child', task: 'noop', dependsOn: ['bad'] },
        { id: 'grandchild', task: 'noop', dependsOn: ['child'] },
        { id: 'cleanup', task: 'noop', dependsOn: ['bad'], trigger: 'one_failed' },
        { id: 'free', task: 'echo', input: 1 },
        { id: 'freeChild', task: 'noop', dependsOn: ['free'] },
      ],
    });
    const { status, nodes, error } = await handle.result();
    expect(status).toBe('FAILED');
    expect(
      Object.fromEntries(Object.entries(nodes).map(([id, node]) => [id, node.status])),
    ).toEqual({
      bad: 'FAILED',
      child: 'SKIPPED',
      grandchild: 'SKIPPED',
      cleanup: 'COMPLETED',
      free: 'COMPLETED',
      freeChild: 'COMPLETED',
    });
    expect(nodes['grandchild']?.reason).toBe('upstream_failed');
    expect(error).toMatchObject({
      code: 'AskedToFail',
      nodeId: 'bad',
      origin: 'task',
      otherFailures: 0,
    });
  });

  it('cancels what runs and starts nothing more under failFast, but runs the clean-up', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'fail fast',
      onFailure: 'failFast',
      tasks: [
        { id: 'hang', task: 'hang', heartbeatTimeout: '5s' },
        { id: 'start', task: 'noop' },
        { id: 'bad', task: 'fail', dependsOn: ['start'], retry: none },
        { id: 'later', task: 'noop', dependsOn: ['hang'] },
        {
          id: 'cleanup',
          task: 'echo',
          dependsOn: ['hang', 'bad'],
          trigger: 'all_done',
          input: '${{ tasks.hang.status }}',
        },
      ],
    });
    const { status, nodes } = await handle.result();
    expect(status).toBe('FAILED');
    expect(nodes['hang']).toMatchObject({ status: 'CANCELLED', reason: 'fail_fast' });
    expect(nodes['later']).toMatchObject({ status: 'CANCELLED', reason: 'fail_fast' });
    expect(nodes['cleanup']).toMatchObject({ status: 'COMPLETED', output: 'CANCELLED' });
  });

  it('lets an allowed failure count as success with output null, its status staying truthful', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'allowed',
      tasks: [
        { id: 'bad', task: 'fail', retry: none, allowFailure: true },
        {
          id: 'next',
          task: 'echo',
          dependsOn: ['bad'],
          input: { was: '${{ tasks.bad.status }}', gave: '${{ tasks.bad.output }}' },
        },
      ],
    });
    const { status, nodes } = await handle.result();
    expect(status).toBe('COMPLETED');
    expect(nodes['bad']?.status).toBe('FAILED');
    expect(nodes['next']?.output).toEqual({ was: 'FAILED', gave: null });
  });

  it('gives every attempt with its error once retries are spent, and throws MaxRetriesExceededError', async () => {
    const handle = await harness.engine.scheduleTask({
      task: 'fail',
      retry: { strategy: 'IMMEDIATE', maxRetries: 2 },
    });
    const result = await handle.result();
    expect(result.nodes['task']).toMatchObject({ status: 'FAILED', attempts: 3 });
    expect(
      result.nodes['task']?.attemptHistory.map(({ attempt, outcome }) => [attempt, outcome]),
    ).toEqual([
      [1, 'FAILED'],
      [2, 'FAILED'],
      [3, 'FAILED'],
    ]);
    const thrown = await handle.resultOrThrow().catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(MaxRetriesExceededError);
    expect((thrown as MaxRetriesExceededError).attemptErrors).toHaveLength(3);
  });

  it('does not retry an error that says so, and throws NonRetriableError', async () => {
    const handle = await harness.engine.scheduleTask({
      task: 'fail',
      retry: { neverRetryOn: ['AskedToFail'] },
    });
    await expect(handle.resultOrThrow()).rejects.toBeInstanceOf(NonRetriableError);
    expect((await handle.result()).nodes['task']?.attempts).toBe(1);
  });

  it('rejects an input that the task refuses once it is known, with every issue', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'late input',
      tasks: [
        { id: 'a', task: 'echo', input: { ms: 'soon' } },
        { id: 'b', task: 'sleep', dependsOn: ['a'], input: '${{ tasks.a.output }}' },
      ],
    });
    const { status, nodes } = await handle.result();
    expect(status).toBe('FAILED');
    expect(nodes['b']).toMatchObject({
      status: 'REJECTED',
      attempts: 1,
      error: { code: 'INPUT_INVALID' },
    });
    expect(nodes['b']?.error?.message).toContain('ms:');
  });

  it('fails a node whose output is no JSON, without a retry', async () => {
    const result = await (await harness.engine.scheduleTask({ task: 'bigint' })).result();
    expect(result).toMatchObject({ status: 'FAILED', error: { code: 'OUTPUT_INVALID' } });
    expect(result.nodes['task']?.attempts).toBe(1);
  });

  it('fails a node whose expression fails, naming the place', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'expression',
      tasks: [
        { id: 'a', task: 'echo', input: { list: [1] } },
        { id: 'b', task: 'echo', dependsOn: ['a'], input: { x: ['${{ tasks.a.output.lst[0] }}'] } },
      ],
    });
    const { nodes } = await handle.result();
    expect(nodes['b']).toMatchObject({ status: 'FAILED', error: { code: 'EXPRESSION' } });
    expect(nodes['b']?.error?.message).toContain('input.x[0]');
  });

  it('ends TIMEOUT when a handler stops after being asked, and retries by the exact strategy', async () => {
    const handle = await harness.engine.scheduleTask({
      task: 'hang',
      timeout: '300ms',
      retry: { strategy: 'FIXED_DELAY', delay: '10ms', maxRetries: 1 },
    });
    const { status, nodes } = await handle.result();
    expect(status).toBe('TIMEOUT');
    expect(nodes['task']).toMatchObject({
      status: 'TIMEOUT',
      attempts: 2,
      error: { code: 'TIMEOUT' },
    });
  });

  it('ends TIMEOUT by the server where the handler does not listen', async () => {
    const handle = await harness.engine.scheduleTask({
      task: 'deaf',
      timeout: '500ms',
      retry: none,
    });
    const { status, nodes } = await handle.result();
    expect(status).toBe('TIMEOUT');
    expect(nodes['task']).toMatchObject({
      attempts: 1,
      error: { code: 'TIMEOUT', origin: 'temporal' },
    });
  });

  it('does not retry a server time-out that is on the never-list', async () => {
    const handle = await harness.engine.scheduleTask({
      task: 'deaf',
      timeout: '500ms',
      retry: { strategy: 'IMMEDIATE', maxRetries: 5, neverRetryOn: ['TIMEOUT'] },
    });
    const { status, nodes } = await handle.result();
    expect(status).toBe('TIMEOUT');
    expect(nodes['task']?.attempts).toBe(1);
  });

  it('keeps a node alive whose heartbeat time-out is the least there is, however long it runs', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'quick to be missed',
      tasks: [
        { id: 'a', task: 'sleep', input: { ms: 3_500 }, heartbeatTimeout: '1s', retry: none },
      ],
    });
    const { status, nodes } = await handle.result();
    expect({ status, attempts: nodes['a']?.attempts }).toEqual({
      status: 'COMPLETED',
      attempts: 1,
    });
  });

  it('ends TIMEOUT with reason no_worker when nobody takes a node within queueTimeout', async () => {
    const handle = await harness.engine.scheduleTask({
      task: 'elsewhere',
      queue: `nobody-${Date.now()}`,
      queueTimeout: '300ms',
    });
    const { status, nodes } = await handle.result();
    expect(status).toBe('TIMEOUT');
    expect(nodes['task']).toMatchObject({
      reason: 'no_worker',
      attempts: 0,
      error: { code: 'NO_WORKER' },
    });
  });

  it('refuses a second start of an id with TaskStateError', async () => {
    const first = await harness.engine.scheduleTask({ task: 'noop' });
    await first.result();
    await expect(
      harness.engine.scheduleTask({ task: 'noop', executionId: first.executionId }),
    ).rejects.toBeInstanceOf(TaskStateError);
    const again = await harness.engine.scheduleTask({
      task: 'noop',
      executionId: first.executionId,
      reuse: 'always',
    });
    expect((await again.result()).status).toBe('COMPLETED');
  });

  it('throws SpecInvalidError with all faults before anything starts', async () => {
    const graph = {
      name: 'bad',
      tasks: [
        { id: 'a', task: 'noop', dependsOn: ['b'] },
        { id: 'a', task: 'noop', dependsOn: ['lod'] },
      ],
    };
    const thrown = await harness.engine.scheduleTaskGraph(graph).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(SpecInvalidError);
    expect((thrown as SpecInvalidError).faults.map(({ code, path }) => [code, path])).toEqual([
      ['DUPLICATE_ID', 'tasks[1].id'],
      ['UNKNOWN_DEPENDENCY', 'tasks[0].dependsOn[0]'],
      ['UNKNOWN_DEPENDENCY', 'tasks[1].dependsOn[0]'],
    ]);
  });

  it('carries a five-megabyte output by reference', async () => {
    const text = 'x'.repeat(1_000_000);
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'large',
      tasks: [
        { id: 'a', task: 'echo', input: { text } },
        {
          id: 'b',
          task: 'echo',
          dependsOn: ['a'],
          input: { five: Array.from({ length: 5 }, () => '${{ tasks.a.output.text }}') },
        },
        { id: 'c', task: 'echo', dependsOn: ['b'], input: '${{ size(tasks.b.output.five) }}' },
      ],
    });
    const { status, nodes } = await handle.result();
    expect(status).toBe('COMPLETED');
    expect(nodes['c']?.output).toBe(5);
    expect((nodes['b']?.output as { five: string[] }).five[4]).toHaveLength(1_000_000);
  });
});
