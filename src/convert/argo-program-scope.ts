/**
 * Tags inside of a program. A program reads nothing of the graph: all that its tags name is put into the node's input, and
 * read from there.
 *
 * `inputs.parameters.x` is `input.parameters.x`; `workflow.parameters.y` is put into `input.workflow`; whatever else the
 * graph knows, in a template that stands within its step, into `input.values`. A path of a file is what the template says.
 */
import { preview, setOwn, type JsonObject } from '../domain/json.js';
import {
  ofPath,
  piecesOf,
  staticText,
  templateOf,
  type Piece,
  type PieceType,
  type Scope,
} from './argo-scope.js';
import { member } from './cel.js';
import { NotTranslatable } from './logic.js';
import type { Source } from './source.js';

export interface ProgramScope {
  scope: Scope;
  /** What the tags so far have put into the input. */
  asked: JsonObject;
  /** Paths of files, by what they are of: `inputs.artifacts.x`. */
  places: Map<string, readonly Piece[]>;
}

export function programScope(
  outer: Scope,
  parameters: ReadonlyMap<string, readonly Piece[]>,
): ProgramScope {
  const asked: JsonObject = {};
  const places = new Map<string, readonly Piece[]>();
  const ask = (path: readonly string[]): readonly Piece[] => {
    const pieces = ofPath(path, outer);
    const fixed = staticText(pieces);
    if (fixed !== undefined) return [fixed];
    const [group, name] =
      path[0] === 'workflow' ? ['workflow', path.slice(1).join('.')] : ['values', path.join('.')];
    const values = (asked[group] ?? {}) as JsonObject;
    setOwn(values, name, templateOf(pieces));
    asked[group] = values;
    return [{ cel: `input.${group}${member(name)}`, type: typeOf(pieces) }];
  };
  const reference = (path: readonly (string | number)[]): readonly Piece[] => {
    const [root = '', kind = '', name = '', ...rest] = path.map(String);
    if (root === 'inputs' && kind === 'parameters' && rest.length === 0) {
      const pieces = parameters.get(name);
      if (pieces) return [{ cel: `input.parameters${member(name)}`, type: typeOf(pieces) }];
    }
    if (root === 'inputs' || root === 'outputs') {
      const place = places.get(`${root}.${kind}.${name}`);
      if (place && rest.length === 1 && rest[0] === 'path') return place;
      throw new NotTranslatable(`reads ${path.join('.')}, which has no counterpart`);
    }
    return ask(path.map(String));
  };
  return { scope: { ...outer, reference }, asked, places };
}

/** Of the one value that it is, or of a text. */
export function typeOf(pieces: readonly Piece[]): PieceType {
  const [only] = pieces;
  if (pieces.length !== 1 || typeof only !== 'object' || !('cel' in only)) return 'text';
  return only.type;
}

const MOST_SHOWN = 3;

/** The text of a part; tags without counterpart stay in it, which is a loss. */
export function piecesIn(source: Source, scope: Scope): readonly Piece[] {
  const unknown = new Set<string>();
  const pieces = piecesOf(source.text() ?? '', scope, (tag) => {
    unknown.add(tag);
    return tag;
  });
  if (unknown.size > 0) {
    const shown = [...unknown].slice(0, MOST_SHOWN).map((tag) => preview(tag, 200));
    const more = unknown.size > MOST_SHOWN ? ` and ${unknown.size - MOST_SHOWN} more` : '';
    const stay =
      unknown.size === 1 ? 'has no counterpart; it stays' : 'have no counterpart; they stay';
    source.losses.add(source.path, 'tag', `${shown.join(', ')}${more} ${stay} as text`);
  }
  return pieces;
}
