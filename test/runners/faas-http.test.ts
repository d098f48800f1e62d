/** What goes over the wire to a function behind an address, and what comes back. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import fc from 'fast-check';
import { isRetriable } from '../../src/domain/classify.js';
import type { Json } from '../../src/domain/json.js';
import type { FaasSpec } from '../../src/domain/program.js';
import { headerText } from '../../src/runners/faas-call.js';
import { StoppedError } from '../../src/runners/runner.js';
import { DEADLINE, faasRequest, thrownBy } from '../support/faas-request.js';
import { FaasTarget, says, type Received } from '../support/faas-target.js';

let target: FaasTarget;
beforeAll(async () => void (target = await FaasTarget.start()));
afterAll(() => target.stop());
beforeEach(() => target.reset());

describe('a call', () => {
  it('sends the input as JSON with what it is about', async () => {
    await target.call({}, { input: { text: 'žluť 👩‍👩‍👧', n: [1.5] } });
    expect(target.received).toHaveLength(1);
    const [{ method, path, headers, body }] = target.received as [Received];
    expect([method, path]).toEqual(['POST', '/f?key=hush']);
    expect(JSON.parse(body)).toEqual({ text: 'žluť 👩‍👩‍👧', n: [1.5] });
    expect(headers).toMatchObject({
      ...{ 'content-type': 'application/json', accept: 'application/json' },
      ...{ 'idempotency-key': 'order-7/charge', 'tempograph-attempt': '2' },
      'tempograph-deadline': DEADLINE.toISOString(),
      ...{ 'tempograph-task-id': 'order-7/charge', 'tempograph-workflow-id': 'order-7' },
    });
    expect(headers).not.toHaveProperty('traceparent');
  });

  it('sends other headers and secrets, and ours over them', async () => {
    await target.call(
      {
        method: 'PUT',
        headers: { 'X-Shop': 'a', 'Idempotency-Key': 'mine', 'Content-Type': 'text/x' },
        secretHeaders: { Authorization: 'TOKEN' },
      },
      { env: { TOKEN: 'Bearer s3cret' } },
    );
    expect(target.received[0]).toMatchObject({
      method: 'PUT',
      headers: {
        ...{ 'x-shop': 'a', authorization: 'Bearer s3cret', 'content-type': 'text/x' },
        'idempotency-key': 'order-7/charge',
      },
    });
  });

  it('writes ids of any characters so that no two become the same', async () => {
    const keys = ['a b', 'a%20b', 'žluť', '"', 'a\r\nEvil: 1', '\ud800'];
    for (const idempotencyKey of keys) await target.call({}, { context: { idempotencyKey } });
    expect(target.received.map(({ headers }) => headers['idempotency-key'])).toEqual([
      ...['a%20b', 'a%2520b', '%C5%BElu%C5%A5', '%22', 'a%0D%0AEvil:%201', '%EF%BF%BD'],
    ]);
    expect(target.received.every(({ headers }) => !('evil' in headers))).toBe(true);
  });

  it('hands on the trace that it runs in', async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    try {
      const span = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };
      await context.with(trace.setSpanContext(context.active(), span), () => target.call());
      expect(target.received[0]?.headers['traceparent']).toBe(
        `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
      );
    } finally {
      context.disable();
    }
  });

  it("has no time limit but its attempt's", async () => {
    const limits: unknown[] = [];
    const note = (message: unknown): void => {
      const { request } = message as { request: { headersTimeout: number; bodyTimeout: number } };
      limits.push(request.headersTimeout, request.bodyTimeout);
    };
    subscribe('undici:request:create', note);
    await target.call();
    unsubscribe('undici:request:create', note);
    expect(limits).toEqual([0, 0]); // undici's own are five minutes
  });

  it.each<[string, Partial<FaasSpec>]>([
    ['a secret that is not there', { secretHeaders: { Authorization: 'TOKEN' } }],
    ['a secret with the name of something inherited', { secretHeaders: { A: 'constructor' } }],
    ['a password in the url', { url: 'http://user:hush@127.0.0.1:9/' }],
    ["a header that is the connection's", { headers: { Expect: '100-continue' } }],
    ['a header that cannot be sent', { headers: { 'X-Bad': 'a\r\nb' } }],
    ["a length that is not the body's", { headers: { 'Content-Length': '3' } }],
  ])('is refused with CONFIGURATION: %s', async (_name, faas) => {
    const error = await target.failure(faas);
    expect(error).toMatchObject({ code: 'CONFIGURATION' });
    expect(String(error)).not.toContain('hush');
    expect(target.received).toEqual([]);
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
    target.answer = says(status, body);
    expect((await target.call()).output).toEqual(output);
  });

  it('may have 5 MB, and so may the input', async () => {
    const text = 'ž'.repeat(2_500_000);
    target.answer = (response, { body }) => response.end(body);
    expect((await target.call({}, { input: text })).output).toBe(text);
  });

  it.each<[string, string | Buffer]>([
    ['text', 'all is well'],
    ['cut JSON', '{"a": 1'],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['a page', '<html></html>'],
  ])('is refused with OUTPUT_INVALID and not tried again: %s', async (_name, body) => {
    target.answer = says(200, body, { 'content-type': 'application/json' });
    const error = await target.failure();
    expect(error).toMatchObject({ code: 'OUTPUT_INVALID' });
    expect(isRetriable(error, { neverRetryOn: [], unknownErrors: 'retry' })).toBe(false);
  });

  it('has exactly as many bytes as it may, or one too many', async () => {
    target.answer = says(200, '"12345678"');
    expect((await target.call({}, { maxOutputBytes: 10 })).output).toBe('12345678');
    expect(await target.failure({}, { maxOutputBytes: 9 })).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      details: { resource: 'output' },
    });
  });

  it('that never ends is not received for ever: the connection is closed', async () => {
    const gone = new Promise<void>((resolve) => {
      target.answer = (response) => {
        response.on('close', resolve);
        const more = (): void => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
          if (!response.destroyed) response.once('drain', more);
        };
        more();
      };
    });
    expect(await target.failure({}, { maxOutputBytes: 1_000_000 })).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
    });
    await gone;
  });

  it('comes with where it ran and what was in force', async () => {
    const { metrics, enforced } = await target.call();
    expect(metrics).toMatchObject({ environmentId: target.origin });
    expect(Date.parse(metrics.endTime) - Date.parse(metrics.startTime)).toBe(metrics.durationMs);
    expect(enforced).toMatchObject({
      ...{ time: 'request', output: 'bytes', termination: 'none', network: 'provider' },
    });
  });
});

describe('stopping', () => {
  it.each<[string, (response: ServerResponse) => void]>([
    ['before the answer begins', () => undefined],
    ['within the answer', (response) => response.write('{"a":')],
  ])('gives up the request %s, and says that the function may go on', async (_name, begin) => {
    const stop = new AbortController();
    const gone = new Promise<void>((resolve) => {
      target.answer = (response) => {
        response.on('close', resolve);
        begin(response);
        stop.abort();
      };
    });
    const error = await thrownBy(target.call({}, {}, stop.signal));
    expect(error).toBeInstanceOf(StoppedError);
    expect(String(error)).toContain('the function may go on');
    await gone;
  });

  it('sends nothing once it was asked', async () => {
    expect(await thrownBy(target.call({}, {}, AbortSignal.abort()))).toBeInstanceOf(StoppedError);
    expect(target.received).toEqual([]);
  });

  it('closes what runs, and takes no more', async () => {
    let error: Promise<unknown> | undefined;
    await new Promise<void>((arrived) => {
      target.answer = () => arrived();
      error = target.failure();
    });
    await Promise.all([target.runner.close(), target.runner.close()]);
    expect(await error).toBeInstanceOf(StoppedError);
    expect(await target.failure()).toBeInstanceOf(StoppedError);
    expect(target.received).toHaveLength(1);
  });
});

it('runs no handler', async () => {
  const { program: _program, ...request } = faasRequest({ url: target.origin });
  const { signal } = new AbortController();
  expect(await thrownBy(target.runner.run(request, { signal }))).toMatchObject({
    code: 'CONFIGURATION',
  });
  expect(await target.runner.check()).toEqual([]);
});

describe('headerText', () => {
  it('makes a header of any text, from which the text can be read again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const header = headerText(text);
        expect(header).toMatch(/^[\x21-\x7e]*$/);
        expect(decodeURIComponent(header)).toBe(text);
      }),
    );
  });
});
