/**
 * What is known of GitHub's expressions before anything runs: literals, `matrix.x` of one job of a matrix, and functions
 * of these. So a matrix's jobs get their own time-outs, names and runners.
 */
import { isObject, setOwn, type Json, type JsonObject } from '../domain/json.js';
import { inTemplate, optional, plain } from './cel.js';
import { NotTranslatable, parseLogic, type Logic } from './logic.js';

/** The values of a job's matrix; undefined where only a run knows them. */
export type Values = JsonObject | undefined;

/** The value of an expression, or undefined where only GitHub knows it. */
export function valueOf(logic: Logic, matrix: Values): { value: Json } | undefined {
  try {
    return { value: evaluate(logic, matrix) };
  } catch (error) {
    if (error instanceof NotTranslatable) return undefined;
    throw error;
  }
}

/** The value of `${{ expression }}` or of text with such in it, as far as it is known; else the text as it stands. */
export function resolveText(text: string, matrix: Values): Json {
  const alone = /^\s*\$\{\{([\s\S]*?)\}\}\s*$/.exec(text)?.[1];
  if (alone !== undefined) return known(alone, matrix)?.value ?? text;
  return text.replace(/\$\{\{([\s\S]*?)\}\}/g, (whole, inside: string) => {
    const found = known(inside, matrix);
    return found ? asText(found.value) : whole;
  });
}

/**
 * A text in a job that runs for each item of a list: `matrix.key`, or `matrix` where there is no key, is the item of the
 * map. Everything else means itself.
 */
export function withItem(text: string, key?: string): string {
  return text
    .split(/(\$\{\{[\s\S]*?\}\})/)
    .map(
      (part, index) =>
        (index % 2 === 0 ? undefined : itemIn(part.slice(3, -2), key)) ?? plain(part),
    )
    .join('');
}

function itemIn(expression: string, key: string | undefined): string | undefined {
  const path = parsed(expression)?.path ?? [];
  const begins = key === undefined ? ['matrix'] : ['matrix', key];
  if (path.includes('*') || !begins.every((step, at) => path[at] === step)) return undefined;
  return inTemplate(optional('item', path.slice(begins.length), '""'));
}

function parsed(expression: string): Extract<Logic, { kind: 'ref' }> | undefined {
  try {
    const logic = parseLogic(expression);
    return logic.kind === 'ref' ? logic : undefined;
  } catch (error) {
    if (error instanceof NotTranslatable) return undefined;
    throw error;
  }
}

function known(expression: string, matrix: Values): { value: Json } | undefined {
  try {
    return valueOf(parseLogic(expression), matrix);
  } catch (error) {
    if (error instanceof NotTranslatable) return undefined;
    throw error;
  }
}

const onlyGithubKnows = (what: string): NotTranslatable =>
  new NotTranslatable(`${what} is known only to GitHub`);

function evaluate(logic: Logic, matrix: Values): Json {
  switch (logic.kind) {
    case 'value':
      return logic.value;
    case 'ref':
      return ofMatrix(logic.path, matrix);
    case 'not':
      return !isTruthy(evaluate(logic.of, matrix));
    case 'call':
      return call(logic, matrix);
    case 'binary':
      return binary(logic, matrix);
    case 'choose':
      throw onlyGithubKnows('? :');
  }
}

function ofMatrix([root, ...steps]: (string | number)[], matrix: Values): Json {
  if (root !== 'matrix') throw onlyGithubKnows(String(root));
  if (matrix === undefined) throw onlyGithubKnows('the matrix');
  let value: Json = matrix;
  for (const step of steps) {
    if (step === '*') throw onlyGithubKnows('matrix.*');
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, step)
        ? ((value as JsonObject)[step] ?? null)
        : null;
  }
  // Its own value is an expression: nothing is known of it.
  if (JSON.stringify(value).includes('${{')) throw onlyGithubKnows('the value');
  return value;
}

function binary(
  { operator, left, right }: Extract<Logic, { kind: 'binary' }>,
  matrix: Values,
): Json {
  const first = evaluate(left, matrix);
  if (operator === '&&') return isTruthy(first) ? evaluate(right, matrix) : first;
  if (operator === '||') return isTruthy(first) ? first : evaluate(right, matrix);
  const second = evaluate(right, matrix);
  if (operator === '==') return isEqual(first, second);
  if (operator === '!=') return !isEqual(first, second);
  const [a, b] = [asNumber(first), asNumber(second)];
  if (operator === '<') return a < b;
  if (operator === '<=') return a <= b;
  if (operator === '>') return a > b;
  if (operator === '>=') return a >= b;
  throw onlyGithubKnows(operator);
}

function call({ name, args }: Extract<Logic, { kind: 'call' }>, matrix: Values): Json {
  const values = args.map((arg) => evaluate(arg, matrix));
  const [first = null, second = null] = values;
  const [text, part] = [asText(first).toLowerCase(), asText(second).toLowerCase()];
  switch (name.toLowerCase()) {
    case 'contains':
      return Array.isArray(first)
        ? first.some((item) => isEqual(item, second))
        : text.includes(part);
    case 'startswith':
      return text.startsWith(part);
    case 'endswith':
      return text.endsWith(part);
    case 'format':
      return asText(first).replace(/\{(\d+)\}/g, (_whole, index: string) =>
        asText(values[Number(index) + 1] ?? null),
      );
    case 'join':
      return [first]
        .flat()
        .map(asText)
        .join(args.length > 1 ? asText(second) : ',');
    case 'tojson':
      return JSON.stringify(first, null, 2);
    case 'fromjson':
      return fromJson(asText(first));
    default:
      throw onlyGithubKnows(`${name}()`);
  }
}

function fromJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw onlyGithubKnows('fromJSON of what is no JSON');
  }
}

const isTruthy = (value: Json): boolean => !(value === '' || value === 0 || !value);

/** GitHub's `==`: text in any case, and unlike types as numbers. */
function isEqual(a: Json, b: Json): boolean {
  if (typeof a === 'string' && typeof b === 'string') return a.toLowerCase() === b.toLowerCase();
  if (typeof a === typeof b) return JSON.stringify(a) === JSON.stringify(b);
  return asNumber(a) === asNumber(b);
}

function asNumber(value: Json): number {
  if (typeof value === 'object' && value !== null) return NaN;
  return Number(value);
}

/** A value as it stands in a text. */
export function asText(value: Json): string {
  if (value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** A copy with every key's value made known as far as it is. */
export function resolveAll(value: Json, matrix: Values): Json {
  if (typeof value === 'string') return value.includes('${{') ? resolveText(value, matrix) : value;
  if (Array.isArray(value)) return value.map((item) => resolveAll(item, matrix));
  if (!isObject(value)) return value;
  const copy: JsonObject = {};
  for (const [key, inner] of Object.entries(value)) setOwn(copy, key, resolveAll(inner, matrix));
  return copy;
}
