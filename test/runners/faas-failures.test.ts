/** How a call of a function fails: by its status, by what it says of itself, and on the way. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import fc from 'fast-check';
import { errorKinds, isRetriable } from '../../src/domain/classify.js';
import type { Json } from '../../src/domain/json.js';
import { answerError } from '../../src/runners/faas-errors.js';
import { FaasTarget, says } from '../support/faas-target.js';

let target: FaasTarget;
beforeAll(async () => void (target = await FaasTarget.start()));
afterAll(() => target.stop());
beforeEach(() => target.reset());

const worthRetry = (error: unknown) =>
  isRetriable(error, { neverRetryOn: [], unknownErrors: 'fail' });

describe('a failure', () => {
  it.each([408, 425, 429, 500, 502, 503, 504])('of status %d is worth a retry', async (status) => {
    target.answer = says(status, 'not now', { 'retry-after': '7' });
    const error = await target.failure();
    expect(error).toMatchObject({ code: `HTTP_${status}`, retriable: true, retryAfterMs: 7_000 });
    expect(String(error)).toContain('/f answered');
    expect(String(error)).not.toContain('hush');
  });

  it('may say when to come again by a date', async () => {
    target.answer = says(503, '', {
      'retry-after': new Date(Date.now() + 3_600_000).toUTCString(),
    });
    const { retryAfterMs } = (await target.failure()) as { retryAfterMs: number };
    expect(retryAfterMs).toBeGreaterThan(3_500_000);
  });

  it.each([400, 409, 410, 422, 501])('of status %d is final', async (status) => {
    target.answer = says(status, 'no');
    const error = await target.failure();
    expect(error).toMatchObject({ code: `HTTP_${status}`, retriable: false });
    expect(worthRetry(error)).toBe(false);
  });

  it.each([
    [401, /access denied/],
    [403, /access denied/],
    [404, /no such function/],
  ])('of status %d is a matter of configuration', async (status, message) => {
    target.answer = says(status, '{"message": "Forbidden"}');
    const error = await target.failure();
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
    target.answer = says(status, JSON.stringify(body));
    const error = await target.failure();
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
    target.answer = says(500, JSON.stringify(body));
    expect(await target.failure()).toMatchObject({ code: 'HTTP_500' });
  });

  it('reads only the beginning of a long body', async () => {
    target.answer = says(500, 'x'.repeat(3_000_000));
    const { message } = (await target.failure({}, { maxOutputBytes: 10 })) as Error;
    expect(message.length).toBeLessThan(500);
  });

  it.each([301, 302, 307, 308])('is a redirect, %d, which is not followed', async (status) => {
    target.answer = says(status, '', { location: 'https://elsewhere.example/f?token=hush' });
    const error = await target.failure({ secretHeaders: { A: 'T' } }, { env: { T: 'x' } });
    expect(error).toMatchObject({ code: 'CONFIGURATION' });
    expect(String(error)).toContain('https://elsewhere.example/f');
    expect(String(error)).not.toContain('hush');
    expect(target.received).toHaveLength(1);
  });

  it('is a socket that was dropped before the answer', async () => {
    target.answer = (response) => response.destroy();
    const error = await target.failure();
    expect(errorKinds(error)).toContain('ECONNRESET');
    expect(error).toMatchObject({ code: 'ECONNRESET', retriable: true });
  });

  it('is a socket that was dropped within the answer', async () => {
    target.answer = (response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"a":', () => response.destroy());
    };
    expect(await target.failure()).toMatchObject({ code: 'ECONNRESET', retriable: true });
  });

  it('is a connection that is refused', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    expect(await target.failure({ url: `http://127.0.0.1:${port}/` })).toMatchObject({
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
    expect(String(await target.failure({ url: `http://127.0.0.1:${port}/` }))).toContain('faas:');
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('answerError', () => {
  it('makes an error of any answer', () => {
    const body = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .record({
          error: fc.record(
            { message: fc.jsonValue(), code: fc.jsonValue(), retriable: fc.jsonValue() },
            { requiredKeys: [] },
          ),
        })
        .map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 599 }), body, (status, text) => {
        const error = answerError({ from: 'f', status, text, retryAfter: undefined });
        expect(error).toBeInstanceOf(Error);
        expect((error as { code?: unknown }).code).toMatch(/^[\w.:-]+$/);
      }),
    );
  });
});
