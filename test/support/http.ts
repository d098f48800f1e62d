/** The HTTP server over a harness, and calls of it as a program makes them. */
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { HttpProblem } from '../../src/http/problem.js';
import { startHttpServer, type HttpOptions, type HttpServer } from '../../src/http/server.js';
import type { Harness } from './engine.js';

export interface Answered<T = Record<string, unknown>> {
  status: number;
  headers: Headers;
  json: T;
}

export interface HttpScene {
  server: HttpServer;
  url: string;
  /** Below `/api/v1`. */
  call<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answered<T>>;
  stop(): Promise<void>;
}

export async function startHttp(
  harness: Harness,
  options: Partial<HttpOptions> = {},
): Promise<HttpScene> {
  const server = await startHttpServer({
    engine: harness.engine,
    port: 0,
    facts: { webUi: null, namespace: 'default' },
    logger: harness.log,
    ratePerMinute: 100_000,
    checkAnswers: true,
    ...options,
  });
  return {
    server,
    url: server.url,
    call: async <T>(
      method: string,
      path: string,
      body?: unknown,
      headers: Record<string, string> = {},
    ) => {
      const response = await fetch(`${server.url}/api/v1${path}`, {
        method,
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined
          ? {}
          : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const json = (await response.json()) as T;
      return { status: response.status, headers: response.headers, json };
    },
    stop: () => server.close(),
  };
}

export interface Message {
  event: string;
  id?: string;
  data: Record<string, unknown>;
}

/** Reads a stream of server-sent events until it ends, or until `enough` says so. */
export async function readStream(
  url: string,
  enough: (message: Message) => boolean = () => false,
  headers: Record<string, string> = {},
): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of messagesOf(url, headers)) {
    messages.push(message);
    if (enough(message)) break; // and the stream is given up
  }
  return messages;
}

/** The messages of a stream as they come, until the one that says its end. @throws where the answer is no stream, or it breaks off */
export async function* messagesOf(
  url: string,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): AsyncGenerator<Message> {
  const response = await fetch(url, { headers, ...(signal ? { signal } : {}) });
  if (!response.ok || !response.body)
    throw new Error(`${response.status} ${await response.text()}`);
  const messages = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream());
  for await (const { event = 'message', id, data } of messages) {
    if (event === 'end') return;
    yield { event, ...(id === undefined ? {} : { id }), data: JSON.parse(data) as Message['data'] };
  }
}

/** Callers by the token that they send, each of scope `admin` unless it is said otherwise: null for all projects. */
export function callers(
  projects: Readonly<Record<string, readonly string[] | null>>,
): NonNullable<HttpOptions['authenticate']> {
  return async (header) => {
    const token = header?.replace('Bearer ', '') ?? '';
    const of = projects[token];
    if (of === undefined) throw new HttpProblem(401, 'UNAUTHENTICATED', 'no such key');
    return { kind: 'key', name: `key:${token}`, scope: 'admin', projects: of };
  };
}

/** The path of an execution, or of something of it. */
export const pathOf = (id: string, rest = ''): string =>
  `/executions/${encodeURIComponent(id)}${rest}`;

/** Starts what a body says. @returns its id @throws Error with the answer where it was refused */
export async function submitted(
  http: HttpScene,
  body: object,
  headers: Record<string, string> = {},
): Promise<string> {
  const { status, json } = await http.call('POST', '/executions', body, headers);
  if (status !== 201) throw new Error(JSON.stringify(json));
  return json['executionId'] as string;
}

/** Resolves when an execution has ended. */
export async function endOf(http: HttpScene, id: string): Promise<void> {
  await readStream(`${http.url}/api/v1${pathOf(id, '/watch')}`);
}
