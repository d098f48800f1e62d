import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  formatToken,
  hashSecret,
  isApiToken,
  newKeyId,
  newSecret,
  parseToken,
  refusalOf,
  type KeySecrets,
} from '../../src/store/api-token.js';

const T = Date.UTC(2026, 2, 14);

const token = fc.constant(null).map(() => ({ id: newKeyId(), secret: newSecret() }));

const held = (secret: string, rest: Partial<KeySecrets> = {}): KeySecrets => ({
  ...{ hash: hashSecret(secret), previousHash: null, previousUntil: null },
  ...{ expiresAt: null, revokedAt: null, ...rest },
});

describe('parseToken', () => {
  it('gives back what formatToken was given', () => {
    fc.assert(
      fc.property(token, (parts) => {
        const text = formatToken(parts);
        expect(isApiToken(text)).toBe(true);
        expect(parseToken(text)).toEqual(parts);
      }),
    );
  });

  it('takes nothing that is shorter or longer than a token', () => {
    fc.assert(
      fc.property(token, fc.nat(), fc.string({ minLength: 1 }), (parts, cut, more) => {
        const text = formatToken(parts);
        expect(parseToken(text.slice(0, cut % text.length))).toBeUndefined();
        expect(parseToken(text + more)).toBeUndefined();
        expect(parseToken(more + text)).toBeUndefined();
      }),
    );
  });

  it.each(['', 'tg_', 'tg__', `tg_${'A'.repeat(12)}_${'a'.repeat(43)}`, 'Bearer x'])(
    'refuses %j',
    (text) => expect(parseToken(text)).toBeUndefined(),
  );
});

describe('newSecret', () => {
  it('has 256 bits, and never the same', () => {
    const secrets = Array.from({ length: 1_000 }, newSecret);
    expect(new Set(secrets).size).toBe(1_000);
    for (const secret of secrets) expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
  });
});

describe('refusalOf', () => {
  it('refuses a token with any one character changed, also one that stands for the same bytes', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    fc.assert(
      fc.property(token, fc.nat(42), fc.constantFrom(...alphabet), ({ secret }, at, letter) => {
        fc.pre(secret[at] !== letter);
        const tampered = secret.slice(0, at) + letter + secret.slice(at + 1);
        expect(refusalOf(held(secret), tampered, T)).toBe('unknown');
        expect(refusalOf(held(secret), secret, T)).toBeUndefined();
      }),
      { numRuns: 1_000 },
    );
    const { secret } = { secret: 'A'.repeat(43) };
    const same = `${'A'.repeat(42)}B`; // the last two bits of a base64url of 32 bytes say nothing
    expect(Buffer.from(same, 'base64url')).toEqual(Buffer.from(secret, 'base64url'));
    expect(refusalOf(held(secret), same, T)).toBe('unknown');
  });

  it.each([
    ['there is no key', undefined, 'unknown'],
    ['the secret is another', held('b'), 'unknown'],
    ['it is revoked', held('a', { revokedAt: T }), 'revoked'],
    ['it is revoked, for who has another secret', held('b', { revokedAt: T }), 'unknown'],
    ['it is expired, for who has another secret', held('b', { expiresAt: T }), 'unknown'],
    ['it expires now', held('a', { expiresAt: T }), 'expired'],
    ['it expires in a moment', held('a', { expiresAt: T + 1 }), undefined],
    ['it was rotated', held('b', { previousHash: hashSecret('a'), previousUntil: T }), 'expired'],
    [
      'it was rotated, within the grace',
      held('b', { previousHash: hashSecret('a'), previousUntil: T + 1 }),
      undefined,
    ],
    [
      'it was rotated, within the grace, and revoked',
      held('b', { previousHash: hashSecret('a'), previousUntil: T + 1, revokedAt: T }),
      'revoked',
    ],
    [
      'it was rotated, within the grace, and expired',
      held('b', { previousHash: hashSecret('a'), previousUntil: T + 1, expiresAt: T }),
      'expired',
    ],
  ] as const)('where %s', (_case, key, refusal) => {
    expect(refusalOf(key, 'a', T)).toBe(refusal);
  });
});
