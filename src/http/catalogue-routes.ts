/** The catalogue: projects, and the tasks that people define in them. Projects of callers are named as these are. */
import { z } from 'zod';
import { sees } from '../domain/access.js';
import { PRIORITIES } from '../domain/priority.js';
import type { CatalogueRun, NewCatalogueTask } from '../client.js';
import { assertWithin } from './bounds.js';
import { foreignProject, projectFor, Why } from './calls.js';
import { CatalogueTaskShape, CatalogueTaskStatusShape, ProjectShape } from './catalogue-shapes.js';
import { route, type Call, type CallContext } from './route.js';
import { assertSees } from './sight.js';

const Id = z.string().regex(
  // eslint-disable-next-line no-control-regex -- \p{Cc} in full: not every reader of the document knows that
  /^[^/\u0000-\u001f\u007f-\u009f]{1,255}$/,
  'expected 1 to 255 characters, none of them "/" or a control character',
);
const ProjectParams = z.object({ projectId: Id });
const TaskParams = z.object({ taskId: Id });
const PageQuery = z.strictObject({
  text: z.string().max(1_000).optional().describe('words, or their beginnings'),
  archived: z.enum(['true', 'false', 'all']).optional().describe('default: false'),
  limit: z.coerce.number().int().min(1).max(1_000).optional(),
  cursor: z.string().max(1_000).optional().describe('nextCursor of the page before'),
});
type Paging = z.infer<typeof PageQuery>;
const Texts = { name: z.string().min(1).max(200), description: z.string().max(10_000).optional() };
const Archiving = Why.extend({ archived: z.boolean().default(true) });
const Deleted = z.object({ id: z.string(), deleted: z.literal(true) });

const TASK = {
  description: Texts.description,
  priority: z.enum(PRIORITIES).optional(),
  run: z
    .looseObject({})
    .optional()
    .describe(
      '{ task: "<name>", input? }, { process | container | faas: {…}, input? } or { graph: <spec> }; without, the submission says it',
    ),
  defaults: z.record(z.string(), z.unknown()).optional().describe('options of its executions'),
};

/** The routes that projects and tasks have alike. */
const PROJECT = { tag: 'catalogue', of: 'project', params: ProjectParams } as const;
const OF_TASK = { tag: 'catalogue', of: 'task', params: TaskParams } as const;

export const catalogueRoutes = [
  route({
    id: 'listProjects',
    method: 'GET',
    path: '/projects',
    tag: 'catalogue',
    summary: 'Projects of the catalogue, by name',
    scope: 'read',
    of: 'projects',
    query: PageQuery,
    answer: z.object({ items: z.array(ProjectShape), nextCursor: z.string().optional() }),
    handle: async (call) => {
      const { projects } = call.engine.catalogue;
      const query = pageOf(call.query);
      if (call.who.projects === null) return await projects.list(query);
      // A page's cursor holds a name: of a bound caller's few projects there is one page.
      const items = [];
      let cursor: string | undefined;
      do {
        const page = await projects.list({
          ...{ ...query, limit: 1_000 },
          ...(cursor === undefined ? {} : { cursor }),
        });
        items.push(...page.items.filter(({ name }) => sees(call.who, name)));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      return { items };
    },
  }),
  route({
    id: 'createProject',
    method: 'POST',
    path: '/projects',
    tag: 'catalogue',
    summary: 'Add a project',
    scope: 'operate',
    of: 'projects',
    body: Why.extend({ id: Id.optional(), ...Texts }),
    answer: ProjectShape,
    status: 201,
    handle: async (call) => {
      const { reason, ...project } = call.body;
      assertNames(call, project.name);
      const made = await call.engine.catalogue.projects.create(project as { name: string });
      await call.audit({ what: 'project.create', target: made.id, reason });
      return made;
    },
  }),
  route({
    id: 'getProject',
    method: 'GET',
    path: '/projects/:projectId',
    summary: 'One project',
    scope: 'read',
    ...PROJECT,
    answer: ProjectShape,
    handle: ({ engine, params }) => engine.catalogue.projects.get(params.projectId),
  }),
  route({
    id: 'updateProject',
    method: 'PATCH',
    path: '/projects/:projectId',
    summary: 'Change its name or description',
    scope: 'operate',
    ...PROJECT,
    body: Why.extend({ name: Texts.name.optional(), description: Texts.description }),
    answer: ProjectShape,
    handle: async (call) => {
      const { reason, ...changes } = call.body;
      const { projectId: target } = call.params;
      if (changes.name !== undefined) assertNames(call, changes.name);
      const project = await call.engine.catalogue.projects.update(target, changes as object);
      const details = { fields: Object.keys(changes) };
      await call.audit({ what: 'project.update', target, reason, details });
      return project;
    },
  }),
  route({
    id: 'deleteProject',
    method: 'DELETE',
    path: '/projects/:projectId',
    summary: 'Delete a project that has nothing; archive it otherwise',
    scope: 'operate',
    ...PROJECT,
    query: Why,
    answer: Deleted,
    handle: async (call) => {
      const { projectId: id } = call.params;
      await call.engine.catalogue.projects.delete(id);
      await call.audit({ what: 'project.delete', target: id, reason: call.query.reason });
      return { id, deleted: true };
    },
  }),
  route({
    id: 'archiveProject',
    method: 'POST',
    path: '/projects/:projectId/archive',
    summary: 'Hide it from lists; nothing new is scheduled from it. With archived: false, back',
    scope: 'operate',
    ...PROJECT,
    body: Archiving,
    answer: ProjectShape,
    handle: async (call) => {
      const { reason, archived } = call.body;
      const { projectId: target } = call.params;
      const project = await call.engine.catalogue.projects.archive(target, archived);
      await call.audit({ what: 'project.archive', target, reason, details: { archived } });
      return project;
    },
  }),
  route({
    id: 'listTasks',
    method: 'GET',
    path: '/tasks',
    tag: 'catalogue',
    summary: 'Tasks of the catalogue, by name',
    description: 'Of a key that is bound to one project those of that one.',
    scope: 'read',
    of: 'projects',
    query: PageQuery.extend({ projectId: Id.optional() }),
    answer: z.object({ items: z.array(CatalogueTaskShape), nextCursor: z.string().optional() }),
    handle: async (call) => {
      const { tasks, projects } = call.engine.catalogue;
      const { projectId: given, ...paging } = call.query;
      if (given !== undefined) await assertSees(call.engine, call.who, 'project', given);
      const only = given === undefined ? projectFor(call, undefined) : undefined;
      const project = only === undefined ? undefined : await projects.find(only);
      if (only !== undefined && project === undefined) return { items: [] };
      const projectId = given ?? project?.id;
      return await tasks.list({
        ...pageOf(paging),
        ...(projectId === undefined ? {} : { projectId }),
      });
    },
  }),
  route({
    id: 'createTask',
    method: 'POST',
    path: '/tasks',
    tag: 'catalogue',
    summary: 'Add a task to a project',
    scope: 'operate',
    of: 'projects',
    body: Why.extend({ id: Id.optional(), projectId: Id, name: Texts.name, ...TASK }),
    answer: CatalogueTaskShape,
    status: 201,
    handle: async (call) => {
      const { reason, ...task } = call.body;
      await assertSees(call.engine, call.who, 'project', task.projectId);
      await assertWithin(call, task.defaults ?? {});
      const made = await call.engine.catalogue.tasks.create(task as unknown as NewCatalogueTask);
      await call.audit({ what: 'task.create', target: made.id, reason });
      return made;
    },
  }),
  route({
    id: 'getTask',
    method: 'GET',
    path: '/tasks/:taskId',
    summary: 'One task, with its last execution',
    scope: 'read',
    ...OF_TASK,
    query: z.strictObject({
      version: z.coerce.number().int().min(1).max(1_000_000_000).optional(),
    }),
    answer: CatalogueTaskStatusShape,
    handle: async ({ engine, who, params, query }) => {
      const task = await engine.catalogue.tasks.get(params.taskId, query.version);
      const { lastExecution: last } = task;
      return { ...task, lastExecution: last && sees(who, last.project) ? last : null };
    },
  }),
  route({
    id: 'updateTask',
    method: 'PATCH',
    path: '/tasks/:taskId',
    summary: 'Change it, as a new version',
    scope: 'operate',
    ...OF_TASK,
    body: Why.extend({
      ...TASK,
      name: Texts.name.optional(),
      expectedVersion: z.int().min(1).optional().describe('409 where it has another one'),
    }),
    answer: CatalogueTaskShape,
    handle: async (call) => {
      const { reason, ...changes } = call.body;
      const { taskId: target } = call.params;
      await assertWithin(call, changes.defaults ?? {});
      const task = await call.engine.catalogue.tasks.update(
        target,
        changes as { run?: CatalogueRun },
      );
      const { version } = task;
      const details = { version, fields: Object.keys(changes) };
      await call.audit({ what: 'task.update', target, reason, details });
      return task;
    },
  }),
  route({
    id: 'deleteTask',
    method: 'DELETE',
    path: '/tasks/:taskId',
    summary: 'Delete a task that never ran; archive it otherwise',
    scope: 'operate',
    ...OF_TASK,
    query: Why,
    answer: Deleted,
    handle: async (call) => {
      const { taskId: id } = call.params;
      await call.engine.catalogue.tasks.delete(id);
      await call.audit({ what: 'task.delete', target: id, reason: call.query.reason });
      return { id, deleted: true };
    },
  }),
  route({
    id: 'taskVersions',
    method: 'GET',
    path: '/tasks/:taskId/versions',
    summary: 'Every version of a task, newest first',
    scope: 'read',
    ...OF_TASK,
    answer: z.object({ versions: z.array(CatalogueTaskShape) }),
    handle: async ({ engine, params }) => {
      const { tasks } = engine.catalogue;
      await tasks.get(params.taskId); // 404 where there is none
      return { versions: await tasks.versions(params.taskId) };
    },
  }),
  route({
    id: 'archiveTask',
    method: 'POST',
    path: '/tasks/:taskId/archive',
    summary: 'Hide it from lists; it is not scheduled any more. With archived: false, back',
    scope: 'operate',
    ...OF_TASK,
    body: Archiving,
    answer: CatalogueTaskShape,
    handle: async (call) => {
      const { reason, archived } = call.body;
      const { taskId: target } = call.params;
      const task = await call.engine.catalogue.tasks.archive(target, archived);
      await call.audit({ what: 'task.archive', target, reason, details: { archived } });
      return task;
    },
  }),
];

/** Whoever is bound may not name a project as another one is: its tasks would run there. @throws HttpProblem 403 */
function assertNames({ who }: CallContext, name: string): void {
  if (!sees(who, name.normalize('NFC'))) throw foreignProject(who, name);
}

function pageOf({ archived, ...rest }: Call<unknown, Paging, unknown>['query']): object {
  return {
    ...rest,
    ...(archived === undefined
      ? {}
      : { archived: archived === 'all' ? 'all' : archived === 'true' }),
  };
}
