/** `engine.audit`: who changed what, when and why. Entries are only ever added. */
import { TaskError } from '../domain/errors.js';
import { preview, type Json } from '../domain/json.js';
import type { Audit, AuditEntry } from '../store/audit.js';
import { time } from './listing.js';
import type { StoreAccess, StoreNeed } from './store-access.js';

/** One change in the audit log. */
export interface AuditRecord {
  id: number;
  at: string;
  /** `ann`, `key:deploy`, `oidc:ann@example.com`. */
  who: string;
  /** The action: `key.revoke`, `execution.cancel`. */
  what: string;
  /** The id of what it was done to. */
  target: string;
  reason: string | null;
  details: Json;
}

/** What is to be written. */
export interface AuditNote {
  who: string;
  what: string;
  target: string;
  reason?: string;
  /** More of it, as JSON: never a secret. */
  details?: Json;
}

/** Entries that all given fields fit. */
export interface AuditQuery {
  who?: string;
  what?: string;
  target?: string;
  /** At or after this time. */
  since?: Date | string;
  /** Before this time. */
  until?: Date | string;
  /** On one page, 1 to 1,000. Default 100. */
  limit?: number;
  /** `nextCursor` of the page before. */
  cursor?: string;
}

/** A page of the audit log. */
export interface AuditPage {
  /** Newest first. */
  entries: AuditRecord[];
  /** Where more follow. */
  nextCursor?: string;
}

/** What the engine lends. */
export interface AuditLogParts {
  stores: Pick<StoreAccess, 'need'>;
  /** @throws TaskStateError after shutdown */
  assertOpen: () => void;
}

/** Who changed what, and why. */
export class AuditLog {
  constructor(private readonly parts: AuditLogParts) {}

  /** Writes an entry, of now. @throws TaskError CONFIGURATION | STORE */
  async append({ who, what, target, reason, details }: AuditNote): Promise<AuditRecord> {
    const entry = await (
      await this.log('made')
    ).append({
      at: Date.now(),
      ...{ who: text('who', who), what: text('what', what), target: text('target', target) },
      ...(reason === undefined ? {} : { reason: text('reason', reason) }),
      ...(details === undefined ? {} : { details }),
    });
    return recordOf(entry);
  }

  /** A page of entries, newest first. @throws TaskError CONFIGURATION | STORE */
  async list({ since, until, ...query }: AuditQuery = {}): Promise<AuditPage> {
    const { entries, nextCursor } = await (
      await this.log('there')
    ).list({
      ...query,
      ...(since === undefined ? {} : { since: time('audit.since', since) }),
      ...(until === undefined ? {} : { until: time('audit.until', until) }),
    });
    return {
      entries: entries.map(recordOf),
      ...(nextCursor === undefined ? {} : { nextCursor }),
    };
  }

  private async log(which: StoreNeed): Promise<Audit> {
    this.parts.assertOpen();
    return (await this.parts.stores.need('the audit log', which)).audit;
  }
}

function text(field: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new TaskError(
    'CONFIGURATION',
    `audit.${field}: got ${preview(value)}, expected a text that is not empty`,
  );
}

const recordOf = (entry: AuditEntry): AuditRecord => ({
  ...entry,
  at: new Date(entry.at).toISOString(),
});
