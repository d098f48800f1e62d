/** The catalogue: projects and the tasks that people define in them. Owned: it exists nowhere else. */
import { projectsOf } from './catalogue-projects.js';
import { tasksOf } from './catalogue-tasks.js';
import type { JsonObject } from '../domain/json.js';
import type { Database } from './database.js';

export interface Project {
  id: string;
  /** Unique. */
  name: string;
  description: string;
  archived: boolean;
  createdAt: number;
  updatedAt: number;
}

export interface CatalogueTask {
  id: string;
  projectId: string;
  /** Unique in its project. */
  name: string;
  description: string;
  priority: number | null;
  /** What runs it: `{ task | process | container | faas | graph }`. Null: the submission says. */
  run: JsonObject | null;
  /** Options that its executions start with. */
  defaults: JsonObject;
  /** From 1; grows with each change. */
  version: number;
  archived: boolean;
  createdAt: number;
  updatedAt: number;
}

export interface PageQuery {
  /** Words, or their beginnings, in name and description. */
  text?: string;
  /** Default: not the archived ones. */
  archived?: boolean | 'all';
  /** From 1 to 1,000; 100 by default. */
  limit?: number;
  cursor?: string;
}

export interface Page<T> {
  items: T[];
  nextCursor?: string;
}

/** `now` is the time of the change. What changes a thing throws TaskError NOT_FOUND when there is none. */
export interface Projects {
  /** @throws TaskError CONFIGURATION for a name that is none, TaskStateError for one that is taken */
  createProject(
    project: { id?: string; name: string; description?: string },
    now: number,
  ): Promise<Project>;
  getProject(id: string): Promise<Project | undefined>;
  findProject(name: string): Promise<Project | undefined>;
  /** By name. */
  listProjects(query?: PageQuery): Promise<Page<Project>>;
  updateProject(
    id: string,
    changes: { name?: string; description?: string },
    now: number,
  ): Promise<Project>;
  archiveProject(id: string, archived: boolean, now: number): Promise<Project>;
  /** @throws TaskStateError naming tasks or executions that it has: archive it then */
  deleteProject(id: string): Promise<void>;
}

export interface NewTask {
  id?: string;
  projectId: string;
  name: string;
  description?: string;
  priority?: number | null;
  run?: JsonObject | null;
  defaults?: JsonObject;
}

export interface TaskChanges extends Partial<Omit<NewTask, 'id' | 'projectId'>> {
  /** The version that the caller has seen. */
  expectedVersion?: number;
}

export interface Tasks {
  /** @throws TaskError CONFIGURATION for a name that is none, TaskStateError for one that is taken */
  createTask(task: NewTask, now: number): Promise<CatalogueTask>;
  /** @param version an earlier one; the newest without */
  getTask(id: string, version?: number): Promise<CatalogueTask | undefined>;
  findTask(projectId: string, name: string): Promise<CatalogueTask | undefined>;
  /** By name. */
  listTasks(query?: PageQuery & { projectId?: string }): Promise<Page<CatalogueTask>>;
  /** Newest first. */
  listTaskVersions(id: string): Promise<CatalogueTask[]>;
  /** A new version, unless nothing changes. @throws TaskStateError when `expectedVersion` is not the one it has */
  updateTask(id: string, changes: TaskChanges, now: number): Promise<CatalogueTask>;
  /** The version stays. */
  archiveTask(id: string, archived: boolean, now: number): Promise<CatalogueTask>;
  /** @throws TaskStateError naming executions that refer to it: archive it then */
  deleteTask(id: string): Promise<void>;
}

export type Catalogue = Projects & Tasks;

export function catalogueOf(database: Database): Catalogue {
  return { ...projectsOf(database), ...tasksOf(database) };
}
