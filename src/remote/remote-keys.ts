/** Keys and the audit log behind a server. Who asks is who the key belongs to. */
import type { AuditPage, KeyRecord, KeyWithToken } from '../client.js';
import { path, type Api } from './api.js';
import type { CommandEngine } from './surface.js';

export function remoteKeys(api: Api): CommandEngine['keys'] {
  return {
    create: async ({ by: _by, ...options }) => await api.post<KeyWithToken>('/keys', options),
    list: async (query = {}) => (await api.get<{ keys: KeyRecord[] }>('/keys', query)).keys,
    rotate: async (id, { by: _by, ...options }) =>
      await api.post<KeyWithToken>(path`/keys/${id}/rotate`, options),
    revoke: async (id, { reason }) =>
      (await api.call<{ key: KeyRecord }>('DELETE', path`/keys/${id}`, { query: { reason } })).key,
  };
}

export function remoteAudit(api: Api): CommandEngine['audit'] {
  return { list: async (query = {}) => await api.get<AuditPage>('/audit', { ...query }) };
}
