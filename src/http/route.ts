/**
 * What a route is: one table entry says its path, who may call it, what it takes and what it gives. The server, the
 * OpenAPI document and the tests of access are made of these.
 *
 * R1. A route says how it is bound to projects (`of`): there is no default.
 * R2. It takes JSON that its schemas have read, and gives JSON; it knows nothing of the server.
 */
import type { z } from 'zod';
import type { Scope, Principal } from '../domain/access.js';
import type { TaskEngine } from '../client.js';
import type { EndedNodes } from '../client/ended-nodes.js';
import type { LiveHub } from './live-hub.js';
import type { Reader } from './reader.js';
import type { Services } from './services.js';

/** What every call gets beside what it asks. */
export interface CallContext extends Services {
  engine: TaskEngine;
  live: LiveHub;
  /** What is kept of executions that have ended, for whoever reads their nodes by page. */
  ended: EndedNodes;
  /** Of pipelines' text. */
  reader: Reader;
  who: Principal;
  /** Ends when the caller has gone. */
  signal: AbortSignal;
  /** The header `Last-Event-ID` of whoever comes back to a stream. */
  lastEventId: string | undefined;
  /** The header `Idempotency-Key`. */
  idempotencyKey: string | undefined;
  /** The header `Range`: a part of what is asked for. */
  range: string | undefined;
  /** The header `If-Range`: only of this version; of another one, all of it. */
  ifRange: string | undefined;
}

export interface Call<P, Q, B> extends CallContext {
  params: P;
  query: Q;
  body: B;
}

export type Tag =
  | 'executions'
  | 'nodes'
  | 'logs'
  | 'artifacts'
  | 'pipelines'
  | 'approvals'
  | 'schedules'
  | 'catalogue'
  | 'limits'
  | 'access'
  | 'system';

/** What belongs to a project and is named by a parameter: `executionId`, `scheduleId`, `projectId`, `taskId`. */
export type Owned = 'execution' | 'schedule' | 'project' | 'task';

/**
 * What a call is about. {@link Owned}: what the parameter names, of which a key bound to projects has to see the project;
 * else the answer is 404, as if there were none. `projects`: the handler asks {@link Call.who} itself. `system`: what
 * belongs to no project; a key that is bound to some gets 403.
 */
export type Of = Owned | 'projects' | 'system';

/** A body that is sent as it comes. */
export interface Raw {
  contentType: string;
  headers?: Readonly<Record<string, string>>;
  body: NodeJS.ReadableStream | string | Uint8Array;
  status?: number;
}

export interface Route<P = unknown, Q = unknown, B = unknown> {
  /** Unique; the operation's id in the OpenAPI document. */
  id: string;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/api/v1`, with parameters as `:name`. */
  path: string;
  tag: Tag;
  /** One line. */
  summary: string;
  description?: string;
  scope: Scope;
  of: Of;
  params?: z.ZodType<P>;
  query?: z.ZodType<Q>;
  body?: z.ZodType<B>;
  /** What it gives; of a {@link Raw} answer its content type. */
  answer: z.ZodType | { contentType: string; description: string };
  /** Content types that it gives as text instead, where it is asked to. */
  also?: readonly string[];
  /** Whether it gives a part (206) where `Range` asks for one. */
  parts?: true;
  /** Of success. Default 200. */
  status?: 200 | 201 | 202 | 204;
  /** Largest body, in bytes. Default 1 MiB. */
  bodyLimit?: number;
  /** @returns JSON that fits `answer`, or {@link Raw} */
  handle(call: Call<P, Q, B>): Promise<unknown>;
}

/** A route, with the types of what it takes. */
export function route<P, Q, B>(definition: Route<P, Q, B>): Route {
  return definition;
}

export class RawAnswer implements Raw {
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Raw['body'];
  readonly status: number;

  constructor({ contentType, headers = {}, body, status = 200 }: Raw) {
    this.contentType = contentType;
    this.headers = headers;
    this.body = body;
    this.status = status;
  }
}
