/** The OpenAPI 3.1 document, made of the routes; and its reference page. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { packageVersion } from '../config.js';
import type { Route } from './route.js';

interface Answer {
  description?: string;
  content?: Record<string, { schema?: object }>;
}

interface Operation {
  operationId?: string;
  requestBody?: { required?: boolean };
  responses?: Record<string, Answer>;
}

/** Registers both. Before the routes. */
export async function describeApi(app: FastifyInstance, routes: readonly Route[]): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tempograph',
        version: packageVersion(),
        description:
          'Runs tasks and graphs of tasks durably on Temporal. Errors are application/problem+json; match `code`.',
      },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    },
    transform: jsonSchemaTransform,
    transformObject: (document) =>
      withoutUnused(asServed(jsonSchemaTransformObject(document), routes)),
  });
  await app.register(swaggerUi, {
    routePrefix: '/api/v1/reference',
    staticCSP: true,
    uiConfig: { docExpansion: 'none', tryItOutEnabled: false },
  });
}

/** Of every call; 431 where its address or its headers are too long. */
const ALWAYS = [400, 401, 403, 429, 431, 500, 503, 504];
/** Of calls that name something: it is not there, or not in that state. */
const NAMED = [404, 409];
const WITH_BODY = [413, 415, 422];

/** The statuses that a route may fail with. */
export function problemsOf({ params, body }: Route): number[] {
  return [...ALWAYS, ...(params || body ? NAMED : []), ...(body ? WITH_BODY : [])].sort(
    (a, b) => a - b,
  );
}

/** A message of a stream, as readers of server-sent events get it. */
const MESSAGE = {
  type: 'object',
  properties: {
    event: { type: 'string', description: 'what kind of message it is' },
    id: { type: 'string', description: 'for Last-Event-ID' },
    data: { type: 'string', contentMediaType: 'application/json' },
  },
  required: ['data'],
};

/** Says what the schemas do not: how things are sent, what a stream is made of, and which bodies may be missing. */
function asServed<T>(document: T, routes: readonly Route[]): T {
  const routeOf = new Map(routes.map((one) => [one.id, one]));
  const { paths = {} } = document as { paths?: Record<string, Record<string, Operation>> };
  for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    const { operationId = '', requestBody, responses = {} } = operation;
    const one = routeOf.get(operationId);
    if (requestBody && one?.body?.safeParse({}).success) requestBody.required = false;
    if (one) addAnswers(one, responses);
    for (const [status, response] of Object.entries(responses)) {
      const { content = {} } = response;
      const [shape] = Object.values(content);
      const stream = content['text/event-stream'];
      if (shape && /^[45]/.test(status)) response.content = { 'application/problem+json': shape };
      else if (stream) stream.schema = { ...stream.schema, ...MESSAGE };
    }
  }
  return document;
}

/** Answers that depend on a header or on what was asked for. */
function addAnswers(
  { method, status = 200, also = [], parts }: Route,
  responses: Record<string, Answer>,
): void {
  const { [status]: whole } = responses;
  const content = whole?.content ?? {};
  for (const contentType of also) content[contentType] = { schema: { type: 'string' } };
  if (method === 'GET' && !whole?.content?.['text/event-stream'])
    responses['304'] = { description: 'Not changed since the ETag that If-None-Match names' };
  if (!parts || !whole) return;
  responses['206'] = { ...whole, description: 'The part that Range asks for' };
  responses['416'] = { ...responses['400'], description: 'No such part' };
}

/** Each schema is there as it is given and as it is taken, also where it is only one of the two. */
function withoutUnused<T>(document: T): T {
  const schemas = (document as { components?: { schemas?: Record<string, unknown> } }).components
    ?.schemas;
  for (let unused: string[] | undefined; schemas && unused?.length !== 0;) {
    const text = JSON.stringify(document);
    unused = Object.keys(schemas).filter(
      (name) => !text.includes(`"#/components/schemas/${name}"`),
    );
    for (const name of unused) delete schemas[name];
  }
  return document;
}
