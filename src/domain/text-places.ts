/** Where in a text the values of a document begin, whatever it is written in. */
import type { LineCounter } from 'yaml';
import type { Fault } from './fault.js';

/** A value of a document, as a place in its text. */
export interface TextPlace {
  /** Characters before it; undefined where it is not in the text. */
  start: number | undefined;
  /** What it holds by a key or an index, and where that key begins. */
  inside(
    step: string | number,
  ): { key?: number | undefined; value: TextPlace | undefined } | undefined;
}

/** At the value, or at the key where that is what is wrong; at what should hold it where it is missing. */
export function located(one: Fault, root: TextPlace | undefined, lines: LineCounter): Fault {
  const path = parsePath(one.path);
  if (path[0] === 'submission') return one; // what was said beside the text
  let at = root;
  let start = at?.start;
  for (const [index, step] of path.entries()) {
    const found = at?.inside(step);
    if (!found) break;
    const atKey = index === path.length - 1 && isOfKey(one, path);
    at = found.value;
    start = (atKey ? found.key : at?.start) ?? found.key ?? start;
  }
  if (start === undefined) return one;
  const { line, col } = lines.linePos(start);
  return { ...one, line, column: col };
}

/** A field that nobody knows, a parameter that nobody takes, or one whose name or whole schema is no good. */
function isOfKey({ code }: Fault, path: readonly (string | number)[]): boolean {
  if (code === 'UNKNOWN_FIELD' || code === 'UNKNOWN_PARAM') return true;
  return code === 'INVALID_VALUE' && path.length === 2 && path[0] === 'params';
}

/** The steps of a path as `formatPath` writes it. */
function parsePath(path: string): (string | number)[] {
  if (path === '(root)') return [];
  return [...path.matchAll(/\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/g)].map(
    ([, index, quoted, word]) =>
      index !== undefined
        ? Number(index)
        : quoted !== undefined
          ? (JSON.parse(`"${quoted}"`) as string)
          : (word as string),
  );
}
