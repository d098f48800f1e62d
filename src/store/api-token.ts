/**
 * Tokens of API keys: `tg_<id>_<secret>`. The id says which key it is and is no secret; the secret is 256 bits of chance.
 *
 * T1. A secret is shown once, when it is made. Kept is its SHA-256 and nothing else. A slow hash (bcrypt, scrypt) would
 *     gain nothing: it makes guessing what people choose slow, and nobody guesses 256 bits; and every request would pay.
 * T2. Whether a secret is right takes as long to say whichever of its characters are wrong.
 * T3. Who does not have the secret learns nothing of the key, not even that it is there.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 48 bits: enough that no two keys get the same. */
const ID_BYTES = 6;
const SECRET_BYTES = 32;
const TOKEN = /^tg_([0-9a-f]{12})_([\w-]{43})$/;

/** Whether a text is meant as the token of a key, be it right or wrong. */
export const isApiToken = (text: string): boolean => text.startsWith('tg_');

export interface ApiToken {
  id: string;
  secret: string;
}

export const newKeyId = (): string => randomBytes(ID_BYTES).toString('hex');
export const newSecret = (): string => randomBytes(SECRET_BYTES).toString('base64url');

export const formatToken = ({ id, secret }: ApiToken): string => `tg_${id}_${secret}`;

/** The parts of a token; undefined for what cannot be one. */
export function parseToken(token: string): ApiToken | undefined {
  const [, id, secret] = TOKEN.exec(token) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/** Of the text as it is sent, so that no other spelling of the same bytes is right. */
export const hashSecret = (secret: string): string =>
  createHash('sha256').update(secret).digest('hex');

/** What a token is held against. */
export interface KeySecrets {
  hash: string;
  /** Of the secret before the last rotation. */
  previousHash: string | null;
  /** When that one ends. */
  previousUntil: number | null;
  expiresAt: number | null;
  revokedAt: number | null;
}

/** Why a token does not open anything. */
export const KEY_REFUSALS = ['malformed', 'unknown', 'revoked', 'expired'] as const;
/** Why a key opens nothing. */
export type KeyRefusal = (typeof KEY_REFUSALS)[number];

/**
 * Whether a secret opens a key now.
 *
 * @param held undefined: there is no such key
 * @returns undefined when it does, else why not; `expired` also for a secret that a rotation has replaced
 */
export function refusalOf(
  held: KeySecrets | undefined,
  secret: string,
  now: number,
): KeyRefusal | undefined {
  if (!held) return 'unknown';
  const hash = hashSecret(secret);
  const current = isSameHash(hash, held.hash);
  const previous = held.previousHash !== null && isSameHash(hash, held.previousHash);
  if (!current && !previous) return 'unknown'; // T3: before all else
  if (held.revokedAt !== null) return 'revoked';
  if (held.expiresAt !== null && now >= held.expiresAt) return 'expired';
  return current || now < (held.previousUntil ?? 0) ? undefined : 'expired';
}

function isSameHash(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a, 'hex'), Buffer.from(b, 'hex')];
  return left.length === right.length && timingSafeEqual(left, right);
}
