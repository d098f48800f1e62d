/** Artifacts of Argo's templates: which a step gives, which a template takes, and which it keeps. */
import { isObject, preview, type Json } from '../domain/json.js';
import { piecesIn } from './argo-program-scope.js';
import type { GivenFile, Piece, Scope } from './argo-scope.js';
import type { Template } from './argo-templates.js';
import { celText, member, nodeOf, outputOf } from './cel.js';
import type { Source } from './source.js';

const FILE_NAME = /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}$/;
const FROM = /^\{\{([^{}]*)\}\}$/;

/** What a step gives its template, by the artifact's name. */
export function givenFiles(
  source: Source | undefined,
  template: Source,
  scope: Scope,
): Map<string, GivenFile> {
  const given = new Map<string, GivenFile>();
  const taken = new Set(namesOf(template, 'inputs'));
  for (const one of source?.items() ?? []) {
    const name = one.get('name').text() ?? '';
    if (!taken.has(name)) {
      one.lose(`the template takes no artifact ${preview(name)}; left out`);
      continue;
    }
    const file = givenFile(one, scope);
    if (file) given.set(name, file);
  }
  return given;
}

/** What an artifact is said to be, in a step or in the template itself; undefined where nothing is said that can be had. */
export function givenFile(source: Source, scope: Scope): GivenFile | undefined {
  const raw = source.get('raw');
  if (raw.given) return { text: piecesIn(raw.get('data'), scope) };
  const from = source.get('from');
  const text = from.text();
  return text === undefined ? undefined : fileFrom(text, from, scope);
}

/** `{{tasks.a.outputs.artifacts.b}}`, or `{{inputs.artifacts.c}}` in a graph. */
function fileFrom(text: string, at: Source, scope: Scope): GivenFile | undefined {
  const lost = (why: string): undefined => {
    at.lose(`${preview(text)} ${why}; the file is not there`);
  };
  const path = (FROM.exec(text.trim())?.[1] ?? '').trim().split('.');
  const [root, first = '', second, third, name = ''] = path;
  if (root === 'inputs' && first === 'artifacts' && path.length === 3) {
    const file = scope.files?.get(second ?? '');
    return file ?? lost('is given by nobody');
  }
  const step = root === 'tasks' || root === 'steps' ? scope.steps.get(first) : undefined;
  if (!step || second !== 'outputs' || third !== 'artifacts' || path.length !== 5)
    return lost('is no artifact of a step before it');
  const [id] = step.ids;
  if (step.loop !== undefined || id === undefined)
    return lost('is one file for each item of a loop');
  if (!step.artifacts.has(name)) return lost('is not kept by its step here');
  const holder = step.below === undefined ? nodeOf(id) : `${outputOf(id)}${member(step.below)}`;
  const key = celText(name);
  return {
    cel: `${holder}.artifacts[${key}]`,
    orNull: `${holder}.?artifacts[?${key}].orValue(null)`,
  };
}

/** Names of the artifacts that a template takes or keeps, without reading them. */
function namesOf({ value }: Source, side: 'inputs' | 'outputs'): string[] {
  const part: unknown = isObject(value) ? value[side] : undefined;
  const list: unknown = isObject(part) ? part['artifacts'] : undefined;
  return (Array.isArray(list) ? list : []).flatMap((one: unknown) =>
    isObject(one) && typeof one['name'] === 'string' ? [one['name']] : [],
  );
}

/** True for a template that gets a wrapper where its outputs need one: it says its command, and it ends. */
export function mayBeWrapped(template: Template | undefined): boolean {
  const value: unknown = template?.source.value;
  if (!isObject(value)) return false;
  const body: unknown = value['container'] ?? value['script'];
  const command: unknown = isObject(body) ? body['command'] : undefined;
  return Array.isArray(command) && command.length > 0 && value['daemon'] !== true;
}

/** Names of the artifacts that the node of such a template keeps. */
export const keptBy = (template: Template | undefined): Set<string> =>
  new Set(template ? namesOf(template.source, 'outputs').filter(isFileName) : []);

/** True for a name that an output of a program may have, which is a file of that name. */
export const isFileName = (name: string): boolean => FILE_NAME.test(name);

/**
 * The path of a file, without slashes at its end; undefined where it is no absolute one, which is a loss. One that a
 * container cannot write, as it lies outside of `/tmp`, is a loss too, and kept.
 */
export function placeOf(source: Source, scope: Scope): readonly Piece[] | undefined {
  const pieces = piecesIn(source, scope);
  const [first] = pieces;
  const last = pieces.at(-1);
  if (typeof first !== 'string' || !first.startsWith('/')) {
    source.lose(`${preview(source.value)} is no absolute path; left out`);
    return undefined;
  }
  if (!first.startsWith('/tmp/'))
    source.losses.add(
      source.path,
      'path',
      `${preview(source.value)}: the root of a container is read-only here; use a path below /tmp`,
    );
  return typeof last === 'string' ? [...pieces.slice(0, -1), withoutSlashes(last)] : pieces;
}

function withoutSlashes(path: string): string {
  let end = path.length;
  while (end > 1 && path[end - 1] === '/') end--;
  return path.slice(0, end);
}

/** True where a file is to be left as it is: `archive: { none: {} }`. Another archive is a loss. */
export function isPlain(source: Source): boolean {
  const archive = source.get('archive');
  if (!archive.given) return false;
  const kind: Json = isObject(archive.value) ? (Object.keys(archive.value)[0] ?? '') : '';
  if (kind === 'none') {
    archive.take();
    return true;
  }
  archive.lose('a folder is kept as .tgz, a file as it is');
  return false;
}

/** Fields of an artifact that are read here, or say nothing of where it is. */
const READ = ['name', 'path', 'optional', 'raw', 'from', 'archive', 'description'];

/** Makes a loss of every other field: where a file comes from or goes to besides (`s3`, `git`), and its `mode`. */
export function loseStores(source: Source, message: (key: string) => string): void {
  for (const [key, part] of source.entries())
    if (part.given && !READ.includes(key)) part.lose(message(key));
}
