/** An issuer of OpenID Connect on loopback: its documents, its keys and the tokens that it signs. */
import { exportJWK, generateKeyPair, SignJWT, type JWK, type JWTPayload } from 'jose';
import { startLoopback } from './loopback.js';

export interface Issuer {
  /** As it stands in `iss`. */
  url: string;
  /** Requests so far, by path. */
  requests: Record<string, number>;
  /** What its documents say; may be changed. */
  documents: { discovery: Record<string, unknown>; keys: JWK[] };
  /** How it answers: with 200, unless changed; `silent`: not at all. */
  answer: { status: number; silent: boolean };
  /** Makes a key, and signs with it from now on. @param published whether it is among its keys */
  rotate(kid: string, options?: { alg?: string; published?: boolean }): Promise<JWK>;
  /** A token that is good for five minutes, unless the claims say otherwise. */
  sign(claims?: JWTPayload, header?: Record<string, unknown>): Promise<string>;
  /** Stops answering. */
  down(): Promise<void>;
}

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

export async function startIssuer(audience: string, now: () => number): Promise<Issuer> {
  const requests: Record<string, number> = {};
  const documents: Issuer['documents'] = { discovery: {}, keys: [] };
  const answer = { status: 200, silent: false };
  const server = await startLoopback((request, response) => {
    const path = request.url ?? '';
    requests[path] = (requests[path] ?? 0) + 1;
    if (answer.silent) return;
    const body =
      path === '/realm/.well-known/openid-configuration'
        ? documents.discovery
        : path === '/realm/keys'
          ? { keys: documents.keys }
          : undefined;
    response.writeHead(body ? answer.status : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? {}));
  });
  const url = `${server.origin}/realm`;
  documents.discovery = { issuer: url, jwks_uri: `${url}/keys` };
  let current: { key: PrivateKey; kid: string; alg: string } | undefined;
  const issuer: Issuer = {
    ...{ url, requests, documents, answer },
    rotate: async (kid, { alg = 'RS256', published = true } = {}) => {
      const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
      current = { key: privateKey, kid, alg };
      const jwk = { ...(await exportJWK(publicKey)), kid, use: 'sig' };
      if (published) documents.keys = [...documents.keys, jwk];
      return jwk;
    },
    sign: async (claims = {}, header = {}) => {
      if (!current) throw new Error('no key');
      const seconds = Math.floor(now() / 1_000);
      const all = {
        ...{ iss: url, aud: audience, sub: 'u1', roles: ['ops'] },
        ...{ iat: seconds, exp: seconds + 300, ...claims },
      };
      return await new SignJWT(JSON.parse(JSON.stringify(all)) as JWTPayload)
        .setProtectedHeader({ alg: current.alg, kid: current.kid, typ: 'JWT', ...header })
        .sign(current.key);
    },
    down: () => server.close(),
  };
  await issuer.rotate('one');
  return issuer;
}
