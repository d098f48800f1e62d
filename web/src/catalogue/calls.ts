/** What is asked of the server about the catalogue. */
import type { CatalogueTask, CatalogueTaskStatus, Project } from '../../../src/client/catalogue.js';
import { ask, get, post, queryOf, type ExecutionPage } from '../api.js';

export interface Filter {
  text: string;
  /** Empty: those that are not. */
  archived: string;
}
export interface PageOf<T> {
  items: T[];
  nextCursor?: string;
}
type Kind = 'projects' | 'tasks';
type Said = Record<string, unknown>;

const LIMIT = 25;
const RECENT = 10;
const at = (kind: Kind, id: string, rest = '') => `/${kind}/${encodeURIComponent(id)}${rest}`;

export const catalogue = {
  projects: (filter: Filter, cursor?: string, signal?: AbortSignal) =>
    get<PageOf<Project>>(`/projects${queryOf({ ...filter, limit: LIMIT, cursor })}`, signal),
  /** @param projectId those of it; without, of all */
  tasks: (filter: Filter, projectId?: string, cursor?: string, signal?: AbortSignal) =>
    get<PageOf<CatalogueTask>>(
      `/tasks${queryOf({ ...filter, projectId, limit: LIMIT, cursor })}`,
      signal,
    ),
  project: (id: string, signal?: AbortSignal) => get<Project>(at('projects', id), signal),
  task: (id: string, signal?: AbortSignal) => get<CatalogueTaskStatus>(at('tasks', id), signal),
  versions: async (id: string, signal?: AbortSignal) =>
    (await get<{ versions: CatalogueTask[] }>(at('tasks', id, '/versions'), signal)).versions,
  runs: async (catalogueTaskId: string, signal?: AbortSignal) =>
    (await get<ExecutionPage>(`/executions${queryOf({ catalogueTaskId, limit: RECENT })}`, signal))
      .executions,
  archive: (kind: Kind, id: string, request: Said) =>
    post<unknown>(at(kind, id, '/archive'), request),
  delete: (kind: Kind, id: string, { reason }: { reason?: string }) =>
    ask(at(kind, id, queryOf({ reason })), { method: 'DELETE' }),
};
