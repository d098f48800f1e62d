import type { HookExecution } from '../../src/task-hooks.js';
import type { TaskContext } from '../../src/task-context.js';
import { defineTask } from '../../src/registry.js';
import { startHarness, type Harness } from '../support/engine.js';
import { until } from '../support/until.js';

describe('engine.catalogue', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.stop());

  it('creates, gets, lists, changes and archives projects and tasks', async () => {
    const { projects, tasks } = harness.engine.catalogue;
    const project = await projects.create({ name: 'Données', description: 'ünïcode' });
    const task = await tasks.create({
      projectId: project.id,
      name: 'clean',
      priority: 'HIGH',
      run: { task: 'echo', input: 'as defined' },
    });
    expect(task).toMatchObject({ version: 1, priority: 'HIGH', archived: false });
    expect((await tasks.list({ projectId: project.id })).items).toEqual([task]);
    const changed = await tasks.update(task.id, { description: 'now with words' });
    expect(changed.version).toBe(2);
    await expect(
      tasks.update(task.id, { description: 'late', expectedVersion: 1 }),
    ).rejects.toMatchObject({ code: 'STATE' });
    expect((await tasks.versions(task.id)).map(({ version }) => version)).toEqual([2, 1]);
    expect((await tasks.get(task.id, 1)).description).toBe('');
    await expect(projects.create({ name: 'Données' })).rejects.toMatchObject({ code: 'STATE' });
    await expect(projects.get('__proto__')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(
      tasks.create({ projectId: project.id, name: 'bad', run: { shell: 'rm' } as never }),
    ).rejects.toThrow(/run: expected \{ task/);
  });

  it('schedules a task by its id; the execution refers to the version it ran', async () => {
    const { engine } = harness;
    const { projects, tasks } = engine.catalogue;
    const project = await projects.create({ name: 'reports' });
    const task = await tasks.create({
      id: 'daily',
      projectId: project.id,
      name: 'daily report',
      run: { task: 'echo', input: 'default' },
      defaults: { tags: ['from the catalogue'] },
    });
    const first = await engine.scheduleTask({ taskId: 'daily' });
    expect((await first.result()).output).toBe('default');
    const second = await engine.scheduleTask({ taskId: 'daily', input: 'said', priority: 'LOW' });
    expect((await second.result()).output).toBe('said');
    expect(await engine.getExecution(second.executionId)).toMatchObject({
      project: 'reports',
      catalogueTaskId: 'daily',
      catalogueTaskVersion: task.version,
      tags: ['from the catalogue'],
      priority: 'LOW',
    });
    expect((await tasks.get('daily')).lastExecution?.executionId).toBe(second.executionId);
    await expect(tasks.delete('daily')).rejects.toMatchObject({ code: 'STATE' });
    await tasks.archive('daily');
    await expect(engine.scheduleTask({ taskId: 'daily' })).rejects.toThrow(/its task is archived/);
  });

  it.each(['alone', 'in a graph', 'in a batch'])(
    'tells hooks and handler its id and the metadata that were given, %s',
    async (how) => {
      const told: unknown[] = [];
      const see = ({ task, catalogueTaskId, metadata }: HookExecution | TaskContext): void => {
        if (metadata['how'] === how) told.push({ task, catalogueTaskId, metadata });
      };
      const tell = defineTask({ name: 'tell', run: (_input, context) => see(context) });
      const own = await startHarness({
        tasks: [tell],
        hooks: { pre: [{ name: 'before', run: see }], post: [{ name: 'after', run: see }] },
      });
      try {
        const { catalogue } = own.engine;
        const project = await catalogue.projects.create({ name: 'told' });
        const task = { id: 'told', projectId: project.id, name: 'told', run: { task: 'tell' } };
        await catalogue.tasks.create(task);
        const node = { taskId: 'told', metadata: { how } };
        if (how === 'alone') await (await own.engine.scheduleTask(node)).result();
        else if (how === 'in a graph')
          await (
            await own.engine.scheduleTaskGraph({ name: 'g', tasks: [{ id: 'a', ...node }] })
          ).result();
        else {
          const { successful } = await own.engine.scheduleTaskBatch([node]);
          await own.engine.handle(successful[0]?.executionId ?? '').result();
        }
        const one = { task: 'tell', catalogueTaskId: 'told', metadata: { how } };
        expect(told).toEqual([one, one, one]);
      } finally {
        await own.stop();
      }
    },
  );

  it('is listed by the id of the catalogue as by the name of its task, and by neither twice', async () => {
    const { engine } = harness;
    const project = await engine.catalogue.projects.create({ name: 'listed' });
    const run = { task: 'noop' };
    await engine.catalogue.tasks.create({ id: 't1', projectId: project.id, name: 'one', run });
    await engine.catalogue.tasks.create({ id: 'noop', projectId: project.id, name: 'two', run });
    const byId = await engine.scheduleTask({ taskId: 't1' });
    const byBoth = await engine.scheduleTask({ taskId: 'noop' });
    await Promise.all([byId.result(), byBoth.result()]);
    const listed = async (taskId: string) =>
      (await engine.listExecutions({ taskId })).executions.map(({ executionId }) => executionId);
    expect(await listed('t1')).toEqual([byId.executionId]);
    expect(await listed('noop')).toEqual([byBoth.executionId, byId.executionId]);
  });

  it('gives its nodes what undoes them, metadata and tags, which are weaker than those of the graph', async () => {
    const { engine } = harness;
    const project = await engine.catalogue.projects.create({ name: 'undoable' });
    await engine.catalogue.tasks.create({
      ...{ id: 'undoable', projectId: project.id, name: 'undoable', run: { task: 'echo' } },
      defaults: { compensate: 'noop', metadata: { of: 'catalogue', kept: 1 }, tags: ['catalogue'] },
    });
    const failing = async (more: object) => {
      const handle = await engine.scheduleTaskGraph({
        name: 'g',
        tasks: [
          { id: 'a', taskId: 'undoable' },
          { id: 'own', taskId: 'undoable', metadata: { own: 1 }, tags: [], compensate: false },
          { ...{ id: 'last', task: 'fail', retry: 'NONE' }, dependsOn: ['a', 'own'] },
        ],
        ...more,
      });
      const { compensation } = await handle.result();
      const records = ['a', 'own'].map(async (id) => {
        const record = async () => await engine.getExecution(`${handle.executionId}/${id}`);
        await until(async () => Object.keys((await record()).metadata).length > 0, id);
        return await record();
      });
      const [a, own] = (await Promise.all(records)).map(({ metadata, tags }) => [metadata, tags]);
      return { undone: compensation.map(({ nodeId, task }) => [nodeId, task]), a, own };
    };
    expect(await failing({})).toEqual({
      undone: [['a', 'noop']],
      a: [{ of: 'catalogue', kept: 1 }, ['catalogue']],
      own: [{ own: 1 }, []],
    });
    const defaults = { compensate: 'echo', metadata: { of: 'graph' }, tags: ['graph'] };
    expect(await failing({ defaults })).toEqual({
      undone: [['a', 'echo']],
      a: [{ of: 'graph' }, ['graph']],
      own: [{ own: 1 }, []],
    });
    // By itself nothing comes after it that could fail.
    const alone = await engine.scheduleTask({ taskId: 'undoable', input: 1 });
    expect(await alone.result()).toMatchObject({ status: 'COMPLETED', compensation: [] });
  });

  it('runs a graph with parameters, and refuses an id that it does not have', async () => {
    const { engine } = harness;
    const project = await engine.catalogue.projects.create({ name: 'graphs' });
    await engine.catalogue.tasks.create({
      id: 'twice',
      projectId: project.id,
      name: 'twice',
      run: {
        graph: {
          name: 'twice',
          params: { n: { type: 'integer' } },
          tasks: [{ id: 'a', task: 'echo', input: '${{ params.n * 2 }}' }],
        },
      },
    });
    const handle = await engine.scheduleTask({ taskId: 'twice', params: { n: 4 } });
    expect((await handle.result()).output).toEqual({ a: 8 });
    await expect(engine.scheduleTask({ taskId: 'twise' })).rejects.toThrow(/did you mean "twice"/);
  });
});

describe('ids of the catalogue in graphs and batches', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
    const { projects, tasks } = harness.engine.catalogue;
    const project = await projects.create({ name: 'shop' });
    const make = { projectId: project.id, defaults: { tags: ['from the catalogue'] } };
    await tasks.create({ ...make, id: 'load', name: 'load', run: { task: 'echo', input: 'kept' } });
    await tasks.update('load', { description: 'so that its version is 2' });
    await tasks.create({ ...make, id: 'gone', name: 'gone', run: { task: 'noop' } });
    await tasks.archive('gone');
    const graph = { name: 'g', tasks: [{ id: 'a', task: 'noop' }] };
    await tasks.create({ ...make, id: 'whole', name: 'whole', run: { graph } });
  });
  afterAll(() => harness.stop());

  const kept = { catalogueTaskId: 'load', catalogueTaskVersion: 2, tags: ['from the catalogue'] };
  const recorded = async (executionId: string) =>
    await until(
      async () => (await harness.engine.getExecution(executionId)).catalogueTaskVersion === 2,
      `the version of ${executionId}`,
    );

  it('are looked up where a node says taskId; its version is kept', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'by id',
      tasks: [
        { id: 'a', taskId: 'load' },
        { id: 'b', taskId: 'load', input: '${{ tasks.a.output }} too', dependsOn: ['a'] },
      ],
    });
    expect((await handle.result()).output).toEqual({ b: 'kept too' });
    await recorded(`${handle.executionId}/b`);
    expect(await harness.engine.getExecution(`${handle.executionId}/b`)).toMatchObject(kept);
    expect(await harness.engine.getExecution(handle.executionId)).toMatchObject({
      project: 'shop',
    });
  });

  it('are none where a node of a spec has such an id for its own', async () => {
    const handle = await harness.engine.scheduleTaskGraph({
      name: 'called alike',
      tasks: [
        { id: 'load', task: 'noop' },
        { id: 'b', taskId: 'load' },
      ],
    });
    expect((await handle.result()).output).toEqual({ load: null, b: 'kept' });
  });

  it('are looked up in the adjacency form; what the catalogue does not have is a task', async () => {
    const handle = await harness.engine.scheduleTaskGraph(
      { load: [], echo: ['load'] },
      { inputs: { echo: 'said' } },
    );
    const { nodes } = await handle.result();
    expect(nodes).toMatchObject({
      load: { output: 'kept', task: 'echo' },
      echo: { output: 'said' },
    });
  });

  it('are looked up in batches, item by item', async () => {
    const { engine } = harness;
    const answer = await engine.scheduleTaskBatch([
      { taskId: 'load' },
      { taskId: 'load', input: 'said', executionId: `own-${Date.now()}` },
      { taskId: 'gone' },
      { taskId: 'laod' },
      { taskId: 'whole' },
      { task: 'echo', input: 'by name' },
    ]);
    expect(answer.failed).toMatchObject([
      { index: 2, taskId: 'gone', error: { code: 'STATE' } },
      {
        index: 3,
        error: { code: 'NOT_FOUND', message: expect.stringContaining('"load"') as string },
      },
      { index: 4, error: { code: 'CONFIGURATION' } },
    ]);
    const outputs = answer.successful.map(async ({ executionId }) => {
      await engine.handle(executionId).result();
      return (await engine.getExecution(executionId)).output;
    });
    expect(await Promise.all(outputs)).toEqual(['kept', 'said', 'by name']);
    for (const { executionId, taskId } of answer.successful) {
      if (taskId !== 'load') continue;
      await recorded(executionId);
      expect(await engine.getExecution(executionId)).toMatchObject({ ...kept, project: 'shop' });
    }
  });

  it('are looked up in a list of ids', async () => {
    const { engine } = harness;
    const answer = await engine.scheduleTaskBatch({ taskIds: ['load', 'echo', 'gone'], input: 1 });
    expect(answer.successful).toMatchObject([{ taskId: 'load' }, { taskId: 'echo' }]);
    expect(answer.failed).toMatchObject([{ index: 2, error: { code: 'STATE' } }]);
  });

  it.each([
    ['gone', /its task is archived/],
    ['laod', /did you mean "load"/],
    ['whole', /tasks\["a"\]: catalogue task "whole" runs a graph/],
  ])('refuse a graph with %s', async (taskId, message) => {
    const graph = { name: 'refused', tasks: [{ id: 'a', taskId }] };
    await expect(harness.engine.scheduleTaskGraph(graph)).rejects.toThrow(message);
  });
});
