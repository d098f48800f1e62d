/** The catalogue: projects, and the tasks that people define in them, for those who schedule by id and not by code. */
import { SpecInvalidError, TaskError, TaskStateError } from '../domain/errors.js';
import type { JsonObject } from '../domain/json.js';
import { jsonFaults } from '../domain/json-faults.js';
import { PRIORITY_KEY, type Priority } from '../domain/priority.js';
import { SPEC_LIMITS } from '../domain/spec.js';
import { didYouMean } from '../domain/suggest.js';
import type {
  CatalogueTask as TaskRow,
  Page,
  PageQuery,
  Project as ProjectRow,
} from '../store/catalogue.js';
import type { Store } from '../store/store.js';
import { runFaults, type CatalogueRun } from './catalogue-run.js';
import type { ExecutionRecord } from './record.js';
import { priorityOf, recordOfRow } from './row-record.js';

/** A project of the catalogue. */
export interface Project extends Omit<ProjectRow, 'createdAt' | 'updatedAt'> {
  /** ISO times. */
  createdAt: string;
  updatedAt: string;
}

/** A task of the catalogue as it stands. */
export interface CatalogueTask extends Omit<
  TaskRow,
  'priority' | 'run' | 'createdAt' | 'updatedAt'
> {
  priority: Priority | null;
  /** Null: the submission says. */
  run: CatalogueRun | null;
  createdAt: string;
  updatedAt: string;
}

/** What a task of the catalogue is made with. */
export interface NewCatalogueTask {
  /** Default: made up. */
  id?: string;
  projectId: string;
  /** Unique in its project. */
  name: string;
  description?: string;
  priority?: Priority;
  run?: CatalogueRun;
  /** Options of its executions, weaker than a submission's. */
  defaults?: JsonObject;
}

export type CatalogueTaskChanges = Partial<Omit<NewCatalogueTask, 'id' | 'projectId'>> & {
  /** The version that the caller has seen; another one in the catalogue refuses the change. */
  expectedVersion?: number;
};

/** A task with how it last went. */
export interface CatalogueTaskStatus extends CatalogueTask {
  lastExecution: ExecutionRecord | null;
}

/** Projects and the tasks that people define in them. */
export class Catalogue {
  /** @param stores opens the store: made where there is none, for who writes, or only where it is there */
  constructor(
    private readonly stores: {
      made: () => Promise<Store>;
      there: () => Promise<Store | undefined>;
    },
  ) {}

  readonly projects = {
    /** @throws TaskStateError for a name that is taken */
    create: async (project: { id?: string; name: string; description?: string }) =>
      projectOf(await (await this.rows()).createProject(project, Date.now())),
    get: async (id: string) =>
      projectOf(found('project', id, await (await this.known())?.getProject(id))),
    find: async (name: string) => {
      const row = await (await this.known())?.findProject(name);
      return row && projectOf(row);
    },
    list: async (query: PageQuery = {}) =>
      pageOf((await (await this.known())?.listProjects(query)) ?? NOTHING, projectOf),
    update: async (id: string, changes: { name?: string; description?: string }) =>
      projectOf(await (await this.rows()).updateProject(id, changes, Date.now())),
    /** Hidden from lists; nothing new is scheduled from it. */
    archive: async (id: string, archived = true) =>
      projectOf(await (await this.rows()).archiveProject(id, archived, Date.now())),
    /** @throws TaskStateError naming what it has: archive it then */
    delete: async (id: string) => (await this.rows()).deleteProject(id),
  };

  readonly tasks = {
    /** @throws TaskStateError for a name that is taken, SpecInvalidError for a `run` that is none */
    create: async (task: NewCatalogueTask) =>
      taskOf(await (await this.rows()).createTask(rowFields(task), Date.now())),
    /** With its last execution. @throws TaskError NOT_FOUND */
    get: async (id: string, version?: number): Promise<CatalogueTaskStatus> => {
      const store = await this.stores.there();
      const task = taskOf(found('task', id, await store?.catalogue.getTask(id, version)));
      const runs = await store?.executions.list({ catalogueTaskId: id, limit: 1 });
      const [last] = runs?.executions ?? [];
      return { ...task, lastExecution: last ? recordOfRow(last) : null };
    },
    find: async (projectId: string, name: string) => {
      const row = await (await this.known())?.findTask(projectId, name);
      return row && taskOf(row);
    },
    list: async (query: PageQuery & { projectId?: string } = {}) =>
      pageOf((await (await this.known())?.listTasks(query)) ?? NOTHING, taskOf),
    versions: async (id: string) =>
      ((await (await this.known())?.listTaskVersions(id)) ?? []).map(taskOf),
    update: async (id: string, { expectedVersion, ...changes }: CatalogueTaskChanges) =>
      taskOf(
        await (
          await this.rows()
        ).updateTask(
          id,
          {
            ...rowFields(changes),
            ...(expectedVersion === undefined ? {} : { expectedVersion }),
          },
          Date.now(),
        ),
      ),
    archive: async (id: string, archived = true) =>
      taskOf(await (await this.rows()).archiveTask(id, archived, Date.now())),
    /** @throws TaskStateError naming executions that refer to it: archive it then */
    delete: async (id: string) => (await this.rows()).deleteTask(id),
  };

  /**
   * A task that may be scheduled, with its project's name.
   *
   * @throws TaskError NOT_FOUND with did-you-mean, TaskStateError for one that is archived
   */
  async schedulable(id: string): Promise<{ task: CatalogueTask; project: string }> {
    const entry = await this.find(id);
    if (entry) return entry;
    const { items } = (await (await this.known())?.listTasks({ limit: 1_000 })) ?? NOTHING;
    const hint = didYouMean(
      id,
      items.map((item) => item.id),
    );
    const said = hint === undefined ? '' : `, ${hint}`;
    throw new TaskError('NOT_FOUND', `the catalogue has no task ${JSON.stringify(id)}${said}`);
  }

  /** The same; undefined where there is none. @throws TaskStateError for one that is archived */
  async find(id: string): Promise<{ task: CatalogueTask; project: string } | undefined> {
    const rows = await this.known();
    const row = await rows?.getTask(id);
    if (!rows || !row) return undefined;
    const project = await rows.getProject(row.projectId);
    const archived = row.archived ? 'task' : project?.archived ? 'project' : undefined;
    if (archived)
      throw new TaskStateError(
        `catalogue task ${JSON.stringify(id)} cannot be scheduled: its ${archived} is archived`,
      );
    return { task: taskOf(row), project: project?.name ?? row.projectId };
  }

  private async rows() {
    return (await this.stores.made()).catalogue;
  }

  /** For who reads: undefined where there is no store, and so nothing in it. */
  private async known() {
    return (await this.stores.there())?.catalogue;
  }
}

const NOTHING = { items: [] };

function found<T>(what: string, id: string, row: T | undefined): T {
  if (row !== undefined) return row;
  throw new TaskError('NOT_FOUND', `the catalogue has no ${what} ${JSON.stringify(id)}`);
}

const iso = (time: number): string => new Date(time).toISOString();

function projectOf({ createdAt, updatedAt, ...rest }: ProjectRow): Project {
  return { ...rest, createdAt: iso(createdAt), updatedAt: iso(updatedAt) };
}

function taskOf({ priority, run, createdAt, updatedAt, ...rest }: TaskRow): CatalogueTask {
  return {
    ...rest,
    priority: priorityOf(priority),
    run: run as CatalogueRun | null,
    createdAt: iso(createdAt),
    updatedAt: iso(updatedAt),
  };
}

function pageOf<A, B>({ items, ...rest }: Page<A>, each: (item: A) => B): Page<B> {
  return { ...rest, items: items.map(each) };
}

/** What a task says in the store's own words. @throws SpecInvalidError for what is no JSON, too large or nested too deep */
function rowFields<T extends { priority?: Priority; run?: CatalogueRun }>({
  priority,
  run,
  ...rest
}: T): Omit<T, 'priority' | 'run'> & { priority?: number; run?: JsonObject } {
  const foreign = jsonFaults({ ...rest, run }, SPEC_LIMITS);
  const faults = foreign.length > 0 || run === undefined ? foreign : runFaults(run);
  if (faults.length > 0) throw new SpecInvalidError(faults, 'catalogue task');
  return {
    ...rest,
    ...(priority === undefined ? {} : { priority: PRIORITY_KEY[priority] }),
    ...(run === undefined ? {} : { run: run as unknown as JsonObject }),
  };
}
