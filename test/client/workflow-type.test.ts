/** `workflowType`: no engine runs these containers, so what is looked at is the node that was scheduled. */
import type { BatchItem } from '../../src/client.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

const IMAGE = { container_image: 'python:3.9-slim', command: ['python', '-c', 'print(1)'] };
const CONTAINER = { image: IMAGE.container_image, command: IMAGE.command };
const workflowType = 'containerized_workflow' as const;

describe('workflowType', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
    const { projects, tasks } = harness.engine.catalogue;
    const { id: projectId } = await projects.create({ name: 'typed' });
    await tasks.create({ projectId, id: 'open', name: 'says nothing' });
    const own = { image: 'alpine:3.20', workdir: '/srv' };
    const run = { container: own, input: { n: 0 }, outputSchema: { type: 'number' } };
    await tasks.create({ projectId, id: 'boxed', name: 'a container', run });
    await tasks.create({ projectId, id: 'known', name: 'a task', run: { task: 'echo' } });
  });
  afterAll(() => harness.stop());

  /** The nodes that were scheduled, by id; nobody runs them. */
  const nodesOf = async (executionId: string): Promise<Record<string, object>> => {
    const [id = ''] = executionId.split('/');
    const { graph } = await harness.engine.graphOf(id);
    await harness.engine.cancelExecution(id);
    return Object.fromEntries(graph.tasks.map((node) => [node.id, node]));
  };

  it.each(['containerized_workflow', 'container'] as const)(
    '%s schedules a task as the container that its input names, under its own name',
    async (type) => {
      const { engine } = harness;
      const input = { ...IMAGE, day: '${{ not an expression }}' };
      const options = { timeout: 60_000, project: `typed ${type} ${Date.now()}` };
      const submission = { task: 'report', workflowType: type, input, ...options };
      const { executionId } = await engine.scheduleTask(submission);
      expect(executionId).toMatch(/^report-/);
      const listed = async () => (await engine.listExecutions({ taskId: 'report' })).executions;
      await engine.cancelExecution(executionId);
      await engine.handle(executionId).result();
      await until(
        async () => (await listed()).some((one) => one.executionId === executionId),
        'what was recorded of it',
      );
      expect(await engine.getExecution(executionId)).toMatchObject({ taskId: 'report' });
      expect(await nodesOf(executionId)).toEqual({
        task: { id: 'task', container: CONTAINER, input: { day: '$${{ not an expression }}' } },
      });
    },
  );

  it.each<[string, object]>([
    ['nothing beside image and command', IMAGE],
    ["document 002's envelope", { inputs: IMAGE }],
  ])('gives the program null where its input is %s', async (_what, input) => {
    const submission = { task: 'report', workflowType, input };
    const { executionId } = await harness.engine.scheduleTask(submission);
    expect(await nodesOf(executionId)).toEqual({
      task: { id: 'task', container: CONTAINER, input: null },
    });
  });

  it('says what a catalogue task runs that does not, and of a container which image', async () => {
    const { engine } = harness;
    const input = { ...IMAGE, n: 1 };
    const open = await engine.scheduleTask({ taskId: 'open', workflowType, input });
    expect(await engine.getExecution(open.executionId)).toMatchObject({
      ...{ taskId: 'tempograph.container', catalogueTaskId: 'open', project: 'typed' },
    });
    expect(await nodesOf(open.executionId)).toMatchObject({
      task: { container: CONTAINER, input: { n: 1 } },
    });
    const boxed = await engine.scheduleTask({ taskId: 'boxed', workflowType, input });
    expect(await nodesOf(boxed.executionId)).toMatchObject({
      task: {
        container: { ...CONTAINER, workdir: '/srv' },
        input: { n: 1 },
        outputSchema: { type: 'number' },
      },
    });
    const usual = await engine.scheduleTask({ taskId: 'boxed', workflowType });
    expect(await nodesOf(usual.executionId)).toMatchObject({
      task: { container: { image: 'alpine:3.20', workdir: '/srv' }, input: { n: 0 } },
    });
  });

  it('is of every node of a graph that names a task, and not of those with a program', async () => {
    const adjacency = { one: [], open: ['one'], boxed: ['open'] };
    const inputs = {
      one: { ...IMAGE, param1: 'value1' },
      open: { inputs: { ...IMAGE, param2: 'value2' } },
      boxed: { param3: 'value3' },
    };
    const { engine } = harness;
    const handle = await engine.scheduleTaskGraph(adjacency, { workflowType, inputs });
    expect(await nodesOf(handle.executionId)).toMatchObject({
      one: { container: CONTAINER, input: { param1: 'value1' } },
      open: { container: CONTAINER, input: { param2: 'value2' }, dependsOn: ['one'] },
      boxed: { container: { image: 'alpine:3.20' }, input: { param3: 'value3' } },
    });
    const process = { command: ['true'] };
    const tasks = [
      { id: 'own', process },
      { id: 'named', task: 'report', input: IMAGE },
      { id: 'given', taskId: 'open', process },
      { id: 'asked', approval: { message: 'Go?' } },
    ];
    const spec = await engine.scheduleTaskGraph({ name: 'g', tasks }, { workflowType });
    const nodes = await nodesOf(spec.executionId);
    expect(nodes).toMatchObject({
      ...{ own: { process }, named: { container: CONTAINER, input: null }, given: { process } },
    });
    expect(nodes['named']).not.toHaveProperty('task');
  });

  it('does not take the place of a container that a node has beside a task: that is refused', async () => {
    const own = { image: 'alpine:3.20', workdir: '/srv' };
    const tasks = [{ id: 'both', task: 'report', container: own, input: IMAGE }];
    await expect(
      harness.engine.scheduleTaskGraph({ name: 'g', tasks }, { workflowType }),
    ).rejects.toMatchObject({
      code: 'SPEC_INVALID',
      message: expect.stringMatching(/task.*container/) as string,
    });
  });

  it('is of an item of a batch, or of all of them', async () => {
    const { engine } = harness;
    const mixed = await engine.scheduleTaskBatch([
      { task: 'report', workflowType, input: { ...IMAGE, n: 1 } },
      { taskId: 'open', workflowType, input: IMAGE },
      { taskId: 'boxed' },
      { container: { image: 'busybox' } },
      { task: 'report', workflowType, input: {} },
      { taskId: 'open' },
    ]);
    expect(mixed.successful).toMatchObject([
      ...[{ taskId: 'report' }, { taskId: 'open' }, { taskId: 'boxed' }],
      { taskId: 'tempograph.container' },
    ]);
    expect(mixed.failed).toMatchObject([
      { index: 4, error: { details: [{ path: 'input.container_image' }] } },
      { index: 5, error: { code: 'SPEC_INVALID' } },
    ]);
    const [first, second, , fourth] = mixed.successful.map(({ executionId }) => executionId);
    expect(await engine.getExecution(first ?? '')).toMatchObject({ taskId: 'report' });
    expect(await nodesOf(first ?? '')).toMatchObject({ task: { container: CONTAINER } });
    expect(await nodesOf(second ?? '')).toMatchObject({
      1: { container: CONTAINER },
      2: { container: { image: 'alpine:3.20' }, input: { n: 0 } },
    });
    const kind = { taskId: 'tempograph.container' };
    const waiting = async () => (await engine.listExecutions(kind)).executions;
    await until(
      async () => (await waiting()).some(({ executionId }) => executionId === fourth),
      'the row of an item that nobody runs',
    );
    expect(await nodesOf(fourth ?? '')).toMatchObject({ 3: { container: { image: 'busybox' } } });

    const common = { workflowType, input: { inputs: IMAGE } };
    const all = await engine.scheduleTaskBatch({ taskIds: ['task_1', 'open'], ...common });
    expect(all.failed).toEqual([]);
    const items: BatchItem[] = [{ task: 'task_1', input: IMAGE }];
    const shared = await engine.scheduleTaskBatch(items, { workflowType });
    for (const { executionId } of [...all.successful, ...shared.successful])
      expect(Object.values(await nodesOf(executionId))).toMatchObject([{ container: CONTAINER }]);
  });

  it.each<[string, object, string]>([
    [
      'a type that there is not',
      { task: 'report', workflowType: 'lambda', input: IMAGE },
      'workflowType: expected one of containerized_workflow, container, got "lambda"',
    ],
    ['no image', { task: 'report', workflowType, input: {} }, 'input.container_image: is required'],
    ['a program', { container: { image: 'x' }, workflowType }, 'workflowType: beside a program'],
    [
      'a catalogue task of another kind',
      { taskId: 'known', workflowType, input: IMAGE },
      'workflowType: catalogue task "known" runs the task "echo", and workflowType says "containerized_workflow" (leave',
    ],
    [
      'a catalogue task of that kind, with a program as well',
      { taskId: 'open', workflowType, container: { image: 'x' } },
      'workflowType: beside a program',
    ],
  ])('is refused beside %s', async (_what, submission, says) => {
    await expect(harness.engine.scheduleTask(submission as never)).rejects.toMatchObject({
      code: 'SPEC_INVALID',
      message: expect.stringContaining(says) as string,
    });
  });

  it.each<[object, object, string]>([
    [{ a: [] }, { workflowType: 'lambda' }, 'workflowType: expected one of'],
    [{ a: [] }, { workflowType }, 'tasks[0].input: expected { container_image'],
    [{ a: [], open: [] }, { workflowType, inputs: { a: IMAGE, open: {} } }, 'tasks[1].input.con'],
    [{ known: [] }, { workflowType }, 'tasks[0]: catalogue task "known" runs the task "echo"'],
  ])('is refused of the graph %j with %j, at its place', async (graph, options, says) => {
    await expect(
      harness.engine.scheduleTaskGraph(graph as never, options as never),
    ).rejects.toMatchObject({
      code: 'SPEC_INVALID',
      message: expect.stringContaining(says) as string,
    });
  });

  it('is told as another request under a key that was used without it', async () => {
    const { engine } = harness;
    const requestId = `typed-${harness.taskQueue}`;
    const submission = { taskId: 'boxed', input: IMAGE, requestId };
    const { executionId } = await engine.scheduleTask(submission);
    await expect(engine.scheduleTask({ ...submission, workflowType })).rejects.toThrow(
      /give each request a key of its own/,
    );
    await engine.cancelExecution(executionId);
    const graph = { inputs: { open: IMAGE, boxed: IMAGE }, requestId: `${requestId}-graph` };
    const adjacency = { boxed: [], open: ['boxed'] };
    const started = await engine.scheduleTaskGraph(adjacency, { ...graph, workflowType });
    await expect(
      engine.scheduleTaskGraph(adjacency, { ...graph, workflowType: 'container' }),
    ).rejects.toThrow(/give each request a key of its own/);
    await engine.cancelExecution(started.executionId);
  });

  it('is not for a schedule, which says what is', async () => {
    const schedule = { id: 'typed', every: '1h', task: 'report', workflowType };
    await expect(harness.engine.schedules.create(schedule)).rejects.toThrow(
      /workflowType: is not for schedules: schedule a graph whose node has the container/,
    );
  });
});
