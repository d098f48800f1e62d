import { createHmac, createPublicKey, type JsonWebKey } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { oidcVerifier, type OidcVerifierOptions } from '../../src/http/oidc.js';
import { OidcSchema, type OidcOptions } from '../../src/domain/oidc.js';
import type { TaskError } from '../../src/domain/errors.js';
import { startIssuer, type Issuer } from '../support/issuer.js';

const T = Date.UTC(2026, 2, 14);
const S = T / 1_000;

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('oidcVerifier', () => {
  const issuers: Issuer[] = [];
  afterEach(async () => {
    for (const issuer of issuers.splice(0)) await issuer.down().catch(() => undefined);
  });

  const setup = async (
    options: Partial<OidcOptions> = {},
    more: Partial<OidcVerifierOptions> = {},
  ) => {
    const issuer = await startIssuer('tempograph', () => T);
    issuers.push(issuer);
    const settings = OidcSchema.parse({
      ...{ issuer: issuer.url, audience: 'tempograph', roles: { ops: 'operate' }, ...options },
    });
    const verify = oidcVerifier(settings, { now: () => T, cooldownMs: 0, ...more });
    return { issuer, verify };
  };
  /** That a token is refused: with what, and that nothing of it is repeated. */
  const refusal = async (refused: Promise<unknown>, token: string) => {
    const error = (await refused.then(
      (principal) => {
        throw new Error(`let in: ${JSON.stringify(principal)}`);
      },
      (thrown: unknown) => thrown,
    )) as TaskError;
    const [, claims = '', signature = ''] = token.split('.');
    for (const secret of [claims, signature].filter((part) => part !== ''))
      expect(`${error.message} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain(
        secret,
      );
    return { code: error.code, why: (error.details as { why?: string } | undefined)?.why, error };
  };

  it.each(['RS256', 'PS384', 'ES256', 'EdDSA'])(
    'takes a token that is signed by %s',
    async (alg) => {
      const { issuer, verify } = await setup();
      await issuer.rotate('other', { alg });
      await expect(verify(await issuer.sign())).resolves.toEqual({
        ...{ kind: 'oidc', name: 'oidc:u1', scope: 'operate', projects: null },
      });
    },
  );

  it('asks the issuer once for its keys, however many tokens come at once', async () => {
    const { issuer, verify } = await setup();
    expect(issuer.requests).toEqual({});
    const token = await issuer.sign();
    await Promise.all(Array.from({ length: 20 }, () => verify(token)));
    expect(issuer.requests).toEqual({
      '/realm/.well-known/openid-configuration': 1,
      '/realm/keys': 1,
    });
  });

  it.each([
    ['that expired', { exp: S - 31 }, 'expired', 'the token expired at 2026-03-13T23:59:29.000Z'],
    ['that never expires', { exp: undefined }, 'claims', "the token's claim exp is missing"],
    ['whose exp is a text', { exp: '9' }, 'claims', 'the token\'s claim exp is "9"'],
    ['whose exp is before all times', { exp: -1e300 }, 'expired', 'the token expired at -1e+300'],
    ['of tomorrow', { nbf: S + 31 }, 'early', 'the token is good from 2026-03-14T00:00:31.000Z on'],
    ['for another', { aud: 'shop' }, 'audience', 'the token is for "shop", expected "tempograph"'],
    ['for several others', { aud: ['a', 'b'] }, 'audience', 'the token is for ["a","b"]'],
    ['for nobody', { aud: undefined }, 'claims', "the token's claim aud is missing"],
    ['of another issuer', { iss: 'https://evil.example' }, 'issuer', 'of "https://evil.example"'],
    ['of no issuer', { iss: undefined }, 'claims', "the token's claim iss is missing"],
    ['of nobody', { sub: undefined }, 'claims', "the token's claim sub is missing"],
  ])('refuses a token %s', async (_what, claims, why, message) => {
    const { issuer, verify } = await setup();
    const token = await issuer.sign(claims as JWTPayload);
    const refused = await refusal(verify(token), token);
    expect(refused).toMatchObject({ code: 'UNAUTHENTICATED', why });
    expect(refused.error.message).toContain(message);
    expect(refused.error.cause).toBeUndefined();
  });

  it('bears clocks that differ by half a minute, and one of several audiences', async () => {
    const { issuer, verify } = await setup({ audience: ['tempograph', 'other'] });
    const token = await issuer.sign({ exp: S - 29, nbf: S + 29, aud: ['x', 'other'] });
    await expect(verify(token)).resolves.toMatchObject({ name: 'oidc:u1' });
  });

  it.each(['none', 'None', 'NONE', ''])('refuses the algorithm %j', async (alg) => {
    const { issuer, verify } = await setup();
    const [, claims = '', signature = ''] = (await issuer.sign()).split('.');
    for (const end of ['', signature]) {
      const token = `${base64({ alg, typ: 'JWT' })}.${claims}.${end}`;
      expect(await refusal(verify(token), token)).toMatchObject({ code: 'UNAUTHENTICATED' });
    }
    expect(issuer.requests).toEqual({}); // not even worth a question
  });

  it('refuses HS256 with the public key as the secret, in every form that it may have', async () => {
    const { issuer, verify } = await setup();
    const [jwk] = issuer.documents.keys;
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    const pem = key.export({ type: 'spki', format: 'pem' }) as string;
    const forms = [
      ...[pem, pem.trim(), JSON.stringify(jwk), jwk?.n ?? ''],
      key.export({ type: 'spki', format: 'der' }),
      key.export({ type: 'pkcs1', format: 'pem' }),
    ];
    const [, claims = ''] = (await issuer.sign()).split('.');
    for (const secret of forms) {
      const signed = `${base64({ alg: 'HS256', kid: 'one', typ: 'JWT' })}.${claims}`;
      const token = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
      const refused = await refusal(verify(token), token);
      expect(refused).toMatchObject({ code: 'UNAUTHENTICATED', why: 'algorithm' });
    }
  });

  it('refuses HS256 also where the issuer publishes a secret', async () => {
    const { issuer, verify } = await setup();
    const secret = Buffer.alloc(32, 7);
    issuer.documents.keys = [{ kty: 'oct', k: secret.toString('base64url'), kid: 'shared' }];
    const [, claims = ''] = (await issuer.sign()).split('.');
    const signed = `${base64({ alg: 'HS256', kid: 'shared' })}.${claims}`;
    const token = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
    expect(await refusal(verify(token), token)).toMatchObject({ why: 'algorithm' });
  });

  it('refuses a token that is changed in any part', async () => {
    const { issuer, verify } = await setup();
    const token = await issuer.sign();
    const [header = '', , signature = ''] = token.split('.');
    const claims = base64({ ...{ iss: issuer.url, aud: 'tempograph', sub: 'root' }, exp: S + 300 });
    const forged = `${header}.${claims}.${signature}`;
    const refused = await refusal(verify(forged), forged);
    expect(refused).toMatchObject({ code: 'UNAUTHENTICATED', why: 'signature' });
    expect(refused.error.message).not.toContain('root'); // told only once the signature is right
  });

  it('refuses a key that the token brings along', async () => {
    const { issuer, verify } = await setup();
    const jwk = await issuer.rotate('mine', { published: false });
    const header = { jwk, jku: 'https://evil.example/keys', x5u: 'https://evil.example/x' };
    const token = await issuer.sign({}, header);
    expect(await refusal(verify(token), token)).toMatchObject({ why: 'key' });
    const known = await issuer.sign({}, { kid: 'one', jwk });
    expect(await refusal(verify(known), known)).toMatchObject({ why: 'signature' });
  });

  it('takes the new keys of an issuer, and no longer those that it has taken back', async () => {
    const { issuer, verify } = await setup({}, { maxAgeMs: 0 });
    const old = await issuer.sign();
    await verify(old);
    await issuer.rotate('two');
    const both = await issuer.sign();
    for (const token of [old, both]) await expect(verify(token)).resolves.toBeDefined();
    issuer.documents.keys = issuer.documents.keys.filter(({ kid }) => kid === 'two');
    await expect(verify(both)).resolves.toBeDefined();
    expect(await refusal(verify(old), old)).toMatchObject({ code: 'UNAUTHENTICATED', why: 'key' });
  });

  it('finds a new key by its kid before its own are old', async () => {
    const { issuer, verify } = await setup();
    await verify(await issuer.sign());
    await issuer.rotate('two');
    await expect(verify(await issuer.sign())).resolves.toBeDefined();
    expect(issuer.requests['/realm/keys']).toBe(2);
  });

  it('does not ask the issuer again for each kid that somebody makes up', async () => {
    const { issuer, verify } = await setup({}, { cooldownMs: 30_000 });
    const good = await issuer.sign();
    for (let i = 0; i < 20; i++) {
      const token = await issuer.sign({}, { kid: `made up ${i}` });
      const refused = await refusal(verify(token), token);
      expect(refused).toMatchObject({ code: 'UNAUTHENTICATED', why: 'key' });
    }
    expect(issuer.requests['/realm/keys']).toBe(1);
    await expect(verify(good)).resolves.toBeDefined();
  });

  it('says that a token without kid is not enough where the issuer has several keys', async () => {
    const { issuer, verify } = await setup({}, { maxAgeMs: 0 });
    const lone = await issuer.sign({}, { kid: undefined });
    await expect(verify(lone)).resolves.toBeDefined();
    await issuer.rotate('two');
    const token = await issuer.sign({}, { kid: undefined });
    expect((await refusal(verify(token), token)).error.message).toContain('which key');
  });

  it.each(['', 'abc', 'a.b.c', 'a.b', 'a.b.c.d.e', '...', `${'x'.repeat(10_000)}.y.z`])(
    'refuses what is no token: %.20j',
    async (token) => {
      const { issuer, verify } = await setup();
      const refused = await refusal(verify(token), '');
      expect(refused).toMatchObject({ code: 'UNAUTHENTICATED', why: 'malformed' });
      expect(refused.error.message.length).toBeLessThan(200);
      expect(issuer.requests).toEqual({});
    },
  );

  it('tells a token without rights from one that is wrong', async () => {
    const { issuer, verify } = await setup({ projectsClaim: 'projects' });
    for (const [claims, why] of [
      [{ roles: ['guests'] }, 'role'],
      [{ roles: ['ops'] }, 'projects'],
    ] as const) {
      const token = await issuer.sign(claims);
      expect(await refusal(verify(token), token)).toMatchObject({ code: 'FORBIDDEN', why });
    }
    const token = await issuer.sign({ projects: ['shop'] });
    await expect(verify(token)).resolves.toMatchObject({ projects: ['shop'] });
  });

  it('is UNREACHABLE while the issuer is down, and goes on with keys that it has', async () => {
    const { issuer, verify } = await setup();
    const token = await issuer.sign();
    issuer.answer.status = 503;
    const { code, error } = await refusal(verify(token), token);
    expect(code).toBe('UNREACHABLE');
    expect(error.retriable).toBe(true);
    expect(error.message).toContain('status 503, expected 200');
    issuer.answer.status = 200;
    await expect(verify(token)).resolves.toBeDefined();
    await issuer.down();
    await expect(verify(token)).resolves.toBeDefined();
    const other = await issuer.sign({}, { kid: 'two' });
    expect(await refusal(verify(other), other)).toMatchObject({ code: 'UNREACHABLE' });
    // A kid that somebody makes up just then takes nobody the keys that are good.
    await expect(verify(token)).resolves.toBeDefined();
  });

  it('waits for an issuer no longer than it should', async () => {
    const { issuer, verify } = await setup({}, { timeoutMs: 50 });
    issuer.answer.silent = true;
    const token = await issuer.sign();
    const { code, error } = await refusal(verify(token), token);
    expect(code).toBe('UNREACHABLE');
    expect(error.message).toContain('timeout');
  });

  it('believes keys no longer than it should, also where the issuer is down', async () => {
    const { issuer, verify } = await setup({}, { maxAgeMs: 0 });
    const token = await issuer.sign();
    await expect(verify(token)).resolves.toBeDefined();
    issuer.answer.status = 500;
    expect(await refusal(verify(token), token)).toMatchObject({ code: 'UNREACHABLE' });
    issuer.answer.status = 200;
    await expect(verify(token)).resolves.toBeDefined();
  });

  it.each([
    [{ issuer: 'https://evil.example' }, 'they must be the same to the letter'],
    [{ jwks_uri: 'http://id.example.com/keys' }, 'must be an https address'],
    [{ jwks_uri: undefined }, 'is no discovery document'],
  ])('refuses the discovery document %j', async (change, message) => {
    const { issuer, verify } = await setup();
    issuer.documents.discovery = { ...issuer.documents.discovery, ...change };
    const token = await issuer.sign();
    const { code, error } = await refusal(verify(token), token);
    expect(code).toBe('CONFIGURATION');
    expect(error.message).toContain(message);
  });
});
