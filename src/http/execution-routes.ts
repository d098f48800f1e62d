/** Executions: submitted, listed, looked at, followed. */
import { z } from 'zod';
import type { ListQuery } from '../client/listing.js';
import { nodeList } from '../client/node-list.js';
import { isObject, preview } from '../domain/json.js';
import { isTerminal, STATUS_REASONS, STATUSES } from '../domain/status.js';
import { AskedShape, BELOW_MOST, watchBelow } from './below.js';
import {
  assertThere,
  ExecutionParams,
  Flag,
  many,
  NodeParams,
  ofNode,
  projectFor,
} from './calls.js';
import { eventStream, positionOf, type StreamMessage } from './event-stream.js';
import { HttpProblem } from './problem.js';
import { route } from './route.js';
import {
  ExecutionListShape,
  ExecutionShape,
  GraphSpecShape,
  loose,
  NodeShape,
  StartedShape,
} from './shapes.js';
import { submit, SubmissionShape } from './submission.js';

/** In a query: an object as JSON, of which only numbers, texts, true, false and null can be looked for. */
const MetadataFilter = z
  .string()
  .max(10_000)
  .transform((text, context): Record<string, string | number | boolean | null> => {
    const given = jsonOf(text);
    const parsed = Scalars.safeParse(given);
    // A record leaves this key out, and the list would be of everything.
    const isDropped = isObject(given) && Object.hasOwn(given, '__proto__');
    if (parsed.success && !isDropped) return parsed.data;
    const message = `expected JSON such as {"team":"ops","tries":3}, got ${preview(text)}`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
const Scalars = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const ListShape = z.strictObject({
  status: many(z.enum(STATUSES)).optional(),
  reason: many(z.enum(STATUS_REASONS))
    .optional()
    .describe('why it has its status: approval for what waits for an answer'),
  kind: many(z.enum(['graph', 'task', 'batch', 'node', 'item'])).optional(),
  taskId: z
    .string()
    .min(1)
    .optional()
    .describe('the name of a task or graph, or the id of a task of the catalogue'),
  project: z.string().min(1).optional(),
  sessionId: z.string().optional(),
  executionId: z.string().min(1).optional().describe('this one alone, a node too'),
  parentId: z.string().min(1).optional().describe('nodes of this graph, items of this batch'),
  rerunOf: z.string().min(1).optional(),
  catalogueTaskId: z.string().min(1).optional().describe('of this task of the catalogue'),
  tag: many(z.string()).optional().describe('all of them'),
  metadata: MetadataFilter.optional().describe(
    'top-level metadata with these values, as JSON: {"team":"ops","tries":3}',
  ),
  since: z.iso.datetime({ offset: true }).optional().describe('created at or after'),
  until: z.iso.datetime({ offset: true }).optional().describe('created before'),
  text: z.string().max(1_000).optional().describe('words of id, task and error message'),
  limit: z.coerce.number().int().min(1).max(1_000).optional(),
  cursor: z.string().max(1_000).optional().describe('nextCursor of the page before'),
});

const NodeListShape = z.strictObject({
  status: many(z.enum(STATUSES)).optional(),
  limit: ListShape.shape.limit.describe(
    'a page of at most so many, by id; without limit and cursor all nodes',
  ),
  cursor: ListShape.shape.cursor,
});

/** From where, and how far; `Last-Event-ID` of whoever comes back is stronger than `after`. */
const EventsShape = z.strictObject({
  after: z.coerce.number().int().min(0).optional().describe('only what came after this position'),
  follow: Flag.optional().describe('false: only what has happened until now (default: true)'),
});

export const executionRoutes = [
  route({
    id: 'submitExecution',
    method: 'POST',
    path: '/executions',
    tag: 'executions',
    summary: 'Start a graph, a pipeline or a task',
    description:
      'With the header Idempotency-Key the same request sent again gives the same execution and starts none; another one under the same key is refused with 409.',
    scope: 'run',
    of: 'projects',
    body: SubmissionShape,
    bodyLimit: 64 * 2 ** 20,
    answer: StartedShape,
    status: 201,
    handle: async (call) => {
      const { executionId, executions } = await submit(call);
      await call.audit({ what: 'execution.submit', target: executionId });
      return { executionId, executions };
    },
  }),
  route({
    id: 'listExecutions',
    method: 'GET',
    path: '/executions',
    tag: 'executions',
    summary: 'Executions, newest first',
    scope: 'read',
    of: 'projects',
    query: ListShape,
    answer: ExecutionListShape,
    handle: async (call) => {
      const { tag, project: given, ...query } = call.query;
      const project = projectFor(call, given);
      return await call.engine.listExecutions({
        ...(query as ListQuery),
        ...(tag === undefined ? {} : { tags: tag }),
        ...(project === undefined ? {} : { project }),
      });
    },
  }),
  route({
    id: 'getExecution',
    method: 'GET',
    path: '/executions/:executionId',
    tag: 'executions',
    summary: 'One execution',
    scope: 'read',
    of: 'execution',
    params: ExecutionParams,
    answer: ExecutionShape,
    handle: ({ engine, params }) => engine.getExecution(params.executionId),
  }),
  route({
    id: 'getGraph',
    method: 'GET',
    path: '/executions/:executionId/graph',
    tag: 'executions',
    summary:
      'The graph that it was started with, and its parameters; also of a sub-graph, without them',
    scope: 'read',
    of: 'execution',
    params: ExecutionParams,
    answer: z.object({
      graph: GraphSpecShape,
      params: z.record(z.string(), z.unknown()),
    }),
    handle: ({ engine, params }) => engine.graphOf(params.executionId),
  }),
  route({
    id: 'getResult',
    method: 'GET',
    path: '/executions/:executionId/result',
    tag: 'executions',
    summary: 'The result, once it has ended; 409 before',
    scope: 'read',
    of: 'execution',
    params: ExecutionParams,
    answer: loose('ExecutionResult', 'As handle.result() gives it.'),
    handle: async ({ engine, params }) => {
      const { endedAt, status, asOf } = await engine.getExecution(params.executionId);
      // A terminal status is told a moment before its workflow has closed: then the result is waited for. What the store had
      // last may have ended since: that nobody can be asked is said by who is asked.
      if (endedAt === null && !isTerminal(status) && asOf === undefined)
        throw new HttpProblem(
          409,
          'STATE',
          `${params.executionId} has not ended (${status}); follow /watch, and ask again`,
        );
      return await (await engine.open(params.executionId)).result();
    },
  }),
  route({
    id: 'explainExecution',
    method: 'GET',
    path: '/executions/:executionId/explain',
    tag: 'executions',
    summary: 'Why it is not done; once it has ended, where its time went',
    scope: 'read',
    of: 'execution',
    params: ExecutionParams,
    answer: loose('Explanation', 'As engine.explain() gives it.'),
    handle: ({ engine, params }) => engine.explain(params.executionId),
  }),
  route({
    id: 'reportExecution',
    method: 'GET',
    path: '/executions/:executionId/report',
    tag: 'executions',
    summary: 'The task report',
    scope: 'read',
    of: 'execution',
    params: ExecutionParams,
    answer: loose('TaskReport', 'As engine.report() gives it.'),
    handle: ({ engine, params }) => engine.report(params.executionId),
  }),
  route({
    id: 'watchExecution',
    method: 'GET',
    path: '/executions/:executionId/watch',
    tag: 'executions',
    summary: 'How it goes, as server-sent events until its end',
    description:
      'Messages `update`: the first with all nodes, the others with those that changed. Whoever comes back gets the whole state again.',
    scope: 'read',
    of: 'execution',
    params: ExecutionParams,
    answer: {
      contentType: 'text/event-stream',
      description: 'messages `update` (ExecutionUpdate)',
    },
    handle: async ({ engine, live, params, signal }) => {
      await engine.open(params.executionId); // 404 before the stream begins
      return eventStream(updates(live.watch(params.executionId, signal)), signal);
    },
  }),
  route({
    id: 'watchBelow',
    method: 'GET',
    path: '/executions/:executionId/below',
    tag: 'executions',
    summary: 'How what runs below its nodes goes, as server-sent events until the end of all of it',
    description:
      'Messages `update` with `at`, the path, and `shown`, the nodes or items that are told: of very many the failed and the running ones first. `missing`: nothing runs there, or not yet.',
    scope: 'read',
    of: 'execution',
    params: ExecutionParams,
    query: z.strictObject({
      node: many(AskedShape, {
        most: BELOW_MOST,
        otherwise: `expected at most ${BELOW_MOST}; follow the others in a stream of their own`,
      }),
    }),
    answer: {
      contentType: 'text/event-stream',
      description: 'messages `update` (ExecutionUpdate with `at` and `shown`) and `missing`',
    },
    handle: async (call) => {
      const { engine, params, query, signal } = call;
      await engine.open(params.executionId); // 404 before the stream begins
      return eventStream(watchBelow(call, params.executionId, query.node, signal), signal);
    },
  }),
  route({
    id: 'executionEvents',
    method: 'GET',
    path: '/executions/:executionId/events',
    tag: 'executions',
    summary: 'What happened to it and its nodes, as server-sent events until its end',
    description:
      'Each message is named by its event and has its position as id: whoever comes back with Last-Event-ID misses none. Needs the store.',
    scope: 'read',
    of: 'execution',
    params: ExecutionParams,
    query: EventsShape,
    answer: {
      contentType: 'text/event-stream',
      description: 'messages of events (ExecutionEvent)',
    },
    handle: async ({ engine, params, query, signal, lastEventId }) => {
      const { executionId } = params;
      const { follow = true } = query;
      const after = positionOf(lastEventId) ?? query.after ?? 0;
      await assertThere(engine, executionId); // 404 before the stream begins
      return eventStream(told(engine.events({ executionId, after, follow, signal })), signal);
    },
  }),
  route({
    id: 'events',
    method: 'GET',
    path: '/events',
    tag: 'executions',
    summary: 'What happens to the executions of a project, as server-sent events',
    description:
      'From now on, or after Last-Event-ID. Of a key without projects all, else of the project that is named. Needs the store.',
    scope: 'read',
    of: 'projects',
    query: EventsShape.extend({ project: z.string().min(1).optional() }),
    answer: {
      contentType: 'text/event-stream',
      description: 'messages of events (ExecutionEvent)',
    },
    handle: async (call) => {
      const project = projectFor(call, call.query.project);
      const { follow = true } = call.query;
      const after = positionOf(call.lastEventId) ?? call.query.after;
      const events = call.engine.events({
        ...{ follow, signal: call.signal },
        ...(project === undefined ? {} : { project }),
        ...(after === undefined ? {} : { after }),
      });
      return eventStream(told(events), call.signal);
    },
  }),
  route({
    id: 'listNodes',
    method: 'GET',
    path: '/executions/:executionId/nodes',
    tag: 'nodes',
    summary: 'Its nodes as they stand',
    scope: 'read',
    of: 'execution',
    params: ExecutionParams,
    query: NodeListShape,
    answer: z.object({
      nodes: z.array(NodeShape),
      nextCursor: z.string().optional().describe('gives the next page; absent on the last'),
    }),
    handle: async ({ engine, ended, params, query }) => {
      const handle = await engine.open(params.executionId);
      const isPage = query.limit !== undefined || query.cursor !== undefined;
      return isPage ? await handle.nodePage(query, ended) : nodeList(await handle.nodes(), query);
    },
  }),
  route({
    id: 'getNode',
    method: 'GET',
    path: '/executions/:executionId/nodes/:nodeId',
    tag: 'nodes',
    summary: 'One node, with its output and its attempts',
    scope: 'read',
    of: 'execution',
    params: NodeParams,
    answer: ExecutionShape,
    handle: async (call) => await ofNode(call, (id) => call.engine.getExecution(id)),
  }),
  route({
    id: 'explainNode',
    method: 'GET',
    path: '/executions/:executionId/nodes/:nodeId/explain',
    tag: 'nodes',
    summary: 'Why a node stands where it stands',
    scope: 'read',
    of: 'execution',
    params: NodeParams,
    answer: loose('Explanation', 'As engine.explain() gives it.'),
    handle: async (call) => await ofNode(call, (id) => call.engine.explain(id)),
  }),
];

async function* updates(of: AsyncIterable<unknown>): AsyncGenerator<StreamMessage> {
  for await (const data of of) yield { event: 'update', data };
}

async function* told(
  of: AsyncIterable<{ event: string; position: number }>,
): AsyncGenerator<StreamMessage> {
  for await (const data of of) yield { event: data.event, id: String(data.position), data };
}
