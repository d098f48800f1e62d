/** Argo's loops: `withItems`, `withParam`, `withSequence`. */
import { preview, type Json } from '../domain/json.js';
import { mapStrings, plain } from './cel.js';
import { piecesOf, staticText, valueCel, type PieceType, type Scope } from './argo-scope.js';
import { NotTranslatable } from './logic.js';
import type { Source } from './source.js';

/** Items that a map may have. */
const MOST = 10_000;

/** `items` are written in the file; `over` is known only at run time. */
export type Loop = { items: Json[] } | { over: string; param?: string } | undefined;

/** The loop of a step, or undefined where there is none, or none that can be said: that is a loss. */
export function loopOf(source: Source, scope: Scope): Loop {
  const items = source.get('withItems');
  if (items.given) {
    if (Array.isArray(items.value)) return { items: bounded(items, items.take() as Json[]) };
    items.lose(`expected a list, got ${preview(items.value)}; the step runs once`);
  }
  const sequence = source.get('withSequence');
  if (sequence.given) return sequenceOf(sequence, scope);
  return paramOf(source.get('withParam'), scope);
}

function bounded(at: Source, items: Json[]): Json[] {
  if (items.length <= MOST) return items;
  at.losses.add(at.path, 'withItems', `${items.length} items; the first ${MOST} are taken`);
  return items.slice(0, MOST);
}

/** The items as a map takes them. */
export const literalItems = (items: readonly Json[]): Json[] =>
  items.map((item) => mapStrings(item, plain));

function paramOf(source: Source, scope: Scope): Loop {
  const text = source.text();
  if (text === undefined) return undefined;
  try {
    const pieces = piecesOf(text, scope);
    const fixed = staticText(pieces);
    if (fixed !== undefined) {
      const items: unknown = JSON.parse(fixed);
      if (Array.isArray(items)) return { items: bounded(source, items as Json[]) };
      throw new NotTranslatable(`is no list: ${preview(items)}`);
    }
    const value = valueCel(pieces, text);
    const [only] = pieces;
    if (typeof only === 'object' && 'param' in only && only.param !== undefined)
      return { over: value, param: only.param };
    return { over: listCel(value, typeof only === 'object' && 'cel' in only ? only.type : 'any') };
  } catch (error) {
    if (error instanceof NotTranslatable || error instanceof SyntaxError)
      source.lose(`the list ${preview(text)} ${reason(error)}; the step runs once`);
    else throw error;
    return undefined;
  }
}

/** The list that a value is, or that a text holds; an empty text is an empty list. */
function listCel(value: string, type: PieceType): string {
  if (type === 'list') return value;
  const read = `${value} == "" ? [] : fromJson(${value})`;
  return `(${type === 'text' ? read : `type(${value}) != string ? ${value} : ${read}`})`;
}

const reason = (error: Error): string =>
  error instanceof SyntaxError ? 'is no JSON' : error.message;

function sequenceOf(source: Source, scope: Scope): Loop {
  const [count, start, end, format] = ['count', 'start', 'end', 'format'].map((key) => {
    const text = source.get(key).text();
    if (text === undefined) return undefined;
    try {
      return staticText(piecesOf(text, scope)) ?? NaN;
    } catch (error) {
      if (error instanceof NotTranslatable) return NaN;
      throw error;
    }
  });
  const from = Number(start ?? 0);
  const to = end === undefined ? from + Number(count ?? NaN) - 1 : Number(end);
  if (!Number.isInteger(from) || !Number.isInteger(to) || Math.abs(to - from) >= MOST) {
    source.lose(
      `the sequence ${preview(source.value)} is not known before the run, or longer than ${MOST}; the step runs once`,
    );
    return undefined;
  }
  const numbers = Array.from(
    { length: count === '0' ? 0 : Math.abs(to - from) + 1 },
    (_none, at) => (to >= from ? from + at : from - at),
  );
  return { items: numbers.map((value) => formatted(value, String(format ?? '%d'))) };
}

/** Go's `%d`, `%03d` and `%x`. */
function formatted(value: number, format: string): string {
  return format.replace(
    /%(0?)(\d*)([dxX])/,
    (_whole, zero: string, width: string, kind: string) => {
      const digits = kind === 'd' ? String(value) : value.toString(16);
      return (kind === 'X' ? digits.toUpperCase() : digits).padStart(
        Number(width || 0),
        zero === '0' ? '0' : ' ',
      );
    },
  );
}
