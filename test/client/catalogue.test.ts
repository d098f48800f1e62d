import { startHarness, type Harness } from '../support/engine.js';

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
