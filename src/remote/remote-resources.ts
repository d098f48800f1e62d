/** Limits, circuits, kept results and undelivered events behind a server. */
import type { CircuitRecord, DeadLetter, LimitRecord, LimitStatus } from '../client.js';
import { TaskError } from '../domain/errors.js';
import type { Answer } from '../workflows/messages.js';
import { path, type Api } from './api.js';
import type { CommandEngine } from './surface.js';

export function remoteLimits(api: Api): CommandEngine['limits'] {
  return {
    list: async (place = {}) =>
      (await api.get<{ limits: LimitRecord[] }>('/limits', { ...place })).limits,
    get: async (key, place = {}) => await api.get<LimitStatus>(path`/limits/${key}`, { ...place }),
    setMax: async (key, max, place = {}) =>
      await api.call<Answer>('PUT', path`/limits/${key}`, { query: { ...place }, body: { max } }),
  };
}

export function remoteCircuits(api: Api): CommandEngine['circuits'] {
  return {
    list: async (filter = {}) =>
      (await api.get<{ circuits: CircuitRecord[] }>('/circuits', { ...filter })).circuits,
    get: async (name, place = {}) =>
      await api.get<CircuitRecord>(path`/circuits/${name}`, { ...place }),
    open: async (name, place = {}) =>
      await api.post<CircuitRecord>(path`/circuits/${name}/open`, {}, { query: { ...place } }),
    close: async (name, place = {}) =>
      await api.post<CircuitRecord>(path`/circuits/${name}/close`, {}, { query: { ...place } }),
  };
}

export function remoteCache(api: Api): CommandEngine['cache'] {
  return {
    invalidate: async (filter = {}) =>
      (await api.post<{ invalidated: number }>('/cache/invalidate', filter)).invalidated,
  };
}

export function remoteDeadLetters(api: Api): CommandEngine['deadLetters'] {
  return {
    list: async (query = {}) =>
      (await api.get<{ deadLetters: DeadLetter[] }>('/dead-letters', { ...query })).deadLetters,
    retry: async (sink, eventIds) =>
      (await api.post<{ retried: number }>('/dead-letters/retry', { sink, eventIds })).retried,
    remove: async (sink, eventId) => {
      try {
        await api.call('DELETE', path`/dead-letters/${sink}/${eventId}`);
        return true;
      } catch (error) {
        if (error instanceof TaskError && error.code === 'NOT_FOUND') return false;
        throw error;
      }
    },
  };
}
