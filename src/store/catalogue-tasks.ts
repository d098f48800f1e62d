/** Tasks of the catalogue, with every version that they have had. */
import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import { TaskError, TaskStateError } from '../domain/errors.js';
import { preview, type JsonObject } from '../domain/json.js';
import { descriptionOf, jsonText, nameOf, searchPatterns, searchText } from './catalogue-fields.js';
import type { CatalogueTask, NewTask, Page, PageQuery, TaskChanges, Tasks } from './catalogue.js';
import { isDuplicate, transact, type Connection, type Database } from './database.js';
import { decodeCursor, encodeCursor, limitOf } from './paging.js';
import type { Tables } from './tables.js';

export function tasksOf(database: Database): Tasks {
  const { sql } = database;
  const newest = () => sql.selectFrom('catalogue_tasks').selectAll();
  return {
    createTask: (task, now) => create(database, task, now),
    getTask: async (id, version) => {
      const row = await newest().where('id', '=', id).executeTakeFirst();
      if (!row) return undefined;
      if (version === undefined || version === row.version) return taskOf(row, row);
      const old = await sql
        .selectFrom('catalogue_task_versions')
        .selectAll()
        .where('task_id', '=', id)
        .where('version', '=', version)
        .executeTakeFirst();
      return old && taskOf(row, old);
    },
    findTask: async (projectId, name) => {
      const row = await newest()
        .where('project_id', '=', projectId)
        .where('name', '=', name.normalize('NFC'))
        .executeTakeFirst();
      return row && taskOf(row, row);
    },
    listTasks: (query = {}) => listTasks(database, query),
    listTaskVersions: async (id) => {
      const row = await newest().where('id', '=', id).executeTakeFirst();
      if (!row) return [];
      const versions = await sql
        .selectFrom('catalogue_task_versions')
        .selectAll()
        .where('task_id', '=', id)
        .orderBy('version', 'desc')
        .execute();
      return versions.map((version) => taskOf(row, version));
    },
    updateTask: (id, changes, now) => update(database, id, changes, now),
    archiveTask: (id, archived, now) =>
      transact(database, async (connection) => {
        const task = await take(connection, database, id);
        await connection
          .updateTable('catalogue_tasks')
          .set({ archived: archived ? 1 : 0, updated_at: now })
          .where('id', '=', id)
          .execute();
        return { ...task, archived, updatedAt: now };
      }),
    deleteTask: (id) =>
      transact(database, async (connection) => {
        const task = await take(connection, database, id);
        await refuseUsed(connection, task);
        await connection.deleteFrom('catalogue_tasks').where('id', '=', id).execute();
      }),
  };
}

async function create(database: Database, task: NewTask, now: number): Promise<CatalogueTask> {
  const { id = randomUUID(), projectId } = task;
  const columns = columnsOf(task);
  return transact(database, async (connection) => {
    const project = await connection
      .selectFrom('catalogue_projects')
      .select(['name', 'archived'])
      .where('id', '=', projectId)
      .executeTakeFirst();
    if (!project)
      throw new TaskError(
        'NOT_FOUND',
        `task.projectId: project ${JSON.stringify(projectId)} does not exist`,
      );
    if (project.archived === 1)
      throw new TaskStateError(
        `project ${JSON.stringify(project.name)} is archived and takes no new task; unarchive it first`,
      );
    const version = { ...columns, project_id: projectId, version: 1, updated_at: now };
    const row = { ...version, id, archived: 0, created_at: now };
    await connection.insertInto('catalogue_tasks').values(row).execute();
    await connection
      .insertInto('catalogue_task_versions')
      .values({ ...version, task_id: id })
      .execute();
    return taskOf(row, row);
  }).catch((error: unknown) => refuseDuplicate(error, columns.name));
}

async function update(
  database: Database,
  id: string,
  { expectedVersion, ...changes }: TaskChanges,
  now: number,
): Promise<CatalogueTask> {
  let name = '';
  return transact(database, async (connection) => {
    const before = await take(connection, database, id);
    if (expectedVersion !== undefined && expectedVersion !== before.version)
      throw new TaskStateError(
        `task ${JSON.stringify(before.name)} has version ${before.version}, expected ${expectedVersion}; somebody changed it: read it again`,
      );
    const said = Object.fromEntries(
      Object.entries(changes).filter(([, value]) => value !== undefined),
    );
    const columns = columnsOf({ ...before, ...said });
    name = columns.name;
    if (JSON.stringify(columns) === JSON.stringify(columnsOf(before))) return before;
    const version = { ...columns, version: before.version + 1, updated_at: now };
    await connection.updateTable('catalogue_tasks').set(version).where('id', '=', id).execute();
    await connection
      .insertInto('catalogue_task_versions')
      .values({ ...version, project_id: before.projectId, task_id: id })
      .execute();
    return taskOf(
      { id, archived: before.archived ? 1 : 0, created_at: before.createdAt },
      { ...version, project_id: before.projectId },
    );
  }).catch((error: unknown) => refuseDuplicate(error, name));
}

async function listTasks(
  database: Database,
  query: PageQuery & { projectId?: string },
): Promise<Page<CatalogueTask>> {
  const limit = limitOf(query.limit);
  let select = database.sql
    .selectFrom('catalogue_tasks')
    .selectAll()
    .orderBy('name')
    .orderBy('id')
    .limit(limit + 1);
  if (query.projectId !== undefined) select = select.where('project_id', '=', query.projectId);
  if (query.archived !== 'all') select = select.where('archived', '=', query.archived ? 1 : 0);
  for (const pattern of searchPatterns(query.text ?? ''))
    select = select.where('words', 'like', pattern);
  if (query.cursor !== undefined) {
    const [name, id] = decodeCursor('tasks', query.cursor);
    select = select.where((is) =>
      is.or([is('name', '>', name), is.and([is('name', '=', name), is('id', '>', id)])]),
    );
  }
  const rows = await select.execute();
  const items = rows.slice(0, limit).map((row) => taskOf(row, row));
  const last = items.at(-1);
  return {
    items,
    ...(rows.length > limit && last
      ? { nextCursor: encodeCursor('tasks', [last.name, last.id]) }
      : {}),
  };
}

/** The task, which nobody else changes until the transaction ends. @throws TaskError NOT_FOUND */
async function take(
  connection: Connection,
  { dialect }: Database,
  id: string,
): Promise<CatalogueTask> {
  const row = await connection
    .selectFrom('catalogue_tasks')
    .selectAll()
    .where('id', '=', id)
    .$if(dialect === 'postgres', (select) => select.forUpdate())
    .executeTakeFirst();
  if (row) return taskOf(row, row);
  throw new TaskError('NOT_FOUND', `task ${JSON.stringify(id)} does not exist`);
}

async function refuseUsed(connection: Connection, { id, name }: CatalogueTask): Promise<void> {
  const executions = await connection
    .selectFrom('executions')
    .select('execution_id')
    .where('catalogue_task_id', '=', id)
    .orderBy('ord', 'desc')
    .limit(3)
    .execute();
  if (executions.length === 0) return;
  const ids = executions.map((execution) => execution.execution_id).join(', ');
  throw new TaskStateError(
    `task ${JSON.stringify(name)} has executions, for example ${ids}; archive it instead`,
  );
}

function refuseDuplicate(error: unknown, name: string): never {
  if (!isDuplicate(error)) throw error;
  throw new TaskStateError(
    `task ${JSON.stringify(name)}: its project has one of this name or id already, maybe archived; take another`,
    { cause: error },
  );
}

type Versioned = Omit<Selectable<Tables['catalogue_task_versions']>, 'task_id' | 'words'>;
type Fixed = Pick<Selectable<Tables['catalogue_tasks']>, 'id' | 'archived' | 'created_at'>;

/** @throws TaskError CONFIGURATION for a value that is none */
function columnsOf(task: Omit<NewTask, 'id' | 'projectId'>) {
  const name = nameOf('task', task.name);
  const description = descriptionOf('task', task.description);
  const { priority = null, run = null } = task;
  if (priority !== null && !Number.isSafeInteger(priority))
    throw new TaskError(
      'CONFIGURATION',
      `task.priority: got ${preview(priority)}, expected a whole number or null`,
    );
  return {
    ...{ name, description, priority, words: searchText(name, description) },
    run: run === null ? null : jsonText('task.run', run),
    defaults: jsonText('task.defaults', task.defaults ?? {}),
  };
}

function taskOf(fixed: Fixed, row: Versioned): CatalogueTask {
  return {
    id: fixed.id,
    projectId: row.project_id,
    name: row.name,
    description: row.description,
    priority: row.priority,
    run: row.run === null ? null : (JSON.parse(row.run) as JsonObject),
    defaults: JSON.parse(row.defaults) as JsonObject,
    version: row.version,
    archived: fixed.archived === 1,
    createdAt: fixed.created_at,
    updatedAt: row.updated_at,
  };
}
