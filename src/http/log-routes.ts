/** What the tasks of an execution log: by page, and as it comes. */
import { z } from 'zod';
import type { LogQuery } from '../client/log-feed.js';
import { LINE_LEVELS, LINE_SOURCES, type LogLine } from '../domain/log-line.js';
import { ExecutionParams, Flag, many } from './calls.js';
import { eventStream, positionOf, type StreamMessage } from './event-stream.js';
import { route } from './route.js';

const Position = z.coerce.number().int().min(0);

const FOLLOWED = {
  node: z.string().min(1).max(1_000).optional().describe('a node of it: load, each[3], sub/inner'),
  attempt: z.coerce.number().int().min(1).max(1_000_000).optional(),
  level: z.enum(LINE_LEVELS).optional().describe('this one and worse'),
  source: many(z.enum(LINE_SOURCES)).optional(),
  since: z.iso.datetime({ offset: true }).optional().describe('said at or after'),
  after: Position.optional().describe('lines after this position: next of the page before'),
};

const LineShape = z
  .object({
    position: z.int(),
    executionId: z.string().describe('of the node that said it'),
    nodeId: z.string().nullable(),
    attempt: z.int(),
    sequence: z.int(),
    at: z.string().describe('ISO time'),
    level: z.enum(LINE_LEVELS),
    source: z.enum(LINE_SOURCES),
    text: z.string(),
    fields: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'LogLine' });

export const logRoutes = [
  route({
    id: 'readLogs',
    method: 'GET',
    path: '/executions/:executionId/logs',
    tag: 'logs',
    summary: 'What its tasks logged, oldest first',
    description:
      'Go on after `next`; with newest or before, `more` is whether there are older ones.',
    scope: 'read',
    of: 'execution',
    params: ExecutionParams,
    query: z.strictObject({
      ...FOLLOWED,
      before: Position.optional().describe('the newest lines before this position'),
      newest: Flag.optional().describe('the newest lines instead of the oldest'),
      limit: z.coerce.number().int().min(1).max(1_000).optional(),
    }),
    answer: z
      .object({ lines: z.array(LineShape), next: z.int(), more: z.boolean() })
      .meta({ id: 'LogPage' }),
    handle: ({ engine, params, query }) => engine.readLogs(params.executionId, query as LogQuery),
  }),
  route({
    id: 'followLogs',
    method: 'GET',
    path: '/executions/:executionId/logs/follow',
    tag: 'logs',
    summary: 'What its tasks log, as server-sent events until its end',
    description:
      'Messages `line`, each with its position as id: whoever comes back with Last-Event-ID misses none and gets none twice.',
    scope: 'read',
    of: 'execution',
    params: ExecutionParams,
    query: z.strictObject(FOLLOWED),
    answer: { contentType: 'text/event-stream', description: 'messages `line` (LogLine)' },
    handle: async ({ engine, params, query, lastEventId, signal }) => {
      const { executionId } = params;
      const wanted = query as LogQuery;
      const after = positionOf(lastEventId) ?? wanted.after ?? 0;
      await engine.readLogs(executionId, { ...wanted, limit: 1 }); // 404 before the stream begins
      return eventStream(told(engine.logs(executionId, { ...wanted, after, signal })), signal);
    },
  }),
];

async function* told(lines: AsyncIterable<LogLine>): AsyncGenerator<StreamMessage> {
  for await (const data of lines) yield { event: 'line', id: String(data.position), data };
}
