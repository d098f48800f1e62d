/**
 * The HTTP server: every route of {@link ROUTES} below `/api/v1`, the page at `/`, and who may call what.
 *
 * S1. Nothing is read of a call before it is known who makes it, that the scope allows it, and that the caller sees what
 *     it is about: also not a wrong body.
 * S2. Where whoever sends nothing may do everything, it listens on loopback alone.
 * S3. What goes wrong is said as problem+json; what is ours to mend, in the log.
 */
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import etag from '@fastify/etag';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import Fastify, {
  LogController,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { Logger } from 'pino';
import { z } from 'zod';
import { EndedNodes } from '../client/ended-nodes.js';
import type { TaskEngine } from '../client.js';
import { assertAllowed, type Principal } from '../domain/access.js';
import { TaskError } from '../domain/errors.js';
import type { Hook } from '../domain/hook.js';
import { OPEN } from './authenticate.js';
import { receiveHooks } from './hooks.js';
import { LiveHub } from './live-hub.js';
import { describeApi, problemsOf } from './openapi.js';
import { METRICS_TYPE, ServerMetrics } from './metrics.js';
import { assertOwnPage, isLoopback } from './origin.js';
import { servePage } from './page.js';
import { HttpProblem, ProblemShape } from './problem.js';
import { Reader, type ReaderOptions } from './reader.js';
import { notFoundOf, sendProblem } from './refusal.js';
import { jsonParser } from './request-body.js';
import { RawAnswer, type Call, type CallContext, type Route } from './route.js';
import { PREFIX, ROUTES } from './routes.js';
import type { Authenticate, Change, ServerFacts } from './services.js';
import { assertSeesCall } from './sight.js';
import { answerUnread } from './unread.js';
import { validatorFor } from './validator.js';

export interface HttpOptions {
  engine: TaskEngine;
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 8080; 0 for a free one. */
  port?: number;
  /** Undefined: whoever reaches it may do everything, whatever it sends; on loopback alone. */
  authenticate?: Authenticate | undefined;
  facts: Omit<ServerFacts, 'authentication'>;
  logger: Logger;
  /** Writes to the audit log. Default: to the logger alone. */
  audit?: ((who: string, change: Change) => Promise<void>) | undefined;
  /** Webhooks that it takes. Default: none. */
  hooks?: readonly Hook[];
  /** Requests of one address in a minute. Default 1,200. */
  ratePerMinute?: number;
  /** Refuses to send what does not fit its shape, for tests. Default false. */
  checkAnswers?: boolean;
  /** How long a stream lasts, in milliseconds: whoever reads on comes back, with a key that is still right. Default an hour. */
  streamLimitMs?: number;
  /** From which size pipelines are read in threads, and how long; for tests. */
  reading?: ReaderOptions;
}

export interface HttpServer {
  url: string;
  /** Executions that are watched now. */
  readonly pollers: number;
  /** Lets what is under way end, and ends streams. */
  close(): Promise<void>;
}

/** Of routes that take nothing there: what they would not look at is refused. */
const NO_QUERY = z.strictObject({});
const isRead = ({ method }: Route): boolean => method === 'GET';
const BODY_LIMIT = 2 ** 20;
const STREAM_LIMIT_MS = 3_600_000;

declare module 'fastify' {
  interface FastifyRequest {
    who: Principal | null;
  }
}

/** @throws TaskError CONFIGURATION for a host that is not loopback where there is no authentication */
export async function startHttpServer(options: HttpOptions): Promise<HttpServer> {
  const { host = '127.0.0.1', port = 8080, engine } = options;
  if (isOpen(options) && !isLoopback(host))
    throw new TaskError(
      'CONFIGURATION',
      `host: expected a loopback address where there is no authentication, got ${JSON.stringify(host)}; anybody who reaches it could run anything`,
    );
  const live = new LiveHub(engine);
  const reader = new Reader(options.reading);
  const app = await makeApp(options, { live, ended: new EndedNodes(), reader });
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    const { code } = error as { code?: string };
    if (code === 'EADDRINUSE' || code === 'EACCES' || code === 'EADDRNOTAVAIL')
      throw new TaskError(
        'CONFIGURATION',
        `cannot listen on ${host}:${port} (${code}); choose another port with --http-port`,
        { cause: error },
      );
    throw error;
  }
  const { address, port: got, family } = app.server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${got}`,
    get pollers() {
      return live.pollers;
    },
    close: async () => {
      live.close();
      await reader.close();
      await app.close();
    },
  };
}

/** What a server keeps between calls. */
type Own = Pick<CallContext, 'live' | 'ended' | 'reader'>;

const isOpen = ({ authenticate }: HttpOptions): boolean => authenticate?.open ?? !authenticate;

async function makeApp(given: HttpOptions, own: Own): Promise<FastifyInstance> {
  const metrics = new ServerMetrics(given.engine, own.live);
  const options = {
    ...given,
    authenticate: given.authenticate && metrics.counted(given.authenticate),
  };
  const { logger, ratePerMinute = 1_200, checkAnswers = false } = options;
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    requestTimeout: 30_000,
    genReqId: () => randomUUID(),
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 4_000 },
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply),
    clientErrorHandler: answerUnread,
  }) as unknown as FastifyInstance;
  app.removeContentTypeParser('text/plain'); // which a page of another site may send without asking
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, jsonParser(app));
  app.decorateRequest('who', null);
  app.setValidatorCompiler(validatorFor);
  app.setSerializerCompiler(({ schema }) => (answer) => {
    if (checkAnswers && schema instanceof z.ZodType)
      schema.parse(JSON.parse(JSON.stringify(answer)));
    return JSON.stringify(answer);
  });
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(notFoundOf(request, reply), request, reply),
  );
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        'style-src': ["'self'", "'unsafe-inline'"],
        'img-src': ["'self'", 'data:', 'blob:'],
        'base-uri': ["'none'"],
        'form-action': ["'none'"],
        'frame-ancestors': ["'none'"],
        'object-src': ["'none'"],
      },
    },
    strictTransportSecurity: false, // whoever ends TLS before it says so
  });
  await app.register(rateLimit, {
    max: ratePerMinute,
    timeWindow: 60_000,
    errorResponseBuilder: (_request, { after }) =>
      new HttpProblem(429, 'RATE_LIMITED', `too many requests; try again in ${after}`),
  });
  app.addHook('onRequest', async ({ headers, method }) => {
    const { host, origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = headers;
    const isLink = method === 'GET' && mode === 'navigate';
    assertOwnPage({ host, origin, isForeign: site === 'cross-site' && !isLink }, isOpen(options));
  });
  app.addHook('onResponse', async (request, reply) => metrics.answeredTo(request, reply));
  // Before a body is read, and whatever else is wrong with it.
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404) throw notFoundOf(request, reply);
  });
  await describeApi(app, ROUTES);
  addHealth(app, options);
  addMetrics(app, options, metrics);
  await app.register(async (asked) => {
    await asked.register(etag, { weak: true }); // of JSON that is read; streams have none
    for (const one of ROUTES.filter(isRead)) addRoute(asked, one, options, own);
  });
  for (const one of ROUTES.filter((route) => !isRead(route))) addRoute(app, one, options, own);
  const { engine, hooks = [] } = options;
  const audit = async (who: Principal, change: Change): Promise<void> =>
    await written(options, who, change);
  if (hooks.length > 0) await receiveHooks(app, PREFIX, { engine, hooks, audit });
  app.get(`${PREFIX}/openapi.json`, { schema: { hide: true } }, async () => app.swagger());
  await servePage(app);
  return app;
}

/** For whoever watches over the process: it is up, and it can do its work. */
function addHealth(app: FastifyInstance, { engine, logger }: HttpOptions): void {
  app.get('/healthz', { schema: { hide: true } }, async () => ({ status: 'up' }));
  app.get('/readyz', { schema: { hide: true } }, async (_request, reply) => {
    const health = await engine.health();
    const { ready } = health;
    if (!ready) logger.warn(health, 'not ready'); // whoever asks is not told: it may name hosts
    const short = (word: string): string => (word === 'up' || word === 'none' ? word : 'down');
    return await reply
      .status(ready ? 200 : 503)
      .send({ ready, temporal: short(health.temporal), store: short(health.store) });
  });
}

/** Numbers of all projects: for whoever may read and is bound to none. */
function addMetrics(
  app: FastifyInstance,
  { authenticate }: HttpOptions,
  metrics: ServerMetrics,
): void {
  app.get('/metrics', {
    schema: { hide: true },
    onRequest: async ({ headers }) => {
      const who = authenticate ? await authenticate(headers.authorization) : OPEN;
      assertAllowed(who, 'read');
      assertUnbound(who);
    },
    handler: async (_request, reply) =>
      await reply
        .type(METRICS_TYPE)
        .serializer((text: string) => text)
        .send(await metrics.page()),
  });
}

function addRoute(app: FastifyInstance, one: Route, options: HttpOptions, own: Own): void {
  const { id, method, path, tag, summary, description, scope, params, body, answer } = one;
  const { query = NO_QUERY } = one;
  const status = one.status ?? 200;
  const isRaw = 'contentType' in answer;
  app.route({
    method,
    url: `${PREFIX}${path}`,
    bodyLimit: one.bodyLimit ?? BODY_LIMIT,
    schema: {
      operationId: id,
      tags: [tag],
      summary,
      description: [description, `Scope: ${scope}.`].filter(Boolean).join(' '),
      security: [{ bearer: [] }],
      ...(isRaw ? { produces: [answer.contentType] } : {}),
      ...(params ? { params } : {}),
      querystring: query,
      ...(body ? { body } : {}),
      response: {
        [status]: isRaw ? z.string().describe(answer.description) : answer,
        ...Object.fromEntries(problemsOf(one).map((failure) => [failure, ProblemShape])),
      },
    },
    onRequest: async (request) => {
      const { authenticate } = options;
      const who = authenticate ? await authenticate(request.headers.authorization) : OPEN;
      request.who = who;
      assertAllowed(who, one.scope);
      if (one.of === 'system') assertUnbound(who);
      await assertSeesCall(options.engine, who, one.of, request);
    },
    preValidation: async (request) => {
      if (body && request.body === undefined) request.body = {};
    },
    handler: async (request, reply) => {
      const given = await one.handle(callOf(one, request, reply, options, own));
      if (!(given instanceof RawAnswer)) return await reply.status(status).send(given);
      return await reply
        .status(given.status)
        .headers(given.headers)
        .type(given.contentType)
        .serializer((bytes: string) => bytes)
        .send(given.body);
    },
  });
}

/** @throws HttpProblem 403 for who is bound to projects, where a call is about what belongs to none */
function assertUnbound(who: Principal): void {
  if (who.projects !== null)
    throw new HttpProblem(
      403,
      'FORBIDDEN',
      `this belongs to no project, and ${who.name} is bound to ${who.projects.join(', ')}`,
    );
}

function callOf(
  { answer }: Route,
  request: FastifyRequest,
  reply: FastifyReply,
  options: HttpOptions,
  own: Own,
): Call<unknown, unknown, unknown> {
  const { engine, facts, streamLimitMs = STREAM_LIMIT_MS } = options;
  const gone = new AbortController();
  const isStream = 'contentType' in answer && answer.contentType === 'text/event-stream';
  const limit = isStream ? setTimeout(() => gone.abort(), streamLimitMs) : undefined;
  const leave = (): void => {
    clearTimeout(limit);
    gone.abort();
  };
  if (reply.raw.closed)
    leave(); // while it was found out who calls
  else reply.raw.once('close', leave);
  const who = request.who ?? OPEN;
  const { params, query, body, headers } = request;
  const header = (name: string): string | undefined => {
    const value = headers[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  return {
    ...{ engine, ...own, who, params, query, body, signal: gone.signal },
    lastEventId: header('last-event-id'),
    idempotencyKey: idempotencyKeyOf(headers),
    ...{ range: header('range'), ifRange: header('if-range') },
    facts: { ...facts, authentication: isOpen(options) ? 'open' : 'required' },
    audit: (change) => written(options, who, change),
  };
}

/** @throws HttpProblem 400 for an empty one: who sends it believes that a second request starts nothing */
function idempotencyKeyOf(headers: FastifyRequest['headers']): string | undefined {
  const { 'idempotency-key': key } = headers;
  if (key === '')
    throw new HttpProblem(
      400,
      'BAD_REQUEST',
      'Idempotency-Key: expected 1 to 255 characters, got ""; give a key, or leave the header out',
    );
  return typeof key === 'string' ? key : undefined;
}

async function written(
  { logger, audit }: HttpOptions,
  who: Principal,
  { claimed, ...change }: Change,
): Promise<void> {
  const name = claimed === undefined ? who.name : `${who.name} (${claimed})`;
  logger.info({ who: name, ...change }, 'changed over HTTP');
  await audit?.(name, change).catch((error: unknown) => {
    logger.error({ err: error, ...change }, 'the audit log could not be written');
  });
}
