/** A message to a sink's address, by HTTP. */
import { request, type Agent } from 'undici';
import { TaskError } from '../domain/errors.js';
import type { ChatSink, HttpSink } from '../domain/sink.js';
import { retryAfterMs } from '../net/http-error.js';
import { checkHost, isPublicAddress, type AddressRule } from '../net/safe-http.js';
import { DeliveryError } from './delivery-error.js';

/** Which addresses a sink may be at. */
export function ruleOf({
  name,
  allowPrivate,
}: Pick<HttpSink, 'name' | 'allowPrivate'>): AddressRule {
  return {
    allowed: (address) => allowPrivate || isPublicAddress(address),
    refusal: (host, address) =>
      new TaskError(
        'CONFIGURATION',
        `sink ${name}: ${host} is ${address}, which is no public address; set allowPrivate if it is meant`,
      ),
  };
}

/**
 * Posts a message once. Redirects are not followed: they could lead anywhere.
 *
 * @returns the status of the answer, 200 to 299
 * @throws DeliveryError unless the answer is 2xx, TaskError CONFIGURATION for an address that may not be reached
 */
export async function post(
  sink: HttpSink | ChatSink,
  message: { headers: Record<string, string>; body: string },
  { agent, signal }: { agent: Agent; signal: AbortSignal },
): Promise<number> {
  checkHost(sink.url, ruleOf(sink));
  const answer = await request(sink.url, {
    dispatcher: agent,
    method: 'POST',
    signal: AbortSignal.any([signal, AbortSignal.timeout(sink.timeout)]),
    headers: { ...sink.headers, ...message.headers },
    body: message.body,
  });
  await answer.body.dump();
  const { statusCode } = answer;
  if (statusCode >= 200 && statusCode < 300) return statusCode;
  throw new DeliveryError(
    `answered ${statusCode}${statusCode >= 300 && statusCode < 400 ? ', and redirects are not followed' : ''}`,
    { retryAfterMs: retryAfterMs(answer.headers['retry-after']) },
  );
}
