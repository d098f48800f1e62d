/**
 * Expressions: CEL over `params`, `tasks.<id>.output`, `.status` and `.artifacts`, and `execution`.
 *
 * The library bounds parsing but not evaluation, and would let a whole number, a nested macro or a backtracking regular
 * expression do harm. So:
 * E1. JSON numbers and whole numbers mix: `tasks.a.output.n + 1` works.
 * E2. A result is JSON: a whole number beyond 2^53 is an error, a timestamp, a duration or bytes become a string.
 * E3. Macros nest at most once; a list that enters a macro has at most 10,000 items, 1,000 when macros nest.
 * E4. `matches` runs on an engine of linear time.
 * E5. `fromJson(text)` is the value of a JSON document, which a program may have written as a text.
 * E6. Whatever goes wrong is a {@link TaskError} with code EXPRESSION.
 */
import { Environment, serialize, type ASTNode, type ParseResult } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import { TaskError } from './errors.js';
import { children, referencesOf, type References } from './expression-references.js';
import { getOwn, isObject, preview, setOwn, type Json, type JsonObject } from './json.js';
import { didYouMean } from './suggest.js';

const MACROS = new Set(['map', 'filter', 'all', 'exists', 'exists_one', 'bind']);
const MAX_STRING = 64 * 1_024;
const MAX_JSON = 1_024 * 1_024;
const MAX_ITEMS = 10_000;
const MAX_ITEMS_NESTED = 1_000;
/** What expressions of a graph read. */
const GRAPH_VARIABLES = { params: 'map', tasks: 'map', execution: 'map' } as const;
/** What expressions in the input of a map's items read. */
export const ITEM_VARIABLES = { ...GRAPH_VARIABLES, item: 'dyn', index: 'dyn' } as const;
/** What the worker puts in at the last moment; only where a task takes it. */
const LATE = { env: 'map', secrets: 'map' } as const;
/** What expressions in the input of a task read. */
const INPUT_VARIABLES = { ...GRAPH_VARIABLES, ...LATE } as const;
const ITEM_INPUT_VARIABLES = { ...ITEM_VARIABLES, ...LATE } as const;
/** What expressions on a task's result read. */
export const RESULT_VARIABLES = { output: 'dyn', input: 'dyn' } as const;
/** What expressions in the command, arguments and variables of a program read. */
export const PROGRAM_VARIABLES = { input: 'dyn' } as const;
/** What expressions on an incoming webhook read. */
export const HOOK_VARIABLES = { body: 'dyn' } as const;
export type Variables =
  | typeof GRAPH_VARIABLES
  | typeof ITEM_VARIABLES
  | typeof INPUT_VARIABLES
  | typeof ITEM_INPUT_VARIABLES
  | typeof RESULT_VARIABLES
  | typeof PROGRAM_VARIABLES
  | typeof HOOK_VARIABLES;

/** What expressions in the input of a node read. @param task it runs a task, which may be given secrets */
export function inputVariables(node: { task: boolean; map: boolean }): Variables {
  if (node.task) return node.map ? ITEM_INPUT_VARIABLES : INPUT_VARIABLES;
  return node.map ? ITEM_VARIABLES : GRAPH_VARIABLES;
}

/** A parsed expression. */
export interface Expression {
  readonly source: string;
  readonly references: References;
  /** The CEL type that it gives, such as `bool`; `dyn` where only its evaluation tells. */
  readonly type: string;
  /** True when evaluation may take long: a macro or a regular expression is in it. */
  readonly heavy: boolean;
  /**
   * The value in a context.
   *
   * @throws TaskError EXPRESSION
   */
  evaluate(context: JsonObject): Json;
}

/**
 * Parses an expression.
 *
 * @param variables what it may read, with their CEL types. Default: `params`, `tasks` and `execution`
 * @throws TaskError EXPRESSION with the library's message and the place in the expression
 */
export function parseExpression(
  source: string,
  variables: Variables = GRAPH_VARIABLES,
): Expression {
  const env = environment(variables);
  const compile = (): { parsed: ParseResult; type: string } => {
    if (source.length > MAX_STRING) throw new Error(`is longer than ${MAX_STRING} characters`);
    const { error, type: given = 'dyn' } = env.check(source);
    if (error) throw error;
    const first = env.parse(source);
    const safe = usesMatches(first.ast) ? env.parse(withLinearMatches(first)) : first;
    return { parsed: safe, type: given };
  };
  const { parsed, type } = attempt(source, compile, (summary) =>
    nearVariable(summary, source, variables),
  );
  const nesting = attempt(source, () => macroNesting(parsed.ast));
  const references = referencesOf(parsed.ast);
  const limit = nesting > 1 ? MAX_ITEMS_NESTED : MAX_ITEMS;
  return {
    source,
    type,
    references,
    heavy: nesting > 0 || /\bmatch/.test(source),
    evaluate: (context) =>
      attempt(
        source,
        () => {
          if (nesting > 0) checkLists(context, limit);
          return normalise(run(parsed, context));
        },
        () => (source.includes('artifacts') ? whatWasKept(references.tasks, context) : ''),
      ),
  };
}

/** The expression that is written bare or in `${{ … }}`. */
export function expressionSource(text: string): string {
  const [, inside] = /^\s*\$\{\{([\s\S]*)\}\}\s*$/.exec(text) ?? [];
  return (inside ?? text).trim();
}

const shared = new Map<Variables, Environment>();
/** Built on first use: a process that evaluates nothing pays nothing. */
function environment(variables: Variables): Environment {
  const known = shared.get(variables);
  if (known) return known;
  const env = new Environment({
    homogeneousAggregateLiterals: false,
    enableOptionalTypes: true,
    limits: { maxAstNodes: 2_000, maxDepth: 60 },
  });
  for (const [name, type] of Object.entries(variables)) env.registerVariable(name, type);
  for (const [operator, apply] of Object.entries(MIXED)) {
    env.registerOperator(`int ${operator} double: double`, apply);
    env.registerOperator(`double ${operator} int: double`, apply);
  }
  env.registerOperator('int == double', (a: unknown, b: unknown) => Number(a) === Number(b));
  env.registerFunction('string.matchesLinear(string): bool', matchesLinear);
  env.registerFunction('fromJson(string): dyn', fromJson);
  env.registerFunction('string(google.protobuf.Timestamp): string', (at: Date) => at.toISOString());
  shared.set(variables, env);
  return env;
}

const MIXED: Record<string, (a: unknown, b: unknown) => number> = {
  '+': (a, b) => Number(a) + Number(b),
  '-': (a, b) => Number(a) - Number(b),
  '*': (a, b) => Number(a) * Number(b),
  '/': (a, b) => Number(a) / Number(b),
  '%': (a, b) => Number(a) % Number(b),
};

function matchesLinear(text: string, pattern: string): boolean {
  if (text.length > MAX_STRING)
    throw new Error(`matches: the text is longer than ${MAX_STRING} characters`);
  return RE2JS.compile(pattern).matcher(text).find();
}

function fromJson(text: string): unknown {
  if (text.length > MAX_JSON)
    throw new Error(`fromJson: the text is longer than ${MAX_JSON} characters`);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Error(`fromJson: ${preview(text, 40)} is no JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Which artifacts the nodes that an expression reads have kept, in words: most that fail on these are a misspelt name. */
function whatWasKept(tasks: readonly string[], context: JsonObject): string {
  const kept = tasks.map((id) => {
    const task = isObject(context['tasks']) ? getOwn(context['tasks'], id) : undefined;
    const artifacts = isObject(task) ? task['artifacts'] : undefined;
    const names = isObject(artifacts) ? Object.keys(artifacts) : [];
    const some = names.slice(0, 10).map((name) => preview(name));
    const more = names.length > some.length ? ` and ${names.length - some.length} more` : '';
    return `${id} has kept ${some.length === 0 ? 'no artifact' : `${some.join(', ')}${more}`}`;
  });
  return kept.length === 0 ? '' : `; ${kept.join('; ')}`;
}

/** The variable that is near one that there is not. Behind a hyphen stands half of an id, and not a variable. */
function nearVariable(summary: string, source: string, variables: Variables): string {
  const [, name] = /^Unknown variable: (\w+)$/.exec(summary) ?? [];
  if (name === undefined || source.includes(`-${name}`)) return '';
  const near = didYouMean(name, Object.keys(variables));
  return near === undefined ? '' : ` (${near})`;
}

/** @param hint said behind what went wrong, of which it is given the words */
function attempt<T>(source: string, run: () => T, hint = (_summary: string): string => ''): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof TaskError) throw error;
    const summary =
      (error as { summary?: string }).summary ??
      (error as Error).message.split('\n')[0] ??
      'failed';
    throw new TaskError('EXPRESSION', `expression ${preview(source)}: ${summary}${hint(summary)}`, {
      cause: error,
    });
  }
}

function usesMatches(node: ASTNode): boolean {
  return (node.op === 'rcall' && node.args[0] === 'matches') || children(node).some(usesMatches);
}

/** The library's `matches` is a backtracking RegExp and cannot be overridden, so calls of it are renamed. */
function withLinearMatches(parsed: ParseResult): string {
  const rename = (node: ASTNode): void => {
    if (node.op === 'rcall' && node.args[0] === 'matches') node.args[0] = 'matchesLinear';
    children(node).forEach(rename);
  };
  rename(parsed.ast);
  return serialize(parsed.ast);
}

function macroNesting(node: ASTNode): number {
  if (node.op !== 'rcall' || !MACROS.has(node.args[0]))
    return Math.max(0, ...children(node).map(macroNesting));
  const [, list, body] = node.args; // the list is made once, the body is run for each item
  const nesting = 1 + Math.max(0, ...body.map(macroNesting));
  if (nesting > 2) throw new Error('macros (map, filter, all, exists) may nest only once');
  return Math.max(nesting, macroNesting(list));
}

/** The library takes an object's own `constructor` for its class and fails: such data goes in as maps. */
function run(parsed: ParseResult, context: JsonObject): unknown {
  try {
    return parsed(context);
  } catch (error) {
    const safe = mapsForConstructors(context);
    if (safe === context) throw error;
    return parsed(safe as Record<string, unknown>);
  }
}

/** The value with a Map for every object that has an own `constructor`; the same value where there is none. */
function mapsForConstructors(value: Json): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]): [string, Json, unknown] => [
    key,
    inner,
    mapsForConstructors(inner),
  ]);
  if (Object.hasOwn(value, 'constructor'))
    return new Map(entries.map(([key, , safe]) => [key, safe]));
  if (entries.every(([, inner, safe]) => inner === safe)) return value;
  if (Array.isArray(value)) return entries.map(([, , safe]) => safe);
  const copy: Record<string, unknown> = {};
  for (const [key, , safe] of entries) setOwn(copy, key, safe);
  return copy;
}

function checkLists(value: Json, limit: number): void {
  if (Array.isArray(value) && value.length > limit) {
    throw new Error(
      `a list of ${value.length} items may not enter map, filter, all or exists; the limit is ${limit}`,
    );
  }
  if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(value)) checkLists(inner, limit);
}

function normalise(value: unknown, depth = 0): Json {
  if (depth > 100) throw new Error('the result is nested more than 100 deep');
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (!Number.isFinite(value))
        throw new Error(`the result is ${value}, which JSON cannot hold`);
      return value;
    case 'bigint':
      return wholeNumber(value);
    case 'object':
      return normaliseObject(value, depth);
    default:
      throw new Error(`the result is a ${typeof value}, which JSON cannot hold`);
  }
}

function wholeNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)) {
    throw new Error(
      `the result ${value} is beyond 2^53, which JSON cannot hold exactly; use string(…)`,
    );
  }
  return Number(value);
}

function normaliseObject(value: object | null, depth: number): Json {
  if (value === null) return null;
  if (Array.isArray(value)) return value.map((item) => normalise(item, depth + 1));
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array)
    return Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null;
  const name = prototype?.constructor?.name ?? 'Object';
  if (name === 'UnsignedInt') return wholeNumber((value as { valueOf(): bigint }).valueOf());
  if (name === 'Duration') return durationText(value as { seconds: bigint; nanos: number });
  const entries = value instanceof Map ? value.entries() : Object.entries(value);
  if (!(value instanceof Map) && name !== 'Object') {
    throw new Error(`the result is a ${name}, which JSON cannot hold`);
  }
  const result: JsonObject = {};
  for (const [key, inner] of entries) setOwn(result, String(key), normalise(inner, depth + 1));
  return result;
}

/** `1.5s`, `-90s`: a duration as protobuf's JSON has it. */
function durationText({ seconds, nanos }: { seconds: bigint; nanos: number }): string {
  const sign = seconds < 0n || nanos < 0 ? '-' : '';
  const fraction = String(Math.abs(nanos)).padStart(9, '0').replace(/0+$/, '');
  return `${sign}${String(seconds).replace('-', '')}${fraction === '' ? '' : `.${fraction}`}s`;
}
