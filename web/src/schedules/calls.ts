/** What is asked of the server about schedules. */
import type { ScheduleRecord, ScheduleSummary } from '../../../src/client/schedule-record.js';
import type { TriggerAnswer } from '../../../src/client/schedule-trigger.js';
import type { SchedulePreview } from '../../../src/client/schedules.js';
import { ask, get, post, queryOf } from '../api.js';

/** As many as the server gives; it has no pages of them. */
export const MOST = 1_000;

const at = (id: string, rest = '') => `/schedules/${encodeURIComponent(id)}${rest}`;

type Said = Record<string, unknown>;

export const schedules = {
  list: async (signal?: AbortSignal) =>
    (await get<{ schedules: ScheduleSummary[] }>(`/schedules?limit=${MOST}`, signal)).schedules,
  get: (id: string, signal?: AbortSignal) => get<ScheduleRecord>(at(id), signal),
  create: (request: Said) => post<ScheduleRecord>('/schedules', request),
  change: (id: string, changes: Said) => ask(at(id), { method: 'PATCH', json: changes }),
  preview: (times: Said, signal?: AbortSignal) =>
    post<SchedulePreview>('/schedule-preview', times, signal),
  pause: (id: string, request: Said) => post<unknown>(at(id, '/pause'), request),
  resume: (id: string, request: Said) => post<unknown>(at(id, '/resume'), request),
  trigger: (id: string, request: Said) => post<TriggerAnswer>(at(id, '/trigger'), request),
  backfill: (id: string, request: Said) => post<{ times: string[] }>(at(id, '/backfill'), request),
  delete: (id: string, { reason }: { reason?: string }) =>
    ask(at(id, queryOf({ reason })), { method: 'DELETE' }),
};
