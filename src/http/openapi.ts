/** The OpenAPI 3.1 document, made of the routes; and its reference page. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { packageVersion } from '../config.js';

interface Responses {
  responses?: Record<string, { content?: Record<string, unknown> }>;
}

/** Registers both. Before the routes. */
export async function describeApi(app: FastifyInstance): Promise<void> {
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
    transformObject: (document) => asProblems(jsonSchemaTransformObject(document)),
  });
  await app.register(swaggerUi, {
    routePrefix: '/api/v1/reference',
    staticCSP: true,
    uiConfig: { docExpansion: 'none', tryItOutEnabled: false },
  });
}

/** What fails is sent as application/problem+json. */
function asProblems<T>(document: T): T {
  const { paths = {} } = document as { paths?: Record<string, Record<string, Responses>> };
  for (const operations of Object.values(paths))
    for (const { responses = {} } of Object.values(operations))
      for (const [status, response] of Object.entries(responses)) {
        const { 'application/json': json, ...others } = response.content ?? {};
        if (json !== undefined && /^(?:[45]..|default)$/i.test(status))
          response.content = { ...others, 'application/problem+json': json };
      }
  return document;
}
