/**
 * An engine that is none: answers Docker's HTTP API from a table of routes and keeps what it was asked. For what no
 * real engine says when it is told to, and for machines without one.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack, type Headers } from 'tar-stream';

export interface Asked {
  method: string;
  path: string;
  query: Record<string, string>;
  body: Buffer;
  headers: IncomingMessage['headers'];
}

/** JSON, a line of JSON for each, bytes, or whatever the function does with the response. */
export interface Answer {
  status?: number;
  json?: unknown;
  lines?: unknown[];
  bytes?: Buffer;
  respond?: (response: ServerResponse) => void;
}

export type Routes = Record<string, Answer | ((asked: Asked) => Answer)>;

export interface FakeEngine {
  socketPath: string;
  asked: Asked[];
  /** What was asked of routes that begin so, such as `POST /containers/create`. */
  of(route: string): Asked[];
  /** Routes by `METHOD /path`, with `*` for one part of the path; the first that fits answers. */
  routes: Routes;
  stop(): Promise<void>;
}

/** One frame of standard output (1) or error (2). */
export function frame(stream: 1 | 2, text: string | Buffer): Buffer {
  const body = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]);
}

export async function tarOf(entries: (Headers & { content?: string })[]): Promise<Buffer> {
  const archive = pack();
  for (const { content, ...headers } of entries) archive.entry(headers, content ?? '');
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export const INFO = {
  CgroupVersion: '2',
  MemoryLimit: true,
  SwapLimit: true,
  CpuCfsQuota: true,
  PidsLimit: true,
  SecurityOptions: ['name=apparmor', 'name=seccomp,profile=default'],
};
export const IMAGE = {
  Id: 'sha256:aaaa',
  RepoDigests: ['other@sha256:1111', 'busy@sha256:bbbb'],
  Config: { Volumes: { '/data': {} } },
};
export const ENDED = {
  Name: '',
  State: {
    ExitCode: 0,
    OOMKilled: false,
    StartedAt: '2026-01-01T00:00:00.5Z',
    FinishedAt: '2026-01-01T00:00:02Z',
  },
  Mounts: [{ Destination: '/tempograph', Name: 'volume-1', Source: '/nowhere/volume-1' }],
};

/** The name that the container was made with. */
export function madeName(engine: FakeEngine): string {
  return `/${engine.of('POST /containers/create')[0]?.query['name'] ?? ''}`;
}

/** A whole life of a container that ends well. Overwrite what a test is about. */
export async function wholeLife(engine: () => FakeEngine): Promise<Routes> {
  const out = await tarOf([
    { name: 'out/', type: 'directory' },
    { name: 'out/artifacts/', type: 'directory' },
    { name: 'out/artifacts/a.txt', content: 'kept' },
    { name: 'out/output.json', content: '{"ok":true}' },
  ]);
  return {
    'GET /version': { json: { Version: '99.0', ApiVersion: '1.52', Components: [] } },
    'GET /info': { json: INFO },
    'GET /_ping': { bytes: Buffer.from('OK') },
    'GET /containers/json': { json: [] },
    'GET /images/*/json': { json: IMAGE },
    'POST /containers/create': { status: 201, json: { Id: 'c'.repeat(64), Warnings: [] } },
    'PUT /containers/*/archive': { json: {} },
    'POST /containers/*/attach': { bytes: Buffer.concat([frame(1, 'said'), frame(2, 'moaned')]) },
    'POST /containers/*/start': { status: 204 },
    'GET /containers/*/stats': { lines: [] },
    'GET /system/df': { json: { Volumes: [] } },
    'POST /containers/*/wait': { json: { StatusCode: 0 } },
    'GET /containers/*/json': () => ({ json: { ...ENDED, Name: madeName(engine()) } }),
    'GET /containers/*/archive': { bytes: out },
    'POST /containers/*/kill': { status: 204 },
    'POST /containers/*/rename': { status: 204 },
    'DELETE /containers/*': { status: 204 },
  };
}

export async function startFakeEngine(routes: Routes = {}): Promise<FakeEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'tempograph-fake-engine-'));
  const socketPath = join(folder, 'e.sock');
  const asked: Asked[] = [];
  const engine: FakeEngine = {
    socketPath,
    asked,
    routes,
    of: (route) => asked.filter(({ method, path }) => `${method} ${path}`.startsWith(route)),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
  const server = createServer((request, response) => void answer(engine, request, response));
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return engine;
}

async function answer(
  engine: FakeEngine,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? '/', 'http://engine');
  const asked: Asked = {
    method: request.method ?? '',
    path: decodeURIComponent(url.pathname).replace(/^\/v\d[\d.]*/, ''),
    query: Object.fromEntries(url.searchParams),
    body: Buffer.concat(chunks),
    headers: request.headers,
  };
  engine.asked.push(asked);
  const [, found] =
    Object.entries(engine.routes).find(([route]) => fits(route, asked.method, url.pathname)) ?? [];
  const said: Answer =
    typeof found === 'function'
      ? found(asked)
      : (found ?? { status: 404, json: { message: `no route for ${asked.method} ${asked.path}` } });
  if (said.respond) return said.respond(response);
  const body =
    said.bytes ??
    (said.lines === undefined
      ? JSON.stringify(said.json ?? '')
      : said.lines.map((line) => `${JSON.stringify(line)}\r\n`).join(''));
  response.writeHead(said.status ?? 200, {
    'content-type': said.bytes ? 'application/octet-stream' : 'application/json',
  });
  response.end(said.status === 204 ? undefined : body);
}

function fits(route: string, method: string, path: string): boolean {
  const pattern = route.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '[^/]+');
  return new RegExp(`^${pattern}$`).test(`${method} ${path.replace(/^\/v\d[\d.]*/, '')}`);
}
