/** A server of a test's own that is sent messages. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Message {
  headers: IncomingHttpHeaders;
  text: string;
  body: unknown;
}

export interface Receiver {
  url: string;
  /** Everything that came, refused or not. */
  messages: Message[];
  /** The status of the answer; 204 unless a test says otherwise. */
  answer: (message: Message) => number;
  close(): Promise<void>;
}

export async function startReceiver(headers: Record<string, string> = {}): Promise<Receiver> {
  const receiver: Receiver = {
    url: '',
    messages: [],
    answer: () => 204,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const message = { headers: request.headers, text, body: JSON.parse(text) as unknown };
      receiver.messages.push(message);
      response.writeHead(receiver.answer(message), headers).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  return receiver;
}
