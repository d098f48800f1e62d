/** One event as an HTTP request: its body, its signature by the Standard Webhooks specification, and the answer. */
import { createHmac } from 'node:crypto';
import { CloudEvent, HTTP } from 'cloudevents';
import { request, type Agent } from 'undici';
import { TaskError } from '../domain/errors.js';
import { messageType } from '../domain/event.js';
import { secretKey, type Sink } from '../domain/sink.js';
import { retryAfterMs } from '../net/http-error.js';
import { checkHost, isPublicAddress, type AddressRule } from '../net/safe-http.js';
import type { ExecutionEvent } from '../store/execution-events.js';

/** Where messages of ours come from, for those who get others too. */
const SOURCE = '/tempograph';

/** What went wrong with a try. */
export class DeliveryError extends Error {
  constructor(
    message: string,
    /** What the receiver asks for. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
    this.name = 'DeliveryError';
  }
}

/** Which addresses a sink may be at. */
export function ruleOf({ name, allowPrivate }: Sink): AddressRule {
  return {
    allowed: (address) => allowPrivate || isPublicAddress(address),
    refusal: (host, address) =>
      new TaskError(
        'CONFIGURATION',
        `sink ${name}: ${host} is ${address}, which is no public address; set allowPrivate if it is meant`,
      ),
  };
}

/** The body of a message and the headers that say what it is. */
export function messageOfEvent(
  { format }: Sink,
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

/**
 * Sends an event once. Redirects are not followed: they could lead anywhere.
 *
 * @throws DeliveryError unless the answer is 2xx, TaskError CONFIGURATION for an address that may not be reached
 */
export async function sendEvent(
  sink: Sink,
  event: ExecutionEvent,
  { agent, signal }: { agent: Agent; signal: AbortSignal },
): Promise<void> {
  checkHost(sink.url, ruleOf(sink));
  const { headers, body } = messageOfEvent(sink, event);
  const answer = await request(sink.url, {
    dispatcher: agent,
    method: 'POST',
    signal: AbortSignal.any([signal, AbortSignal.timeout(sink.timeout)]),
    headers: { ...sink.headers, ...headers, ...signed(sink.secret, event.id, body, Date.now()) },
    body,
  });
  await answer.body.dump();
  const { statusCode } = answer;
  if (statusCode >= 200 && statusCode < 300) return;
  throw new DeliveryError(
    `answered ${statusCode}${statusCode >= 300 && statusCode < 400 ? ', and redirects are not followed' : ''}`,
    retryAfterMs(answer.headers['retry-after']),
  );
}
