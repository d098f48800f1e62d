import { expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/domain/json.js';
import { describeDatabases } from '../support/databases.js';

const T = Date.UTC(2026, 2, 14);

describeDatabases('catalogue', (database) => {
  const setup = async () => {
    const store = await database.fresh();
    const project = await store.catalogue.createProject({ name: 'Große Aufträge' }, T);
    const task = await store.catalogue.createTask(
      { projectId: project.id, name: 'load', run: { task: 'load' } },
      T,
    );
    return { store, catalogue: store.catalogue, project, task };
  };

  it('gives a project back by id and by name, in whatever form its name is written', async () => {
    const { catalogue, project } = await setup();
    expect(project).toEqual({
      ...{ id: project.id, name: 'Große Aufträge', description: '', archived: false },
      ...{ createdAt: T, updatedAt: T },
    });
    await expect(catalogue.getProject(project.id)).resolves.toEqual(project);
    await expect(catalogue.findProject('Große Aufträge'.normalize('NFD'))).resolves.toEqual(
      project,
    );
    await expect(catalogue.getProject('none')).resolves.toBeUndefined();
  });

  it('keeps names apart: one of each in all projects, one of each task in a project', async () => {
    const { catalogue, project } = await setup();
    const again = catalogue.createProject({ name: 'Große Aufträge' }, T);
    await expect(again).rejects.toMatchObject({ code: 'STATE' });
    await expect(again).rejects.toThrow('project "Große Aufträge": there is one of this name');
    const same = { projectId: project.id, name: 'load' };
    await expect(catalogue.createTask(same, T)).rejects.toThrow('task "load": its project has one');
    const other = await catalogue.createProject({ name: 'other' }, T);
    await expect(catalogue.createTask({ ...same, projectId: other.id }, T)).resolves.toMatchObject({
      version: 1,
    });
    await expect(catalogue.updateProject(other.id, { name: 'Große Aufträge' }, T)).rejects.toThrow(
      'take another',
    );
  });

  it.each(['', ' padded', 'two\nlines', 'x'.repeat(201), 'half \ud800', 7 as unknown as string])(
    'refuses %j as a name',
    async (name) => {
      const { catalogue, project } = await setup();
      const refused = { code: 'CONFIGURATION', message: expect.stringContaining('.name: got') };
      await expect(catalogue.createProject({ name }, T)).rejects.toMatchObject(refused);
      await expect(catalogue.createTask({ projectId: project.id, name }, T)).rejects.toMatchObject(
        refused,
      );
    },
  );

  it('takes __proto__ and constructor for names and keys like any other', async () => {
    const { catalogue, project } = await setup();
    const defaults = JSON.parse('{"__proto__":{"polluted":true},"constructor":1}') as JsonObject;
    for (const name of ['__proto__', 'constructor', '日本語', "'; drop table x; --"]) {
      const made = await catalogue.createTask({ projectId: project.id, name, defaults }, T);
      const task = await catalogue.findTask(project.id, name);
      expect(task).toEqual(made);
      expect(JSON.stringify(task?.defaults)).toBe(JSON.stringify(defaults));
    }
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('keeps every version of a task', async () => {
    const { catalogue, task } = await setup();
    const second = await catalogue.updateTask(task.id, { run: { process: ['make'] } }, T + 1);
    const third = await catalogue.updateTask(task.id, { name: 'load all', priority: 2 }, T + 2);
    expect([second.version, third.version]).toEqual([2, 3]);
    await expect(catalogue.getTask(task.id)).resolves.toEqual(third);
    await expect(catalogue.getTask(task.id, 1)).resolves.toEqual(task);
    await expect(catalogue.getTask(task.id, 4)).resolves.toBeUndefined();
    await expect(catalogue.listTaskVersions(task.id)).resolves.toEqual([third, second, task]);
  });

  it('makes no version of a change that changes nothing, nor of archiving', async () => {
    const { catalogue, task } = await setup();
    await expect(catalogue.updateTask(task.id, { name: 'load' }, T + 1)).resolves.toEqual(task);
    const archived = await catalogue.archiveTask(task.id, true, T + 2);
    expect(archived).toEqual({ ...task, archived: true, updatedAt: T + 2 });
  });

  it('refuses a change of a version that is no longer the newest', async () => {
    const { catalogue, task } = await setup();
    const change = { description: 'new', expectedVersion: 1 };
    const results = await Promise.allSettled([
      catalogue.updateTask(task.id, change, T),
      catalogue.updateTask(task.id, { ...change, description: 'other' }, T),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await expect(catalogue.updateTask(task.id, change, T)).rejects.toThrow(
      'task "load" has version 2, expected 1',
    );
  });

  it('lists by name, page by page, by words and by what is archived', async () => {
    const { catalogue, project } = await setup();
    for (const name of ['b', 'a', 'c'])
      await catalogue.createTask({ projectId: project.id, name, description: 'Nightly run' }, T);
    const b = await catalogue.findTask(project.id, 'b');
    await catalogue.archiveTask(b?.id ?? '', true, T);
    const of = { projectId: project.id };
    const first = await catalogue.listTasks({ ...of, limit: 2 });
    const second = await catalogue.listTasks({ ...of, limit: 2, cursor: first.nextCursor ?? '' });
    const names = (page: { items: { name: string }[] }): string[] =>
      page.items.map((one) => one.name);
    expect([names(first), names(second), second.nextCursor]).toEqual([
      ['a', 'c'],
      ['load'],
      undefined,
    ]);
    expect(names(await catalogue.listTasks({ archived: true }))).toEqual(['b']);
    expect(names(await catalogue.listTasks({ archived: 'all', text: 'RUN night' }))).toEqual([
      ...['a', 'b', 'c'],
    ]);
    expect(names(await catalogue.listProjects({ text: 'auftr' }))).toEqual(['Große Aufträge']);
    expect(names(await catalogue.listProjects({ text: '%' }))).toHaveLength(1);
  });

  it('deletes what nothing refers to, and names what refers to the rest', async () => {
    const { catalogue, store, project, task } = await setup();
    const unused = await catalogue.createTask({ projectId: project.id, name: 'unused' }, T);
    await store.executions.record(
      [{ executionId: 'run-1', kind: 'task', sequence: 1, catalogueTaskId: task.id, createdAt: T }],
      T,
    );
    await catalogue.deleteTask(unused.id);
    await expect(catalogue.listTaskVersions(unused.id)).resolves.toEqual([]);
    const refused = catalogue.deleteTask(task.id);
    await expect(refused).rejects.toMatchObject({ code: 'STATE' });
    await expect(refused).rejects.toThrow('has executions, for example run-1; archive it instead');
    await expect(catalogue.deleteProject(project.id)).rejects.toThrow(
      'has tasks, for example load',
    );
    const empty = await catalogue.createProject({ name: 'empty' }, T);
    await catalogue.deleteProject(empty.id);
    await expect(catalogue.deleteProject(empty.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('takes no new task into an archived project, or into none', async () => {
    const { catalogue, project } = await setup();
    await catalogue.archiveProject(project.id, true, T);
    const task = { projectId: project.id, name: 'late' };
    await expect(catalogue.createTask(task, T)).rejects.toThrow(
      'is archived and takes no new task',
    );
    await catalogue.archiveProject(project.id, false, T);
    await expect(catalogue.createTask(task, T)).resolves.toMatchObject({ name: 'late' });
    await expect(catalogue.createTask({ ...task, projectId: 'none' }, T)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});
