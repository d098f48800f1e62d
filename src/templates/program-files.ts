/** Programs that a pipeline names by file: read where the pipeline's own file is, so that what is submitted is whole. */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { fault, type Fault } from '../domain/fault.js';
import { isObject, preview, type Json, type JsonObject, type Path } from '../domain/json.js';
import { messageOf } from '../domain/errors.js';
import { parseText, type ParsedText } from '../domain/pipeline.js';

const MAX_BYTES = 1_048_576;

/**
 * The spec with the text of every `process.file` as its `code`, those of graphs that are written into it too.
 *
 * @param folder where the pipeline's file is; a program's file is there or below, also where a link leads
 * @returns with a fault for every file that cannot be read; its node stays as it was
 */
export function withProgramFiles(spec: Json, folder: string): { spec: Json; faults: Fault[] } {
  const faults: Fault[] = [];
  return { spec: readGraph(spec, folder, [], faults), faults };
}

function readGraph(graph: Json, folder: string, path: Path, faults: Fault[]): Json {
  if (!isObject(graph) || !Array.isArray(graph['tasks'])) return graph;
  const { defaults } = graph;
  const tasks = graph['tasks'].map((node, index): Json => {
    if (!isObject(node)) return node;
    const { graph: below } = node;
    const at = [...path, 'tasks', index];
    return {
      ...withFile(node, folder, at, faults),
      ...(isObject(below) ? { graph: readGraph(below, folder, [...at, 'graph'], faults) } : {}),
      ...undoRead(node, folder, at, faults),
    };
  });
  return {
    ...graph,
    ...(isObject(defaults)
      ? { defaults: { ...defaults, ...undoRead(defaults, folder, [...path, 'defaults'], faults) } }
      : {}),
    tasks,
  };
}

/** What undoes, with its program's text; nothing where it is no program. */
function undoRead(
  { compensate }: JsonObject,
  folder: string,
  at: Path,
  faults: Fault[],
): JsonObject {
  if (!isObject(compensate)) return {};
  return { compensate: withFile(compensate, folder, [...at, 'compensate'], faults) };
}

/** A node, or what undoes it, with its program's text. */
function withFile(said: JsonObject, folder: string, at: Path, faults: Fault[]): JsonObject {
  const { process } = said;
  if (!isObject(process) || typeof process['file'] !== 'string') return said;
  const { file, ...rest } = process;
  if (rest['code'] !== undefined) return said; // validation says that it is one or the other
  const found = text(file, folder);
  if (typeof found === 'string') return { ...said, process: { ...rest, code: found } };
  faults.push(fault([...at, 'process', 'file'], 'FILE', `${preview(file)} ${found.problem}`));
  return said;
}

function text(file: string, folder: string): string | { problem: string } {
  try {
    const root = realpathSync(folder);
    const full = realpathSync(resolve(root, file));
    if (!full.startsWith(root.endsWith(sep) ? root : `${root}${sep}`))
      return {
        problem: `leads out of the pipeline's folder, ${root}; expected a file there or below`,
      };
    const { size } = statSync(full);
    if (!statSync(full).isFile()) return { problem: 'is no file' };
    if (size > MAX_BYTES) return { problem: `has ${size} bytes; the limit is ${MAX_BYTES}` };
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(readFileSync(full));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { problem: `is not there, in ${resolve(folder)}` };
    return { problem: `cannot be read: ${messageOf(error)}` };
  }
}

/**
 * Reads a pipeline's file, with the programs that it names by file. Never throws: what cannot be read is a fault too.
 *
 * @param path of a YAML or JSON file
 */
export function readPipelineFile(path: string): ParsedText {
  let read: string;
  try {
    read = readFileSync(path, 'utf8');
  } catch (error) {
    const faults = [fault([], 'FILE', `${path}: ${messageOf(error)}`)];
    return { spec: null, faults, locate: (others) => [...others] };
  }
  const parsed = parseText(read);
  const { spec, faults } = withProgramFiles(parsed.spec, dirname(path));
  return { ...parsed, spec, faults: [...parsed.faults, ...parsed.locate(faults)] };
}
