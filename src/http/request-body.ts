/** Bodies that cannot be read: what is wrong with them, in words that help whoever sent them. */
import type { FastifyBodyParser, FastifyInstance, FastifyRequest } from 'fastify';
import { formatPath, isObject, preview } from '../domain/json.js';
import { utf8Text } from '../domain/utf8-text.js';
import { HttpProblem } from './problem.js';

/**
 * Reads JSON as the server does of itself: it refuses keys that would change what objects inherit. Bytes that are no UTF-8
 * are refused too: they would be read as another text than was sent.
 */
export function jsonParser(app: FastifyInstance): FastifyBodyParser<Buffer> {
  const parse = app.getDefaultJsonParser('error', 'error') as FastifyBodyParser<string>;
  return (request, bytes, done) => {
    const { 'content-encoding': encoding = 'identity' } = request.headers;
    if (encoding.toLowerCase() !== 'identity') return void done(packed(encoding));
    const read = utf8Text(bytes);
    if ('problem' in read) return void done(refused(`body: ${read.problem}`));
    const { text } = read;
    void parse(request, text, (error, body) => {
      done(error && text !== '' ? unreadable(text) : error, body);
    });
  };
}

const packed = (encoding: string): HttpProblem =>
  new HttpProblem(
    415,
    'UNSUPPORTED_MEDIA_TYPE',
    `content-encoding: expected none, got ${preview(encoding)}; send the body as it is`,
  );

/** Read once more, since the server says of all that it is no JSON. */
function unreadable(text: string): HttpProblem {
  let body: unknown;
  try {
    body = JSON.parse(withoutMark(text));
  } catch (error) {
    return refused(`body: expected JSON: ${(error as Error).message}${placeIn(text, error)}`);
  }
  const { key, within } = forbiddenKey(body);
  return refused(
    `${placeOf(within)}: the key ${JSON.stringify(key)} is not allowed, at any depth; leave it out or name it otherwise`,
  );
}

const refused = (detail: string): HttpProblem => new HttpProblem(400, 'BAD_REQUEST', detail);

/** Line and column, where the parser says a position and no line. */
function placeIn(text: string, error: unknown): string {
  const { message } = error as Error;
  const position = /at position (\d+)$/.exec(message)?.[1];
  if (position === undefined) return '';
  const before = withoutMark(text).slice(0, Number(position)).split('\n');
  return ` (line ${before.length} column ${(before.at(-1)?.length ?? 0) + 1})`;
}

/** A byte order mark is no part of JSON, and is let through. */
const withoutMark = (text: string): string => text.replace(/^\uFEFF/, '');

/** A value inside a document. Linked to what it lies in: a path for each would take a deep document's depth squared. */
interface Inside {
  value: object;
  key: string | number;
  within?: Inside;
}

/** The first key of those that the server refuses, and the object that has it. */
function forbiddenKey(body: unknown): { key: string; within: Inside } {
  const queue: Inside[] = [{ value: Object(body) as object, key: 'body' }];
  for (const inside of queue) {
    const { value } = inside;
    if (Object.hasOwn(value, '__proto__')) return { key: '__proto__', within: inside };
    const own = Object.hasOwn(value, 'constructor') && value.constructor;
    if (isObject(own) && Object.hasOwn(own, 'prototype'))
      return { key: 'constructor.prototype', within: inside };
    for (const [name, one] of Object.entries(value)) {
      const key = Array.isArray(value) ? Number(name) : name;
      if (typeof one === 'object' && one !== null)
        queue.push({ value: one as object, key, within: inside });
    }
  }
  return { key: '__proto__', within: { value: {}, key: 'body' } };
}

/** Steps of a place that are looked at, and characters of it that are told. */
const PLACE_MOST = 200;

function placeOf(inside: Inside): string {
  const path: (string | number)[] = [];
  for (let at: Inside | undefined = inside; at && path.length < PLACE_MOST; at = at.within)
    path.unshift(at.key);
  return formatPath(path).slice(0, PLACE_MOST);
}

/** What is said of a body that was refused before it was read; undefined for everything else. */
export function refusedBody(error: unknown, request: FastifyRequest): HttpProblem | undefined {
  const { code } = error as { code?: unknown };
  if (code === 'FST_ERR_CTP_EMPTY_JSON_BODY')
    return refused('body: expected JSON, got nothing; leave out the content-type with it');
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    const { 'content-type': given } = request.headers;
    const got = given === undefined ? 'none' : preview(given);
    return new HttpProblem(
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      `content-type: expected application/json, got ${got}`,
    );
  }
  if (code !== 'FST_ERR_CTP_BODY_TOO_LARGE') return undefined;
  const { 'content-length': length } = request.headers;
  const got = length === undefined ? 'more' : length;
  return new HttpProblem(
    413,
    'TOO_LARGE',
    `body: expected at most ${request.routeOptions.bodyLimit} bytes, got ${got}`,
  );
}
