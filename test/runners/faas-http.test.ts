/** What goes over the wire to a function behind an address, and what comes back. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { errorKinds, isRetriable } from '../../src/domain/classify.js';
import type { Json } from '../../src/domain/json.js';
import type { FaasSpec } from '../../src/domain/program.js';
import { FaasRunner } from '../../src/runners/faas.js';
import { StoppedError } from '../../src/runners/runner.js';
import { DEADLINE, faasRequest, thrownBy, type RequestParts } from '../support/faas-request.js';
import { startLoopback, type Loopback } from '../support/loopback.js';

interface Received {
  method: string | undefined;
  path: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}

/** What a test's function does with a request that has arrived whole. */
type Answer = (response: ServerResponse, request: Received) => void;

let target: Loopback;
let answer: Answer;
let received: Received[];
let runner: FaasRunner;
const idle = new AbortController().signal;

beforeAll(async () => {
  target = await startLoopback((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url: path, headers } = request;
      const one = { method, path, headers, body: Buffer.concat(chunks).toString('utf8') };
      received.push(one);
      answer(response, one);
    });
  });
});
afterAll(() => target.close());
beforeEach(() => {
  received = [];
  answer = (response) => response.end('null');
  runner = new FaasRunner({ allowPrivate: () => true });
});
afterEach(() => runner.close());

const call = (faas: Partial<FaasSpec> = {}, parts: RequestParts = {}, signal = idle) =>
  runner.run(faasRequest({ url: `${target.origin}/f?key=hush`, ...faas }, parts), { signal });
const failure = (faas?: Partial<FaasSpec>, parts?: RequestParts) => thrownBy(call(faas, parts));
const says =
  (status: number, body: string | Buffer, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, headers);
    response.end(body);
  };
const worthRetry = (error: unknown) =>
  isRetriable(error, { neverRetryOn: [], unknownErrors: 'fail' });

describe('a call', () => {
  it('sends the input as JSON with what it is about', async () => {
    await call({}, { input: { text: 'žluť 👩‍👩‍👧', n: [1.5] } });
    expect(received).toHaveLength(1);
    const [{ method, path, headers, body } = { headers: {} }] = received as [Received];
    expect([method, path]).toEqual(['POST', '/f?key=hush']);
    expect(JSON.parse(body as string)).toEqual({ text: 'žluť 👩‍👩‍👧', n: [1.5] });
    expect(headers).toMatchObject({
      ...{ 'content-type': 'application/json', accept: 'application/json' },
      ...{ 'idempotency-key': 'order-7/charge', 'tempograph-attempt': '2' },
      'tempograph-deadline': DEADLINE.toISOString(),
      ...{ 'tempograph-task-id': 'order-7/charge', 'tempograph-workflow-id': 'order-7' },
    });
    expect(headers).not.toHaveProperty('traceparent');
  });

  it('sends other headers and secrets, and ours over them', async () => {
    await call(
      {
        method: 'PUT',
        headers: { 'X-Shop': 'a', 'Idempotency-Key': 'mine', 'Content-Type': 'text/x' },
        secretHeaders: { Authorization: 'TOKEN' },
      },
      { env: { TOKEN: 'Bearer s3cret' } },
    );
    expect(received[0]).toMatchObject({
      method: 'PUT',
      headers: {
        ...{ 'x-shop': 'a', authorization: 'Bearer s3cret', 'content-type': 'text/x' },
        'idempotency-key': 'order-7/charge',
      },
    });
  });

  it('writes ids of any characters so that no two become the same', async () => {
    const keys = ['a b', 'a%20b', 'žluť', '"', 'a\r\nEvil: 1', '\ud800'];
    for (const idempotencyKey of keys) await call({}, { context: { idempotencyKey } });
    expect(received.map(({ headers }) => headers['idempotency-key'])).toEqual([
      ...['a%20b', 'a%2520b', '%C5%BElu%C5%A5', '%22', 'a%0D%0AEvil:%201', '%EF%BF%BD'],
    ]);
    expect(received.every(({ headers }) => !('evil' in headers))).toBe(true);
  });

  it('hands on the trace that it runs in', async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    try {
      const span = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };
      await context.with(trace.setSpanContext(context.active(), span), () => call());
      expect(received[0]?.headers['traceparent']).toBe(`00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`);
    } finally {
      context.disable();
    }
  });

  it.each<[string, Partial<FaasSpec>]>([
    ['a secret that is not there', { secretHeaders: { Authorization: 'TOKEN' } }],
    ['a secret with the name of something inherited', { secretHeaders: { A: 'constructor' } }],
    ['a header that cannot be sent', { headers: { 'X-Bad': 'a\r\nb' } }],
    ["a length that is not the body's", { headers: { 'Content-Length': '3' } }],
  ])('is refused with CONFIGURATION: %s', async (_name, faas) => {
    expect(await failure(faas)).toMatchObject({ code: 'CONFIGURATION' });
    expect(received).toEqual([]);
  });
});

describe('the output', () => {
  it.each<[string, number, string, Json]>([
    ['an object', 200, '{"rows": 3, "__proto__": [1]}', JSON.parse('{"rows":3,"__proto__":[1]}')],
    ['unicode', 200, '"žluť 中文 👩‍👩‍👧 \\u0000"', 'žluť 中文 👩‍👩‍👧 \u0000'],
    ['nothing', 200, '', null],
    ['no content', 204, '', null],
    ['of another success', 201, '7', 7],
    ['false', 200, 'false', false],
  ])('is the JSON of the body: %s', async (_name, status, body, output) => {
    answer = says(status, body);
    expect((await call()).output).toEqual(output);
  });

  it('may have 5 MB, and so may the input', async () => {
    const text = 'ž'.repeat(2_500_000);
    answer = (response, { body }) => response.end(body);
    expect((await call({}, { input: text })).output).toBe(text);
  });

  it.each<[string, string | Buffer]>([
    ['text', 'all is well'],
    ['cut JSON', '{"a": 1'],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['a page', '<html></html>'],
  ])('is refused with OUTPUT_INVALID and not tried again: %s', async (_name, body) => {
    answer = says(200, body, { 'content-type': 'application/json' });
    const error = await failure();
    expect(error).toMatchObject({ code: 'OUTPUT_INVALID' });
    expect(worthRetry(error)).toBe(false);
  });

  it('has exactly as many bytes as it may, or one too many', async () => {
    answer = says(200, '"12345678"');
    expect((await call({}, { maxOutputBytes: 10 })).output).toBe('12345678');
    expect(await failure({}, { maxOutputBytes: 9 })).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      details: { resource: 'output' },
    });
  });

  it('that never ends is not received for ever: the connection is closed', async () => {
    const gone = new Promise<void>((resolve) => {
      answer = (response) => {
        response.on('close', resolve);
        const more = (): void => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
          if (!response.destroyed) response.once('drain', more);
        };
        more();
      };
    });
    expect(await failure({}, { maxOutputBytes: 1_000_000 })).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
    });
    await gone;
  });

  it('comes with where it ran and what was in force', async () => {
    const { metrics, enforced } = await call();
    expect(metrics).toMatchObject({ environmentId: target.origin });
    expect(Date.parse(metrics.endTime) - Date.parse(metrics.startTime)).toBe(metrics.durationMs);
    expect(enforced).toMatchObject({
      ...{ time: 'request', output: 'bytes', termination: 'none', network: 'provider' },
    });
  });
});

describe('a failure', () => {
  it.each([408, 425, 429, 500, 502, 503, 504])('of status %d is worth a retry', async (status) => {
    answer = says(status, 'not now', { 'retry-after': '7' });
    const error = await failure();
    expect(error).toMatchObject({ code: `HTTP_${status}`, retriable: true, retryAfterMs: 7_000 });
    expect(String(error)).toContain('/f answered');
    expect(String(error)).not.toContain('hush');
  });

  it('may say when to come again by a date', async () => {
    answer = says(503, '', { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() });
    const { retryAfterMs } = (await failure()) as { retryAfterMs: number };
    expect(retryAfterMs).toBeGreaterThan(3_500_000);
  });

  it.each([400, 409, 410, 422, 501])('of status %d is final', async (status) => {
    answer = says(status, 'no');
    const error = await failure();
    expect(error).toMatchObject({ code: `HTTP_${status}`, retriable: false });
    expect(worthRetry(error)).toBe(false);
  });

  it.each([
    [401, /access denied/],
    [403, /access denied/],
    [404, /no such function/],
  ])('of status %d is a matter of configuration', async (status, message) => {
    answer = says(status, '{"message": "Forbidden"}');
    const error = await failure();
    expect(error).toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringMatching(message) as string,
    });
  });

  it.each<[string, number, Json, object]>([
    [
      'code, message, stack and details',
      500,
      {
        error: { message: 'the card is stolen', code: 'CARD', stack: 'CARD: at pay', details: [1] },
      },
      {
        code: 'CARD',
        message: 'the card is stolen',
        stack: 'CARD: at pay',
        retriable: true,
        details: [1],
      },
    ],
    [
      'that it is final',
      503,
      { error: { message: 'closed', code: 'SHUT', retriable: false } },
      { code: 'SHUT', retriable: false },
    ],
    [
      'that it is final, without a code',
      503,
      { error: { message: 'closed', retriable: false } },
      { code: 'NON_RETRIABLE' },
    ],
    [
      'that it may be tried again',
      422,
      { error: { message: 'soon', retriable: true } },
      { code: 'HTTP_422', retriable: true },
    ],
    [
      'its own word for 404',
      404,
      { error: { message: 'no such customer', code: 'NO_CUSTOMER' } },
      { code: 'NO_CUSTOMER', retriable: false },
    ],
    [
      'the form of Lambda',
      502,
      {
        errorType: 'ValueError',
        errorMessage: 'negative',
        stackTrace: ['  File "f.py", line 3\n', '  raise\n'],
      },
      {
        code: 'ValueError',
        message: 'negative',
        stack: 'ValueError: negative\n  File "f.py", line 3\n  raise',
        retriable: true,
      },
    ],
  ])('says of itself: %s', async (_name, status, body, expected) => {
    answer = says(status, JSON.stringify(body));
    const error = await failure();
    expect(error).toMatchObject(expected);
    const { retriable } = expected as { retriable?: boolean };
    expect(worthRetry(error)).toBe(retriable ?? false);
  });

  it.each<[string, Json]>([
    ['a code that is no name', { error: { message: 'x', code: 'a\nb' } }],
    ['a numeric code', { error: { message: 'x', code: 500 } }],
    ['a message that is none', { error: { message: {} } }],
    ['an array', [{ error: { message: 'x' } }]],
  ])('keeps the code of its status where the body has %s', async (_name, body) => {
    answer = says(500, JSON.stringify(body));
    expect(await failure()).toMatchObject({ code: 'HTTP_500' });
  });

  it('reads only the beginning of a long body', async () => {
    answer = says(500, 'x'.repeat(3_000_000));
    const { message } = (await failure({}, { maxOutputBytes: 10 })) as Error;
    expect(message.length).toBeLessThan(500);
  });

  it.each([301, 302, 307, 308])('is a redirect, %d, which is not followed', async (status) => {
    answer = says(status, '', { location: 'https://elsewhere.example/f?token=hush' });
    const error = await failure({ secretHeaders: { A: 'T' } }, { env: { T: 'x' } });
    expect(error).toMatchObject({ code: 'CONFIGURATION' });
    expect(String(error)).toContain('https://elsewhere.example/f');
    expect(String(error)).not.toContain('hush');
    expect(received).toHaveLength(1);
  });

  it('is a socket that was dropped before the answer', async () => {
    answer = (response) => response.destroy();
    const error = await failure();
    expect(errorKinds(error)).toContain('ECONNRESET');
    expect(error).toMatchObject({ code: 'ECONNRESET', retriable: true });
  });

  it('is a socket that was dropped within the answer', async () => {
    answer = (response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"a":', () => response.destroy());
    };
    expect(await failure()).toMatchObject({ code: 'ECONNRESET', retriable: true });
  });

  it('is a connection that is refused', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    expect(await failure({ url: `http://127.0.0.1:${port}/` })).toMatchObject({
      code: 'ECONNREFUSED',
      retriable: true,
    });
  });

  it('is an answer that is no HTTP', async () => {
    const server = createServer((socket) => socket.resume().end('hello\r\n\r\n')).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(String(await failure({ url: `http://127.0.0.1:${port}/` }))).toContain('faas:');
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('stopping', () => {
  it.each<[string, (response: ServerResponse) => void]>([
    ['before the answer begins', () => undefined],
    ['within the answer', (response) => response.write('{"a":')],
  ])('gives up the request %s, and says that the function may go on', async (_name, begin) => {
    const stop = new AbortController();
    const gone = new Promise<void>((resolve) => {
      answer = (response) => {
        response.on('close', resolve);
        begin(response);
        stop.abort();
      };
    });
    const error = await thrownBy(call({}, {}, stop.signal));
    expect(error).toBeInstanceOf(StoppedError);
    expect(String(error)).toContain('the function may go on');
    await gone;
  });

  it('sends nothing once it was asked', async () => {
    expect(await thrownBy(call({}, {}, AbortSignal.abort()))).toBeInstanceOf(StoppedError);
    expect(received).toEqual([]);
  });

  it('closes what runs, and takes no more', async () => {
    let error: Promise<unknown> | undefined;
    await new Promise<void>((arrived) => {
      answer = () => arrived();
      error = failure();
    });
    await Promise.all([runner.close(), runner.close()]);
    expect(await error).toBeInstanceOf(StoppedError);
    expect(await failure()).toBeInstanceOf(StoppedError);
    expect(received).toHaveLength(1);
  });
});

it('runs no handler', async () => {
  const { program: _program, ...request } = faasRequest({ url: target.origin });
  expect(await thrownBy(runner.run(request, { signal: idle }))).toMatchObject({
    code: 'CONFIGURATION',
  });
  expect(await runner.check()).toEqual([]);
});
