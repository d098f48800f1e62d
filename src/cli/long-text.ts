/** Long values as people look at them: so much that they are known again, and how much there is. */
import { cut } from '../domain/visible-text.js';

/** Characters of one value that are printed. */
const MOST = 1_000;

/** The text, or its beginning and how to get the rest. */
export function shortened(text: string): string {
  if (text.length <= MOST) return text;
  return `${cut(text, MOST)} (${text.length.toLocaleString('en')} characters; --json gives all of it)`;
}
