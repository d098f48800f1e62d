/** Text of anybody's, made safe to look at inside a page of ours. */

/** Controls but tab and newline, the marks that turn the direction of what follows, and halves of a character. */
const UNSEEN = /(?![\t\n])[\p{Cc}\p{Cs}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;

/** Shows what cannot be seen as its code, such as `\u202e`: a text must not reorder or hide what stands beside it. */
export function visible(text: string): string {
  return text.replace(
    UNSEEN,
    (found) => `\\u${(found.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}

/** The same on one line. */
export function visibleLine(text: string): string {
  return visible(text.replace(/\s*[\r\n]+\s*/g, ' ')).trim();
}

/** The text, or as much of it as there is room for, with `…` for the rest; never half a character. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  let kept = text.slice(0, most - 1);
  if (/[\uD800-\uDBFF]$/.test(kept)) kept = kept.slice(0, -1);
  return `${kept}…`;
}
