/**
 * A stream of the server, followed over lost connections: each time from the last message that came.
 *
 * F1. A first connection that fails is an error; a later one is made again for a minute.
 * F2. A message `error` of the server ends it with that error.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { TaskError } from '../domain/errors.js';
import { EventStreamReader, type ServerMessage } from './event-source.js';
import { errorOfProblem } from './problem-error.js';
import type { Query } from './api.js';

export interface FollowOptions {
  query?: Query;
  signal?: AbortSignal | undefined;
  /** Whether a message is the last one: a stream that ends before it was cut. Default: its end is the end. */
  isLast?: (message: ServerMessage) => boolean;
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
  { query = {}, signal, isLast }: FollowOptions,
): AsyncGenerator<ServerMessage, void> {
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
        const reader = new EventStreamReader();
        for await (const message of messagesOf(response, reader)) {
          lostAt = undefined;
          lastId = message.id ?? lastId;
          retryMs = reader.retryMs ?? retryMs;
          if (message.event === 'error') throw toldBy(message);
          yield message;
          if (isLast?.(message)) return;
        }
        if (!isLast) return;
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
  reader: EventStreamReader,
): AsyncGenerator<ServerMessage, void> {
  const decoder = new TextDecoder();
  for await (const chunk of body ?? [])
    yield* reader.take(decoder.decode(chunk as Uint8Array, { stream: true }));
}

function toldBy({ data }: ServerMessage): TaskError {
  try {
    const told = errorOfProblem(JSON.parse(data));
    if (told) return told;
  } catch {
    // said below
  }
  return new TaskError('ENGINE', `the server ended the stream: ${data.slice(0, 500)}`);
}
