/**
 * Templates: pipelines that are run by name, `<name>.yaml`, `.yml` or `.json` in the folder of the setting
 * `templatesDir`. Those that come with this package stand behind it: a file of the same name there takes its place.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, SpecInvalidError, TaskError } from '../domain/errors.js';
import type { Fault } from '../domain/fault.js';
import { isObject, preview, type Json } from '../domain/json.js';
import { MAX_DEPTH } from '../domain/node-kind.js';
import { parseText } from '../domain/pipeline.js';
import type { GraphSpec, ParamSpec } from '../domain/spec.js';
import { didYouMean, suggest } from '../domain/suggest.js';
import { validateGraph } from '../domain/validate.js';
import { withProgramFiles } from './program-files.js';

/** The folder that comes with this package, from the sources and from what is built of them. */
const OURS = fileURLToPath(new URL('../../templates', import.meta.url));
const ENDINGS = ['.yaml', '.yml', '.json'] as const;
/** Folders are part of a name; a step that begins with a dot, and so every way up, is not. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*(\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/;
const NAME_LENGTH = 200;

/** A template as `tempograph templates` shows it. */
export interface TemplateInfo {
  name: string;
  file: string;
  /** It comes with this package. */
  builtIn: boolean;
  description?: string;
  params: Readonly<Record<string, ParamSpec>>;
  /** What is wrong with it, each with line and column; then there is no more to say of it. */
  faults?: Fault[];
}

/** The same, with the graph of one that is not faulty. */
export interface TemplateDetail extends TemplateInfo {
  graph?: GraphSpec;
}

/**
 * The graph that a name stands for, as it is written: graphs that it names in turn are checked, and stay names.
 *
 * @throws TaskError NOT_FOUND for a name that nobody has, or that is none; CONFIGURATION for a file that cannot be read,
 *   names that lead back to it, or graphs that are too deep in each other; SpecInvalidError with the line and column of
 *   every fault
 */
export function loadTemplate(templatesDir: string, name: string): GraphSpec {
  return load(templatesDir, name, []);
}

/** The file of a template; undefined where there is none. @throws TaskError as {@link loadTemplate} */
export function templateFile(templatesDir: string, name: string): string | undefined {
  return NAME.test(name) && name.length <= NAME_LENGTH ? find(templatesDir, name) : undefined;
}

/** What validation asks: the graph that a name stands for, or why there is none. */
export function templateGraph(
  templatesDir: string,
  name: string,
): { spec: Json } | { problem: string; hint?: string } {
  try {
    return { spec: loadTemplate(templatesDir, name) as unknown as Json };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

/** The template that a name is near; undefined where none is, or a folder cannot be read. */
export function nearTemplate(templatesDir: string, name: string): string | undefined {
  try {
    return suggest(name, namesIn(templatesDir));
  } catch {
    return undefined;
  }
}

/** Every template, by name; one that is faulty too. @throws TaskError CONFIGURATION for a folder that cannot be read */
export function listTemplates(templatesDir: string): TemplateInfo[] {
  return namesIn(templatesDir).map((name) => {
    const { graph: _graph, ...info } = detailOf(templatesDir, name);
    return info;
  });
}

/**
 * One template, with its graph; one that is faulty too.
 *
 * @throws TaskError NOT_FOUND for a name that nobody has, or that is none; CONFIGURATION for a folder that cannot be read
 */
export function describeTemplate(templatesDir: string, name: string): TemplateDetail {
  existing(templatesDir, name);
  return detailOf(templatesDir, name);
}

function detailOf(templatesDir: string, name: string): TemplateDetail {
  const file = templateFile(templatesDir, name) ?? name;
  const shown = { name, file, builtIn: !relative(OURS, file).startsWith('..') };
  try {
    const graph = loadTemplate(templatesDir, name);
    const { description, params = {} } = graph;
    return { ...shown, ...(description === undefined ? {} : { description }), params, graph };
  } catch (error) {
    const faults =
      error instanceof SpecInvalidError
        ? [...error.faults]
        : [{ path: '(root)', code: 'FILE' as const, message: messageOf(error) }];
    return { ...shown, params: {}, faults };
  }
}

function load(templatesDir: string, name: string, above: readonly string[]): GraphSpec {
  const file = existing(templatesDir, name);
  if (above.includes(name)) {
    const cycle = [...above.slice(above.indexOf(name)), name].join(' → ');
    throw new TaskError('CONFIGURATION', `template ${preview(name)} runs itself: ${cycle}`);
  }
  if (above.length > MAX_DEPTH)
    throw new TaskError(
      'CONFIGURATION',
      `templates may be at most ${MAX_DEPTH} deep in each other: ${[...above, name].join(' → ')}`,
    );
  const spec = read(file, name);
  for (const inner of graphNames(spec)) load(templatesDir, inner, [...above, name]);
  return spec;
}

function read(file: string, name: string): GraphSpec {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new TaskError(
      'CONFIGURATION',
      `template ${preview(name)}: ${file} cannot be read (${messageOf(error)})`,
    );
  }
  const parsed = parseText(text);
  const { spec, faults: unread } = withProgramFiles(parsed.spec, dirname(file));
  const faults = [...parsed.faults, ...parsed.locate(unread)];
  const place = { depth: 0, paramsUnknown: true } as const;
  const all =
    faults.length > 0 ? faults : parsed.locate(validateGraph(spec, {}, undefined, place).faults);
  if (all.length > 0) throw new SpecInvalidError(all, `template ${preview(name)} (${file})`);
  return spec as unknown as GraphSpec;
}

/** Names of graphs in a graph and in those that are written into it. */
function graphNames(spec: unknown): string[] {
  const tasks = isObject(spec) && Array.isArray(spec['tasks']) ? (spec['tasks'] as unknown[]) : [];
  const names = tasks.flatMap((node) => {
    const graph = isObject(node) ? node['graph'] : undefined;
    return typeof graph === 'string' ? [graph] : graphNames(graph);
  });
  return [...new Set(names)];
}

function existing(templatesDir: string, name: string): string {
  if (!NAME.test(name) || name.length > NAME_LENGTH)
    throw new TaskError(
      'NOT_FOUND',
      `${preview(name)} is no name of a template: letters, digits, "_", "-" and ".", with "/" between folders below ${templatesDir}, and never a way up`,
    );
  const file = find(templatesDir, name);
  if (file !== undefined) return file;
  const known = namesIn(templatesDir);
  const hint = didYouMean(name, known) ?? `there are ${known.join(', ')}`;
  throw new TaskError(
    'NOT_FOUND',
    `no template ${preview(name)} in ${templatesDir} (templatesDir), nor among those of Tempograph; ${hint}`,
  );
}

/** @throws TaskError CONFIGURATION where two files have the name */
function find(templatesDir: string, name: string): string | undefined {
  for (const folder of [templatesDir, OURS]) {
    const found = ENDINGS.map((ending) => join(folder, `${name}${ending}`)).filter(isFile);
    if (found.length > 1)
      throw new TaskError(
        'CONFIGURATION',
        `template ${preview(name)} is there twice: ${found.join(' and ')}; keep one`,
      );
    if (found[0] !== undefined) return found[0];
  }
  return undefined;
}

const isFile = (file: string): boolean =>
  statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;

function namesIn(templatesDir: string): string[] {
  const files = [templatesDir, OURS].flatMap(filesIn);
  const names = files.flatMap((file) => {
    const ending = ENDINGS.find((one) => file.endsWith(one));
    const name = file.slice(0, -(ending?.length ?? 0));
    return ending !== undefined && NAME.test(name) ? [name] : [];
  });
  return [...new Set(names)].sort();
}

/** Files of a folder and of those in it, with `/` between; none where there is no such folder. */
function filesIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { recursive: true }) as string[];
    return entries.map((file) => file.replaceAll('\\', '/'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new TaskError(
      'CONFIGURATION',
      `templatesDir ${folder} cannot be read (${messageOf(error)})`,
    );
  }
}
