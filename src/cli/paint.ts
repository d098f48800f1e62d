/**
 * Our colours, and what keeps anybody else's out of the terminal.
 *
 * Errors, ids, names and outputs come from others, and an escape sequence in one would recolour, hide or overwrite what
 * stands beside it. So a colour of ours carries a mark of this process, and `shown`, through which `Output` writes all
 * text, lets nothing but marked ones through.
 */
import { randomInt } from 'node:crypto';
import { stripVTControlCharacters } from 'node:util';
import pc from 'picocolors';
import { visible } from '../domain/visible-text.js';

export type Style = ReturnType<typeof pc.createColors>;
type Paint = (text: string | number | null | undefined) => string;

const part = (): number => randomInt(1_000, 10_000);
/** Parameters that no terminal knows: whatever measures, wraps or strips sequences takes ours for colours too. */
const MARK = `\x1b[${part()};${part()};${part()};`;
const MARKED = new RegExp(`${MARK.replace('[', '\\[')}(\\d+)m`);

/** Colours whose sequences bear the mark: text painted with them is written by `Output`, or after `shown`. */
export function markedColors(enabled: boolean): Style {
  const colors = pc.createColors(enabled);
  if (!enabled) return colors;
  const entries = Object.entries<Paint | boolean>({ ...colors }).map(([name, paint]) => [
    name,
    typeof paint === 'function' ? marked(paint) : paint,
  ]);
  return Object.fromEntries(entries) as Style;
}

function marked(paint: Paint): Paint {
  const [open = '', close = ''] = paint('|')
    .replaceAll('\x1b[', () => MARK)
    .split('|');
  // What is painted already ends its own colour, and with it ours: that goes on behind it.
  return (text) => open + String(text).replaceAll(close, () => close + open) + close;
}

/**
 * Text as it may be written: our colours become real, other escape sequences are left out, and what else cannot be seen
 * is shown as its code. Line breaks and tabs stay.
 */
export function shown(text: string): string {
  return text
    .split(MARKED)
    .map((piece, index) => (index % 2 === 1 ? `\x1b[${piece}m` : harmless(piece)))
    .join('');
}

/** Text of others without escape sequences, and with the codes of other controls in their place. */
export const harmless = (text: string): string =>
  visible(stripVTControlCharacters(text).replace(/\r\n?/g, '\n'));
