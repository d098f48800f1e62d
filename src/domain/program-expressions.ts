/**
 * Expressions in what a program is started with: `${{ input.… }}` in its command, arguments and variables. A program is the
 * same for every run, and what differs comes as its input: so they read the input and nothing else.
 */
import { messageOf, TaskError } from './errors.js';
import { PROGRAM_VARIABLES } from './expression.js';
import { fault, type Fault } from './fault.js';
import { formatPath, isObject, preview, utf8Bytes, type Json, type Path } from './json.js';
import type { Program } from './program.js';
import { parseTemplate, templateProblems } from './template.js';

/** The fields whose texts may hold expressions. */
const FILLED = ['command', 'args', 'entrypoint', 'env'] as const;
/** Of one argument or variable: Linux takes no longer one (MAX_ARG_STRLEN, with the NUL behind it; a variable's name and "=" count too). */
const MOST_BYTES = 131_071;
/** Of all together. Linux takes 2 MiB, in which what runs the program and the worker's own variables have to fit as well. */
const MOST_TOGETHER = 1_048_576;
const LESS = 'let the program read it from the file that TEMPOGRAPH_INPUT names';
/** In one text: each may be as long as all of the input, before anybody looks at what came of it. */
const MOST_EXPRESSIONS = 100;
const HINT =
  'it reads its own input and nothing else: put the value there (input: { x: "${{ … }}" }) and read ${{ input.x }} here';

/** What is wrong with the expressions of a program as its author wrote it. @param at where the program stands */
export function textFaults(program: Readonly<Record<string, unknown>>, at: Path): Fault[] {
  const said = FILLED.map((field) => (program[field] ?? null) as Json);
  const bytes = textBytes(said);
  const large = bytes <= MOST_TOGETHER ? [] : [fault(at, 'TOO_LARGE', tooLarge(bytes), LESS)];
  const wrong = FILLED.flatMap((field) => {
    const value = (program[field] ?? null) as Json;
    const { template, problems } = templateProblems(value, [...at, field], PROGRAM_VARIABLES);
    return [
      ...problems.map(({ path, message }) => fault(path, 'EXPRESSION', message, HINT)),
      ...tooMany(template.places.map((place) => formatPath(place.at))),
    ];
  });
  return [...large, ...wrong];
}

/** @param places of expressions, each text as often as it holds one */
function tooMany(places: readonly string[]): Fault[] {
  const counts = new Map<string, number>();
  for (const place of places) counts.set(place, (counts.get(place) ?? 0) + 1);
  return [...counts].flatMap(([path, count]): Fault[] =>
    count <= MOST_EXPRESSIONS
      ? []
      : [
          {
            ...{ path, code: 'TOO_LARGE' },
            message: `holds ${count} expressions, and one text may hold ${MOST_EXPRESSIONS}`,
            hint: 'make the text in the input, where it is one expression',
          },
        ],
  );
}

/** Whether anything of a program is made of its input. */
export function hasExpressions(program: Program): boolean {
  if (program.kind === 'faas') return false;
  const said: Readonly<Record<string, unknown>> =
    program.kind === 'process' ? program.process : program.container;
  return FILLED.some((field) => JSON.stringify(said[field] ?? null).includes('${{'));
}

/** True for a field of a process or a container whose texts may hold expressions. */
export const mayHoldExpressions = (field: string): boolean => FILLED.some((one) => one === field);

/**
 * The program with every expression replaced by its value: a text as it is, anything else as JSON.
 *
 * @param input as the program finds it, `path` of its files included
 * @throws TaskError EXPRESSION for one that fails; INPUT_INVALID for a value that no argument or variable can hold, and for
 *   more than 1 MiB in all. Both name the place
 */
export function filledProgram<P extends Program>(program: P, input: Json): P {
  if (program.kind === 'faas') return program;
  const { kind } = program;
  const said: Readonly<Record<string, unknown>> =
    kind === 'process' ? program.process : program.container;
  const filled = FILLED.flatMap((field) =>
    said[field] === undefined
      ? []
      : [[field, fill(said[field] as Json, [kind, field], input)] as const],
  );
  const bytes = filled.reduce((sum, [, value]) => sum + textBytes(value), 0);
  if (bytes > MOST_TOGETHER) throw unfit([kind], tooLarge(bytes));
  return { ...program, [kind]: { ...said, ...Object.fromEntries(filled) } };
}

function textBytes(value: Json): number {
  if (typeof value === 'string') return utf8Bytes(value);
  return isObject(value) || Array.isArray(value)
    ? Object.values(value).reduce<number>((sum, one) => sum + textBytes(one), 0)
    : 0;
}

function fill(value: Json, at: Path, input: Json): Json {
  if (typeof value === 'string') return fillText(value, at, input);
  if (Array.isArray(value)) return value.map((one, nth) => fill(one, [...at, nth], input));
  if (!isObject(value)) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([name, one]) => [name, fill(one, [...at, name], input)]));
}

function fillText(text: string, at: Path, input: Json): string {
  if (!text.includes('${{')) return text;
  const value = resolved(text, at, input);
  const made = typeof value === 'string' ? value : JSON.stringify(value);
  if (made.includes('\0')) throw unfit(at, 'holds a NUL character, which ends it');
  const name = at.at(-1);
  const bytes = utf8Bytes(made) + (typeof name === 'string' ? utf8Bytes(`${name}=`) : 0);
  if (bytes > MOST_BYTES)
    throw unfit(at, `has ${bytes} bytes, and an argument or a variable can have ${MOST_BYTES}`);
  return made;
}

function resolved(text: string, at: Path, input: Json): Json {
  const template = parseTemplate(text, at, PROGRAM_VARIABLES);
  try {
    return template.resolve({ input });
  } catch (error) {
    throw new TaskError('EXPRESSION', `${messageOf(error)}; ${shapeOf(input)}`, { cause: error });
  }
}

/** Names only: among the values may be a secret. */
function shapeOf(input: Json): string {
  if (!isObject(input)) return `the input is ${input === null ? 'null' : `a ${kindOf(input)}`}`;
  const names = Object.keys(input);
  const some = names.slice(0, 10).map((name) => preview(name));
  const more = names.length > some.length ? ` and ${names.length - some.length} more` : '';
  return names.length === 0 ? 'the input is {}' : `the input has ${some.join(', ')}${more}`;
}

const kindOf = (value: Json): string => (Array.isArray(value) ? 'list' : typeof value);

const unfit = (at: Path, why: string): TaskError =>
  new TaskError('INPUT_INVALID', `${formatPath(at)}: what comes of it ${why}; ${LESS}`);

const tooLarge = (bytes: number): string =>
  `has ${bytes} bytes, and all that it is started with may have ${MOST_TOGETHER}`;
