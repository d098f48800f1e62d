/** Names and numbers as people see them. A name of a file or person may hold any character at all. */
import stringWidth from 'string-width';

/** Control characters, and what hides or reorders the text around it; what joins letters and emoji may stay. */
const UNSEEN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** The name on one line, with a sign for each character that would not be seen: a line end is ␊. */
export function visible(name: string): string {
  return name.replace(UNSEEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
  });
}

/** The visible name in at most `columns`, its middle left out: of a path, the end says most. */
export function shortened(name: string, columns: number): string {
  const whole = visible(name);
  if (stringWidth(whole) <= columns) return whole;
  const characters = [...new Intl.Segmenter().segment(whole)].map(({ segment }) => segment);
  const startColumns = Math.floor((columns - 1) / 3);
  const start = fitting(characters, startColumns);
  const end = fitting(characters.reverse(), columns - 1 - startColumns).reverse();
  return `${start.join('')}…${end.join('')}`;
}

/** 1234567 → 1,234,567 */
export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 file`, `2 files`, `1,000 files` */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** The characters from the start that fit in `columns`. */
function fitting(characters: string[], columns: number): string[] {
  let width = 0;
  const end = characters.findIndex((character) => (width += stringWidth(character)) > columns);
  return end === -1 ? [...characters] : characters.slice(0, end);
}
