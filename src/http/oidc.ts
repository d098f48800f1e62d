/**
 * Bearer tokens of OpenID Connect as principals.
 *
 * What is wrong is told by name and never with the token. What a token claims is told only once its signature is right.
 */
import { jwtVerify, type JWTPayload } from 'jose';
import type { Principal } from '../domain/access.js';
import { TaskError } from '../domain/errors.js';
import { preview } from '../domain/json.js';
import { principalOf, type Oidc } from '../domain/oidc.js';
import { keysOfIssuer, type IssuerOptions } from './oidc-issuer.js';

/** Only with two keys: under `none` or HS256 whoever can read the issuer's public key could sign. */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
/** By how much the issuer's clock and ours may differ. */
const TOLERANCE_S = 30;

export interface OidcVerifierOptions extends IssuerOptions {
  now?: () => number;
}

/** Whose token it is. @throws TaskError UNAUTHENTICATED, FORBIDDEN where its claims give nothing, UNREACHABLE | CONFIGURATION of the issuer */
export type VerifyOidc = (token: string) => Promise<Principal>;

/** Asks the issuer for nothing before the first token comes. */
export function oidcVerifier(oidc: Oidc, options: OidcVerifierOptions = {}): VerifyOidc {
  const { now = Date.now, ...ofIssuer } = options;
  const keys = keysOfIssuer(oidc.issuer, ofIssuer);
  const verify = async (token: string): Promise<JWTPayload> => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ALGORITHMS,
        issuer: oidc.issuer,
        audience: oidc.audience,
        clockTolerance: TOLERANCE_S,
        requiredClaims: ['exp', 'sub'], // without `exp` one would be good for ever
        currentDate: new Date(now()),
      });
      return payload;
    } catch (error) {
      if (error instanceof TaskError) throw error; // the issuer's
      // No cause: it carries the claims, and may be logged.
      const [why, message] = refusalOf(error as JoseError, oidc);
      throw new TaskError('UNAUTHENTICATED', message, { details: { why } });
    }
  };
  return async (token) => {
    const { principal, missing } = principalOf(await verify(token), oidc);
    if (principal) return principal;
    throw new TaskError('FORBIDDEN', missing.message, { details: { why: missing.claim } });
  };
}

/** What we need of `jose`'s errors; matched by code, as it recommends. */
interface JoseError {
  code?: string;
  claim?: string;
  reason?: string;
  payload?: JWTPayload;
}

/** Why a token is refused, as a word and as a sentence. */
function refusalOf(error: JoseError, oidc: Oidc): [why: string, message: string] {
  switch (error.code) {
    case 'ERR_JOSE_ALG_NOT_ALLOWED':
      return [
        'algorithm',
        `the token is signed in a way that is not taken here; expected one of ${ALGORITHMS.join(', ')}`,
      ];
    case 'ERR_JWKS_NO_MATCHING_KEY':
      return ['key', `the token is signed with a key that ${oidc.issuer} does not have`];
    case 'ERR_JWKS_MULTIPLE_MATCHING_KEYS':
      return ['key', `the token does not say which key of ${oidc.issuer} it is signed with (kid)`];
    case 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED':
      return ['signature', "the token's signature is wrong; get a new token"];
    case 'ERR_JWT_EXPIRED':
      return ['expired', `the token expired at ${time(error.payload?.exp)}; get a new one`];
    case 'ERR_JWT_CLAIM_VALIDATION_FAILED':
      return ofClaim(error, oidc);
    default:
      return [
        'malformed',
        'the bearer token is neither an API key, which begins with tg_, nor a signed JWT',
      ];
  }
}

function ofClaim({ claim, reason, payload }: JoseError, oidc: Oidc): [string, string] {
  const got = preview(payload?.[claim ?? '']);
  if (reason === 'check_failed') {
    if (claim === 'iss') return ['issuer', `the token is of ${got}, expected ${oidc.issuer}`];
    if (claim === 'aud')
      return ['audience', `the token is for ${got}, expected ${preview(oidc.audience)}`];
    if (claim === 'nbf') return ['early', `the token is good from ${time(payload?.nbf)} on`];
  }
  const state = reason === 'missing' ? 'is missing' : `is ${got}, which it cannot be`;
  return ['claims', `the token's claim ${claim} ${state}`];
}

/** Of seconds; not every number is a time. */
function time(seconds: number | undefined): string {
  const date = new Date((seconds ?? NaN) * 1_000);
  return Number.isNaN(date.getTime()) ? `${seconds}` : date.toISOString();
}
