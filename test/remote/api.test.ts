import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Api } from '../../src/remote/api.js';

type Answer = (request: IncomingMessage, response: ServerResponse, call: number) => void;

describe('Api', () => {
  const servers: Server[] = [];
  afterAll(() => servers.forEach((server) => void server.close()));

  /** A server that answers as it is told, and what was asked of it. */
  async function serve(answer: Answer) {
    const asked: IncomingMessage[] = [];
    const server = createServer((request, response) => {
      asked.push(request);
      answer(request, response, asked.length);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { url, asked, api: new Api({ url, key: 'tg_key' }) };
  }
  const problem =
    (status: number, body: object): Answer =>
    (_request, response) =>
      void response
        .writeHead(status, { 'content-type': 'application/problem+json' })
        .end(JSON.stringify({ type: 'about:blank', title: 't', status, requestId: 'r', ...body }));
  const json =
    (value: unknown): Answer =>
    (_request, response) =>
      void response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify(value));

  it('sends the key, and writes ids with slashes as one segment', async () => {
    const { api, asked } = await serve(json({ ok: true }));
    await api.get('/executions/a%2Fb', { tag: ['x', 'y'], none: undefined });
    expect(asked[0]?.url).toBe('/api/v1/executions/a%2Fb?tag=x&tag=y');
    expect(asked[0]?.headers.authorization).toBe('Bearer tg_key');
  });

  it('sends nothing that is nested too deep to be written, and says the limit', async () => {
    const { api, asked } = await serve(json({}));
    const deep = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`) as unknown;
    await expect(api.post('/executions', { task: 'echo', input: deep })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: 'what is sent is nested too deep; the limit is 64 levels',
    });
    expect(asked).toEqual([]);
  });

  it('follows no redirect, and names where it leads', async () => {
    const other = await serve(json({ stolen: true }));
    const { api } = await serve(
      (_request, response) => void response.writeHead(302, { location: `${other.url}/x` }).end(),
    );
    await expect(api.get('/meta')).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining(`leads to ${other.url}/x`) as string,
    });
    expect(other.asked).toEqual([]);
  });

  it.each([
    [
      404,
      { code: 'NOT_FOUND', detail: 'no such' },
      { name: 'TaskError', code: 'NOT_FOUND', message: 'no such' },
    ],
    [
      409,
      { code: 'STATE', detail: 'not now' },
      { name: 'TaskStateError', code: 'STATE', message: 'not now' },
    ],
    [429, { code: 'RATE_LIMITED', detail: 'slower' }, { code: 'UNREACHABLE', message: 'slower' }],
    [
      400,
      { code: 'BAD_REQUEST', detail: 'limit: …' },
      { code: 'CONFIGURATION', message: 'limit: …' },
    ],
    [500, { code: 'NEVER_HEARD_OF', detail: 'odd' }, { code: 'ENGINE', message: 'odd' }],
    [
      422,
      {
        code: 'SPEC_INVALID',
        detail: 'pipeline refused, 1 fault:\n  tasks: x',
        faults: [{ path: 'tasks', code: 'MISSING', message: 'x' }],
      },
      {
        name: 'SpecInvalidError',
        message: 'pipeline refused, 1 fault:\n  tasks: x',
        faults: [{ path: 'tasks', code: 'MISSING', message: 'x' }],
      },
    ],
  ])('throws what a problem of status %i is of', async (status, body, expected) => {
    const { api } = await serve(problem(status, body));
    await expect(api.get('/meta')).rejects.toMatchObject(expected);
  });

  it.each([[200], [404], [502]])('takes a page with status %i for no answer', async (status) => {
    const { api, url } = await serve(
      (_request, response) =>
        void response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>Hello</h1>'),
    );
    await expect(api.get('/meta')).rejects.toThrow(
      `${url} answered ${status} with text/html, as no HTTP API of Tempograph does`,
    );
  });

  it('says UNREACHABLE, and why, where nobody listens', async () => {
    const api = new Api({ url: 'http://127.0.0.1:1', key: undefined });
    await expect(api.get('/meta')).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringMatching(
        /cannot reach the server at http:\/\/127.0.0.1:1: .*(ECONNREFUSED|bad port)/,
      ) as string,
    });
  });

  it.each([
    ['breaks off', (response: ServerResponse) => response.destroy()],
    ['ends without saying so', (response: ServerResponse) => response.end()],
  ])('comes back to a stream that %s, with the last id, until its end', async (_how, cut) => {
    const { api, asked } = await serve((_request, response, call) => {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      if (call > 1) return void response.end('id: 2\ndata: b\n\nevent: end\ndata: null\n\n');
      response.write('retry: 1\n\nid: 1\ndata: a\n\n', () => cut(response));
    });
    const seen: string[] = [];
    for await (const { data } of api.messages('/events')) seen.push(data);
    expect(seen).toEqual(['a', 'b']);
    expect(asked.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '1']);
  });

  it('ends a stream with the error that the server tells in it', async () => {
    const { api } = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end('event: error\ndata: {"code":"STORE","detail":"the store is gone"}\n\n');
    });
    const reading = (async () => {
      for await (const _ of api.messages('/events')) continue;
    })();
    await expect(reading).rejects.toMatchObject({ code: 'STORE', message: 'the store is gone' });
  });
});
