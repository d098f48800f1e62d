/** Values from the command line: a pipeline's parameters and a task's input. */
import { isObject, type Json } from '../domain/json.js';
import { paramFromText } from '../domain/params.js';
import { parseText } from '../domain/pipeline.js';
import type { ParamSpec } from '../domain/spec.js';
import { option, collect } from './command.js';
import { UsageError } from './exit.js';
import type { Output } from './output.js';
import { readText } from './pipeline-source.js';

export interface ParamOptions {
  param?: string[];
  params?: string;
}

export const PARAM_OPTIONS = [
  option('-p, --param <name=value>', "one of the pipeline's parameters; may be repeated", collect),
  option('--params <file>', 'parameters from a JSON or YAML file; - is standard input'),
];

/** True when any parameter is given. */
export const givesParams = ({ param, params }: ParamOptions): boolean =>
  param !== undefined || params !== undefined;

/**
 * The values of `--params` and, above them, of `--param`, each typed by the parameter's spec.
 *
 * @throws UsageError
 */
export async function readParams(
  { param = [], params }: ParamOptions,
  specs: Readonly<Record<string, ParamSpec>>,
  out: Output,
): Promise<Record<string, unknown>> {
  const values = new Map<string, Json>();
  if (params !== undefined) {
    const { spec, faults } = parseText(await readGiven('--params', params, out));
    const [wrong] = faults;
    if (wrong)
      throw new UsageError(
        `--params ${params}:${wrong.line ?? 1}:${wrong.column ?? 1} ${wrong.message}`,
      );
    if (!isObject(spec))
      throw new UsageError(
        `--params ${params}: expected names and values, such as {"name": "value"}, got ${kind(spec)}`,
      );
    for (const [name, value] of Object.entries(spec)) values.set(name, value);
  }
  const given = new Set<string>();
  for (const text of param) {
    const at = text.indexOf('=');
    if (at < 1) throw new UsageError(`--param: expected name=value, got ${JSON.stringify(text)}`);
    const name = text.slice(0, at);
    if (given.has(name)) throw new UsageError(`--param ${name}: given twice; name it once`);
    given.add(name);
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    values.set(name, paramFromText(spec, text.slice(at + 1)));
  }
  return Object.fromEntries(values);
}

/**
 * A value that is given whole: JSON, or `@file` with JSON or YAML, `-` or `@-` for standard input.
 *
 * @param name the option or parameter that it was given as, for messages
 * @throws UsageError
 */
export async function readValue(name: string, given: string, out: Output): Promise<Json> {
  if (given === '-' || given.startsWith('@')) {
    const file = given === '-' ? '-' : given.slice(1);
    const { spec, faults } = parseText(await readGiven(name, file, out));
    const [wrong] = faults;
    if (!wrong) return spec;
    throw new UsageError(`${name} ${given}:${wrong.line ?? 1} ${wrong.message}`);
  }
  try {
    JSON.parse(given);
  } catch (error) {
    throw new UsageError(
      `${name}: expected JSON, or @file, got ${JSON.stringify(given)} (${(error as Error).message}); text is written '"in quotes"'`,
    );
  }
  // As of a file: JSON.parse takes the last of two equal keys, and rounds numbers that are too long.
  const { spec, faults } = parseText(given);
  const [wrong] = faults;
  if (wrong) throw new UsageError(`${name}: ${wrong.message}`);
  return spec;
}

async function readGiven(flag: string, file: string, out: Output): Promise<string> {
  try {
    return await readText(file, out);
  } catch (error) {
    throw new UsageError(`${flag} ${file}: ${(error as Error).message}`);
  }
}

const kind = (value: unknown): string =>
  value === null ? 'nothing' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
