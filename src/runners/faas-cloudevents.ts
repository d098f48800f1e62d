/** A call as a CloudEvent: the input is its data, sent in binary mode; the answer may be an event too. */
import { CloudEvent, HTTP } from 'cloudevents';
import { TaskError } from '../domain/errors.js';
import { isObject, type Json } from '../domain/json.js';
import type { FunctionCall } from './faas-call.js';
import { jsonOutput } from './faas-answer.js';

/** As in the events that we send to sinks. */
const SOURCE = '/tempograph';
const TYPE = 'tempograph.task.invoked';

/** The `ce-` headers of a call. The id is the same in every attempt, so that a receiver can tell a repetition. */
export function eventHeaders({ faas, context }: FunctionCall): Record<string, string> {
  const { headers } = HTTP.binary(
    new CloudEvent({
      ...{ id: context.idempotencyKey, source: SOURCE, type: faas.type ?? TYPE },
      ...{ subject: context.executionId, datacontenttype: 'application/json', data: {} },
    }),
  );
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith('ce-') ? [[name, String(value)]] : [],
    ),
  );
}

/**
 * The output in an answer: the data of an event, in binary or structured mode, or plain JSON. Null where there is no
 * body, and where it is a text that is no event.
 *
 * @throws TaskError OUTPUT_INVALID also for a batch of events and for data that is no JSON
 */
export function eventOutput(
  headers: Record<string, string | string[] | undefined>,
  bytes: Uint8Array,
  from: string,
): Json {
  const type = String(headers['content-type'] ?? '').toLowerCase();
  if (!type.startsWith('application/cloudevents')) {
    // An "OK" only says that the event has arrived: Python's functions framework gives one.
    const acknowledged = type !== '' && !type.includes('json') && !('ce-specversion' in headers);
    return acknowledged ? null : jsonOutput(bytes, from); // in binary mode the body is the data
  }
  const body = jsonOutput(bytes, from);
  if (
    !type.startsWith('application/cloudevents+json') ||
    !isObject(body) ||
    typeof body['specversion'] !== 'string'
  )
    throw new TaskError('OUTPUT_INVALID', `${from}: the answer is no single CloudEvent in JSON`);
  const { data, data_base64: base64 } = body;
  if (typeof base64 === 'string') return jsonOutput(Buffer.from(base64, 'base64'), from);
  return data ?? null;
}
