/** A pipeline's parameters: checked against their specs, defaults filled in. */
import { fault, type Fault } from './fault.js';
import { isObject, preview, setOwn, type Json, type JsonObject, type Path } from './json.js';
import { compileSchema, SchemaFault, type ValueCheck } from './json-schema.js';
import { ParamSpecSchema, type ParamSpec } from './spec.js';
import { didYouMean, hintBudget } from './suggest.js';

const PARAM_NAME = /^[A-Za-z][A-Za-z0-9_]{0,99}$/;

/** Faults of the parameter specs themselves: names, schemas, defaults that do not fit. */
export function paramSpecFaults(specs: Record<string, unknown>): Fault[] {
  return Object.entries(specs).flatMap(([name, spec]) => {
    const path: Path = ['params', name];
    if (!PARAM_NAME.test(name)) {
      return [
        fault(
          path,
          'INVALID_VALUE',
          `a parameter's name is a letter, then letters, digits or _, got ${preview(name)}`,
        ),
      ];
    }
    if (!isObject(spec)) return []; // the schema of the spec says so
    const check = checkOf(withoutRefused(spec));
    if (check instanceof SchemaFault) {
      const { hint, unknownKeyword } = check;
      const code = unknownKeyword ? 'UNKNOWN_FIELD' : 'INVALID_VALUE';
      const message = unknownKeyword
        ? `${check.message} of JSON Schema`
        : `no usable JSON Schema: ${check.message}`;
      return [fault([...path, ...check.path], code, message, hint)];
    }
    if (spec['default'] === undefined) return [];
    return check(spec['default'] as Json).map((message) =>
      fault([...path, 'default'], 'PARAM_INVALID', message),
    );
  });
}

/** What is left without the fields that the schema of the spec refuses, for it says so: a fault is told once. */
function withoutRefused(spec: Record<string, unknown>): Record<string, unknown> {
  const { error } = ParamSpecSchema.safeParse(spec);
  if (!error) return spec;
  const refused = new Set(error.issues.map(({ path }) => path[0]));
  return Object.fromEntries(Object.entries(spec).filter(([key]) => !refused.has(key)));
}

/**
 * Parameters as people write them who know JSON Schema: one schema of an object. A parameter is something else, which has
 * to be given unless it has a default, so this is no way to write them; but it is said once, and not of each keyword.
 *
 * @returns the parameters that are meant, and the fault; undefined for any other
 */
export function wrappedParams(
  specs: unknown,
): { meant: Record<string, unknown>; fault: Fault } | undefined {
  if (!isObject(specs) || specs['type'] !== 'object' || !isObject(specs['properties']))
    return undefined;
  const meant = specs['properties'];
  const [name = 'day'] = Object.keys(meant);
  return {
    meant,
    fault: fault(
      ['params'],
      'INVALID_VALUE',
      'is one JSON Schema of all parameters, expected a schema for each, by its name',
      `write what stands below "properties" in its place, as params: { ${name}: { type: string } }; one without a default has to be given`,
    ),
  };
}

/** The check of a parameter's schema, or why there is none. A default is no part of it. */
function checkOf({
  default: _default,
  ...schema
}: Record<string, unknown>): ValueCheck | SchemaFault {
  try {
    return compileSchema(schema);
  } catch (error) {
    return error instanceof SchemaFault ? error : new SchemaFault([], (error as Error).message);
  }
}

function problems(spec: ParamSpec, value: Json): string[] {
  const check = checkOf(spec);
  return check instanceof SchemaFault
    ? [`its JSON Schema cannot be used: ${check.message}`]
    : check(value);
}

const namesHint = (names: readonly string[]): string =>
  names.length === 0 ? 'it has none' : `it has ${preview(names.join(', '), 200).slice(1, -1)}`;

/** The values a graph runs with, or what is wrong with those that were given. */
export function resolveParams(
  specs: Readonly<Record<string, ParamSpec>>,
  given: Readonly<Record<string, unknown>>,
): { params: JsonObject; faults: Fault[] } {
  const params: JsonObject = {};
  const faults: Fault[] = [];
  const names = Object.keys(specs);
  const hints = hintBudget();
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(specs, name)) continue;
    const hint = hints(() => didYouMean(name, names) ?? namesHint(names));
    faults.push(
      fault(
        ['params', name],
        'UNKNOWN_PARAM',
        `the graph has no parameter ${JSON.stringify(name)}`,
        hint,
      ),
    );
  }
  for (const [name, spec] of Object.entries(specs)) {
    const value = Object.hasOwn(given, name) ? given[name] : spec.default;
    if (value === undefined) {
      faults.push(fault(['params', name], 'MISSING', 'must be given: it has no default'));
      continue;
    }
    const wrong = problems(spec, value as Json);
    faults.push(...wrong.map((message) => fault(['params', name], 'PARAM_INVALID', message)));
    if (wrong.length === 0) setOwn(params, name, value as Json);
  }
  return { params, faults };
}

/**
 * A parameter from the command line. A string parameter takes the text as it is; any other is read as JSON, and text
 * that is no JSON stays text, for the check to refuse. Where a parameter may be several things, the JSON value if it
 * fits, else the text.
 */
export function paramFromText(spec: ParamSpec | undefined, text: string): Json {
  const types = [spec?.type ?? []].flat();
  if (types.length > 0 && types.every((type) => type === 'string')) return text;
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return text;
  }
  // Rounded, it would be another number than the one that was written.
  if (
    typeof value === 'number' &&
    Number.isInteger(value) &&
    !Number.isSafeInteger(value) &&
    /^-?\d+$/.test(text)
  )
    return text;
  const maybeText = spec !== undefined && (types.length === 0 || types.includes('string'));
  return maybeText && problems(spec, value).length > 0 && problems(spec, text).length === 0
    ? text
    : value;
}
