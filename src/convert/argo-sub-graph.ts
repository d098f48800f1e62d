/**
 * What a template that is a graph is given where a step runs it as a sub-graph. A sub-graph reads nothing of the graph around
 * it: whatever its tags name is a parameter of its own, which the step's input fills.
 */
import { setOwn, type Json, type JsonObject } from '../domain/json.js';
import type { ParamSpec } from '../domain/spec.js';
import { givenFile, givenFiles, loseStores } from './argo-artifacts.js';
import { loseFiles } from './argo-leaf.js';
import type { Level, Shared } from './argo-level.js';
import { typeOf } from './argo-program-scope.js';
import type { Given } from './argo-program.js';
import {
  templateOf,
  type GivenFile,
  type Piece,
  type PieceType,
  type Scope,
} from './argo-scope.js';
import type { Template } from './argo-templates.js';
import { inTemplate, param, plain } from './cel.js';
import { paramNames } from './ids.js';

export class SubGraphInputs {
  /** Parameters that were declared so far: `global` adds to them for as long as the sub-graph is being made. */
  readonly params: Record<string, ParamSpec> = {};
  /** The values of them, as templates of the graph around it. */
  readonly input: JsonObject = {};
  private readonly names = paramNames();

  constructor(
    private readonly outer: Level,
    private readonly shared: Pick<Shared, 'settled'>,
  ) {}

  /** The step's parameters, as the sub-graph's tags mean them. */
  parameters({ parameters }: Given): Map<string, readonly Piece[]> {
    return new Map(
      [...parameters].map(([key, pieces]): [string, readonly Piece[]] => {
        const cel = this.declare(this.names.of(key), templateOf(pieces));
        return [key, [{ cel, type: typeWithin(pieces) }]];
      }),
    );
  }

  /** The artifacts of the template: parameters too, since an artifact goes wherever JSON goes. */
  files(template: Template, args: Given, scope: Scope): Map<string, GivenFile> {
    const files = new Map<string, GivenFile>();
    if (!this.shared.settled.programs) {
      loseFiles(args);
      return files;
    }
    const given = givenFiles(args.files, template.source, scope);
    for (const one of template.source.get('inputs').get('artifacts').items()) {
      const name = one.get('name').text() ?? '';
      const file = given.get(name) ?? givenFile(one, { ...scope, inputs: args.parameters });
      one.get('optional').flag();
      loseStores(one, () => 'nothing is fetched from elsewhere; the file is not there');
      if (!file) continue;
      const isText = 'text' in file;
      const value = isText ? templateOf(file.text) : inTemplate(file.cel);
      const cel = this.declare(this.names.of(`artifacts.${name}`), value);
      files.set(name, isText ? { text: [{ cel, type: 'text' }] } : { cel, orNull: cel });
    }
    return files;
  }

  /** `workflow.<name>`, where the graph around it knows it. */
  global(name: string): Piece | undefined {
    const known = this.names.find(`workflow.${name}`);
    if (known !== undefined) return { cel: param(known), type: 'any' };
    const outer = this.outer.global(name);
    if (outer === undefined) return undefined;
    const own = this.names.of(`workflow.${name}`, `workflow_${name.replace(/^parameters\./, '')}`);
    const value =
      typeof outer === 'object' && 'cel' in outer
        ? inTemplate(outer.cel)
        : plain(typeof outer === 'string' ? outer : '');
    return { cel: this.declare(own, value), type: 'any' };
  }

  /** Adds a parameter with its value. @returns CEL that reads it in the sub-graph */
  private declare(name: string, value: string): string {
    setOwn(this.params, name, {});
    setOwn<Json>(this.input, name, value);
    return param(name);
  }
}

/** A parameter of the pipeline becomes a list where a loop goes over it, which may stand anywhere in the file. */
function typeWithin(pieces: readonly Piece[]): PieceType {
  const [only] = pieces;
  const [type, isParam] = [typeOf(pieces), typeof only === 'object' && 'param' in only];
  return isParam ? 'any' : type;
}
