/** How an event gets to a sink: one try, whatever kind of sink it is. */
import { guardedAgent } from '../net/safe-http.js';
import type { ChatSink, EmailSink, HttpSink, Sink } from '../domain/sink.js';
import type { ExecutionEvent } from '../store/execution-events.js';
import { chatBody } from './chat.js';
import { mailOf } from './mail.js';
import { noticeOf, type NoticeFacts } from './notice.js';
import { post, ruleOf } from './post.js';
import { SmtpServer } from './smtp.js';
import { messageOfEvent } from './webhook.js';

/** A message as it would go out, to look at. */
export interface Message {
  /** Where to: a host, or mail addresses. What else an address holds may be a secret. */
  to: string;
  body: unknown;
}

/** What the receiver said. */
export interface Sent {
  said: string;
  /** Who did not get it for good, though others did. */
  refused?: string[];
}

export interface Sender {
  /** The message that {@link send} would send. */
  message(event: ExecutionEvent, facts: NoticeFacts): Message;
  /**
   * Sends an event once.
   *
   * @throws DeliveryError when it was not taken, TaskError CONFIGURATION for an address that may not be reached
   */
  send(event: ExecutionEvent, facts: NoticeFacts, signal: AbortSignal): Promise<Sent>;
  close(): Promise<void>;
}

export function senderOf(sink: Sink): Sender {
  switch (sink.kind) {
    case 'http':
      return byHttp(sink, (event) => messageOfEvent(sink, event, Date.now()));
    case 'chat':
      return byHttp(sink, (event, facts) => ({
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(chatBody(sink.format, noticeOf(event, facts))),
      }));
    case 'email':
      return byMail(sink);
  }
}

type Made = { headers: Record<string, string>; body: string };

function byHttp(
  sink: HttpSink | ChatSink,
  make: (event: ExecutionEvent, facts: NoticeFacts) => Made,
): Sender {
  const agent = guardedAgent(ruleOf(sink));
  return {
    message: (event, facts) => ({
      to: new URL(sink.url).host,
      body: JSON.parse(make(event, facts).body) as unknown,
    }),
    send: async (event, facts, signal) => ({
      said: `answered ${await post(sink, make(event, facts), { agent, signal })}`,
    }),
    close: () => agent.destroy(),
  };
}

function byMail(sink: EmailSink): Sender {
  const server = new SmtpServer(sink);
  const mail = (event: ExecutionEvent, facts: NoticeFacts) =>
    mailOf(sink, event, noticeOf(event, facts));
  return {
    message: (event, facts) => ({ to: sink.to.join(', '), body: mail(event, facts) }),
    send: async (event, facts, signal) => {
      const { said, refused } = await server.send(mail(event, facts), signal);
      return { said, ...(refused.length > 0 ? { refused } : {}) };
    },
    close: async () => undefined,
  };
}
