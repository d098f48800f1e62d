/**
 * Mail by SMTP, a connection for each.
 *
 * M1. A refusal with 5xx is final, one with 4xx (greylisting, for example) and anything else is worth another try.
 * M2. A recipient whose server has taken a mail does not get it again because another's has not. That is known to this
 *     process only: another worker that takes over may send it twice.
 * M3. A password is never sent before TLS unless the settings say so, nor does it stand in what an error says.
 */
import type { ConnectionOptions } from 'node:tls';
import type { SMTPTransportOptions } from 'nodemailer/lib/smtp-transport';
import { messageOf } from '../domain/errors.js';
import type { EmailSink } from '../domain/sink.js';
import { DeliveryError } from './delivery-error.js';
import type { Mail } from './mail.js';

/** What nodemailer says of an error. */
interface SmtpError {
  code?: string;
  responseCode?: number;
  response?: string;
  recipient?: string;
}

/** What became of a mail that was sent. */
export interface SentMail {
  /** The server's last answer. */
  said: string;
  /** Recipients who do not get it, and why. */
  refused: string[];
}

export class SmtpServer {
  /** Of the mail that some have and others not. */
  private partly: { messageId: string; taken: Set<string> } | undefined;

  /** @param trust more for TLS, such as the certificate of an authority */
  constructor(
    private readonly sink: EmailSink,
    private readonly trust: ConnectionOptions = {},
  ) {}

  /** @throws DeliveryError */
  async send(mail: Mail, signal: AbortSignal): Promise<SentMail> {
    const { createTransport } = await import('nodemailer');
    const { sink } = this;
    const taken = this.partly?.messageId === mail.messageId ? this.partly.taken : new Set<string>();
    const left = sink.to.filter((one) => !taken.has(one));
    const transport = createTransport(optionsOf(sink, this.trust));
    try {
      const sent = await transport.sendMail({
        ...mail,
        ...{ from: sink.from, to: sink.to, signal },
        envelope: { from: addressOf(sink.from), to: left.map(addressOf) },
        ...{ disableFileAccess: true, disableUrlAccess: true },
      });
      const refusals = (sent.rejectedErrors ?? []) as SmtpError[];
      const later = refusals.filter((one) => !isFinal(one));
      if (later.length === 0) {
        this.partly = undefined;
        return { said: sent.response, refused: refusals.map(refusalOf) };
      }
      const waiting = new Set(later.map(({ recipient }) => recipient));
      for (const one of left) if (!waiting.has(addressOf(one))) taken.add(one);
      this.partly = { messageId: mail.messageId, taken };
      throw new DeliveryError(later.map(refusalOf).join('; '));
    } catch (error) {
      throw error instanceof DeliveryError ? error : this.failure(error as SmtpError);
    } finally {
      transport.close();
    }
  }

  private failure(error: SmtpError): DeliveryError {
    const { password } = new URL(this.sink.url);
    const plain = decodeURIComponent(password);
    const text = messageOf(error).replace(/\s+/g, ' ');
    const message = plain === '' ? text : text.replaceAll(plain, '***');
    return new DeliveryError(message, { isFinal: isFinal(error) });
  }
}

function optionsOf(
  { url, timeout, tls }: EmailSink,
  trust: ConnectionOptions,
): SMTPTransportOptions {
  const { protocol, hostname, port, username, password } = new URL(url);
  const secure = protocol === 'smtps:';
  const wanted = tls ?? (username === '' ? 'offered' : 'required');
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTLS: !secure && wanted === 'required',
    ignoreTLS: !secure && wanted === 'never',
    ...(username === ''
      ? {}
      : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    ...{ connectionTimeout: timeout, greetingTimeout: timeout, socketTimeout: timeout },
    ...{ dnsTimeout: timeout, tls: trust },
  };
}

/** M1. A setting that cannot be used has no answer of a server. */
const isFinal = ({ responseCode = 0, code }: SmtpError): boolean =>
  responseCode >= 500 || (responseCode === 0 && code === 'EENVELOPE');

const refusalOf = ({ recipient = '', response = '' }: SmtpError): string =>
  `${recipient}: ${response}`.replace(/\s+/g, ' ');

/** `ops@example.com` of `Ops <ops@example.com>`. */
const addressOf = (mailbox: string): string => /<([^<>]+)>$/.exec(mailbox)?.[1] ?? mailbox;
