import { describe, expect, it } from '@jest/globals';
import { utf8Text } from '../../src/domain/utf8-text.js';

const bytes = (...parts: (string | number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));

describe('utf8Text', () => {
  it.each(['', 'plain', 'é — 😀', '\uFEFFmarked', 'a\uFFFDb'])('gives %j as it is', (text) => {
    expect(utf8Text(Buffer.from(text))).toEqual({ text });
  });

  it.each<[string, Buffer, string]>([
    ['Latin-1', bytes('a: 1\nb: caf', [0xe9], '\n'), 'line 2 column 7'],
    ['a cut character', bytes('€', [0xe2, 0x82]), 'line 1 column 2'],
    ['a half of a pair', bytes('x', [0xed, 0xa0, 0x80]), 'line 1 column 2'],
    ['what begins as the mark for what is wrong does', bytes([0xef, 0xbf], 'x'), 'line 1 column 1'],
  ])('says where %s is no UTF-8', (_what, given, place) => {
    expect(utf8Text(given)).toEqual({
      problem: `is no UTF-8 text: ${place}; write it as UTF-8`,
    });
  });

  it('knows UTF-16 by its mark', () => {
    const problem = 'is no UTF-8 text, but UTF-16; write it as UTF-8';
    expect(utf8Text(Buffer.from('\uFEFFname: a', 'utf16le'))).toEqual({ problem });
  });
});
