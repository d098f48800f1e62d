import fc from 'fast-check';
import stringWidth from 'string-width';
import { fit, oneLine, row, table } from '../../src/cli/columns.js';
import { signOf } from '../../src/cli/status-style.js';
import { STATUSES } from '../../src/domain/status.js';

describe('fit', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['日本語', 6, '日本語'],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日…'],
    ['abc', 0, ''],
  ])('makes %j of width %i into %j', (text, width, expected) => {
    expect(fit(text, width)).toBe(expected);
  });

  it('cuts what pictures are drawn with where a terminal would', () => {
    const blocks = [0x20, 0x2500, 0x2800].flatMap((start) =>
      Array.from({ length: start === 0x20 ? 95 : 128 }, (_, n) => String.fromCodePoint(start + n)),
    );
    const unit = fc.constantFrom(...blocks, ...STATUSES.flatMap((one) => [signOf(one)]), '…');
    fc.assert(
      fc.property(fc.array(unit), fc.integer({ min: 1, max: 40 }), (units, width) => {
        const text = units.join('');
        const cut = fit(text, width);
        expect(stringWidth(cut)).toBe(Math.min(stringWidth(text), width));
        expect(text.startsWith(cut.replace(/…$/, ''))).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is never wider than asked', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, width) => {
        expect(stringWidth(fit(oneLine(text), width))).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe('row', () => {
  it('cuts cells to their columns and the last to what is left', () => {
    const cells = ['name', 'status', 'a long remark'].map((text) => ({ text }));
    expect(row(cells, [3, 8, 0], 20)).toBe('na…  status    a lo…');
  });

  it('is never wider than asked', () => {
    const texts = fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        texts,
        fc.array(fc.nat(20), { minLength: 5, maxLength: 5 }),
        fc.nat(60),
        (given, widths, width) => {
          const line = row(
            given.map((text) => ({ text: oneLine(text) })),
            widths,
            width,
          );
          expect(stringWidth(line)).toBeLessThanOrEqual(width);
        },
      ),
    );
  });
});

describe('table', () => {
  it('aligns columns by width and not by length', () => {
    const rows = [
      ['日本', 'x'],
      ['a', 'y'],
    ].map((texts) => texts.map((text) => ({ text })));
    expect(table(rows)).toEqual(['日本  x', 'a     y']);
  });

  it('keeps a cell on its line, and its indent', () => {
    const rows = [[{ text: '  a\nb\u001b[31mc' }, { text: 'x\r\n\ty\u2028z' }]];
    expect(table(rows)).toEqual(['  a bc  x y z']);
  });
});
