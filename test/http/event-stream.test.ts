import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { eventStream, type StreamMessage } from '../../src/http/event-stream.js';
import { until } from '../support/until.js';

const KEPT = new AbortController().signal;
const textsOf = (
  messages: AsyncIterable<StreamMessage>,
  heartbeatMs?: number,
  signal: AbortSignal = KEPT,
) =>
  (
    eventStream(messages, signal, (error) => ({ told: (error as Error).message }), heartbeatMs)
      .body as Readable
  )[Symbol.asyncIterator]() as AsyncIterator<string>;
const next = async (texts: AsyncIterator<string>): Promise<unknown> => (await texts.next()).value;

describe('eventStream', () => {
  it('writes messages with name, id and one line of data, and says that they are all', async () => {
    const texts = textsOf(
      (async function* () {
        yield { event: 'a\nb', id: '7\n8', data: { text: 'two\nlines' } };
        yield { event: 'c', data: null };
      })(),
    );
    expect(await next(texts)).toMatch(/^retry: \d+\n\n$/);
    expect(await next(texts)).toBe('event: a b\nid: 78\ndata: {"text":"two\\nlines"}\n\n');
    expect(await next(texts)).toBe('event: c\ndata: null\n\n');
    expect(await next(texts)).toBe('event: end\ndata: null\n\n');
    expect(await next(texts)).toBeUndefined();
  });

  it('says of no end where it was cut', async () => {
    const cut = new AbortController();
    const texts = textsOf(
      (async function* () {
        yield { event: 'a', data: 1 };
        cut.abort();
      })(),
      undefined,
      cut.signal,
    );
    await next(texts);
    expect(await next(texts)).toBe('event: a\ndata: 1\n\n');
    expect(await next(texts)).toBeUndefined();
  });

  it('gives a sign of life while there is nothing to say, and loses no message by it', async () => {
    let say: (message: StreamMessage) => void = () => {};
    const said = new Promise<StreamMessage>((resolve) => (say = resolve));
    const texts = textsOf(
      (async function* () {
        yield await said;
      })(),
      1,
    );
    await next(texts);
    for (let nth = 0; nth < 3; nth++) expect(await next(texts)).toBe(': still here\n\n');
    say({ event: 'late', data: 1 });
    let text = await next(texts);
    while (text === ': still here\n\n') text = await next(texts);
    expect(text).toBe('event: late\ndata: 1\n\n');
  });

  it('says what went wrong as its last message', async () => {
    const texts = textsOf(
      // eslint-disable-next-line require-yield -- it fails before it has anything to say
      (async function* () {
        throw new Error('gone');
      })(),
    );
    await next(texts);
    expect(await next(texts)).toBe('event: error\ndata: {"told":"gone"}\n\n');
    expect(await next(texts)).toBeUndefined();
  });

  it('ends what it reads from when nobody reads any more', async () => {
    let ended: () => void = () => {};
    const end = new Promise<void>((resolve) => (ended = resolve));
    const texts = textsOf(
      (async function* () {
        try {
          for (;;) yield { event: 'x', data: 1 };
        } finally {
          ended();
        }
      })(),
    );
    await next(texts);
    await next(texts);
    await texts.return?.();
    await end;
  });

  it('asks for no more than the connection takes while nobody reads', async () => {
    let made = 0;
    const endless = async function* (): AsyncGenerator<StreamMessage> {
      for (;;) yield { event: 'x', data: `${made++} ${'x'.repeat(10_000)}` };
    };
    const body = eventStream(endless(), KEPT, String).body as Readable;
    let answer: ServerResponse | undefined;
    const server = createServer((_request, response) => {
      answer = response;
      body.pipe(response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const reader = connect(port, '127.0.0.1').pause();
    reader.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    let last = -1;
    await until(() => {
      const stands = made > 0 && made === last && answer?.writableNeedDrain === true;
      last = made;
      return stands;
    }, 'a full connection');
    // Beside what the system itself holds for a connection.
    expect(body.readableLength).toBeLessThanOrEqual(1);
    expect(answer?.writableLength).toBeLessThan(100_000);
    reader.destroy();
    server.close();
  });
});
