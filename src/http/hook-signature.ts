/**
 * Whether a delivery was signed by who has the hook's secret, and which one it is.
 *
 * H1. Signatures are compared in constant time, over the bytes as they came.
 * H2. What tells deliveries apart is signed: who has seen one can send that one again, and nothing comes of it.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Hook } from '../domain/hook.js';
import { secretKey } from '../domain/sink.js';

/** By how much the sender's clock and ours may differ, and how old a delivery may be. */
const WINDOW_MS = 300_000;

export interface Delivery {
  header: (name: string) => string | undefined;
  body: Buffer;
  /** Epoch milliseconds. */
  now: number;
}

/** The delivery's id, or why it is refused. */
export type Signed = { id: string; refused?: never } | { id?: never; refused: string };

export function signedBy(hook: Pick<Hook, 'secret' | 'signature'>, delivery: Delivery): Signed {
  return hook.signature === 'github' ? byGithub(hook, delivery) : byStandard(hook, delivery);
}

/** Standard Webhooks: HMAC-SHA256 of `<id>.<timestamp>.<body>`; while a secret changes there may be several. */
function byStandard({ secret }: Pick<Hook, 'secret'>, { header, body, now }: Delivery): Signed {
  const [id, timestamp, signatures] = ['id', 'timestamp', 'signature'].map((name) =>
    header(`webhook-${name}`),
  );
  if (id === undefined || timestamp === undefined || signatures === undefined)
    return { refused: 'expected the headers webhook-id, webhook-timestamp and webhook-signature' };
  const key = Buffer.from(secretKey(secret) ?? '', 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
  const given = signatures.split(' ').flatMap((one) => /^v1,(.+)$/.exec(one)?.[1] ?? []);
  if (!given.some((one) => isSame(expected, Buffer.from(one, 'base64'))))
    return { refused: 'the signature is not that of this body with the secret of the hook' };
  const at = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) * 1_000 : NaN;
  if (!(Math.abs(now - at) <= WINDOW_MS))
    return { refused: 'webhook-timestamp is more than 5 minutes away from the clock here' };
  return { id };
}

/** It signs the body alone: the same body is the same delivery, whatever id it comes with. */
function byGithub({ secret }: Pick<Hook, 'secret'>, { header, body }: Delivery): Signed {
  const [, hex] = /^sha256=([0-9a-f]{64})$/.exec(header('x-hub-signature-256') ?? '') ?? [];
  if (hex === undefined)
    return { refused: 'expected the header X-Hub-Signature-256: sha256=<hex>' };
  const expected = createHmac('sha256', secret).update(body).digest();
  if (!isSame(expected, Buffer.from(hex, 'hex')))
    return { refused: 'the signature is not that of this body with the secret of the hook' };
  return { id: createHash('sha256').update(body).digest('hex') };
}

const isSame = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);
