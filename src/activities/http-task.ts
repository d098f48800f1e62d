/**
 * The built-in task `http`: one request, its answer checked. Safe against server-side request forgery: the address is
 * looked up here, and the connection goes to what was looked up, so a name cannot change its mind in between.
 */
import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Agent, request as send } from 'undici';
import { z } from 'zod';
import { NonRetriableError, TaskError } from '../domain/errors.js';
import type { Json } from '../domain/json.js';
import { defineTask } from '../registry.js';

const MAX_BODY_BYTES = 8 * 1_024 * 1_024;

const Input = z.strictObject({
  url: z.url({ protocol: /^https?$/, error: 'must be an http or https address' }),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
  headers: z.record(z.string(), z.string()).default({}),
  /** Sent as JSON unless it is a string. */
  body: z.unknown().optional(),
  /** JSON Schema that the answer's body has to meet. */
  schema: z.record(z.string(), z.unknown()).optional(),
  /** Statuses that count as success. Default 200 to 299. */
  expect: z.array(z.int().min(100).max(599)).optional(),
});

/** Addresses that a task may not reach: this machine, private and link-local networks, and what is no unicast address. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  return ipaddr.process(address).range() === 'unicast';
}

const guardedLookup: LookupFunction = (hostname, options, callback) => {
  dnsLookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error) return callback(error, '', 0);
    const refused = addresses.find(({ address }) => !allowed(address));
    if (refused) return callback(refusal(hostname, refused.address), '', 0);
    const [first] = addresses;
    if (options.all) return callback(null, addresses, 0);
    return callback(null, first?.address ?? '', first?.family ?? 4);
  });
};

/** `TEMPOGRAPH_HTTP_ALLOW_PRIVATE=1` on a worker lets its tasks reach private addresses. */
const allowed = (address: string): boolean =>
  process.env['TEMPOGRAPH_HTTP_ALLOW_PRIVATE'] === '1' || isPublicAddress(address);

function refusal(host: string, address: string): TaskError {
  return new TaskError(
    'CONFIGURATION',
    `http: ${host} is ${address}, which is no public address; a worker with TEMPOGRAPH_HTTP_ALLOW_PRIVATE=1 may reach it`,
  );
}

let agent: Agent | undefined;

export const httpTask = defineTask({
  name: 'http',
  description:
    'Sends { method, url, headers, body } and gives { status, headers, body }. Redirects are not followed.',
  input: Input,
  timeout: '1m',
  run: async ({ url, method, headers, body, schema, expect }, { signal, idempotencyKey }) => {
    const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) && !allowed(host)) throw refusal(host, host);
    agent ??= new Agent({ connect: { lookup: guardedLookup } });
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
      throw httpError(url, status, text, answer.headers['retry-after']);
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

function httpError(url: string, status: number, text: string, retryAfter: unknown): Error {
  const error = new Error(`http: ${url} answered ${status}: ${text.slice(0, 300)}`);
  const afterMs = retryAfterMs(retryAfter);
  const retriable = [408, 425, 429, 500, 502, 503, 504].includes(status);
  return Object.assign(error, {
    name: 'HttpError',
    code: `HTTP_${status}`,
    retriable,
    ...(afterMs === undefined ? {} : { retryAfterMs: afterMs }),
  });
}

/** Retry-After is seconds or a date (RFC 9110, 10.2.3). */
function retryAfterMs(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1_000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
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
