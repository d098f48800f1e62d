/** A function that answers as a test says, behind a server of its own, and calls of it. */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { FaasSpec } from '../../src/domain/program.js';
import { FaasRunner } from '../../src/runners/faas.js';
import type { RunOutcome } from '../../src/runners/runner.js';
import { faasRequest, thrownBy, type RequestParts } from './faas-request.js';
import { startLoopback, type Loopback } from './loopback.js';

/** A request that has arrived whole. */
export interface Received {
  method: string | undefined;
  path: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

export type Answer = (response: ServerResponse, request: Received) => void;

/** An answer that is there at once. */
export const says =
  (status: number, body: string | Buffer, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, headers);
    response.end(body);
  };

export class FaasTarget {
  received: Received[] = [];
  answer: Answer = says(200, 'null');
  runner = new FaasRunner({ allowPrivate: () => true });

  private constructor(private readonly server: Loopback) {}

  static async start(): Promise<FaasTarget> {
    const server = await startLoopback((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method, url: path, headers } = request;
        const one = { method, path, headers, body: Buffer.concat(chunks).toString('utf8') };
        target.received.push(one);
        target.answer(response, one);
      });
    });
    const target = new FaasTarget(server);
    return target;
  }

  get origin(): string {
    return this.server.origin;
  }

  /** As if nothing had been called. */
  async reset(): Promise<void> {
    await this.runner.close();
    this.received = [];
    this.answer = says(200, 'null');
    this.runner = new FaasRunner({ allowPrivate: () => true });
  }

  async stop(): Promise<void> {
    await this.runner.close();
    await this.server.close();
  }

  /** Calls `/f?key=hush`. */
  readonly call = (
    faas: Partial<FaasSpec> = {},
    parts: RequestParts = {},
    signal = new AbortController().signal,
  ): Promise<RunOutcome> =>
    this.runner.run(faasRequest({ url: `${this.origin}/f?key=hush`, ...faas }, parts), { signal });

  readonly failure = (faas?: Partial<FaasSpec>, parts?: RequestParts): Promise<unknown> =>
    thrownBy(this.call(faas, parts));
}
