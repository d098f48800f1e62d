/** How a call is refused: what went wrong, as problem+json, and what is not there. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HttpProblem, problemOf } from './problem.js';
import { refusedBody } from './request-body.js';
import type { Route } from './route.js';
import { PREFIX, ROUTES } from './routes.js';

/** When to ask again where something that this needs did not answer. */
const RETRY_AFTER_S = 2;

/** What is said of a path that has no route for a method: 404, or 405 with the methods that it has. */
export function notFoundOf(request: FastifyRequest, reply: FastifyReply): HttpProblem {
  const [path = ''] = request.url.split('?');
  const allowed = ROUTES.filter((one) => patternOf(one).test(path)).map(({ method }) => method);
  if (allowed.length === 0)
    return new HttpProblem(
      404,
      'NOT_FOUND',
      `there is nothing at ${request.method} ${path.slice(0, 200)}; ${PREFIX}/openapi.json lists what there is`,
    );
  const methods = [...new Set(allowed)].join(', ');
  void reply.header('allow', methods);
  return new HttpProblem(
    405,
    'METHOD_NOT_ALLOWED',
    `${path.slice(0, 200)} takes ${methods}, not ${request.method}`,
  );
}

const patternOf = ({ path }: Route): RegExp =>
  new RegExp(`^${PREFIX}${path.replace(/:\w+/g, '[^/]+')}$`);

/** Answers with what went wrong; what is ours to mend stands in the log. */
export async function sendProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const problem = problemOf(refusedBody(error, request) ?? error, request.id);
  if (problem.status >= 500)
    request.log.error({ err: error, method: request.method, url: request.url }, problem.code);
  if (problem.status === 401) void reply.header('www-authenticate', 'Bearer realm="tempograph"');
  if (problem.code === 'UNREACHABLE') void reply.header('retry-after', String(RETRY_AFTER_S));
  if (error instanceof HttpProblem) void reply.headers(error.headers);
  return await reply
    .status(problem.status)
    .type('application/problem+json')
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problem);
}
