import { FIELDS_LIMIT, fieldsText, lineText, TEXT_LIMIT } from '../../src/domain/log-line.js';

const parsed = (fields: unknown): unknown => JSON.parse(fieldsText(fields as object) ?? 'null');

describe('lineText', () => {
  it('leaves a text alone that is within the limit', () => {
    expect(lineText('a\nb')).toBe('a\nb');
    expect(lineText('x'.repeat(TEXT_LIMIT))).toBe('x'.repeat(TEXT_LIMIT));
  });

  it('cuts a longer one, and says how much is missing', () => {
    const text = lineText('x'.repeat(TEXT_LIMIT + 1_234));
    expect(text).toBe(`${'x'.repeat(TEXT_LIMIT)}… (1,234 more characters)`);
  });

  it.each([
    [{ a: 1 }, '{"a":1}'],
    [undefined, 'undefined'],
    [12n, '"12"'],
    [Symbol('s'), 'Symbol(s)'],
  ])('makes a text of %p, which is none', (said, text) => {
    expect(lineText(said)).toBe(text);
  });
});

describe('fieldsText', () => {
  it('is undefined where there is nothing', () => {
    expect([fieldsText(undefined), fieldsText({})]).toEqual([undefined, undefined]);
  });

  it('keeps what JSON can say, and says of errors, maps, sets and big numbers what they are', () => {
    const error = Object.assign(new TypeError('no', { cause: 'why' }), { code: 'E' });
    const fields = { n: 1, error, map: new Map([['k', 2]]), set: new Set([3]), big: 4n };
    expect(parsed(fields)).toMatchObject({
      ...{ n: 1, map: { k: 2 }, set: [3], big: '4' },
      error: { name: 'TypeError', message: 'no', code: 'E', cause: 'why' },
    });
    expect(parsed(error)).toMatchObject({ name: 'TypeError', message: 'no' });
  });

  it('bears what refers back to itself, and what throws when it is read', () => {
    const loop: Record<string, unknown> = { twice: { a: 1 } };
    Object.assign(loop, { loop, again: loop['twice'] });
    expect(parsed(loop)).toEqual({ twice: { a: 1 }, again: { a: 1 }, loop: '(itself)' });
    const hostile = {
      get bad() {
        throw new Error('not for you');
      },
    };
    expect(parsed(hostile)).toEqual({ unreadable: 'not for you' });
  });

  it.each([
    ['a long text', { text: 'x'.repeat(1_000_000) }],
    ['quotes alone', { text: '"'.repeat(FIELDS_LIMIT) }],
    ['a long list', { list: Array.from({ length: 100_000 }, (_, index) => index) }],
    ['halves of characters', { text: '\ud800'.repeat(FIELDS_LIMIT) }],
    ['a list instead of an object', ['x']],
  ])('gives the beginning of %s as a text, within the limit', (_what, fields) => {
    const text = fieldsText(fields) ?? '';
    expect(text.length).toBeLessThanOrEqual(FIELDS_LIMIT + 20);
    expect(Object.keys(JSON.parse(text) as object)).toEqual(['cut']);
  });
});
