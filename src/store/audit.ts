/** The audit log: who changed what, when and why. Only ever added to. */
import type { Json } from '../domain/json.js';
import { transact, type Connection, type Database } from './database.js';
import { decodeCursor, encodeCursor, limitOf } from './paging.js';

export interface AuditEntry {
  id: number;
  at: number;
  who: string;
  /** The action: `execution.cancel`. */
  what: string;
  /** What it was done to: an id. */
  target: string;
  reason: string | null;
  details: Json;
}

/** An entry to be. */
export type NewAuditEntry = Omit<AuditEntry, 'id' | 'reason' | 'details'> & {
  reason?: string;
  details?: Json;
};

export interface Audit {
  append(entry: NewAuditEntry): Promise<AuditEntry>;
  /** Newest first. */
  list(query?: {
    who?: string;
    what?: string;
    target?: string;
    since?: number;
    until?: number;
    limit?: number;
    cursor?: string;
  }): Promise<{ entries: AuditEntry[]; nextCursor?: string }>;
}

export function auditOf(database: Database): Audit {
  return {
    append: (entry) => transact(database, (connection) => appendAudit(connection, entry)),
    list: async (query = {}) => {
      const limit = limitOf(query.limit);
      let select = database.sql
        .selectFrom('audit_log')
        .selectAll()
        .orderBy('id', 'desc')
        .limit(limit + 1);
      for (const column of ['who', 'what', 'target'] as const) {
        const value = query[column];
        if (value !== undefined) select = select.where(column, '=', value);
      }
      if (query.since !== undefined) select = select.where('at', '>=', query.since);
      if (query.until !== undefined) select = select.where('at', '<', query.until);
      if (query.cursor !== undefined)
        select = select.where('id', '<', Number(decodeCursor('audit', query.cursor)[0]));
      const rows = await select.execute();
      const entries = rows.slice(0, limit).map(({ details, ...row }) => ({
        ...row,
        details: details === null ? null : (JSON.parse(details) as Json),
      }));
      const last = entries.at(-1);
      return {
        entries,
        ...(rows.length > limit && last
          ? { nextCursor: encodeCursor('audit', [String(last.id)]) }
          : {}),
      };
    },
  };
}

/** Writes an entry in the transaction of the change that it tells of: neither is there without the other. */
export async function appendAudit(
  connection: Connection,
  entry: NewAuditEntry,
): Promise<AuditEntry> {
  const { at, who, what, target } = entry;
  const reason = entry.reason ?? null;
  const details = entry.details ?? null;
  const { id } = await connection
    .insertInto('audit_log')
    .values({
      ...{ at, who, what, target, reason },
      details: details === null ? null : JSON.stringify(details),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return { id, at, who, what, target, reason, details };
}
