/** Calls of the HTTP API: a path and JSON in, JSON out, and whatever went wrong as an error of ours. */
import type { EventSourceMessage } from 'eventsource-parser';
import { TaskError } from '../domain/errors.js';
import { isObject } from '../domain/json.js';
import { JSON_DEPTH } from '../domain/json-faults.js';
import { follow, type FollowOptions } from './follow-stream.js';
import { errorOfProblem } from './problem-error.js';
import type { ServerAddress } from './server-address.js';

export type Query = Readonly<
  Record<string, string | number | boolean | Date | readonly (string | number)[] | null | undefined>
>;

export interface CallOptions {
  query?: Query;
  body?: unknown;
  /** The caller's idempotency key. */
  key?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** A worker may have to be asked, and a large graph to be stored: so long, and no longer, in milliseconds. */
const PATIENCE_MS = 120_000;

/** A path of segments; an id of a node has slashes, and is one segment all the same. */
export const path = (strings: TemplateStringsArray, ...segments: readonly string[]): string =>
  String.raw({ raw: strings }, ...segments.map((segment) => encodeURIComponent(segment)));

export class Api {
  constructor(private readonly server: ServerAddress) {}

  async get<T>(where: string, query: Query = {}): Promise<T> {
    return await this.call<T>('GET', where, { query });
  }

  async post<T>(where: string, body: unknown = {}, options: CallOptions = {}): Promise<T> {
    return await this.call<T>('POST', where, { ...options, body });
  }

  /** @returns what the answer's JSON says; undefined of an answer without any */
  async call<T>(method: string, where: string, options: CallOptions = {}): Promise<T> {
    const response = await this.send(method, where, options, 'application/json');
    const text = await this.reading(response.text());
    try {
      return (text === '' ? undefined : JSON.parse(text)) as T;
    } catch {
      throw this.noApi(response);
    }
  }

  async bytes(where: string): Promise<{ headers: Headers; data: Uint8Array }> {
    const response = await this.send('GET', where, {}, '*/*');
    const data = new Uint8Array(await this.reading(response.arrayBuffer()));
    return { headers: response.headers, data };
  }

  /** Messages of a stream; where the connection is lost, it is made again and nothing is missed. */
  messages(where: string, options: FollowOptions = {}): AsyncGenerator<EventSourceMessage, void> {
    const open = async (query: Query, signal: AbortSignal, lastId: string | undefined) =>
      await this.send('GET', where, { query, signal }, 'text/event-stream', lastId);
    return follow(open, options);
  }

  /** @throws TaskError UNREACHABLE where nobody answers, or what the server told */
  private async send(
    method: string,
    where: string,
    { query = {}, body, key, signal = AbortSignal.timeout(PATIENCE_MS) }: CallOptions,
    accept: string,
    lastEventId?: string,
  ): Promise<Response> {
    const { url, key: apiKey } = this.server;
    const response = await this.reading(
      fetch(`${url}/api/v1${where}${queryText(query)}`, {
        method,
        redirect: 'manual',
        signal,
        headers: {
          accept,
          ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(key === undefined ? {} : { 'idempotency-key': key }),
          ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
        },
        ...(body === undefined ? {} : { body: textOf(body) }),
      }),
    );
    if (response.ok && this.isOurs(response, accept)) return response;
    throw response.ok ? this.noApi(response) : await this.failure(response);
  }

  /** A login page or a proxy's greeting is no answer, also with status 200. */
  private isOurs({ status, headers }: Response, accept: string): boolean {
    return (
      accept === '*/*' || status === 204 || (headers.get('content-type') ?? '').startsWith(accept)
    );
  }

  private async failure(response: Response): Promise<TaskError> {
    const { status, headers } = response;
    if (status >= 300 && status < 400)
      return new TaskError(
        'CONFIGURATION',
        `${this.server.url} leads to ${headers.get('location') ?? 'another address'}; it is not followed, for the key is for this address: give the other one`,
      );
    const text = await this.reading(response.text());
    let problem: unknown;
    try {
      problem = JSON.parse(text);
    } catch {
      return this.noApi(response);
    }
    return errorOfProblem(problem) ?? this.noApi(response);
  }

  private noApi({ status, headers }: Response): TaskError {
    const type = headers.get('content-type') ?? 'no content type';
    return new TaskError(
      status >= 500 ? 'UNREACHABLE' : 'CONFIGURATION',
      `${this.server.url} answered ${status} with ${type}, as no HTTP API of Tempograph does; is the address right?`,
    );
  }

  private async reading<T>(asking: Promise<T>): Promise<T> {
    try {
      return await asking;
    } catch (error) {
      throw new TaskError(
        'UNREACHABLE',
        `cannot reach the server at ${this.server.url}: ${whyOf(error)}; does "tempograph serve" run there?`,
        { cause: error },
      );
    }
  }
}

/** Fetch says "fetch failed", and why in its cause. */
function whyOf(error: unknown): string {
  const { name, message, cause } = error as Error;
  if (name === 'TimeoutError') return `no answer for ${PATIENCE_MS / 1_000} s`;
  if (!isObject(cause)) return message;
  const { code, message: why } = cause as { code?: unknown; message?: unknown };
  return typeof why === 'string' && why !== '' ? why : typeof code === 'string' ? code : message;
}

/** @throws TaskError INPUT_INVALID for what is nested too deep to be written, which the server would refuse as well */
function textOf(body: unknown): string {
  try {
    return JSON.stringify(body);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const message = `what is sent is nested too deep; the limit is ${JSON_DEPTH} levels`;
    throw new TaskError('INPUT_INVALID', message, { cause: error });
  }
}

function queryText(query: Query): string {
  const pairs = Object.entries(query).flatMap(([name, value]): [string, string][] => {
    if (value === undefined || value === null) return [];
    const values = Array.isArray(value) ? (value as readonly (string | number)[]) : [value];
    return values.map((one) => [name, one instanceof Date ? one.toISOString() : String(one)]);
  });
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`;
}
