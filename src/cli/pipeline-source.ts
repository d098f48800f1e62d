/** A pipeline as it is given on the command line: a file or standard input, with the place of every fault. */
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname } from 'node:path';
import { buffer as readAll } from 'node:stream/consumers';
import { adjacencyToSpec, isAdjacency, type Adjacency } from '../domain/adjacency.js';
import { TaskError } from '../domain/errors.js';
import { fault, formatFaults, type Fault } from '../domain/fault.js';
import { isObject, type Json } from '../domain/json.js';
import { parseText } from '../domain/pipeline.js';
import type { GraphSpec, ParamSpec } from '../domain/spec.js';
import { utf8Text } from '../domain/utf8-text.js';
import { resolveSettings } from '../config.js';
import { nearTemplate, templateFile } from '../templates/load-template.js';
import { withProgramFiles } from '../templates/program-files.js';
import { settingsOf, type CommonOptions } from './command.js';
import type { Output } from './output.js';
import { serverOf } from './server-option.js';

export interface PipelineSource {
  /** The file's name, for messages. */
  name: string;
  /** What the text says, not yet validated. */
  spec: GraphSpec;
  /** What is submitted: the spec, or an adjacency form, whose ids may be the catalogue's. */
  graph: GraphSpec | Adjacency;
  /** Nothing could be read; the faults say why. */
  broken: boolean;
  params: Readonly<Record<string, ParamSpec>>;
  /** What is wrong with the text itself, and with files that it names. */
  faults: Fault[];
  locate: (faults: readonly Fault[]) => Fault[];
}

/** Reads and parses. Never throws: a file that cannot be read is a fault too. */
export async function readPipeline(path: string, out: Output): Promise<PipelineSource> {
  const name = path === '-' ? '(standard input)' : path;
  let text: string;
  try {
    text = await readText(path, out);
  } catch (error) {
    const message = `${name}: ${(error as Error).message}`;
    return source(name, null, [fault([], 'FILE', message)], (faults) => [...faults]);
  }
  if (text.trim() === '') {
    const message = `${name}: is empty, expected a pipeline: a name and tasks`;
    return source(name, null, [fault([], 'FILE', message)], (faults) => [...faults]);
  }
  const parsed = parseText(text);
  const { spec, faults } = withProgramFiles(parsed.spec, path === '-' ? '.' : dirname(path));
  const all = [...parsed.faults, ...parsed.locate(faults)];
  return source(name, spec, all, (others) => parsed.locate(others));
}

function source(
  name: string,
  parsed: Json,
  faults: Fault[],
  locate: PipelineSource['locate'],
): PipelineSource {
  const graph = basename(name, extname(name));
  const spec = isAdjacency(parsed) ? adjacencyToSpec(parsed, graph) : (parsed as GraphSpec);
  const params = isObject(spec) && isObject(spec.params) ? spec.params : {};
  const broken = parsed === null && faults.length > 0;
  const given = isAdjacency(parsed) ? parsed : spec;
  return { name, spec, graph: given, broken, params, faults, locate };
}

/**
 * The text of a file, or with `-` of standard input.
 *
 * @throws Error in plain words, without the path
 */
export async function readText(path: string, out: Output): Promise<string> {
  if (path === '-') {
    if (process.stdin.isTTY) out.note('reading from standard input; end it with Ctrl-D');
    return textOf(await readAll(process.stdin));
  }
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: 'there is no such file',
      EISDIR: 'is a folder, expected a file',
      EACCES: 'may not be read',
    };
    throw new Error(reasons[code ?? ''] ?? message, { cause: error });
  }
  return textOf(bytes);
}

/** @throws Error for bytes that are no UTF-8: as text they would be another than was written */
function textOf(bytes: Buffer): string {
  const read = utf8Text(bytes);
  if ('text' in read) return read.text;
  throw new Error(read.problem);
}

/**
 * The file of a pipeline, `-` for standard input: of an argument that is a file or a folder's path, which reading refuses,
 * or the name of a template. Undefined for the name of a task, and through a server, which has its own templates, for every
 * name.
 *
 * @throws TaskError CONFIGURATION for a template that is there twice
 */
export async function pipelineOf(
  argument: string,
  options: CommonOptions,
): Promise<string | undefined> {
  if (argument === '-' || /\.(ya?ml|json)$/i.test(argument)) return argument;
  const found = await stat(argument).catch(() => undefined);
  // A task may be called as a folder is that happens to be here, but not as a path.
  const isPath = /^\.{1,2}$|[/\\]/.test(argument);
  const isFile = found?.isFile() === true || (isPath && found?.isDirectory() === true);
  if (isFile || serverOf(options)) return isFile ? argument : undefined;
  const { templatesDir } = resolveSettings(settingsOf(options));
  return templateFile(templatesDir, argument);
}

/** `did you mean the template "x"?` for a name that is no task's; through a server, which has its own templates, nothing. */
export function templateMeant(argument: string, options: CommonOptions): string | undefined {
  if (serverOf(options)) return undefined;
  const near = nearTemplate(resolveSettings(settingsOf(options)).templatesDir, argument);
  return near === undefined ? undefined : `did you mean the template ${JSON.stringify(near)}?`;
}

/** The faults of the text, and with their places those of the graph that are not the same once more. */
export function allFaults(source: PipelineSource, ofGraph: readonly Fault[]): Fault[] {
  const told = new Set(source.faults.map(({ path }) => path));
  return [...source.faults, ...source.locate(ofGraph).filter(({ path }) => !told.has(path))];
}

/** The error for a pipeline that was refused: every fault with file, line and column. */
export function refused(name: string, faults: readonly Fault[]): TaskError {
  const count = `${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}`;
  return new TaskError(
    'SPEC_INVALID',
    `${name} refused, ${count}:\n${faultLines(name, faults).join('\n')}`,
    { details: faults },
  );
}

/** `nightly.yaml:7:5 tasks[1].task: unknown task "ecko" (did you mean "echo"?)`, one a fault. */
export function faultLines(name: string, faults: readonly Fault[]): string[] {
  return faults.map(({ line, column, ...rest }) => {
    const place = line === undefined ? '' : `:${line}:${column ?? 1}`;
    const isOfFile = rest.code === 'FILE' && rest.path === '(root)';
    return isOfFile ? rest.message : `${name}${place} ${formatFaults([rest])}`;
  });
}
