import { outputOfTexts } from '../../src/domain/output-texts.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const of = (texts: Record<string, string>) =>
  outputOfTexts(Object.entries(texts).map(([name, text]) => ({ name, content: bytes(text) })));

describe('an output of texts', () => {
  it('has a text for a file, and an object for a folder', () => {
    expect(of({ result: '7', 'parameters/x': 'a', 'parameters/deep/y': 'žluť' })).toEqual({
      result: '7',
      parameters: { x: 'a', deep: { y: 'žluť' } },
    });
  });

  it('loses the newline that ends a text, one of them, and nothing else', () => {
    expect(
      of({ a: 'x\n', b: 'x\r\n', c: 'x\n\n', d: ' x ', e: '\n', f: '', g: '\uFEFFx' }),
    ).toEqual({
      ...{ a: 'x', b: 'x', c: 'x\n', d: ' x ', e: '', f: '', g: '\uFEFFx' },
    });
  });

  it('keeps names that objects have by themselves', () => {
    const made = of({ '__proto__/x': 'a', 'constructor/y': 'b', toString: 'c' });
    expect(JSON.stringify(made)).toBe(
      '{"__proto__":{"x":"a"},"constructor":{"y":"b"},"toString":"c"}',
    );
    expect(Object.getPrototypeOf(made)).toBe(Object.prototype);
  });

  it('is refused where a file is no UTF-8', () => {
    const broken = [{ name: 'a', content: Uint8Array.of(0xff, 0xfe) }];
    expect(() => outputOfTexts(broken)).toThrow(/"a" is no text in UTF-8; keep it as an artifact/);
  });
});
