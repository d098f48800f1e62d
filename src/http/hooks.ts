/** `POST /api/v1/hooks/<name>`: what others send to have a pipeline started or an approval answered; opened by a signature. */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { TaskEngine } from '../client.js';
import type { Principal } from '../domain/access.js';
import { expressionSource, HOOK_VARIABLES, parseExpression } from '../domain/expression.js';
import type { Hook } from '../domain/hook.js';
import type { Json, JsonObject } from '../domain/json.js';
import { parseTemplate } from '../domain/template.js';
import { signedBy } from './hook-signature.js';
import { HttpProblem } from './problem.js';
import type { Change } from './services.js';
import { assertSees } from './sight.js';

export interface HookParts {
  engine: TaskEngine;
  hooks: readonly Hook[];
  audit: (who: Principal, change: Change) => Promise<void>;
}

interface Answered {
  success: boolean;
  message: string;
  executionId?: string;
}

/** @param prefix of their addresses */
export async function receiveHooks(
  app: FastifyInstance,
  prefix: string,
  parts: HookParts,
): Promise<void> {
  await app.register(async (scope) => {
    // The signature is of the bytes as they came.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
    scope.post(`${prefix}/hooks/:name`, { schema: { hide: true } }, async (request, reply) =>
      reply.status(202).send(await received(request, parts)),
    );
  });
}

async function received(request: FastifyRequest, parts: HookParts): Promise<Answered> {
  const { name } = request.params as { name: string };
  const hook = parts.hooks.find((one) => one.name === name);
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const header = (field: string): string | undefined => {
    const value = request.headers[field];
    return typeof value === 'string' ? value : undefined;
  };
  const { id, refused } = hook
    ? signedBy(hook, { header, body, now: Date.now() })
    : { refused: 'there is no hook of this name' };
  if (!hook || id === undefined)
    throw new HttpProblem(401, 'UNAUTHENTICATED', `hook ${JSON.stringify(name)}: ${refused}`);
  return await act(hook, id, parsed(body), parts);
}

async function act(hook: Hook, id: string, body: Json, parts: HookParts): Promise<Answered> {
  const { engine, audit } = parts;
  const { name, project, when, pipeline, params, approval } = hook;
  const who: Principal = {
    ...{ kind: 'webhook', name: `webhook:${name}` },
    ...{ scope: 'run', projects: [project] },
  };
  if (when !== undefined && !isTrue(when, body))
    return { success: false, message: 'taken; the condition of the hook is not true for it' };
  if (pipeline !== undefined) {
    const { executionId, isNew } = await engine.scheduleTaskGraph(pipeline, {
      params: resolved(params as JsonObject, body) as Record<string, unknown>,
      ...{ project, requestId: deliveryKey(name, id) },
    });
    // The same delivery sent again has started nothing.
    if (isNew)
      await audit(who, { what: 'hook.start', target: executionId, details: { hook: name } });
    return { success: true, message: `started ${executionId}`, executionId };
  }
  const { execution, node, approved, note } = approval ?? { execution: '', node: '', approved: '' };
  const executionId = textOf(resolved(execution, body));
  await assertSees(engine, who, 'execution', executionId);
  const target = `${executionId}/${textOf(resolved(node, body))}`;
  const said = note === undefined ? {} : { note: textOf(resolved(note, body)) };
  const verb = isTrue(approved, body) ? 'approve' : 'deny';
  const { success, message } = await engine[verb](target, { by: who.name, ...said });
  if (success)
    await audit(who, { what: `node.${verb}`, target, details: { success, message, hook: name } });
  return { success, message, executionId };
}

const resolved = (template: Json, body: Json): Json =>
  parseTemplate(template, [], HOOK_VARIABLES).resolve({ body });
const isTrue = (expression: string, body: Json): boolean =>
  parseExpression(expressionSource(expression), HOOK_VARIABLES).evaluate({ body }) === true;
const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** The same delivery is the same execution; ids of others are of any length. */
const deliveryKey = (hook: string, id: string): string =>
  `hook-${createHash('sha256')
    .update(JSON.stringify([hook, id]))
    .digest('hex')}`;

/** @throws HttpProblem 422 */
function parsed(body: Buffer): Json {
  try {
    return JSON.parse(body.toString('utf8')) as Json;
  } catch {
    throw new HttpProblem(422, 'INPUT_INVALID', 'body: expected JSON');
  }
}
