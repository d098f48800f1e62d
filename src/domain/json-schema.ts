/**
 * JSON Schema 2020-12 for parameters: a schema compiled, and what a value does against it.
 *
 * The library generates code, so none of this may be reached from a workflow. Beside what it does by itself:
 * J1. `pattern` and `patternProperties` run on an engine of linear time (RE2's syntax: no look-around, no back references).
 * J2. A check that takes over a million steps is given up: nested references can double with every level.
 * J3. `uniqueItems` is linear in the size of the list.
 * J4. An unknown keyword or format is refused, not passed over: it is mostly a slip of the pen.
 */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import addFormats, { type FormatName } from 'ajv-formats';
import { RE2JS } from 're2js';
import { formatPath, isObject, preview, type Json, type Path } from './json.js';
import { didYouMean, didYouMeanValue } from './suggest.js';

/** The formats that are checked. */
export const FORMATS = [
  ...['date', 'time', 'date-time', 'duration', 'email', 'hostname', 'ipv4', 'ipv6'],
  ...['uri', 'uri-reference', 'uuid', 'json-pointer'],
] as const satisfies readonly FormatName[];

const MAX_STEPS = 1_000_000;
/** Problems of one value that are told. */
const MAX_PROBLEMS = 20;
const MAX_TOLD = 200;
/** Compiled schemas that are kept: the same pipeline is submitted again and again. */
const KEPT = 200;

/** A schema that cannot be used, with the place in it. */
export class SchemaFault extends Error {
  constructor(
    readonly path: Path,
    message: string,
    options?: ErrorOptions & { hint?: string | undefined; unknownKeyword?: true },
  ) {
    super(message, options);
    this.hint = options?.hint;
    this.unknownKeyword = options?.unknownKeyword ?? false;
  }

  readonly hint: string | undefined;
  readonly unknownKeyword: boolean;
}

/** What is wrong with a value: one sentence for each problem, with its place in the value. Empty when it fits. */
export type ValueCheck = (value: Json) => string[];

class Library extends Ajv2020 {
  private steps = 0;

  /** Called by the generated code at the start of every function. */
  tick(): void {
    if (++this.steps > MAX_STEPS) throw new Error('the check takes too many steps');
  }

  start(): void {
    this.steps = 0;
  }
}

/** A pattern that is none. */
class RegexFault extends Error {
  constructor(pattern: string, cause: unknown) {
    super(`no usable regular expression: ${(cause as Error).message}`, { cause });
    this.isPlace = (key, value) => key === pattern || (key === 'pattern' && value === pattern);
  }

  readonly isPlace: (key: string, value: unknown) => boolean;
}

/** A pattern on an engine of linear time, as the library asks for one. */
const linear = Object.assign(
  (pattern: string) => {
    let compiled: RE2JS;
    try {
      compiled = RE2JS.compile(pattern);
    } catch (error) {
      throw new RegexFault(pattern, error);
    }
    return { test: (text: string) => compiled.matcher(text).find(), source: pattern };
  },
  { code: 'linear' },
);

let meta: Ajv2020 | undefined;
const kept = new Map<string, ValueCheck>();

/**
 * Compiles a schema.
 *
 * @throws SchemaFault in plain words: no JSON Schema 2020-12, a keyword or format that is not known, a reference to nowhere, a
 *   pattern that is no regular expression
 */
export function compileSchema(schema: Readonly<Record<string, unknown>>): ValueCheck {
  const key = JSON.stringify(schema);
  const known = kept.get(key);
  if (known) return known;
  assertSchema(schema);
  const check = compile(schema);
  if (kept.size >= KEPT) kept.delete([...kept.keys()][0] ?? '');
  kept.set(key, check);
  return check;
}

/** Against the meta-schema: the library's own messages are of the schema, not of the value. */
function assertSchema(schema: Readonly<Record<string, unknown>>): void {
  meta ??= new Ajv2020({ allErrors: false, strict: false, validateFormats: false });
  const dialect = schema['$schema'];
  if (dialect !== undefined && dialect !== 'https://json-schema.org/draft/2020-12/schema')
    throw new SchemaFault(
      ['$schema'],
      `only JSON Schema 2020-12 is known, got ${preview(dialect)}`,
    );
  const { $schema: _dialect, ...rest } = schema;
  const polluting = placeOf(rest, (key) => key === '__proto__');
  if (polluting.at(-2) === 'properties')
    throw new SchemaFault(polluting, 'a property called "__proto__" cannot be checked');
  if (meta.validateSchema(rest) === true) return;
  const [first] = meta.errors ?? [];
  if (!first) throw new SchemaFault([], 'it does not meet the meta-schema');
  const { path, message, found } = problemOf(first, schema);
  const allowed: unknown = first.params['allowedValues'];
  const isWord = typeof found === 'string' && first.keyword === 'enum' && Array.isArray(allowed);
  const hint = isWord ? didYouMeanValue(found, allowed.map(String)) : undefined;
  throw new SchemaFault(path, message, { hint });
}

/** A library of its own for each: what a schema's `$id` names is seen by nobody else. */
function compile(schema: Readonly<Record<string, unknown>>): ValueCheck {
  const library = new Library({
    allErrors: true,
    strictSchema: true,
    strictTypes: false,
    strictTuples: false,
    allowMatchingProperties: true,
    meta: false,
    validateSchema: false,
    addUsedSchema: false,
    inlineRefs: false,
    ownProperties: true,
    code: { regExp: linear, process: (code) => code.replaceAll('={}){', '={}){self.tick();') },
  });
  addFormats.default(library, [...FORMATS]);
  library.removeKeyword('uniqueItems');
  library.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    validate: (wanted: boolean, items: Json[]) =>
      !wanted || new Set(items.map(canonical)).size === items.length,
    error: { message: 'must hold no item twice' },
  });
  const { $schema: _dialect, ...rest } = schema;
  const validate = plainly(schema, () => library.compile(rest));
  return (value) => {
    library.start();
    try {
      if (validate(value)) return [];
    } catch (error) {
      return [`cannot be checked: ${(error as Error).message}`];
    }
    return told(validate.errors ?? [], value);
  };
}

/** What the library threw, with the place, and with a hint for a keyword or format that is nearly right. */
function plainly<T>(schema: Readonly<Record<string, unknown>>, run: () => T): T {
  try {
    return run();
  } catch (error) {
    const message =
      error instanceof RangeError
        ? 'it refers to itself without end'
        : (error as Error).message.replace(/^strict mode: /, '');
    const [, keyword] = /^unknown keyword: "(.*)"$/s.exec(message) ?? [];
    if (keyword !== undefined) {
      const hint = didYouMean(keyword, KEYWORDS);
      const at = placeOf(schema, (key) => key === keyword);
      throw new SchemaFault(at, `unknown keyword ${preview(keyword)}`, {
        hint,
        unknownKeyword: true,
      });
    }
    const [, format] = /^unknown format "(.*?)"/s.exec(message) ?? [];
    if (format !== undefined) {
      const hint = didYouMean(format, FORMATS) ?? `known are ${FORMATS.join(', ')}`;
      const at = placeOf(schema, (key, value) => key === 'format' && value === format);
      throw new SchemaFault(at, `unknown format ${preview(format)}`, { hint });
    }
    if (error instanceof RegexFault)
      throw new SchemaFault(placeOf(schema, error.isPlace), error.message, { cause: error });
    throw new SchemaFault([], message, { cause: error });
  }
}

/** The first place in a schema whose key and value are meant; the schema itself where there is none. */
function placeOf(schema: unknown, isPlace: (key: string, value: unknown) => boolean): Path {
  const search = (value: unknown, at: Path): Path | undefined => {
    if (typeof value !== 'object' || value === null) return undefined;
    for (const [key, inner] of Object.entries(value)) {
      const place = [...at, Array.isArray(value) ? Number(key) : key];
      const found = isPlace(key, inner) ? place : search(inner, place);
      if (found) return found;
    }
    return undefined;
  };
  return search(schema, []) ?? [];
}

/** The problems, without those that only say that a branch, told already, was not taken. */
function told(errors: readonly ErrorObject[], value: Json): string[] {
  const inner = errors.filter(({ keyword }) => !['if', 'not'].includes(keyword));
  const chosen = inner.length > 0 ? inner : errors;
  // Of the wrong type, it is wrong in every other way too.
  const mistyped = new Set(
    chosen.flatMap(({ keyword, instancePath }) => (keyword === 'type' ? [instancePath] : [])),
  );
  const telling = chosen.filter(
    ({ keyword, instancePath }) =>
      keyword === 'type' || !mistyped.has(instancePath) || /Of$/.test(keyword),
  );
  const sentences = telling.slice(0, MAX_TOLD).map((one) => {
    const { path, message } = problemOf(one, value);
    return path.length === 0 ? message : `${formatPath(path)}: ${message}`;
  });
  return [...new Set(sentences)].slice(0, MAX_PROBLEMS);
}

function problemOf(
  { instancePath, keyword, params, message }: ErrorObject,
  value: unknown,
): { path: Path; message: string; found: unknown } {
  const path = pathOf(instancePath, value);
  const found = path.reduce<unknown>(
    (at, step) => (at as Record<string | number, unknown>)[step],
    value,
  );
  const says = words(keyword, params as Record<string, unknown>, message ?? keyword);
  return { path, message: `${says}, got ${preview(found)}`, found };
}

function words(keyword: string, params: Record<string, unknown>, message: string): string {
  const list = (values: unknown): string =>
    (Array.isArray(values) ? values : [values]).map((one) => preview(one, 40)).join(', ');
  switch (keyword) {
    case 'type':
      return `expected ${[params['type']].flat().map(String).join(' or ')}`;
    case 'enum':
      return `expected one of ${list(params['allowedValues'])}`;
    case 'const':
      return `expected ${preview(params['allowedValue'])}`;
    case 'pattern':
      return `does not match ${String(params['pattern'])}`;
    case 'format':
      return `expected the format ${String(params['format'])}`;
    case 'required':
      return `${preview(params['missingProperty'])} is required`;
    case 'additionalProperties':
      return `unknown field ${preview(params['additionalProperty'])}`;
    case 'unevaluatedProperties':
      return `unknown field ${preview(params['unevaluatedProperty'])}`;
    default:
      return message;
  }
}

/** The steps of a JSON pointer into a value: a number where it leads into a list. */
function pathOf(pointer: string, value: unknown): Path {
  const steps: (string | number)[] = [];
  let at: unknown = value;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    const step = Array.isArray(at) ? Number(name) : name;
    steps.push(step);
    at = (at as Record<string | number, unknown> | undefined)?.[step];
  }
  return steps;
}

/** The same text for values that JSON Schema holds to be equal. */
function canonical(value: Json): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    isObject(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** For hints. */
const KEYWORDS = [
  ...['type', 'enum', 'const', 'title', 'description', 'default', 'examples', 'deprecated'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  ...['minLength', 'maxLength', 'pattern', 'format'],
  ...['items', 'prefixItems', 'contains', 'minContains', 'maxContains', 'minItems', 'maxItems'],
  ...['uniqueItems', 'unevaluatedItems'],
  ...['properties', 'patternProperties', 'additionalProperties', 'propertyNames', 'required'],
  ...['minProperties', 'maxProperties', 'dependentRequired', 'dependentSchemas'],
  ...['unevaluatedProperties', 'allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else'],
  ...['$ref', '$defs', '$id', '$anchor', '$comment'],
];
