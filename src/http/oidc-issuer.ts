/**
 * An issuer of OpenID Connect: where its keys are, and its keys, both kept for a while.
 *
 * By plain `fetch` and not by the guard against private networks: the operator names the issuer, no caller does, and many
 * are in a private network. What the issuer names (`jwks_uri`) has to be https all the same.
 */
import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { messageOf, TaskError } from '../domain/errors.js';
import { isSafeAddress } from '../domain/oidc.js';
import { preview } from '../domain/json.js';

export interface IssuerOptions {
  /** For one request. Default 5 s. */
  timeoutMs?: number;
  /** An unknown `kid` has the keys read again, but not sooner than so long after the last time. Default 30 s. */
  cooldownMs?: number;
  /** After so long the keys are read again. Default 10 min. */
  maxAgeMs?: number;
}

type RemoteKeys = ReturnType<typeof createRemoteJWKSet>;

/** The token names a key that the issuer does not have, or none where it has several. */
const OF_THE_TOKEN = new Set(['ERR_JWKS_NO_MATCHING_KEY', 'ERR_JWKS_MULTIPLE_MATCHING_KEYS']);

const DiscoverySchema = z.object({
  issuer: z.string(),
  jwks_uri: z.string().refine(isSafeAddress, 'must be an https address'),
});

/**
 * How the key of a token is found.
 *
 * @returns throws what `jose` throws where the token is to blame, else TaskError UNREACHABLE | CONFIGURATION
 */
export function keysOfIssuer(
  issuer: string,
  { timeoutMs = 5_000, cooldownMs = 30_000, maxAgeMs = 600_000 }: IssuerOptions = {},
): JWTVerifyGetKey {
  let found: Promise<RemoteKeys> | undefined;
  const find = async (): Promise<RemoteKeys> =>
    createRemoteJWKSet(new URL(await discover(issuer, timeoutMs)), {
      timeoutDuration: timeoutMs,
      cooldownDuration: cooldownMs,
      cacheMaxAge: maxAgeMs,
    });
  return async (header, token) => {
    const current = (found ??= find());
    let keys: RemoteKeys | undefined;
    try {
      keys = await current;
      return await keys(header, token);
    } catch (error) {
      if (OF_THE_TOKEN.has((error as { code?: string }).code ?? '')) throw error;
      // Looked for anew the next time, for they may have moved; but a made-up kid takes nobody the keys that are good.
      if (!keys?.fresh && found === current) found = undefined;
      if (error instanceof TaskError) throw error;
      throw unreachable(issuer, `its keys cannot be read: ${messageOf(error)}`, error);
    }
  };
}

/** The address of the keys. */
async function discover(issuer: string, timeoutMs: number): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const parsed = DiscoverySchema.safeParse(await fetchJson(issuer, url, timeoutMs));
  if (!parsed.success)
    throw new TaskError(
      'CONFIGURATION',
      `oidc.issuer: what ${url} answers is no discovery document: ${z.prettifyError(parsed.error)}`,
    );
  if (parsed.data.issuer === issuer) return parsed.data.jwks_uri;
  throw new TaskError(
    'CONFIGURATION',
    `oidc.issuer: got ${preview(issuer)}, but ${url} says ${preview(parsed.data.issuer)}; they must be the same to the letter`,
  );
}

async function fetchJson(issuer: string, url: string, timeoutMs: number): Promise<unknown> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const answer = await fetch(url, { signal, redirect: 'manual' });
    if (answer.status !== 200) throw new Error(`status ${answer.status}, expected 200`);
    return await answer.json();
  } catch (error) {
    throw unreachable(issuer, `${url}: ${messageOf(error)}`, error);
  }
}

const unreachable = (issuer: string, why: string, cause: unknown): TaskError =>
  new TaskError('UNREACHABLE', `the OpenID Connect issuer ${issuer} does not answer: ${why}`, {
    cause,
  });
