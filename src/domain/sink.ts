/**
 * A sink, as it is written in the settings: who is told what happens to executions, and how. A program at an address
 * (`http`), a channel (`chat`) or people (`email`).
 */
import { z } from 'zod';
import { byName } from './by-name.js';
import { DurationSchema, TimeLimitSchema } from './duration.js';
import { EVENT_WORDS, eventsNamed, type EventName } from './event.js';
import { subjectFault } from './mail-subject.js';

const SECRET = 'must be whsec_ and the base64 of 16 to 64 bytes';

/** The key of a Standard Webhooks secret; undefined for one that is none. */
export function secretKey(secret: string): string | undefined {
  const [, key = ''] = /^(?:whsec_)?([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
  const bytes = Math.floor((key.replace(/=+$/, '').length * 3) / 4);
  return bytes >= 16 && bytes <= 64 ? key : undefined;
}

/** How fine: executions; their nodes; both. */
const LEVELS = ['execution', 'node', 'all'] as const;
export type SinkLevel = (typeof LEVELS)[number];

/** What people want to hear of where nobody says. */
const FOR_PEOPLE = ['failures', 'approvals', 'deadlineRisk'] as const;

const Events = z.array(z.enum(EVENT_WORDS)).min(1).transform(eventsNamed);
const WebUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https address' });

/** What every sink has. */
const COMMON = {
  /** What its cursor, its lease and its dead letters go by: keep it when the address changes. */
  name: z.string().regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, ".", "_" or "-"'),
  /** Only those of a project. */
  project: z.string().min(1).optional(),
  /** For one try. */
  timeout: TimeLimitSchema.default(10_000),
  /** After so many tries an event becomes a dead letter, and the next is sent. */
  maxTries: z.int().min(1).max(100).default(8),
  /** Before the second try; it doubles with each, up to 5 minutes. */
  retryDelay: DurationSchema.default(1_000),
};
/** What one has that is reached by HTTP. */
const BY_HTTP = {
  url: WebUrl,
  /** Sent with every message. */
  headers: byName(z.string(), z.string()).default({}),
  /** Lets it be in a private network, or on this machine. */
  allowPrivate: z.boolean().default(false),
};
/** What one has that people read. */
const READ = {
  /** Events, or words for several: `failures`, `approvals`, `ends`. */
  events: Events.default(eventsNamed(FOR_PEOPLE)),
  level: z.enum(LEVELS).default('execution'),
};

export const HttpSinkSchema = z.strictObject({
  kind: z.literal('http').optional().default('http'),
  ...COMMON,
  ...BY_HTTP,
  /** Only these, or words for several: `failures`, `approvals`, `ends`. Default: all. */
  events: Events.optional(),
  level: z.enum(LEVELS).default('all'),
  format: z.enum(['json', 'cloudevents']).default('json'),
  /** Signs what is sent: `whsec_` and base64. */
  secret: z
    .string()
    .refine((secret) => secretKey(secret) !== undefined, SECRET)
    .optional(),
});
export type HttpSink = z.output<typeof HttpSinkSchema>;
export type HttpSinkOptions = z.input<typeof HttpSinkSchema>;

export const CHAT_FORMATS = ['slack', 'teams', 'discord', 'mattermost', 'text'] as const;
export type ChatFormat = (typeof CHAT_FORMATS)[number];

export const ChatSinkSchema = z.strictObject({
  kind: z.literal('chat'),
  ...COMMON,
  ...BY_HTTP,
  ...READ,
  /** Whose incoming webhook it is; `text` for `{ "text": … }`. */
  format: z.enum(CHAT_FORMATS),
});
export type ChatSink = z.output<typeof ChatSinkSchema>;

const ADDRESS = String.raw`[^\s@<>(),;:"\\]+@[^\s@<>(),;:"\\]+`;
const Mailbox = z
  .string()
  .max(320)
  .regex(
    new RegExp(String.raw`^(?:${ADDRESS}|[^\p{Cc}<>"]*<${ADDRESS}>)$`, 'u'),
    'must be an address such as ops@example.com or Ops <ops@example.com>',
  );

export const EmailSinkSchema = z.strictObject({
  kind: z.literal('email'),
  ...COMMON,
  ...READ,
  /** The server that takes the mail: `smtp://user:password@host:587`, or `smtps://` for TLS from the first byte. */
  url: z
    .url({ protocol: /^smtps?$/, error: 'must be smtp://user:password@host:port, or smtps://' })
    .refine(isPlainServer, 'must be a server and a port, with a user and a password or without'),
  from: Mailbox,
  to: z.array(Mailbox).min(1).max(50),
  /** With `{title}`, `{name}`, `{status}`, `{event}`, `{executionId}`, `{project}` for what they say. */
  subject: z
    .string()
    .min(1)
    .max(200)
    .superRefine((subject, context) => {
      const message = subjectFault(subject);
      if (message !== undefined) context.addIssue({ code: 'custom', message, input: subject });
    })
    .default('{title}'),
  /**
   * STARTTLS with `smtp://`: not without it, where the server has it, or never. Default: required where there is a
   * password to be sent, else where the server has it.
   */
  tls: z.enum(['required', 'offered', 'never']).optional(),
});
export type EmailSink = z.output<typeof EmailSinkSchema>;

export const SinkSchema = z.discriminatedUnion('kind', [
  HttpSinkSchema,
  ChatSinkSchema,
  EmailSinkSchema,
]);
export type Sink = z.output<typeof SinkSchema>;
/** Where events are sent, which, and how. */
export type SinkOptions = z.input<typeof SinkSchema>;

export const SinksSchema = z
  .array(SinkSchema)
  .refine(
    (sinks) => new Set(sinks.map(({ name }) => name)).size === sinks.length,
    'each sink needs a name of its own',
  );

/** Whether an event is on a sink's level. A node's question is one to the people of its execution. */
export function isOnLevel(
  level: SinkLevel,
  { event, kind }: { event: EventName; kind: 'graph' | 'task' | 'node' | 'item' },
): boolean {
  if (level === 'all') return true;
  if (level === 'node') return kind === 'node';
  return kind !== 'node' || event === 'approvalRequested';
}

function isPlainServer(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname, pathname, search, hash, username, password } = new URL(url);
  if (!isEncoded(username) || !isEncoded(password)) return false;
  const bare = (pathname === '' || pathname === '/') && search === '' && hash === '';
  return hostname !== '' && bare && (username === '') === (password === '');
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
