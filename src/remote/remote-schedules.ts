/** Schedules behind a server. */
import type { ScheduleList, ScheduleRecord, TriggerAnswer } from '../client.js';
import { path, type Api } from './api.js';
import type { CommandEngine } from './surface.js';

export function remoteSchedules(api: Api): CommandEngine['schedules'] {
  return {
    create: async (options) => await api.post<ScheduleRecord>('/schedules', options),
    list: async (query = {}) => await api.get<ScheduleList>('/schedules', { ...query }),
    get: async (id) => await api.get<ScheduleRecord>(path`/schedules/${id}`),
    pause: async (id, note) => await api.post(path`/schedules/${id}/pause`, { note }),
    resume: async (id, note) => await api.post(path`/schedules/${id}/resume`, { note }),
    trigger: async (id, options = {}) =>
      await api.post<TriggerAnswer>(path`/schedules/${id}/trigger`, options),
    backfill: async (id, span) => await api.post(path`/schedules/${id}/backfill`, span),
    update: async (id, changes) =>
      await api.call<ScheduleRecord>('PATCH', path`/schedules/${id}`, { body: changes }),
    delete: async (id) => await api.call('DELETE', path`/schedules/${id}`),
  };
}
