/** The built-in task `http`: one request, its answer checked. Safe against server-side request forgery. */
import { request as send, type Agent } from 'undici';
import { z } from 'zod';
import { byName } from '../domain/by-name.js';
import { NonRetriableError, TaskError } from '../domain/errors.js';
import type { Json } from '../domain/json.js';
import { httpError } from '../net/http-error.js';
import { checkHost, guardedAgent, isPublicAddress, privateAllowed } from '../net/safe-http.js';
import { defineTask } from '../registry.js';

const MAX_BODY_BYTES = 8 * 1_024 * 1_024;

const Input = z.strictObject({
  url: z.url({ protocol: /^https?$/, error: 'must be an http or https address' }),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
  headers: byName(z.string(), z.string()).default({}),
  /** Sent as JSON unless it is a string. */
  body: z.unknown().optional(),
  /** JSON Schema that the answer's body has to meet. */
  schema: byName(z.string(), z.unknown()).optional(),
  /** Statuses that count as success. Default 200 to 299. */
  expect: z.array(z.int().min(100).max(599)).optional(),
});

const allowed = (address: string): boolean => privateAllowed() || isPublicAddress(address);

function refusal(host: string, address: string): TaskError {
  return new TaskError(
    'CONFIGURATION',
    `http: ${host} is ${address}, which is no public address; a worker with TEMPOGRAPH_HTTP_ALLOW_PRIVATE=1 may reach it`,
  );
}

const RULE = { allowed, refusal };
let agent: Agent | undefined;

export const httpTask = defineTask({
  name: 'http',
  description:
    'Sends { method, url, headers, body } and gives { status, headers, body }. Redirects are not followed.',
  input: Input,
  timeout: '1m',
  run: async ({ url, method, headers, body, schema, expect }, { signal, idempotencyKey }) => {
    checkHost(url, RULE);
    agent ??= guardedAgent(RULE);
    const answer = await send(url, {
      dispatcher: agent,
      method,
      signal,
      headers: {
        accept: 'application/json',
        'idempotency-key': idempotencyKey,
        ...jsonType(body),
        ...headers,
      },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await readText(answer.body, url);
    const status = answer.statusCode;
    if (!(expect ? expect.includes(status) : status >= 200 && status < 300))
      throw httpError(
        `http: ${url} answered ${status}: ${text.slice(0, 300)}`,
        status,
        answer.headers['retry-after'],
      );
    const parsed = parseBody(text, String(answer.headers['content-type'] ?? ''));
    if (schema) checkAnswer(schema, parsed, url);
    return { status, headers: flatHeaders(answer.headers), body: parsed };
  },
});

const jsonType = (body: unknown): Record<string, string> =>
  body === undefined || typeof body === 'string' ? {} : { 'content-type': 'application/json' };

async function readText(body: AsyncIterable<Buffer>, url: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES)
      throw new TaskError(
        'TOO_LARGE',
        `http: the answer of ${url} is over ${MAX_BODY_BYTES} bytes`,
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseBody(text: string, type: string): Json {
  if (!/\bjson\b/i.test(type)) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function checkAnswer(schema: Record<string, unknown>, body: Json, url: string): void {
  const parsed = z.fromJSONSchema(schema).safeParse(body);
  if (parsed.success) return;
  const issues = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`,
  );
  throw new NonRetriableError(
    `http: the answer of ${url} does not meet the schema: ${issues.join('; ')}`,
  );
}

function flatHeaders(
  headers: Record<string, string | string[] | undefined>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    ),
  );
}
