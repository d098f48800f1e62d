/** The catalogue behind a server. */
import type { CatalogueTask, CatalogueTaskStatus, Project } from '../client.js';
import { path, type Api } from './api.js';
import type { CommandEngine } from './surface.js';

interface Page<T> {
  items: T[];
  nextCursor?: string;
}

export function remoteCatalogue(api: Api): CommandEngine['catalogue'] {
  return {
    projects: {
      create: async (project) => await api.post<Project>('/projects', project),
      get: async (id) => await api.get<Project>(path`/projects/${id}`),
      list: async (query = {}) => await api.get<Page<Project>>('/projects', { ...query }),
      update: async (id, changes) =>
        await api.call<Project>('PATCH', path`/projects/${id}`, { body: changes }),
      archive: async (id, archived = true) =>
        await api.post<Project>(path`/projects/${id}/archive`, { archived }),
      delete: async (id) => await api.call('DELETE', path`/projects/${id}`),
    },
    tasks: {
      create: async (task) => await api.post<CatalogueTask>('/tasks', task),
      get: async (id, version) =>
        await api.get<CatalogueTaskStatus>(path`/tasks/${id}`, { version }),
      list: async (query = {}) => await api.get<Page<CatalogueTask>>('/tasks', { ...query }),
      versions: async (id) =>
        (await api.get<{ versions: CatalogueTask[] }>(path`/tasks/${id}/versions`)).versions,
      update: async (id, changes) =>
        await api.call<CatalogueTask>('PATCH', path`/tasks/${id}`, { body: changes }),
      archive: async (id, archived = true) =>
        await api.post<CatalogueTask>(path`/tasks/${id}/archive`, { archived }),
      delete: async (id) => await api.call('DELETE', path`/tasks/${id}`),
    },
  };
}
