/** One event as a message for programs: its body, and its signature by the Standard Webhooks specification. */
import { createHmac } from 'node:crypto';
import { CloudEvent, HTTP } from 'cloudevents';
import { messageType } from '../domain/event.js';
import { secretKey, type HttpSink } from '../domain/sink.js';
import type { ExecutionEvent } from '../store/execution-events.js';

/** Where messages of ours come from, for those who get others too. */
const SOURCE = '/tempograph';

/** The body of a message and its headers, signed. */
export function messageOfEvent(
  sink: HttpSink,
  event: ExecutionEvent,
  now: number,
): { headers: Record<string, string>; body: string } {
  const { headers, body } = bodyOf(sink, event);
  return { headers: { ...headers, ...signed(sink.secret, event.id, body, now) }, body };
}

function bodyOf(
  { format }: HttpSink,
  event: ExecutionEvent,
): { headers: Record<string, string>; body: string } {
  const { id, at, executionId } = event;
  const type = messageType(event.event);
  if (format === 'json')
    return {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ type, timestamp: at, data: event }),
    };
  const { headers, body } = HTTP.structured(
    new CloudEvent({
      ...{ id, type, source: SOURCE, subject: executionId, time: at },
      datacontenttype: 'application/json',
      data: event,
    }),
  );
  return { headers: headers as Record<string, string>, body: body as string };
}

/**
 * The headers that identify and sign a message: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
 *
 * @param now epoch milliseconds; receivers refuse what is old
 */
export function signed(
  secret: string | undefined,
  id: string,
  body: string,
  now: number,
): Record<string, string> {
  const timestamp = String(Math.floor(now / 1_000));
  const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp };
  if (secret === undefined) return headers;
  const key = Buffer.from(secretKey(secret) ?? '', 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { ...headers, 'webhook-signature': `v1,${signature}` };
}
