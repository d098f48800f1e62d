/**
 * A stream of the server, followed over lost connections: each time from the last message that came.
 *
 * F1. A first connection that fails is an error; a later one is made again for a minute.
 * F2. A message `error` of the server ends it with that error, a message `end` without one. A stream that ends without
 *     either was cut: the server does that once an hour, to ask again who reads.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { EventSourceMessage } from 'eventsource-parser';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { TaskError } from '../domain/errors.js';
import { errorOfProblem } from './problem-error.js';
import type { Query } from './api.js';

export interface FollowOptions {
  query?: Query;
  signal?: AbortSignal | undefined;
}

export type Open = (
  query: Query,
  signal: AbortSignal,
  lastId: string | undefined,
) => Promise<Response>;

/** How long a lost connection is tried again, in milliseconds. */
const GIVE_UP_MS = 60_000;
const RETRY_MS = 2_000;

export async function* follow(
  open: Open,
  { query = {}, signal }: FollowOptions,
): AsyncGenerator<EventSourceMessage, void> {
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  signal?.addEventListener('abort', leave, { once: true });
  if (signal?.aborted) leave();
  let lastId: string | undefined;
  let lostAt: number | undefined;
  let retryMs = RETRY_MS;
  let isConnected = false;
  try {
    while (!gone.signal.aborted) {
      try {
        const response = await open(query, gone.signal, lastId);
        isConnected = true;
        const told = (ms: number): void => void (retryMs = ms);
        for await (const message of messagesOf(response, told)) {
          lostAt = undefined;
          lastId = message.id ?? lastId;
          if (message.event === 'error') throw toldBy(message);
          if (message.event === 'end') return;
          yield message;
        }
      } catch (error) {
        if (gone.signal.aborted) return;
        const isLost = !(error instanceof TaskError) || error.code === 'UNREACHABLE';
        if (!isLost || !isConnected) throw error;
        if (Date.now() - (lostAt ?? Date.now()) > GIVE_UP_MS) throw error;
      }
      lostAt ??= Date.now();
      await delay(retryMs, undefined, { signal: gone.signal }).catch(() => undefined);
    }
  } finally {
    signal?.removeEventListener('abort', leave);
    gone.abort();
  }
}

async function* messagesOf(
  { body }: Response,
  onRetry: (ms: number) => void,
): AsyncGenerator<EventSourceMessage, void> {
  if (!body) return;
  const messages = body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream({ onRetry }));
  for await (const message of messages) yield message;
}

function toldBy({ data }: EventSourceMessage): TaskError {
  try {
    const told = errorOfProblem(JSON.parse(data));
    if (told) return told;
  } catch {
    // said below
  }
  return new TaskError('ENGINE', `the server ended the stream: ${data.slice(0, 500)}`);
}
