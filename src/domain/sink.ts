/** A sink, as it is written in the settings: an address that is told what happens to executions. */
import { z } from 'zod';
import { DurationSchema } from './duration.js';
import { EVENT_NAMES } from './event.js';

const SECRET = 'must be whsec_ and the base64 of 16 to 64 bytes';

/** The key of a Standard Webhooks secret; undefined for one that is none. */
export function secretKey(secret: string): string | undefined {
  const [, key = ''] = /^(?:whsec_)?([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
  const bytes = Math.floor((key.replace(/=+$/, '').length * 3) / 4);
  return bytes >= 16 && bytes <= 64 ? key : undefined;
}

export const SinkSchema = z.strictObject({
  /** What its cursor, its lease and its dead letters go by: keep it when the address changes. */
  name: z.string().regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, ".", "_" or "-"'),
  url: z.url({ protocol: /^https?$/, error: 'must be an http or https address' }),
  /** Signs what is sent: `whsec_` and base64. */
  secret: z
    .string()
    .refine((secret) => secretKey(secret) !== undefined, SECRET)
    .optional(),
  /** Only these. Default: all. */
  events: z.array(z.enum(EVENT_NAMES)).min(1).optional(),
  /** Only those of a project. */
  project: z.string().min(1).optional(),
  format: z.enum(['json', 'cloudevents']).default('json'),
  /** Sent with every message. */
  headers: z.record(z.string(), z.string()).default({}),
  /** Lets it be in a private network, or on this machine. */
  allowPrivate: z.boolean().default(false),
  /** For one try. */
  timeout: DurationSchema.default(10_000),
  /** After so many tries an event becomes a dead letter, and the next is sent. */
  maxTries: z.int().min(1).max(100).default(8),
  /** Before the second try; it doubles with each, up to 5 minutes. */
  retryDelay: DurationSchema.default(1_000),
});
export type Sink = z.output<typeof SinkSchema>;
export type SinkOptions = z.input<typeof SinkSchema>;

export const SinksSchema = z
  .array(SinkSchema)
  .refine(
    (sinks) => new Set(sinks.map(({ name }) => name)).size === sinks.length,
    'each sink needs a name of its own',
  );
