import { Redaction } from '../../src/activities/redaction.js';

const SECRET = 'p@ss/word "1" äß';
const redaction = new Redaction(
  new Map([
    ['PASS', SECRET],
    ['KEY', '-----BEGIN KEY-----\nMIIEabcdefgh\nxyz\n-----END KEY-----'],
    ['PIN', '77'],
  ]),
);

describe('Redaction', () => {
  it.each([
    ['as it is', `login with ${SECRET} failed`],
    ['twice', `${SECRET}${SECRET}`],
    ['as JSON', `body ${JSON.stringify({ pass: SECRET })}`],
    ['in an address', `https://x/?q=${encodeURIComponent(SECRET)}`],
    ['in Base64', `Basic ${Buffer.from(SECRET).toString('base64')}`],
    ['in Base64 for addresses', `t=${Buffer.from(SECRET).toString('base64url')}`],
    ['in hexadecimal', Buffer.from(SECRET).toString('hex')],
    ['cut short', `login with ${SECRET.slice(0, 11)}`],
    ['cut short with dots', `login with ${SECRET.slice(0, 11)}…`],
  ])('takes a value out that stands %s', (_where, text) => {
    const clean = redaction.text(text);
    expect(clean).toContain('***');
    expect(clean).not.toMatch(/p(@|%40)ss|cEBzcy|704073/);
  });

  it('takes out single lines of a value with several', () => {
    expect(redaction.text('bad line: MIIEabcdefgh')).toBe('bad line: ***');
    expect(redaction.text('xyz')).toBe('xyz');
  });

  it('takes out short values too', () => {
    expect(redaction.text('PIN 77 refused')).toBe('PIN *** refused');
  });

  it('takes the longer of two values that begin alike', () => {
    const both = new Redaction(new Map(Object.entries({ a: 'token', b: 'token-2' })));
    expect(both.text('token-2 token')).toBe('*** ***');
  });

  it('goes through fields, errors, maps and cycles, and leaves other values as they are', () => {
    const loop: Record<string, unknown> = { pass: SECRET, n: 5, at: new Date(0) };
    loop['self'] = loop;
    const error = new Error(`no ${SECRET}`, { cause: new Error(SECRET) });
    const seen = redaction.value({
      ...{ loop, error, list: [SECRET], [SECRET]: 1 },
      map: new Map([['k', SECRET]]),
      bytes: Buffer.from('ab'),
    });
    expect(JSON.stringify(seen)).not.toContain('p@ss');
    expect(seen).toMatchObject({
      loop: { pass: '***', n: 5, at: new Date(0), self: '***' },
      error: { type: 'Error', message: 'no ***', cause: { message: '***' } },
      ...{ list: ['***'], '***': 1, map: { k: '***' }, bytes: Buffer.from('ab') },
    });
  });

  it('names the secrets whose value is in a JSON value', () => {
    expect(redaction.namesIn({ a: [`x${SECRET}`] })).toEqual(['PASS']);
    expect(redaction.namesIn({ a: [1, null] })).toEqual([]);
    expect(redaction.namesIn(undefined)).toEqual([]);
  });
});
