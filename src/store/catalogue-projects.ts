/** Projects of the catalogue. */
import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import { TaskError, TaskStateError } from '../domain/errors.js';
import { descriptionOf, nameOf, searchPatterns, searchText } from './catalogue-fields.js';
import type { Page, PageQuery, Project, Projects } from './catalogue.js';
import { isDuplicate, transact, type Connection, type Database } from './database.js';
import { EXECUTION_KINDS } from './execution-row.js';
import { decodeCursor, encodeCursor, limitOf } from './paging.js';
import type { Tables } from './tables.js';

export function projectsOf(database: Database): Projects {
  const getBy = async (column: 'id' | 'name', value: string): Promise<Project | undefined> => {
    const row = await database.sql
      .selectFrom('catalogue_projects')
      .selectAll()
      .where(column, '=', value)
      .executeTakeFirst();
    return row && projectOf(row);
  };
  return {
    createProject: async ({ id = randomUUID(), name, description }, now) => {
      const clean = {
        name: nameOf('project', name),
        description: descriptionOf('project', description),
      };
      const project = { id, ...clean, archived: false, createdAt: now, updatedAt: now };
      await transact(database, (connection) =>
        connection
          .insertInto('catalogue_projects')
          .values({
            id,
            ...clean,
            words: searchText(clean.name, clean.description),
            archived: 0,
            created_at: now,
            updated_at: now,
          })
          .execute(),
      ).catch((error: unknown) => refuseDuplicate(error, clean.name));
      return project;
    },
    getProject: (id) => getBy('id', id),
    findProject: (name) => getBy('name', name.normalize('NFC')),
    listProjects: (query = {}) => listProjects(database, query),
    updateProject: (id, { name, description }, now) =>
      change(database, id, (before) => ({
        ...before,
        name: name === undefined ? before.name : nameOf('project', name),
        description:
          description === undefined ? before.description : descriptionOf('project', description),
        updatedAt: now,
      })),
    archiveProject: (id, archived, now) =>
      change(database, id, (before) => ({ ...before, archived, updatedAt: now })),
    deleteProject: (id) =>
      transact(database, async (connection) => {
        const project = await take(connection, database, id);
        await refuseUsed(connection, project);
        await connection.deleteFrom('catalogue_projects').where('id', '=', id).execute();
      }),
  };
}

async function listProjects(database: Database, query: PageQuery): Promise<Page<Project>> {
  const limit = limitOf(query.limit);
  let select = database.sql
    .selectFrom('catalogue_projects')
    .selectAll()
    .orderBy('name')
    .limit(limit + 1);
  if (query.archived !== 'all') select = select.where('archived', '=', query.archived ? 1 : 0);
  for (const pattern of searchPatterns(query.text ?? ''))
    select = select.where('words', 'like', pattern);
  if (query.cursor !== undefined)
    select = select.where('name', '>', decodeCursor('projects', query.cursor)[0]);
  const rows = await select.execute();
  const items = rows.slice(0, limit).map(projectOf);
  const last = items.at(-1);
  return {
    items,
    ...(rows.length > limit && last ? { nextCursor: encodeCursor('projects', [last.name]) } : {}),
  };
}

async function change(
  database: Database,
  id: string,
  to: (before: Project) => Project,
): Promise<Project> {
  let name = '';
  return transact(database, async (connection) => {
    const after = to(await take(connection, database, id));
    name = after.name;
    await connection
      .updateTable('catalogue_projects')
      .set({
        name,
        description: after.description,
        words: searchText(name, after.description),
        archived: after.archived ? 1 : 0,
        updated_at: after.updatedAt,
      })
      .where('id', '=', id)
      .execute();
    return after;
  }).catch((error: unknown) => refuseDuplicate(error, name));
}

/** The project, which nobody else changes until the transaction ends. @throws TaskError NOT_FOUND */
async function take(connection: Connection, { dialect }: Database, id: string): Promise<Project> {
  const row = await connection
    .selectFrom('catalogue_projects')
    .selectAll()
    .where('id', '=', id)
    .$if(dialect === 'postgres', (select) => select.forUpdate())
    .executeTakeFirst();
  if (row) return projectOf(row);
  throw new TaskError('NOT_FOUND', `project ${JSON.stringify(id)} does not exist`);
}

async function refuseUsed(connection: Connection, { id, name }: Project): Promise<void> {
  const tasks = await connection
    .selectFrom('catalogue_tasks')
    .select('name as what')
    .where('project_id', '=', id)
    .limit(3)
    .execute();
  const executions = await connection
    .selectFrom('executions')
    .select('execution_id as what')
    .where('kind', 'in', [...EXECUTION_KINDS])
    .where('project', 'in', [id, name])
    .limit(3)
    .execute();
  const users = tasks.length > 0 ? tasks : executions;
  if (users.length === 0) return;
  const what = tasks.length > 0 ? 'tasks' : 'executions';
  throw new TaskStateError(
    `project ${JSON.stringify(name)} has ${what}, for example ${users.map((user) => user.what).join(', ')}; archive it instead`,
  );
}

function refuseDuplicate(error: unknown, name: string): never {
  if (!isDuplicate(error)) throw error;
  throw new TaskStateError(
    `project ${JSON.stringify(name)}: there is one of this name or id already, maybe archived; take another`,
    { cause: error },
  );
}

function projectOf(row: Selectable<Tables['catalogue_projects']>): Project {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    archived: row.archived === 1,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
