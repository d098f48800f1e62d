/** Readers of server-sent events, many of them. */
import { connect, type Socket } from 'node:net';
import { messagesOf, type Message } from './http.js';

export class Watcher {
  readonly messages: Message[] = [];
  private readonly gone = new AbortController();
  private reading: Promise<void> = Promise.resolve();

  constructor(private readonly url: string) {}

  get lastId(): string | undefined {
    return this.messages.findLast(({ id }) => id !== undefined)?.id;
  }

  /** Reads until the server ends the stream, or {@link cut}. Whoever was there before says what it had last. */
  start(): this {
    this.reading = this.read().catch((error: unknown) => {
      if (!this.gone.signal.aborted) throw error;
    });
    return this;
  }

  cut(): void {
    this.gone.abort();
  }

  async ended(): Promise<void> {
    await this.reading;
  }

  private async read(): Promise<void> {
    const headers = this.lastId === undefined ? {} : { 'last-event-id': this.lastId };
    for await (const message of messagesOf(this.url, headers, this.gone.signal))
      this.messages.push(message);
  }

  /** One that goes on where this one was cut. */
  resumed(): Watcher {
    const next = new Watcher(this.url);
    next.messages.push(...this.messages);
    return next.start();
  }
}

/** One that connects, asks, and never reads what comes. */
export function startSleeper(url: string): Socket {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined).pause();
  socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`);
  return socket;
}
