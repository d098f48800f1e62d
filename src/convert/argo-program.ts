/**
 * A container or script of Argo as a program that runs: a node with `container`, the input that it reads, and what it
 * gives.
 *
 * P1. All of a program that differs from run to run stands in the node's input; its texts read nothing else.
 * P2. What the program says by itself stays as it was. Only where files, results or a script with tags need it, a wrapper
 *     stands around it (`argo-wrapper.ts`).
 */
import { isObject, preview, setOwn, type Json, type JsonObject } from '../domain/json.js';
import { ContainerSchema, type ContainerSpec } from '../domain/program.js';
import {
  givenFile,
  givenFiles,
  isFileName,
  isPlain,
  loseStores,
  placeOf,
} from './argo-artifacts.js';
import { containerOf, resourcesOf, type Known } from './argo-container.js';
import { piecesIn, programScope, type ProgramScope } from './argo-program-scope.js';
import { staticText, templateOf, type GivenFile, type Piece, type Scope } from './argo-scope.js';
import { Variables } from './argo-variables.js';
import { entrypointOf, needsWrapper, type Wrapped } from './argo-wrapper.js';
import { inTemplate, member } from './cel.js';
import type { NewNode } from './conversion.js';
import type { Source } from './source.js';

/** What a template is given by its step, and what others read of it. */
export interface Given {
  parameters: ReadonlyMap<string, readonly Piece[]>;
  /** `arguments.artifacts` of the step. */
  files?: Source;
  /** Default: nobody reads anything. */
  reads?: { result: boolean; exitCode: boolean };
}

export type Program = Pick<NewNode, 'container' | 'resources' | 'input'>;

/** Where a script lies that holds no tags, and one that does. */
const SCRIPT = '/tempograph/files/script';
const FILLED_SCRIPT = '/tmp/script';

/** The program that a template is, or in words why it is none. */
export function programOf(template: Source, given: Given, scope: Scope): Program | string {
  const files = given.files?.trial();
  // A name that only a trial asked for is free.
  const alone: Scope = { ...scope, secrets: new Map(scope.secrets) };
  const trial = madeOf(template.trial(), { ...given, ...(files ? { files } : {}) }, alone);
  return typeof trial === 'string' ? trial : madeOf(template, given, scope);
}

function madeOf(template: Source, given: Given, scope: Scope): Program | string {
  const key = template.get('container').given ? 'container' : 'script';
  const body = template.get(key);
  if (!isObject(body.value)) return `there is no ${key}`;
  if (isObject(template.value) && template.value['daemon'] === true)
    return 'a daemon never ends, and what comes after a node waits for its end';
  return new ProgramConversion(template, body, key === 'script', given, scope).program();
}

class ProgramConversion {
  private readonly inside: ProgramScope;
  private readonly artifacts: JsonObject = {};
  private readonly raw: JsonObject = {};
  private readonly wrapped: Wrapped = {
    ...{ files: [], texts: [], parameters: [], artifacts: [] },
    ...{ result: false, exitCode: false },
  };

  constructor(
    private readonly template: Source,
    private readonly body: Source,
    private readonly isScript: boolean,
    private readonly given: Given,
    private readonly outer: Scope,
  ) {
    this.inside = programScope(outer, given.parameters);
  }

  program(): Program | string {
    // First of all: what follows may name the paths that these say.
    this.readInputs();
    this.readOutputs();
    // What a program is cannot differ from run to run, but a step may say it.
    const said: Scope = { ...this.outer, inputs: this.given.parameters };
    const known: Known = (source) => staticText(piecesIn(source, said));
    if (known(this.body.get('image')) === undefined) return 'its image is not known before the run';
    const variables = new Variables(this.body.get('env'), this.inside.scope);
    const container = containerOf(this.body, variables.spec, known);
    const command = this.words('command', variables);
    const args = this.words('args', variables);
    const script = this.isScript ? this.script() : undefined;
    const { result = false, exitCode = false } = this.given.reads ?? {};
    Object.assign(this.wrapped, { result, exitCode });
    const started = this.started(command, [...args, ...(script?.words ?? [])]);
    if (typeof started === 'string') return started;
    const spec: ContainerSpec = {
      ...container,
      ...started,
      ...(script && container.workdir === undefined ? { workdir: '/tmp' } : {}),
      ...(script?.files ?? {}),
    };
    const resources = resourcesOf(this.body.get('resources'));
    const fault = ContainerSchema.safeParse(spec).error?.issues[0];
    if (fault) return `its ${fault.path.join('.')}: ${fault.message}`;
    const input = this.input();
    return {
      container: spec,
      ...(resources ? { resources } : {}),
      ...(Object.keys(input).length === 0 ? {} : { input }),
    };
  }

  /** What the container is started with: the program, in its wrapper where it needs one, or in words why it cannot be. */
  private started(
    command: readonly string[],
    args: readonly string[],
  ): Pick<ContainerSpec, 'entrypoint' | 'command'> | string {
    const needed = needsWrapper(this.wrapped);
    const lacks = needed && command.length === 0;
    if (lacks && this.wrapped.texts.some(({ path }) => staticText(path) === FILLED_SCRIPT))
      return 'its script has tags and no command to run it with';
    if (lacks) this.loseWrapper();
    const [entrypoint, rest] =
      needed && !lacks ? [entrypointOf(this.wrapped), [...command, ...args]] : [command, args];
    return {
      ...(entrypoint.length === 0 ? {} : { entrypoint: [...entrypoint] }),
      ...(rest.length === 0 ? {} : { command: [...rest] }),
    };
  }

  private words(key: 'command' | 'args', variables: Variables): string[] {
    return this.body
      .get(key)
      .items()
      .map((one) => templateOf(variables.expand(one)));
  }

  /** The script as a file, or as one that the wrapper writes where it has tags. */
  private script(): { words: string[]; files?: Pick<ContainerSpec, 'files'> } {
    const pieces = piecesIn(this.body.get('source'), this.inside.scope);
    const text = staticText(pieces);
    if (text !== undefined) return { words: [SCRIPT], files: { files: { script: text } } };
    this.wrapped.texts.push({ text: pieces, path: [FILLED_SCRIPT] });
    return { words: [FILLED_SCRIPT] };
  }

  private input(): JsonObject {
    const input: JsonObject = {};
    const parameters: JsonObject = {};
    for (const [name, pieces] of this.given.parameters)
      setOwn(parameters, name, templateOf(pieces));
    const { artifacts, raw } = this;
    for (const [key, value] of Object.entries({ parameters, artifacts, raw }))
      if (Object.keys(value).length > 0) input[key] = value;
    return { ...input, ...this.inside.asked };
  }

  private readInputs(): void {
    const list = this.template.get('inputs').get('artifacts');
    const files = givenFiles(this.given.files, this.template, this.outer);
    for (const one of list.items()) {
      const name = one.get('name').text() ?? '';
      const path = placeOf(one.get('path'), this.inside.scope);
      const own = givenFile(one, this.inside.scope);
      const optional = one.get('optional').flag() ?? false;
      const unpack = !isPlain(one);
      loseStores(one, (key) =>
        key === 'mode'
          ? 'a file that is given may be read and written; left out'
          : files.has(name)
            ? 'left out; the step gives the file'
            : 'nothing is fetched from elsewhere; the file is not there',
      );
      const file = files.get(name);
      if (path) {
        this.place(name, file ?? own, { given: file !== undefined, path, optional, unpack });
        this.inside.places.set(`inputs.artifacts.${name}`, path);
      }
    }
  }

  private place(
    name: string,
    file: GivenFile | undefined,
    how: { given: boolean; path: readonly Piece[]; optional: boolean; unpack: boolean },
  ): void {
    const { path, unpack } = how;
    if (!file) return;
    if ('cel' in file) {
      setOwn<Json>(this.artifacts, name, inTemplate(how.optional ? file.orNull : file.cel));
      const at = `input.artifacts${member(name)}`;
      const cel = how.optional ? `${at} == null ? "" : ${at}.path` : `${at}.path`;
      this.wrapped.files.push({ file: [{ cel, type: 'text' }], path, unpack });
      return;
    }
    const known = !how.given || staticText(file.text) !== undefined;
    if (!known) setOwn<Json>(this.raw, name, templateOf(file.text));
    const text: readonly Piece[] = known
      ? file.text
      : [{ cel: `input.raw${member(name)}`, type: 'text' }];
    this.wrapped.texts.push({ text, path });
  }

  private readOutputs(): void {
    const outputs = this.template.get('outputs');
    if (!outputs.given) return;
    for (const one of outputs.get('parameters').items()) this.readParameter(one);
    for (const one of outputs.get('artifacts').items()) {
      const name = this.nameOf(one);
      const path = placeOf(one.get('path'), this.inside.scope);
      const optional = one.get('optional').flag() ?? false;
      const pack = !isPlain(one);
      loseStores(one, () => 'it is kept as an artifact of the node, and copied nowhere else');
      if (!path) continue;
      this.inside.places.set(`outputs.artifacts.${name ?? ''}`, path);
      if (name !== undefined) this.wrapped.artifacts.push({ name, path, optional, pack });
    }
  }

  private readParameter(one: Source): void {
    const name = this.nameOf(one);
    const from = one.get('valueFrom');
    const at = from.get('path');
    if (!at.given) {
      if (from.given) from.lose('a value is read from a file of the program only; it is empty');
      return;
    }
    const path = placeOf(at, this.inside.scope);
    const or = from.get('default');
    if (!path) return;
    this.inside.places.set(`outputs.parameters.${name ?? ''}`, path);
    if (name === undefined) return;
    const pieces = or.given ? { or: piecesIn(or, this.inside.scope) } : {};
    this.wrapped.parameters.push({ name, path, ...pieces });
  }

  private nameOf(one: Source): string | undefined {
    const name = one.get('name').text() ?? '';
    if (isFileName(name)) return name;
    one.get('name').lose(`${preview(name)} cannot be the name of a file; not kept`);
    return undefined;
  }

  /** Program and arguments are the image's own, so nothing can be put before and after them. */
  private loseWrapper(): void {
    const { files, texts, parameters, artifacts, result, exitCode } = this.wrapped;
    const parts = [
      ...(files.length + texts.length > 0 ? ['its files are not put into place'] : []),
      ...(parameters.length + artifacts.length > 0 ? ['its outputs are not kept'] : []),
      ...(result ? ['what it says is no result'] : []),
      ...(exitCode ? ['its exit code is not kept'] : []),
    ];
    this.body.losses.add(
      [...this.body.path, 'command'],
      'command',
      `none is said, so ${parts.join(', and ')}; say the command that the image begins with`,
    );
  }
}
