import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import {
  Client,
  Connection,
  WorkflowFailedError,
  WorkflowUpdateFailedError,
  type ApplicationFailure,
} from '@temporalio/client';
import { launchDevServer } from '../../src/servers/dev-server.js';
import type { GraphClose } from '../../src/workflows/manifest.js';
import type { GraphStatus, NodesPage } from '../../src/workflows/messages.js';
import { TaskEngine } from '../../src/client.js';
import { startHarness, type Harness } from '../support/engine.js';
import { shared } from '../support/shared.js';
import { until } from '../support/until.js';

const deepMacro = '${{ params.l.map(a, params.l.map(b, params.l.map(c, c))) }}';
const bomb = { name: 'bomb', params: { l: { default: Array.from({ length: 200 }, (_, i) => i) } } };

describe('taskGraph started by a raw client', () => {
  let harness: Harness;
  let client: Client;
  beforeAll(async () => {
    harness = await startHarness();
    client = new Client({ connection: await Connection.connect({ address: harness.address }) });
  });
  afterAll(async () => {
    await client.connection.close();
    await harness.stop();
  });

  const start = (...args: unknown[]) =>
    client.workflow.start('taskGraph', {
      args,
      taskQueue: harness.taskQueue,
      workflowId: `raw-${randomUUID()}`,
    });
  const failedTasks = async (workflowId: string): Promise<number> => {
    const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
    return (events ?? []).filter((event) => event.workflowTaskFailedEventAttributes).length;
  };
  const failureOf = async (
    ...args: unknown[]
  ): Promise<{ failure: ApplicationFailure; id: string }> => {
    const handle = await start(...args);
    const error: unknown = await handle.result().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    return {
      failure: (error as WorkflowFailedError).cause as ApplicationFailure,
      id: handle.workflowId,
    };
  };

  it('runs a plain JSON spec and returns status and manifest', async () => {
    const handle = await start(
      {
        name: 'raw',
        params: { n: { type: 'integer' } },
        tasks: [{ id: 'a', task: 'echo', input: '${{ params.n }}' }],
      },
      { params: { n: 7 } },
    );
    const close = (await handle.result()) as GraphClose;
    expect(close).toMatchObject({
      status: 'COMPLETED',
      counts: { COMPLETED: 1 },
      manifest: { nodes: [{ id: 'a', output: { json: 7 } }] },
    });
  });

  it.each<[string, unknown[], string]>([
    ['nothing', [], '(root)'],
    ['null', [null], '(root)'],
    ['a string', ['graph'], '(root)'],
    ['a list', [[1]], '(root)'],
    ['an empty object', [{}], 'name'],
    ['no tasks', [{ name: 'x', tasks: [] }], 'tasks'],
    [
      'a cycle',
      [
        {
          name: 'x',
          tasks: [
            { id: 'a', task: 'noop', dependsOn: ['b'] },
            { id: 'b', task: 'noop', dependsOn: ['a'] },
          ],
        },
      ],
      'a → b → a',
    ],
    ['an unknown task', [{ name: 'x', tasks: [{ id: 'a', task: 'nop' }] }], 'did you mean "noop"?'],
    [
      'a reserved task name',
      [{ name: 'x', tasks: [{ id: 'a', task: 'tempograph.prepare' }] }],
      'tasks[0].task',
    ],
    [
      'an unknown field',
      [{ name: 'x', tasks: [{ id: 'a', task: 'noop', dependOn: [] }] }],
      'did you mean "dependsOn"?',
    ],
    [
      'macros nested too deep',
      [{ ...bomb, tasks: [{ id: 'a', task: 'echo', input: deepMacro }] }],
      'nest',
    ],
    [
      'a bad regular expression',
      [{ name: 'x', tasks: [{ id: 'a', task: 'echo', input: '${{ "a".matches("(") + }}' }] }],
      'tasks[0].input',
    ],
    [
      'a wrong time-out on the never-list',
      [{ name: 'x', tasks: [{ id: 'a', task: 'noop', retry: { neverRetryOn: [''] } }] }],
      'tasks[0].retry.neverRetryOn[0]',
    ],
    [
      'a refused constant input',
      [{ name: 'x', tasks: [{ id: 'a', task: 'sleep', input: { ms: 'x' } }] }],
      'tasks[0].input',
    ],
    [
      'a missing parameter',
      [{ name: 'x', params: { p: {} }, tasks: [{ id: 'a', task: 'noop' }] }],
      'params.p',
    ],
    [
      'a bad submission',
      [{ name: 'x', tasks: [{ id: 'a', task: 'noop' }] }, { projct: 'x' }],
      'did you mean "project"?',
    ],
  ])(
    'fails with SpecInvalid for %s, naming the place, and no workflow task fails',
    async (_name, args, place) => {
      const { failure, id } = await failureOf(...args);
      expect(failure.type).toBe('SpecInvalid');
      expect(failure.message).toContain(place);
      expect(await failedTasks(id)).toBe(0);
    },
  );

  it.each<[string, string, unknown]>([
    [
      'a catastrophic regular expression is answered in linear time',
      '${{ params.s.matches("^(a+)+$") }}',
      false,
    ],
    ['a whole-number result is a number', '${{ 1 + 2 }}', 3],
    ['a macro over a list works', '${{ params.l.map(x, x * 2).filter(x, x > 395) }}', [396, 398]],
    [
      'a timestamp becomes a string',
      '${{ timestamp("2027-01-31T08:00:00Z") }}',
      '2027-01-31T08:00:00.000Z',
    ],
  ])('%s', async (_name, input, output) => {
    const spec = {
      ...bomb,
      params: { ...bomb.params, s: { default: `${'a'.repeat(40)}!` } },
      tasks: [{ id: 'a', task: 'echo', input }],
    };
    const handle = await start(spec);
    expect(await handle.result()).toMatchObject({
      manifest: { nodes: [{ output: { json: output } }] },
    });
  });

  it.each([
    ['a whole number beyond 2^53', '${{ 9223372036854775807 }}'],
    ['a result that JSON cannot hold', '${{ 1.0 / 0.0 }}'],
    ['a regular expression that does not compile', '${{ "a".matches("(") }}'],
  ])('fails the node with EXPRESSION for %s, and no workflow task fails', async (_name, input) => {
    const { failure, id } = await failureOf({
      name: 'x',
      tasks: [{ id: 'a', task: 'echo', input }],
    });
    expect(failure.type).toBe('GraphFailed');
    expect(failure.message).toContain('EXPRESSION');
    expect(await failedTasks(id)).toBe(0);
  });

  it('stops an expression that would block the worker', async () => {
    const spec = {
      name: 'heavy',
      params: { l: { default: Array.from({ length: 1_000 }, (_, i) => i) } },
      tasks: [
        {
          id: 'a',
          task: 'echo',
          input: `\${{ params.l.map(x, params.l.map(y, ${Array.from({ length: 30 }, () => 'x * y').join(' + ')})) }}`,
        },
      ],
    };
    const { failure } = await failureOf(spec);
    expect(failure.message).toContain('took more than 1000 ms');
  });

  it('keeps `__proto__` a name like any other', async () => {
    const handle = await start({
      name: 'proto',
      tasks: [
        { id: '__proto__', task: 'echo', input: JSON.parse('{"__proto__": 1}') as unknown },
        {
          id: 'constructor',
          task: 'echo',
          dependsOn: ['__proto__'],
          input: '${{ tasks["__proto__"].output["__proto__"] }}',
        },
      ],
    });
    const { nodes } = await harness.engine.handle(handle.workflowId).result();
    expect(Object.keys(nodes)).toEqual(['__proto__', 'constructor']);
    expect(nodes['constructor']?.output).toBe(1);
  });

  it('ignores signals that it does not understand and refuses updates that make no sense', async () => {
    const handle = await start({
      name: 'messages',
      tasks: [{ id: 'a', task: 'fail', retry: { strategy: 'FIXED_DELAY', delay: '1h' } }],
    });
    await until(async () => (await handle.query<GraphStatus>('status')).counts.RETRYING === 1);
    for (const junk of [
      undefined,
      null,
      { nonsense: true },
      { segmentId: 's', outcomes: [1, [0, null]] },
    ]) {
      await handle.signal('tempograph.settled', junk);
    }
    for (const junk of [undefined, 7, { verb: 'explode' }, { verb: 'pause', mode: [] }])
      await handle.signal('tempograph.above', junk);
    await handle.signal('no-such-signal', 1);
    for (const junk of [42, {}, { nodeId: 'a' }, { nodeId: 'a', approved: 'yes' }])
      await expect(handle.executeUpdate('approve', { args: [junk] })).rejects.toBeInstanceOf(
        WorkflowUpdateFailedError,
      );
    expect(
      await handle.executeUpdate('approve', { args: [{ nodeId: 'a', approved: true }] }),
    ).toEqual({ success: false, message: 'a waits for no answer' });
    await expect(handle.executeUpdate('cancelNode', { args: [42] })).rejects.toBeInstanceOf(
      WorkflowUpdateFailedError,
    );
    await expect(
      handle.executeUpdate('cancelNode', { args: [{ nodeId: '"'.repeat(900_000) }] }),
    ).rejects.toBeInstanceOf(WorkflowUpdateFailedError);
    expect(await handle.executeUpdate('cancelNode', { args: [{ nodeId: 'zz' }] })).toMatchObject({
      success: false,
    });
    const page = await handle.query<NodesPage>('nodes');
    expect(page.nodes).toMatchObject([
      { id: 'a', status: 'RETRYING', nextRetryAt: expect.any(String) as string },
    ]);
    expect(await handle.executeUpdate('cancelNode', { args: [{ nodeId: 'a' }] })).toMatchObject({
      success: true,
    });
    await expect(handle.result()).rejects.toMatchObject({
      cause: { type: 'GraphFailed', details: [{ counts: { CANCELLED: 1 } }] },
    });
    expect(await failedTasks(handle.workflowId)).toBe(0);
  });

  it.each<[string, string, unknown[]]>([
    ['a segment of nothing', 'taskSegment', [{ orders: 5 }]],
    [
      'a segment with junk for orders',
      'taskSegment',
      [{ coordinatorId: 'x', prepared: { execution: {} }, classes: [], orders: [null, {}] }],
    ],
    ['a segment without an argument', 'taskSegment', []],
    ['a question that is none', 'tempographAsk', []],
    ['a sub-graph of nothing', 'taskSubgraph', []],
    ['a sub-graph with junk', 'taskSubgraph', [{ request: 1, kind: 'map', spec: 's', depth: 1 }]],
    [
      'a carry that is none',
      'taskGraph',
      [{ name: 'x', tasks: [{ id: 'a', task: 'noop' }] }, null, 'boo'],
    ],
    ['an empty carry', 'taskGraph', [{ name: 'x', tasks: [{ id: 'a', task: 'noop' }] }, null, {}]],
  ])('refuses %s with CONFIGURATION', async (_name, type, args) => {
    const workflowId = `raw-${randomUUID()}`;
    const handle = await client.workflow.start(type, {
      args,
      taskQueue: harness.taskQueue,
      workflowId,
    });
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'CONFIGURATION' } });
    expect(await failedTasks(workflowId)).toBe(0);
  });

  it('fails a forged sub-graph by itself, and no workflow task', async () => {
    const workflowId = `raw-${randomUUID()}`;
    const request = { execution: {}, node: {}, body: {} };
    const handle = await client.workflow.start('taskSubgraph', {
      args: [{ request, kind: 'map', spec: '../../etc/passwd', depth: 1 }],
      ...{ taskQueue: harness.taskQueue, workflowId },
    });
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'GraphFailed' } });
    expect(await failedTasks(workflowId)).toBe(0);
  });

  it('is started by the temporal CLI', async () => {
    const workflowId = `raw-${randomUUID()}`;
    const { stdout } = await promisify(execFile)(shared().binary, [
      ...[
        'workflow',
        'execute',
        '--address',
        harness.address,
        '--type',
        'taskGraph',
        '--task-queue',
        harness.taskQueue,
      ],
      ...[
        '--workflow-id',
        workflowId,
        '--output',
        'json',
        '--input',
        JSON.stringify({ name: 'cli', tasks: [{ id: 'a', task: 'echo', input: 'hello' }] }),
      ],
    ]);
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'COMPLETED',
      result: { status: 'COMPLETED' },
    });
  });
});

describe('a server without our search attributes', () => {
  it('runs a graph that the engine or a raw client starts', async () => {
    const server = await launchDevServer(shared().binary, {});
    const harness = await startHarness({ address: server.address });
    try {
      const handle = await harness.engine.scheduleTaskGraph(
        { name: 'bare', tasks: [{ id: 'a', task: 'noop' }] },
        { project: 'p', sessionId: 's' },
      );
      expect((await handle.result()).status).toBe('COMPLETED');
      await until(async () => (await harness.engine.listExecutions()).executions.length === 1);
      expect((await harness.engine.listExecutions({ project: 'p' })).executions).toHaveLength(1);
      const alone = await TaskEngine.connect({ address: harness.address, storeUrl: 'none' });
      await expect(alone.listExecutions({ project: 'p' })).rejects.toThrow('TempographProject');
      await alone.shutdown();
    } finally {
      await harness.stop();
      await server.stop();
    }
  });
});
