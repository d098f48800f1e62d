/** A pipeline's parameters: checked against their specs, defaults filled in. */
import { RE2JS } from 're2js';
import { z } from 'zod';
import { fault, type Fault } from './fault.js';
import { isObject, preview, setOwn, type Json, type JsonObject, type Path } from './json.js';
import type { ParamSpec } from './spec.js';
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
    const faults = schemaFaults(spec, path);
    if (faults.length > 0 || spec['default'] === undefined) return faults;
    return problems(spec as ParamSpec, spec['default']).map((message) =>
      fault([...path, 'default'], 'PARAM_INVALID', message),
    );
  });
}

function schemaFaults(spec: Record<string, unknown>, path: Path): Fault[] {
  const pattern = spec['pattern'];
  if (pattern !== undefined) {
    try {
      if (typeof pattern !== 'string')
        throw new TypeError(`expected a string, got ${preview(pattern)}`);
      RE2JS.compile(pattern);
    } catch (error) {
      return [
        fault(
          [...path, 'pattern'],
          'INVALID_VALUE',
          `no usable regular expression: ${(error as Error).message}`,
        ),
      ];
    }
  }
  if (hasInnerPattern(spec)) {
    return [
      fault(
        path,
        'INVALID_VALUE',
        '"pattern" is supported on the parameter itself, not inside items or properties',
      ),
    ];
  }
  try {
    schemaOf(spec);
    return [];
  } catch (error) {
    return [fault(path, 'INVALID_VALUE', `no usable JSON Schema: ${(error as Error).message}`)];
  }
}

/** A pattern that the engine of linear time would not get to see. */
function hasInnerPattern(spec: Record<string, unknown>): boolean {
  const search = (value: unknown, top: boolean): boolean =>
    Array.isArray(value)
      ? value.some((item) => search(item, false))
      : isObject(value) &&
        Object.entries(value).some(
          ([key, inner]) =>
            (!top &&
              (key === 'pattern' || key === 'patternProperties') &&
              typeof inner !== 'undefined') ||
            (key === 'properties' && isObject(inner)
              ? Object.values(inner).some((property) => search(property, false))
              : key !== 'default' && key !== 'enum' && key !== 'const' && search(inner, false)),
        );
  return spec['patternProperties'] !== undefined || search(spec, true);
}

function schemaOf(spec: ParamSpec): z.ZodType {
  const { default: _default, pattern: _pattern, description: _description, ...schema } = spec;
  return z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
}

/** What `run` gives, or what it threw: a schema that refers to itself ends in a stack overflow. */
function safely<T>(run: () => T): T | string {
  try {
    return run();
  } catch (error) {
    return (error as Error).message;
  }
}

function problems(spec: ParamSpec, value: unknown): string[] {
  const pattern = spec['pattern'];
  if (
    typeof pattern === 'string' &&
    typeof value === 'string' &&
    !RE2JS.compile(pattern).matcher(value).find()
  ) {
    return [`does not match ${pattern}, got ${preview(value)}`];
  }
  const checked = safely(() => schemaOf(spec).safeParse(value));
  if (typeof checked === 'string') return [`its JSON Schema cannot be used: ${checked}`];
  if (checked.success) return [];
  return checked.error.issues.map(
    (issue) =>
      `${issue.path.length > 0 ? `${issue.path.join('.')}: ` : ''}${issue.message}, got ${preview(value)}`,
  );
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
    const wrong = problems(spec, value);
    faults.push(...wrong.map((message) => fault(['params', name], 'PARAM_INVALID', message)));
    if (wrong.length === 0) setOwn(params, name, value as Json);
  }
  return { params, faults };
}

/**
 * A parameter from the command line. A string parameter takes the text as it is; any other is read as JSON, and text
 * that is no JSON stays text, for the check to refuse.
 */
export function paramFromText(spec: ParamSpec | undefined, text: string): Json {
  if (spec?.type === 'string') return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
