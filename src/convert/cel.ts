/** Pieces of CEL, and text that means itself, as Tempograph's templates and conditions want them. */
import { getOwn, setOwn, type Json, type JsonObject } from '../domain/json.js';

/** Statuses that count as a failure of a node. */
export const FAILED = ['FAILED', 'TIMEOUT', 'REJECTED'] as const;

const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/** A text as a CEL literal. */
export const celText = (text: string): string => JSON.stringify(text);

/** A JSON value as a CEL literal. */
export const celLiteral = (value: string | number | boolean | null): string =>
  typeof value === 'string' ? celText(value) : String(value);

const isWord = (key: string): boolean => /^[A-Za-z_]\w*$/.test(key) && !RESERVED.has(key);

/** `.key`, or `["key"]` where the key is no word. */
export const member = (key: string | number): string =>
  typeof key === 'number' ? `[${key}]` : isWord(key) ? `.${key}` : `[${celText(key)}]`;

/** `.?key`, or `[?"key"]`: a step that may lead nowhere. */
const optionalMember = (key: string | number): string =>
  typeof key === 'number' ? `[?${key}]` : isWord(key) ? `.?${key}` : `[?${celText(key)}]`;

/** A place that may not be there, with what to take then. */
export const optional = (base: string, keys: readonly (string | number)[], or: string): string =>
  keys.length === 0 ? base : `${base}${keys.map(optionalMember).join('')}.orValue(${or})`;

export const param = (name: string): string => `params${member(name)}`;
export const nodeOf = (id: string): string => `tasks${member(id)}`;
export const outputOf = (id: string): string => `${nodeOf(id)}.output`;
export const statusOf = (id: string): string => `${nodeOf(id)}.status`;

/** `tasks.a.status == "X"`, or `… in [...]` for several. */
export const hasStatus = (id: string, statuses: readonly string[]): string =>
  statuses.length === 1
    ? `${statusOf(id)} == ${celText(statuses[0] ?? '')}`
    : `${statusOf(id)} in [${statuses.map(celText).join(', ')}]`;

/** Conditions joined; each is put in brackets where it needs them. */
export function joined(operator: '&&' | '||', parts: readonly string[]): string {
  if (parts.length === 1) return parts[0] ?? '';
  const looser = operator === '&&' ? ['||', ' ? '] : [' ? '];
  return parts
    .map((part) => (looser.some((one) => standsOpen(part, one)) ? `(${part})` : part))
    .join(` ${operator} `);
}

/** The opposite of a condition. */
export function negated(part: string): string {
  const open = ['||', '&&', ' ? ', ' == ', ' != ', ' in ', ' < ', ' > ', ' <= ', ' >= '];
  return open.some((one) => standsOpen(part, one)) ? `!(${part})` : `!${part}`;
}

/** True when an operator stands in an expression outside of brackets and texts. */
function standsOpen(cel: string, operator: string): boolean {
  let depth = 0;
  for (let i = 0; i < cel.length; i++) {
    const character = cel[i];
    if (character === '"') {
      for (i++; i < cel.length && cel[i] !== '"'; i++) if (cel[i] === '\\') i++;
    } else if (character === '(' || character === '[' || character === '{') depth++;
    else if (character === ')' || character === ']' || character === '}') depth--;
    else if (depth === 0 && cel.startsWith(operator, i)) return true;
  }
  return false;
}

/** An expression in a template. */
export const inTemplate = (cel: string): string => `\${{ ${cel} }}`;

/** Text that means itself in a template. */
export const plain = (text: string): string => text.replaceAll('${{', () => '$${{');

/** A JSON value with every string of it changed; keys stay. */
export function mapStrings(value: Json, change: (text: string) => Json): Json {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change));
  if (typeof value !== 'object' || value === null) return value;
  const copy: JsonObject = {};
  for (const key of Object.keys(value))
    setOwn(copy, key, mapStrings(getOwn(value, key) ?? null, change));
  return copy;
}
