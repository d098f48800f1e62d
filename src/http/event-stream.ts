/**
 * Server-sent events (WHATWG HTML, 9.2): messages as text, and a sign of life where there is nothing to say. The stream
 * asks for the next message when the last one has left: whoever reads slowly holds up nobody but themselves.
 *
 * A stream that is over says so with a last message `end`. One that ends without was cut, and its reader comes back.
 */
import { Readable } from 'node:stream';
import { HttpProblem, problemOf } from './problem.js';
import { RawAnswer } from './route.js';

export interface StreamMessage {
  event: string;
  /** What the reader says in `Last-Event-ID` when it comes back. */
  id?: string;
  data: unknown;
}

/** Between signs of life: proxies close what is silent for a minute. */
const HEARTBEAT_MS = 15_000;
/** What readers wait before they come back. */
const RETRY_MS = 2_000;

const asProblem = (error: unknown): unknown => problemOf(error, 'stream');

/**
 * @param signal aborted where the stream is cut before its source is over
 * @param tell what a thrown thing is, as the data of a last message `error`
 */
export function eventStream(
  messages: AsyncIterable<StreamMessage>,
  signal: AbortSignal,
  tell: (error: unknown) => unknown = asProblem,
  heartbeatMs = HEARTBEAT_MS,
): RawAnswer {
  return new RawAnswer({
    contentType: 'text/event-stream; charset=utf-8',
    headers: { 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
    body: Readable.from(textOf(messages, signal, tell, heartbeatMs), {
      objectMode: true,
      highWaterMark: 1,
    }),
  });
}

async function* textOf(
  messages: AsyncIterable<StreamMessage>,
  signal: AbortSignal,
  tell: (error: unknown) => unknown,
  heartbeatMs: number,
): AsyncGenerator<string> {
  const source = messages[Symbol.asyncIterator]();
  let timer: NodeJS.Timeout | undefined;
  yield `retry: ${RETRY_MS}\n\n`;
  try {
    let next = source.next();
    for (;;) {
      const silence = new Promise<'silent'>((resolve) => {
        timer = setTimeout(() => resolve('silent'), heartbeatMs);
      });
      const first = await Promise.race([next, silence]);
      clearTimeout(timer);
      if (first === 'silent') {
        yield ': still here\n\n';
        continue;
      }
      if (first.done) break;
      yield messageText(first.value);
      next = source.next();
    }
    if (!signal.aborted) yield messageText({ event: 'end', data: null });
  } catch (error) {
    yield messageText({ event: 'error', data: tell(error) });
  } finally {
    clearTimeout(timer);
    // It may wait for its next message, and is told by its signal that nobody reads.
    void source.return?.(undefined)?.then(undefined, () => undefined);
  }
}

/** JSON has no line breaks of its own, so each message is one line of data. */
function messageText({ event, id, data }: StreamMessage): string {
  const name = event.replace(/[\r\n]/g, ' ');
  const place = id === undefined ? '' : `id: ${id.replace(/[\r\n\0]/g, '')}\n`;
  return `event: ${name}\n${place}data: ${JSON.stringify(data)}\n\n`;
}

/** Where whoever comes back goes on. @throws HttpProblem 400 for an id that no message had */
export function positionOf(lastEventId: string | undefined): number | undefined {
  if (lastEventId === undefined || lastEventId === '') return undefined;
  const position = Number(lastEventId);
  if (/^\d{1,15}$/.test(lastEventId)) return position;
  throw new HttpProblem(
    400,
    'BAD_REQUEST',
    `Last-Event-ID: expected the id of a message, a whole number, got ${JSON.stringify(lastEventId.slice(0, 50))}`,
  );
}
