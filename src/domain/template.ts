/**
 * Templates: JSON whose strings may hold `${{ expression }}`.
 *
 * A string that is one expression and nothing else becomes the expression's value, of whatever type; elsewhere the value
 * is put into the text (a string as it is, anything else as JSON). `$${{` stands for a literal `${{`.
 */
import { TaskError } from './errors.js';
import { parseExpression, type Expression, type Variables } from './expression.js';
import type { OutputPath, References } from './expression-references.js';
import { LATE_NAME, lateText, type LateName } from './late-values.js';
import { formatPath, preview, setOwn, type Json, type JsonObject, type Path } from './json.js';

type Segment = string | Expression;

/** An expression with its place; `alone` when it is all of its string. */
interface Placed {
  at: Path;
  expression: Expression;
  alone: boolean;
}

/** A template whose expressions are parsed. */
export interface Template {
  readonly references: Pick<References, 'tasks' | 'params' | 'dynamic' | 'unknown'>;
  /** What the worker puts in at the last moment, each once. */
  readonly late: readonly LateName[];
  /** Every expression with its place; `whole` where it is all of its string and nothing but a place in an output. */
  readonly places: readonly { at: Path; outputs: readonly OutputPath[]; whole?: OutputPath }[];
  readonly heavy: boolean;
  /**
   * The template with every expression replaced by its value.
   *
   * @throws TaskError EXPRESSION naming the place in the template
   */
  resolve(context: JsonObject): Json;
}

/** Everything wrong with a template's expressions, each with its path; empty when it parses. */
export interface TemplateProblem {
  path: Path;
  message: string;
}

/**
 * Parses every expression in a JSON value.
 *
 * @throws TaskError EXPRESSION at the first expression that does not parse, naming its place
 */
export function parseTemplate(template: Json, at: Path = [], variables?: Variables): Template {
  const problems: TemplateProblem[] = [];
  const parsed = collect(template, { at, problems, variables });
  const first = problems[0];
  if (first) throw new TaskError('EXPRESSION', `${formatPath(first.path)}: ${first.message}`);
  return parsed;
}

/** Every expression in a JSON value that does not parse. */
export function templateProblems(
  template: Json,
  at: Path = [],
  variables?: Variables,
): { template: Template; problems: TemplateProblem[] } {
  const problems: TemplateProblem[] = [];
  return { template: collect(template, { at, problems, variables }), problems };
}

/** What compiling a template goes by, and what it finds. */
interface Found {
  problems: TemplateProblem[];
  variables: Variables | undefined;
  placed: Placed[];
}

function collect(template: Json, { at, ...given }: Omit<Found, 'placed'> & { at: Path }): Template {
  const placed: Placed[] = [];
  const resolve = compile(template, at, { ...given, placed });
  const all = (pick: (references: References) => string[]): string[] => [
    ...new Set(placed.flatMap(({ expression }) => pick(expression.references))),
  ];
  return {
    references: {
      tasks: all((references) => references.tasks),
      params: all((references) => references.params),
      unknown: all((references) => references.unknown),
      dynamic: placed.some(({ expression }) => expression.references.dynamic),
    },
    late: lateOf(placed),
    places: placed.map(({ at: place, expression: { references }, alone }) => ({
      at: place,
      outputs: references.outputs,
      ...(alone && references.whole ? { whole: references.whole } : {}),
    })),
    heavy: placed.some(({ expression }) => expression.heavy),
    resolve,
  };
}

function lateOf(placed: readonly Placed[]): LateName[] {
  const all = placed.flatMap(({ expression: { references } }) => references.late ?? []);
  return [...new Map(all.map((one) => [lateText(one), one])).values()];
}

type Resolve = (context: JsonObject) => Json;

function compile(value: Json, at: Path, found: Found): Resolve {
  if (typeof value === 'string') return compileText(value, at, found);
  if (typeof value !== 'object' || value === null) return () => value;
  if (Array.isArray(value)) {
    const items = value.map((item, index) => compile(item, [...at, index], found));
    return (context) => items.map((item) => item(context));
  }
  const fields = Object.entries(value).map(
    ([key, inner]) => [key, compile(inner, [...at, key], found)] as const,
  );
  return (context) => {
    const result: JsonObject = {};
    for (const [key, field] of fields) setOwn(result, key, field(context));
    return result;
  };
}

function compileText(text: string, at: Path, { problems, variables, placed }: Found): Resolve {
  if (!text.includes('${{')) return () => text;
  let segments: Segment[];
  try {
    segments = splitText(text, variables);
  } catch (error) {
    problems.push({ path: at, message: (error as Error).message });
    return () => text;
  }
  const alone = segments.length === 1;
  for (const segment of segments) {
    if (typeof segment === 'string') continue;
    const message = lateProblem(segment);
    if (message !== undefined) problems.push({ path: at, message });
    placed.push({ at, expression: segment, alone });
  }
  const [only] = segments;
  if (alone && only !== undefined && typeof only !== 'string') {
    return (context) => located(at, () => only.evaluate(context));
  }
  return (context) =>
    segments.map((segment) => located(at, () => asText(segment, context))).join('');
}

function lateProblem({ source, references: { late, lateInside } }: Expression): string | undefined {
  const how = 'write ${{ secrets.NAME }} or ${{ env.NAME }}, in a text as often as you like';
  if (lateInside)
    return `expression ${preview(source)}: secrets and env are put in at the last moment, so nothing can be made of them here; ${how}`;
  return late && !LATE_NAME.test(late.name)
    ? `expression ${preview(source)}: ${preview(late.name)} is no name of a secret or variable: letters, digits, "_", "-" and "."`
    : undefined;
}

function asText(segment: Segment, context: JsonObject): string {
  if (typeof segment === 'string') return segment;
  const value = segment.evaluate(context);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function located<T>(at: Path, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new TaskError('EXPRESSION', `${formatPath(at)}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function splitText(text: string, variables: Variables | undefined): Segment[] {
  const segments: Segment[] = [];
  let literal = '';
  let position = 0;
  while (position < text.length) {
    const open = text.indexOf('${{', position);
    if (open < 0) break;
    if (open > 0 && text[open - 1] === '$') {
      literal += `${text.slice(position, open - 1)}\${{`;
      position = open + 3;
      continue;
    }
    const close = closingBraces(text, open + 3);
    literal += text.slice(position, open);
    if (literal !== '') segments.push(literal);
    literal = '';
    segments.push(parseExpression(text.slice(open + 3, close).trim(), variables));
    position = close + 2;
  }
  literal += text.slice(position);
  if (literal !== '') segments.push(literal);
  return segments;
}

/** Where the `}}` stands that ends an expression: not one inside a string or a map literal. */
function closingBraces(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    const character = text[i];
    if (character === '"' || character === "'") i = endOfString(text, i, character);
    else if (character === '{') depth++;
    else if (character === '}' && depth > 0) depth--;
    else if (character === '}' && text[i + 1] === '}') return i;
  }
  throw new TaskError('EXPRESSION', `"\${{" at character ${from - 2} has no closing "}}"`);
}

function endOfString(text: string, from: number, quote: string): number {
  for (let i = from + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === quote) return i;
  }
  return text.length;
}
