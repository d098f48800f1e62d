/** What was typed of a pipeline's parameters, in a form or as JSON, and the values that it means. Pure. */
import type { ParamSpec } from '../../../src/domain/spec.js';
import { parseJson } from '../dialog.js';
import { S } from '../strings/page.js';
import { P } from '../strings/submit.js';
import { faultOf, isSecret, read, textOf } from './param-field.js';

export type Specs = Readonly<Record<string, ParamSpec>>;

export interface Typed {
  as: 'form' | 'json';
  /** By name, what was typed into its field; others have their default. */
  texts: ReadonlyMap<string, string>;
  json: string;
}

export const UNTYPED: Typed = { as: 'form', texts: new Map(), json: '' };

export interface Values {
  params: Record<string, unknown>;
  /** By name, what is wrong with a field. */
  wrong: ReadonlyMap<string, string>;
  /** What is wrong with the JSON as a whole. */
  wrongJson?: string;
}

/** Only what was typed: defaults are the server's to fill in. */
export function valuesOf(specs: Specs, typed: Typed): Values {
  const params = new Map<string, unknown>();
  const wrong = new Map<string, string>();
  const inFields = Object.entries(specs).filter(
    ([, spec]) => typed.as === 'form' || isSecret(spec),
  );
  for (const [name, spec] of inFields) {
    const text = typed.texts.get(name);
    const found = text === undefined ? {} : read(spec, text);
    if (found.wrong !== undefined) wrong.set(name, found.wrong);
    if ('value' in found) params.set(name, found.value);
  }
  const given = typed.as === 'json' ? objectOf(typed.json) : {};
  if (typeof given === 'string') return { params: {}, wrong, wrongJson: given };
  for (const [name, value] of Object.entries(given)) {
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    if (!spec) return { params: {}, wrong, wrongJson: P.unknown(name) };
    const fault = faultOf(spec, value);
    if (fault === undefined) wrong.delete(name);
    else wrong.set(name, fault);
    params.set(name, value);
  }
  for (const [name, spec] of Object.entries(specs))
    if (spec.default === undefined && !params.has(name) && !wrong.has(name))
      wrong.set(name, P.missing);
  return { params: Object.fromEntries(params), wrong };
}

function objectOf(json: string): object | string {
  if (json.trim() === '') return {};
  const parsed = parseJson(json);
  if ('wrong' in parsed) return S.notJson(parsed.wrong);
  const { value } = parsed;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : P.notObject;
}

/** From the form to JSON: what the fields say, and the defaults; what is not echoed stays in its field. */
export function toJson(specs: Specs, typed: Typed): Typed {
  const shown = Object.entries(specs).filter(([, spec]) => !isSecret(spec));
  const values = shown.flatMap(([name, spec]) => {
    const text = typed.texts.get(name);
    const found = text === undefined ? { value: spec.default } : read(spec, text);
    return 'value' in found && found.value !== undefined ? [[name, found.value] as const] : [];
  });
  return { ...typed, as: 'json', json: JSON.stringify(Object.fromEntries(values), null, 2) };
}

/** And back; what is no JSON, or says what no field can hold, stays as it is, with the reason. */
export function toForm(specs: Specs, typed: Typed): Typed | { wrong: string } {
  const given = objectOf(typed.json);
  if (typeof given === 'string') return { wrong: given };
  const texts = new Map([...typed.texts].filter(([name]) => secretOf(specs, name)));
  for (const [name, value] of Object.entries(given)) {
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    if (!spec) return { wrong: P.unknown(name) };
    texts.set(name, textOf(spec, value));
  }
  return { ...typed, as: 'form', texts };
}

function secretOf(specs: Specs, name: string): boolean {
  const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
  return spec !== undefined && isSecret(spec);
}
