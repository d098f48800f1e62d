/**
 * A parameter as a field of a form: which input suits its JSON Schema, what the text in it means, and what is wrong with
 * that. Pure. What it does not check (formats, multiples, what is inside lists and objects) the server does: it has the
 * last word.
 */
import { RE2JS } from 're2js';
import type { ParamSpec } from '../../../src/domain/spec.js';
import { P } from '../strings/submit.js';

export type FieldKind = 'choice' | 'number' | 'text' | 'lines' | 'date' | 'json';

/** Text longer than that has more than one line. */
const LONG = 200;

export function kindOf(spec: ParamSpec): FieldKind {
  if (choicesOf(spec)) return 'choice';
  switch (spec.type) {
    case 'integer':
    case 'number':
      return 'number';
    case 'string':
      if (spec['format'] === 'date') return 'date';
      return (numberOf(spec, 'maxLength') ?? 0) > LONG || String(spec.default).includes('\n')
        ? 'lines'
        : 'text';
    default:
      return 'json';
  }
}

/** The values that it can have, where they are few. */
export function choicesOf(spec: ParamSpec): readonly unknown[] | undefined {
  if (Array.isArray(spec['enum'])) return spec['enum'] as unknown[];
  if ('const' in spec) return [spec['const']];
  return spec.type === 'boolean' ? [true, false] : undefined;
}

/** JSON Schema's word for what is written and not read. */
export const isSecret = (spec: ParamSpec): boolean => spec['writeOnly'] === true;

/** A value as the text of its field. */
export function textOf(spec: ParamSpec, value: unknown): string {
  if (value === undefined) return '';
  switch (kindOf(spec)) {
    case 'choice':
      return JSON.stringify(value);
    case 'json':
      return JSON.stringify(value, null, typeof value === 'object' ? 2 : 0);
    default:
      return typeof value === 'string' ? value : JSON.stringify(value);
  }
}

/** What is in the field before anything is typed: the default, where that may be seen. */
export const initialText = (spec: ParamSpec): string =>
  isSecret(spec) ? '' : textOf(spec, spec.default);

/** What a text means; neither a value nor a fault: nothing was given. */
export interface Read {
  value?: unknown;
  wrong?: string;
}

export function read(spec: ParamSpec, text: string): Read {
  const parsed = parse(spec, text);
  if (!('value' in parsed)) return parsed;
  const wrong = faultOf(spec, parsed.value);
  return wrong === undefined ? parsed : { wrong };
}

function parse(spec: ParamSpec, text: string): Read {
  const kind = kindOf(spec);
  if (kind === 'text' || kind === 'lines')
    // Text that may be left out can also be empty: its default is what stands there at first.
    return text === '' && (spec.default === undefined || isSecret(spec)) ? {} : { value: text };
  const given = text.trim();
  if (given === '') return {};
  if (kind === 'date') return { value: given };
  try {
    const value = JSON.parse(given) as unknown;
    if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value))
      return { wrong: P.notExact };
    return { value };
  } catch (error) {
    if (kind === 'number') return { wrong: P.expected(typeWords(spec)) };
    return { wrong: `${P.expected(P.json)}: ${error instanceof Error ? error.message : ''}` };
  }
}

/** The first thing that is wrong with a value. */
export function faultOf(spec: ParamSpec, value: unknown): string | undefined {
  const choices = choicesOf(spec)?.map((one) => JSON.stringify(one));
  if (choices)
    return choices.includes(JSON.stringify(value)) ? undefined : P.expected(choices.join(', '));
  const types = spec.type === undefined ? [] : [spec.type].flat();
  if (types.length > 0 && !types.some((type) => isOf(type, value)))
    return P.expected(typeWords(spec));
  if (typeof value === 'number') return numberFault(spec, value);
  if (typeof value === 'string') return stringFault(spec, value);
  if (Array.isArray(value)) {
    const range = rangeOf(spec, 'minItems', 'maxItems');
    return isWithin(spec, 'minItems', 'maxItems', value.length)
      ? undefined
      : P.expected(P.items(range));
  }
  return undefined;
}

function isOf(type: string, value: unknown): boolean {
  switch (type) {
    case 'integer':
      return Number.isInteger(value);
    case 'array':
      return Array.isArray(value);
    case 'null':
      return value === null;
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    default:
      return typeof value === type;
  }
}

function numberFault(spec: ParamSpec, value: number): string | undefined {
  const above = numberOf(spec, 'exclusiveMinimum');
  const below = numberOf(spec, 'exclusiveMaximum');
  if (!isWithin(spec, 'minimum', 'maximum', value))
    return P.expected(rangeOf(spec, 'minimum', 'maximum'));
  if (above !== undefined && value <= above) return P.expected(P.above(above));
  if (below !== undefined && value >= below) return P.expected(P.below(below));
  return undefined;
}

function stringFault(spec: ParamSpec, value: string): string | undefined {
  if (!isWithin(spec, 'minLength', 'maxLength', [...value].length))
    return P.expected(P.characters(rangeOf(spec, 'minLength', 'maxLength')));
  const { pattern } = spec;
  if (typeof pattern === 'string' && !matches(pattern, value)) return P.expected(P.like(pattern));
  return undefined;
}

/** By the server's own engine, whose time is linear: a pattern from elsewhere may not hold up the page. */
function matches(pattern: string, value: string): boolean {
  try {
    return RE2JS.compile(pattern).matcher(value).find();
  } catch {
    return true; // the server says what is wrong with it
  }
}

function numberOf(spec: ParamSpec, keyword: string): number | undefined {
  const value = spec[keyword];
  return typeof value === 'number' ? value : undefined;
}

function isWithin(spec: ParamSpec, least: string, most: string, value: number): boolean {
  const [from = -Infinity, to = Infinity] = [numberOf(spec, least), numberOf(spec, most)];
  return value >= from && value <= to;
}

function rangeOf(spec: ParamSpec, least: string, most: string): string {
  const [from, to] = [numberOf(spec, least), numberOf(spec, most)];
  if (from !== undefined && to !== undefined) return P.between(from, to);
  return from !== undefined ? P.least(from) : to !== undefined ? P.most(to) : '';
}

const typeWords = ({ type }: ParamSpec): string =>
  [type ?? []]
    .flat()
    .map((one) => P.types[one] ?? one)
    .join(' / ');

/** What may be given, in a line: `whole number · 1 to 50 · default 10`. */
export function factsOf(spec: ParamSpec): string {
  const { pattern, format } = spec;
  const above = numberOf(spec, 'exclusiveMinimum');
  const below = numberOf(spec, 'exclusiveMaximum');
  const multiple = numberOf(spec, 'multipleOf');
  const characters = rangeOf(spec, 'minLength', 'maxLength');
  const items = rangeOf(spec, 'minItems', 'maxItems');
  const parts = [
    ...(choicesOf(spec) ? [] : [typeWords(spec)]),
    ...(kindOf(spec) === 'json' ? [P.json] : []),
    ...(typeof format === 'string' ? [format] : []),
    rangeOf(spec, 'minimum', 'maximum'),
    ...(above === undefined ? [] : [P.above(above)]),
    ...(below === undefined ? [] : [P.below(below)]),
    ...(multiple === undefined ? [] : [P.multiple(multiple)]),
    ...(characters === '' ? [] : [P.characters(characters)]),
    ...(items === '' ? [] : [P.items(items)]),
    ...(typeof pattern === 'string' ? [P.like(pattern)] : []),
    ...(isSecret(spec) ? [P.notEchoed] : []),
    ...defaultWords(spec),
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

const SHOWN = 60;

function defaultWords(spec: ParamSpec): string[] {
  if (spec.default === undefined) return [];
  if (isSecret(spec)) return [P.hasDefault];
  const text = JSON.stringify(spec.default);
  return [P.default(text.length > SHOWN ? `${text.slice(0, SHOWN)} …` : text)];
}
