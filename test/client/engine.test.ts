import { randomUUID } from 'node:crypto';
import {
  TaskEngine,
  SpecInvalidError,
  TaskStateError,
  type ExecutionHandle,
} from '../../src/index.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const deepList = (levels: number): unknown =>
  JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);

function circle(): unknown {
  const round: { self?: unknown } = {};
  round.self = round;
  return round;
}

describe('TaskEngine', () => {
  let harness: Harness;
  beforeAll(async () => void (harness = await startHarness()));
  afterAll(() => harness.stop());

  it("takes a lone task's input as data: an expression in it means itself", async () => {
    const input = { text: '${{ 1 + 1 }}', nested: ['$${{ x }}'] };
    const { output } = await (await harness.engine.scheduleTask({ task: 'echo', input })).result();
    expect(output).toEqual(input);
  });

  it('lists executions newest first, open or closed, and filters them', async () => {
    const project = `listed-${Date.now()}`;
    const open = await harness.engine.scheduleTask({ task: 'noop', project, scheduledTime: '1h' });
    const closed = await harness.engine.scheduleTask({ task: 'noop', project });
    await closed.result();
    const list = async (status?: 'COMPLETED') =>
      (await harness.engine.listExecutions({ project, ...(status ? { status } : {}) })).executions;
    await until(async () => (await list('COMPLETED')).length === 1 && (await list()).length === 2);
    expect((await list()).map(({ executionId }) => executionId)).toEqual([
      closed.executionId,
      open.executionId,
    ]);
    expect(await list()).toMatchObject([
      { kind: 'task', taskId: 'noop', status: 'COMPLETED', project },
      { status: 'SCHEDULED', startedAt: null },
    ]);
    await open.cancel();
  });

  it.each([
    [{ schedulerInterval: 5 }, 'connect: there is no "schedulerInterval"'],
    [{ taskQueu: 'x' }, 'connect: there is no "taskQueu" (did you mean "taskQueue"?)'],
    ['127.0.0.1:7233', 'connect: expected an object of options, got "127.0.0.1:7233"'],
  ])('does not connect with %j, which it does not know', async (options, message) => {
    await expect(TaskEngine.connect(options as object)).rejects.toMatchObject({
      ...{ code: 'CONFIGURATION', message },
    });
  });

  it.each([
    ['nested too deep', () => deepList(20_000), 'the limit is 64 levels'],
    ['partly a number that JSON does not have', () => ({ rows: [NaN] }), 'NaN is not JSON'],
    ['partly a Map', () => ({ tags: new Map([['a', 1]]) }), 'a Map is not JSON'],
    ['referring back to itself', () => circle(), 'refers back to something that contains it'],
  ])('refuses the input of a task that is %s', async (_title, input, says) => {
    await expect(
      harness.engine.scheduleTask({ task: 'echo', input: input() }),
    ).rejects.toMatchObject({
      code: 'SPEC_INVALID',
      message: expect.stringContaining(says) as string,
    });
  });

  it('gives a record of a node, while it waits and after', async () => {
    const handle = await harness.engine.scheduleTaskGraph(
      { name: 'records', tasks: [{ id: 'a', task: 'echo', input: 5 }] },
      { metadata: { x: 1 } },
    );
    await handle.result();
    expect(await harness.engine.getExecution(`${handle.executionId}/a`)).toMatchObject({
      kind: 'node',
      status: 'COMPLETED',
      output: 5,
      attempts: 1,
      metadata: { x: 1 },
    });
    await expect(harness.engine.getExecution(`${handle.executionId}/zz`)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(harness.engine.getExecution('nobody')).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it.each<[string, (handle: ExecutionHandle) => Promise<unknown>]>([
    ['its result', (handle) => handle.result()],
    ['its result or its error', (handle) => handle.resultOrThrow()],
    ['its status', (handle) => handle.status()],
    ['its nodes', (handle) => handle.nodes()],
    ['a watch of it', (handle) => handle.watch().next()],
    ['how a node stands', (handle) => handle.node('a').status()],
    ['the result of what is below a node', (handle) => handle.below('a').result()],
  ])('says of an execution that is not there that it is not, asked for %s', async (_what, ask) => {
    await expect(ask(harness.engine.handle('nope'))).rejects.toMatchObject({
      name: 'TaskError',
      code: 'NOT_FOUND',
      message: expect.stringMatching(/^there is no execution "nope(\/a)?" in/) as string,
    });
  });

  it('answers about an execution although no worker is there', async () => {
    const lonely = await TaskEngine.connect({
      address: harness.address,
      taskQueue: `nobody-${Date.now()}`,
      dataDir: harness.dataDir,
    });
    const handle = await lonely.scheduleTask({ task: 'noop' });
    expect(await lonely.getExecution(handle.executionId)).toMatchObject({
      status: 'PENDING',
      endedAt: null,
    });
    await handle.cancel();
    await lonely.shutdown();
  });

  it.each([['a/b'], [''], ['x'.repeat(256)], ['a\0b'], ['a\nb'], ['\u009b2J'], ['\u202eabc']])(
    'refuses the execution id %j',
    async (executionId) => {
      await expect(
        harness.engine.scheduleTask({ task: 'noop', executionId }),
      ).rejects.toBeInstanceOf(SpecInvalidError);
    },
  );

  it.each([
    [{ executionId: 'a\nb\u001b[31m' }, 'executionId: expected no control characters'],
    [{ executionId: 'a\u007f' }, '(leave out \\u007f)'],
    [{ executionId: 'a\u009b2J' }, 'got "a\\u009b2J" (leave out \\u009b)'],
    [{ project: 'a\u2028b' }, 'project: expected no control characters, got "a\\u2028b"'],
    [{ sessionId: 'a\tb' }, 'sessionId: expected no control characters'],
    [{ tags: ['good', 'b\u2066d'] }, 'tags[1]: expected no control characters'],
  ])('refuses %j, and says which character and where', async (options, message) => {
    const refused = harness.engine.scheduleTask({ task: 'noop', ...options });
    await expect(refused).rejects.toThrow(message);
  });

  it('reads and cancels an execution whose id was taken before control characters were refused', async () => {
    const workflowId = `${harness.taskQueue}\n\u001b[31mred`;
    await harness.client.workflow.start('taskGraph', {
      ...{ taskQueue: harness.taskQueue, workflowId },
      args: [{ name: 'old', tasks: [{ id: 'a', task: 'sleep', input: { ms: 3_600_000 } }] }],
    });
    expect((await harness.engine.getExecution(workflowId)).executionId).toBe(workflowId);
    expect(await harness.engine.cancelExecution(workflowId)).toMatchObject({ success: true });
    expect((await harness.engine.handle(workflowId).result()).status).toBe('CANCELLED');
  });

  it.each([
    [{ retry: { strategy: 'NONE', maxRetries: 3 } }, 'drop one of the two'],
    [{ retry: { delay: '2m', maxDelay: '1m' } }, 'maxDelay (1 min) is below delay (2 min)'],
    [{ reuse: 'sometimes' }, 'reuse: expected one of never, afterFailure, always, got "sometimes"'],
    [{ reuse: 'alwys' }, '(did you mean "always"?)'],
  ])('refuses a lone task with %j, and starts none', async (options, says) => {
    const project = `refused-${randomUUID()}`;
    const refused = harness.engine.scheduleTask({ task: 'noop', project, ...options } as never);
    await expect(refused).rejects.toMatchObject({
      code: 'SPEC_INVALID',
      message: expect.stringContaining(says) as string,
    });
    expect((await harness.engine.listExecutions({ project })).executions).toEqual([]);
  });

  it.each([
    [null, '(root): expected { task: "<name>", input, … }, { taskId: "<id>", … } or {'],
    ['ok', ', got "ok"'],
    [{}, ', got {}'],
    [{ task: null }, 'task: expected the name of a task, or its definition, got null'],
    [{ task: {} }, 'got {}'],
    [{ taskId: '' }, 'taskId: expected the id of a task, got ""'],
    [{ task: 'noop', process: { command: ['true'] } }, 'say one of the two'],
    [{ process: { comand: ['true'] } }, 'did you mean "command"?'],
    [{ process: { command: ['true'] }, container: { image: 'x' } }, 'process and container'],
    [{ container: 5 }, 'container'],
  ])('refuses %j, which says nothing that can be run', async (submission, says) => {
    await expect(harness.engine.scheduleTask(submission as never)).rejects.toMatchObject({
      code: 'SPEC_INVALID',
      message: expect.stringContaining(says) as string,
    });
  });

  it.each<[string, (engine: TaskEngine, id: string) => Promise<unknown>]>([
    ['getExecution', (engine, id) => engine.getExecution(id)],
    ['cancelExecution', (engine, id) => engine.cancelExecution(id)],
    ['pauseExecution', (engine, id) => engine.pauseExecution(id)],
    ['approve', (engine, id) => engine.approve(id)],
    ['retryNow', (engine, id) => engine.retryNow(id)],
    ['handle', async (engine, id) => await engine.handle(id).result()],
    ['explain', (engine, id) => engine.explain(id)],
    ['report', (engine, id) => engine.report(id)],
    ['rerun', (engine, id) => engine.rerun(id)],
    ['readLogs', (engine, id) => engine.readLogs(id)],
  ])('%s refuses what is no id, and says what it was given', async (call, ask) => {
    for (const [id, shown] of [
      [undefined, 'undefined'],
      ['', '""'],
      [5, '5'],
    ] as [string, string][]) {
      const asked = (async () => await ask(harness.engine, id))();
      await expect(asked).rejects.toMatchObject({
        code: 'CONFIGURATION',
        message: `${call}: expected the id of an execution, got ${shown}`,
      });
    }
    await expect(harness.engine.getExecution('/a')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('tries a node at once without a reason, and asks for one where a result is changed', async () => {
    const tasks = [{ id: 'a', task: 'noop', scheduledTime: '1h' }];
    const handle = await harness.engine.scheduleTaskGraph({ name: 'waits', tasks });
    const node = handle.node('a') as unknown as Record<string, () => Promise<unknown>>;
    await until(async () => (await handle.status()).changed.length === 1, 'it is prepared');
    for (const verb of ['skip', 'complete', 'fail', 'setPriority'])
      await expect(node[verb]?.call(node)).rejects.toMatchObject({
        code: 'CONFIGURATION',
        message: expect.stringMatching(`^${verb}: expected .*"reason": "<why>"`) as string,
      });
    expect(await handle.node('a').retryNow()).toMatchObject({ success: true });
    expect((await handle.result()).status).toBe('COMPLETED');
  });

  it.each([
    [{ b: ['a'], a: [] }, { nope: 1 }, 'inputs.nope: there is no node "nope" (there are "b", "a")'],
    [{ load: [] }, { lod: 1 }, 'inputs.lod: there is no node "lod" (did you mean "load"?)'],
    [{ load: [] }, [1], 'inputs: expected an input for each node, { <id>: <input> }, got [1]'],
    [{ load: [] }, null, 'got null'],
  ])(
    'refuses the graph %j with inputs %j, which nothing would read',
    async (graph, inputs, says) => {
      await expect(
        harness.engine.scheduleTaskGraph(graph as never, { inputs: inputs as never }),
      ).rejects.toMatchObject({
        code: 'SPEC_INVALID',
        message: expect.stringContaining(says) as string,
      });
    },
  );

  it.each([['2027-01-31T08:00:00'], ['soon'], [-5], [new Date(NaN)], [null], [{}]])(
    'refuses the start time %j',
    async (scheduledTime) => {
      await expect(
        harness.engine.scheduleTask({ task: 'noop', scheduledTime: scheduledTime as string }),
      ).rejects.toMatchObject({ faults: [{ path: 'scheduledTime' }] });
    },
  );

  it('starts at once where the start time has passed', async () => {
    const handle = await harness.engine.scheduleTask({ task: 'noop', scheduledTime: new Date(0) });
    expect((await handle.result()).status).toBe('COMPLETED');
  });

  it('is UNREACHABLE where nothing answers, naming the address', async () => {
    await expect(TaskEngine.connect({ address: '127.0.0.1:1' })).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('127.0.0.1:1') as string,
    });
  });

  it('throws TaskStateError for any call after shutdown, but not for a second shutdown', async () => {
    const engine = await TaskEngine.connect({ address: harness.address });
    await engine.shutdown();
    await engine.shutdown();
    await expect(engine.listExecutions()).rejects.toBeInstanceOf(TaskStateError);
  });
});
