/**
 * Argo's tags — `{{inputs.parameters.x}}`, `{{tasks.a.outputs.result}}`, `{{item}}`, `{{=expression}}` — as pieces of text
 * and CEL.
 *
 * A node that stands for a step gives its outputs as `{ result, parameters: { … } }`: `outputs.result` is
 * `output.result`, `outputs.parameters.x` is `output.parameters.x`.
 */
import { TaskError } from '../domain/errors.js';
import { getOwn, preview, type Json } from '../domain/json.js';
import { celText, inTemplate, member, optional, outputOf, plain } from './cel.js';
import { NotTranslatable } from './logic.js';

/** What an expression gives: `any` where that is not known. */
export type PieceType = 'text' | 'bool' | 'list' | 'any';

/** A part of a text: as it stands, or an expression. */
export type Piece =
  | string
  | {
      cel: string;
      type: PieceType;
      /** The parameter of the top graph that it is. */
      param?: string;
    }
  | { statusOf: readonly string[] };

/** A step or task of a graph, as others refer to it. */
export interface Step {
  name: string;
  /** Its nodes: several where a loop was written out. */
  ids: readonly string[];
  /** It is gone through by a map, whose output is a list, or by a node for each item. */
  loop?: 'map' | 'nodes';
  /** It may not run, and has no output then. */
  mayBeEmpty: boolean;
  /** What outputs are when it is skipped, by the parameter's name. */
  defaults: ReadonlyMap<string, string>;
  /** Where in its output results and artifacts stand, of a graph that chooses them: the id of a node. */
  below?: string;
  /** Names of the artifacts that its node keeps. */
  artifacts: ReadonlySet<string>;
  /** Its results are texts, as those of a program are. */
  texts: boolean;
}

/** What an artifact of a template is: one that a node kept, in CEL (`orNull`: null where it kept none), or a text. */
export type GivenFile = { cel: string; orNull: string } | { text: readonly Piece[] };

/** What tags mean in one place. */
export interface Scope {
  inputs: ReadonlyMap<string, readonly Piece[]>;
  steps: ReadonlyMap<string, Step>;
  /** `workflow.parameters.x` and `workflow.status`. */
  global(name: string): Piece | undefined;
  /** The item of a loop: an expression, or a value where the loop is written out. */
  item?: { cel: string } | { value: Json };
  /** `inputs.artifacts.x` in a graph. */
  files?: ReadonlyMap<string, GivenFile>;
  /** What a step's output is where it was skipped and its template says nothing for that. Default: empty. */
  or?: string;
  /** Keys of Kubernetes' secrets, in words, by the name that they have here; added to as programs are made. */
  secrets?: Map<string, string>;
  /** Where references mean something else than in a graph: inside of a program. @throws NotTranslatable */
  reference?(path: readonly (string | number)[]): readonly Piece[];
  /** Parses and writes an expression tag. */
  expression(text: string, scope: Scope): readonly Piece[];
}

/** Characters that a text may have with its tags put in. */
const MOST_TEXT = 2_000_000;
/** Nodes whose outputs one expression gathers; it has at most 2,000 parts, seven for each. */
const MOST_GATHERED = 250;

/**
 * The pieces of a text.
 *
 * @param unknown what becomes of a tag that has no counterpart. Default: it throws
 * @throws NotTranslatable
 */
export function piecesOf(
  text: string,
  scope: Scope,
  unknown?: (tag: string) => string,
): readonly Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const [start, after] of tagsIn(text)) {
    if (start > end) pieces.push(text.slice(end, start));
    end = after;
    try {
      pieces.push(...ofTag(text.slice(start + 2, end - 2).trim(), scope));
    } catch (error) {
      if (!(error instanceof NotTranslatable) || !unknown) throw error;
      pieces.push(unknown(text.slice(start, end)));
    }
  }
  if (end < text.length) pieces.push(text.slice(end));
  return pieces;
}

/** Where tags begin and end. A regular expression would look to the end of the text for each that has none. */
function* tagsIn(text: string): Generator<[start: number, end: number]> {
  let from = 0;
  for (;;) {
    const start = text.indexOf('{{', from);
    const end = start < 0 ? -1 : text.indexOf('}}', start + 2);
    if (end < 0) return;
    yield [start, (from = end + 2)];
  }
}

function ofTag(tag: string, scope: Scope): readonly Piece[] {
  return tag.startsWith('=')
    ? scope.expression(tag.slice(1), scope)
    : ofPath(tag.split('.'), scope);
}

/**
 * What a reference means: the steps of `inputs.parameters.x`.
 *
 * @throws NotTranslatable
 */
export function ofPath(path: readonly (string | number)[], scope: Scope): readonly Piece[] {
  if (scope.reference) return scope.reference(path);
  const [root, second = '', third, ...rest] = path.map(String);
  if (root === 'item') return [ofItem(path.slice(1).map(String), scope)];
  if (root === 'inputs' && second === 'parameters' && third !== undefined && rest.length === 0) {
    const pieces = scope.inputs.get(third);
    if (pieces) return pieces;
  }
  if (root === 'workflow') {
    if (second === 'scheduledTime' && third === undefined)
      return [{ cel: 'execution.scheduledTime', type: 'text' }];
    const piece = scope.global(path.slice(1).join('.'));
    if (piece !== undefined) return [piece];
  }
  const step = root === 'tasks' || root === 'steps' ? scope.steps.get(second) : undefined;
  if (step) {
    if (third === 'status' && rest.length === 0) return [{ statusOf: step.ids }];
    if (third === 'outputs') return [ofOutputs(step, rest, scope)];
    if (third === 'exitCode') return [ofOutputs(step, ['exitCode'], scope)];
  }
  throw new NotTranslatable(`reads ${path.join('.')}, which has no counterpart`);
}

function ofItem(keys: readonly string[], { item }: Scope): Piece {
  if (!item) throw new NotTranslatable('reads item, which is known only inside the loop');
  if ('cel' in item) return { cel: optional(item.cel, keys, '""'), type: 'any' };
  let value: Json = item.value;
  for (const key of keys)
    value =
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? (getOwn<Json>(value, key) ?? '')
        : '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function ofOutputs(step: Step, keys: readonly string[], { or: otherwise = '' }: Scope): Piece {
  const [kind, name] = keys;
  const known =
    (keys.length === 1 && ['result', 'parameters', 'exitCode'].includes(kind ?? '')) ||
    (keys.length === 2 && kind === 'parameters');
  if (!known)
    throw new NotTranslatable(
      `reads outputs.${keys.join('.')} of ${step.name}, which has no counterpart`,
    );
  const whole = kind === 'parameters' && name === undefined;
  const way = step.below === undefined ? keys : [step.below, ...keys];
  if (step.loop !== undefined) return { cel: aggregate(step, way, !whole), type: 'list' };
  const or = celText((name === undefined ? undefined : step.defaults.get(name)) ?? otherwise);
  const cel = optional(outputOf(step.ids[0] ?? ''), way, whole ? '{}' : or);
  return { cel, type: step.texts && !whole ? 'text' : 'any' };
}

/**
 * What all items of a loop gave, without those that gave nothing. As in Argo a text that is a JSON object stands as one.
 *
 * @param values each is a result, not all parameters of an item
 */
function aggregate(
  { loop, ids, mayBeEmpty, texts, below }: Step,
  way: readonly string[],
  values: boolean,
): string {
  const guard = (of: string): string => (texts ? '' : `type(${of}) == string && `);
  const shown = (of: string): string =>
    values && (texts || below !== undefined)
      ? `${guard(of)}${of}.startsWith("{") && ${of}.endsWith("}") ? fromJson(${of}) : ${of}`
      : of;
  if (loop === 'nodes') {
    if (ids.length > MOST_GATHERED)
      throw new NotTranslatable(`reads what ${ids.length} nodes gave, of at most ${MOST_GATHERED}`);
    const each = ids.map((id) => optional(outputOf(id), way, 'null'));
    return `[${each.join(', ')}].map(o, o != null, ${shown('o')})`;
  }
  const all = outputOf(ids[0] ?? '');
  const list = mayBeEmpty ? `(${all} == null ? [] : ${all})` : all;
  return `${list}.map(o, ${optional('o', way, 'null')} != null, ${shown(`o${way.map(member).join('')}`)})`;
}

/** The text that it is, where nothing of it waits for a run. */
export function staticText(pieces: readonly Piece[]): string | undefined {
  return pieces.every((piece) => typeof piece === 'string') ? pieces.join('') : undefined;
}

/** As the text of a template. */
export function templateOf(pieces: readonly Piece[]): string {
  const size = pieces.reduce(
    (sum, piece) => sum + (typeof piece === 'string' ? piece.length : 0),
    0,
  );
  if (size > MOST_TEXT)
    throw new TaskError(
      'TOO_LARGE',
      `a text with its tags put in has ${size} characters; the limit is ${MOST_TEXT}`,
    );
  let text = '';
  let known = '';
  for (const piece of pieces) {
    if (typeof piece === 'string') {
      // Two pieces may make one `${{`.
      known += piece;
      continue;
    }
    // A `$` before an expression would make it text.
    text += plain(known).replace(/\$$/, () => inTemplate(celText('$')));
    text += inTemplate('cel' in piece ? piece.cel : statusCel(piece.statusOf));
    known = '';
  }
  return text + plain(known);
}

/** As CEL that gives text. */
export function textCel(pieces: readonly Piece[]): string {
  if (pieces.length === 0) return '""';
  return pieces
    .map((piece) => {
      if (typeof piece === 'string') return celText(piece);
      if (!('cel' in piece)) return statusCel(piece.statusOf);
      if (piece.type === 'list')
        throw new NotTranslatable('uses what a loop gives, a list, as a text in an expression');
      return piece.type === 'text' ? piece.cel : `string(${piece.cel})`;
    })
    .join(' + ');
}

/** Argo's word for how a node ended, as far as there is one. */
function statusCel(ids: readonly string[]): string {
  const [id = ''] = ids;
  const status = `tasks[${celText(id)}].status`;
  return `(${status} == "COMPLETED" ? "Succeeded" : ${status} == "SKIPPED" ? "Skipped" : "Failed")`;
}

/** The one expression that it is, to be used as a value of any type. */
export function valueCel(pieces: readonly Piece[], what: string): string {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined && typeof only !== 'string' && 'cel' in only)
    return only.cel;
  throw new NotTranslatable(`${preview(what)} is not one value`);
}
