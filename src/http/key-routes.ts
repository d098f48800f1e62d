/** Who may call, and who changed what. Keys write their own changes down, so these routes do not. */
import { Readable } from 'node:stream';
import { z } from 'zod';
import type { AuditQuery, NewKeyOptions, TaskEngine } from '../client.js';
import { SCOPES } from '../domain/access.js';
import { TaskError } from '../domain/errors.js';
import { auditCsv, auditLines } from './audit-text.js';
import { Flag, Why } from './calls.js';
import { RawAnswer, route } from './route.js';

const time = z.string().describe('ISO time');
const Span = z.union([z.string().min(1).max(50), z.number().min(0)]).describe('such as 90d, or ms');
const KeyParams = z.object({ keyId: z.string().min(1).max(100) });

const KeyShape = z
  .object({
    id: z.string(),
    name: z.string(),
    scope: z.enum(SCOPES),
    projects: z.array(z.string()).nullable().describe('null: all, and what has none'),
    state: z.enum(['live', 'expired', 'revoked']),
    createdAt: time,
    createdBy: z.string(),
    expiresAt: time.nullable(),
    revokedAt: time.nullable(),
    lastUsedAt: time.nullable().describe('to the minute'),
    previousUntil: time.nullable().describe('until when the token before the last is right too'),
  })
  .meta({ id: 'Key' });
const TokenShape = z
  .object({ key: KeyShape, token: z.string().describe('told this once') })
  .meta({ id: 'KeyWithToken' });
const EntryShape = z
  .object({
    id: z.int(),
    at: time,
    who: z.string(),
    what: z.string(),
    target: z.string(),
    reason: z.string().nullable(),
    details: z.unknown(),
  })
  .meta({ id: 'AuditEntry' });

const ADMIN = { tag: 'access', scope: 'admin', of: 'system' } as const;

export const keyRoutes = [
  route({
    id: 'listKeys',
    method: 'GET',
    path: '/keys',
    summary: 'API keys, newest first',
    ...ADMIN,
    query: z.strictObject({ revoked: Flag.optional().describe('those too that are revoked') }),
    answer: z.object({ keys: z.array(KeyShape) }),
    handle: async ({ engine, query }) => ({
      keys: await engine.keys.list({ revoked: query.revoked ?? false }),
    }),
  }),
  route({
    id: 'createKey',
    method: 'POST',
    path: '/keys',
    summary: 'Make a key; its token is told this once',
    ...ADMIN,
    body: Why.extend({
      name: z.string().min(1).max(200),
      scope: z.enum(SCOPES),
      projects: z.array(z.string().min(1).max(200)).min(1).max(1_000).optional(),
      expires: Span.optional().describe('after this time it opens nothing'),
    }),
    answer: TokenShape,
    status: 201,
    handle: ({ engine, who, body }) =>
      engine.keys.create({ ...body, by: who.name } as unknown as NewKeyOptions),
  }),
  route({
    id: 'getKey',
    method: 'GET',
    path: '/keys/:keyId',
    summary: 'One key',
    ...ADMIN,
    params: KeyParams,
    answer: KeyShape,
    handle: async ({ engine, params }) => {
      const key = await engine.keys.get(params.keyId);
      if (key) return key;
      throw new TaskError('NOT_FOUND', `there is no key ${JSON.stringify(params.keyId)}`);
    },
  }),
  route({
    id: 'rotateKey',
    method: 'POST',
    path: '/keys/:keyId/rotate',
    summary: 'Give it a new token; the one so far is right for the grace',
    ...ADMIN,
    params: KeyParams,
    body: Why.extend({
      grace: Span.optional().describe('default 24h; 0 ends the token so far at once'),
      expires: Span.optional().describe('a new time to expire, from now; default: as it was'),
    }),
    answer: TokenShape,
    handle: ({ engine, who, params, body }) =>
      engine.keys.rotate(params.keyId, { ...(body as object), by: who.name }),
  }),
  route({
    id: 'revokeKey',
    method: 'DELETE',
    path: '/keys/:keyId',
    summary: 'End a key for ever, within 5 seconds',
    ...ADMIN,
    params: KeyParams,
    query: z.strictObject({ reason: z.string().min(1).max(1_000) }),
    answer: z.object({ key: KeyShape }),
    handle: async ({ engine, who, params, query }) => ({
      key: await engine.keys.revoke(params.keyId, { by: who.name, reason: query.reason }),
    }),
  }),
  route({
    id: 'listAudit',
    method: 'GET',
    path: '/audit',
    summary: 'Who changed what, when and why, newest first',
    description:
      'By page. With format csv or ndjson all that fits, as text; limit and cursor are for pages.',
    ...ADMIN,
    query: z.strictObject({
      who: z.string().min(1).max(1_000).optional(),
      what: z.string().min(1).max(200).optional(),
      target: z.string().min(1).max(1_000).optional(),
      since: z.iso.datetime({ offset: true }).optional(),
      until: z.iso.datetime({ offset: true }).optional(),
      limit: z.coerce.number().int().min(1).max(1_000).optional(),
      cursor: z.string().max(1_000).optional(),
      format: z.enum(['json', 'csv', 'ndjson']).optional(),
    }),
    answer: z.object({ entries: z.array(EntryShape), nextCursor: z.string().optional() }),
    also: ['text/csv', 'application/x-ndjson'],
    handle: async ({ engine, query }) => {
      const { format = 'json', ...wanted } = query;
      if (format === 'json') return await engine.audit.list(wanted as AuditQuery);
      const { limit: _limit, ...all } = wanted;
      return await exported(engine, all as AuditQuery, format);
    },
  }),
];

const EXPORT = {
  csv: { contentType: 'text/csv; charset=utf-8', text: auditCsv },
  ndjson: { contentType: 'application/x-ndjson; charset=utf-8', text: auditLines },
};

/** A page at a time: a log of years is not held in memory. What is wrong with the query is said before it begins. */
async function exported(
  { audit }: TaskEngine,
  query: AuditQuery,
  format: keyof typeof EXPORT,
): Promise<RawAnswer> {
  const first = await audit.list({ ...query, limit: 1_000 });
  const { contentType, text } = EXPORT[format];
  async function* pages(): AsyncGenerator<string> {
    let page = first;
    for (let isFirst = true; ; isFirst = false) {
      yield text(page.entries, isFirst);
      if (page.nextCursor === undefined) return;
      page = await audit.list({ ...query, limit: 1_000, cursor: page.nextCursor });
    }
  }
  return new RawAnswer({
    contentType,
    headers: {
      'content-disposition': `attachment; filename="audit.${format}"`,
      'cache-control': 'no-store',
    },
    body: Readable.from(pages(), { objectMode: true, highWaterMark: 1 }),
  });
}
