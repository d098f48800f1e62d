/** What GitHub knows of a run — the ref, the event, inputs, variables — as parameters of the pipeline. */
import type { ParamSpec } from '../domain/spec.js';
import { getOwn, setOwn, type Json } from '../domain/json.js';
import { param } from './cel.js';
import { asText } from './github-values.js';
import { paramNames } from './ids.js';
import type { Source } from './source.js';

const CONTEXTS = new Set(['github', 'inputs', 'vars']);

/** A parameter that stands for something of GitHub's. */
export interface GithubParam {
  cel: string;
  name: string;
  /** True where it can only be text. */
  text: boolean;
}

export class GithubParams {
  readonly specs: Record<string, ParamSpec> = {};
  private readonly names = paramNames();
  private readonly told = new Set<string>();

  /** Takes the inputs of `workflow_dispatch` and `workflow_call`. */
  declare(inputs: Source): void {
    for (const [name, input] of inputs.entries()) {
      const type = input.get('type').text() ?? 'string';
      const required = input.get('required').flag() ?? false;
      const description = input.get('description').text();
      const given = input.get('default').take();
      const options = input.get('options');
      const spec: ParamSpec = {
        ...(type === 'boolean' || type === 'number' ? { type } : { type: 'string' }),
        ...(description === undefined ? {} : { description }),
      };
      const choices = options.given ? [options.take()].flat().map(String) : undefined;
      if (choices) spec['enum'] = choices;
      const value = defaultOf(type, given, required, choices?.[0]);
      if (value !== undefined) spec.default = value;
      const id = this.names.of(`inputs.${name}`, name);
      setOwn(this.specs, id, spec);
      if (id !== name)
        input.losses.add(input.path, name, `the input ${name} is the parameter ${id} here`);
    }
  }

  /**
   * The expression for `github.ref`, `inputs.x` or `vars.X`; undefined for what no parameter can give.
   * One that is not declared becomes a parameter that is empty unless it is given.
   */
  read(path: readonly (string | number)[], at: Source): GithubParam | undefined {
    const [root = '', ...rest] = path.map(String);
    if (!CONTEXTS.has(root) || rest.length === 0 || rest.includes('*')) return undefined;
    const inputs = root === 'github' && rest[0] === 'event' && rest[1] === 'inputs';
    const key = inputs ? `inputs.${rest.slice(2).join('.')}` : path.join('.');
    const known = this.names.find(key);
    const name = known ?? this.names.of(key, key.replace(/^inputs\./, ''));
    if (known === undefined)
      setOwn(this.specs, name, { type: 'string', default: '', description: key });
    const declared = getOwn(this.specs, name);
    if (!this.told.has(key) && declared?.description === key) {
      this.told.add(key);
      at.losses.add(
        at.path,
        key,
        `${key} is the parameter ${name} here, empty unless --param ${name}=… gives it`,
      );
    }
    return { cel: param(name), name, text: declared?.type === 'string' };
  }

  /** A parameter of our own making that is compared with something that is no text takes any value. */
  loosen(name: string): void {
    const spec = getOwn(this.specs, name);
    if (spec?.default === '') delete spec.type;
  }
}

/** GitHub takes a missing input as empty, false or 0. */
function defaultOf(
  type: string,
  given: Json,
  required: boolean,
  firstChoice: string | undefined,
): Json | undefined {
  if (given !== null) {
    if (type === 'boolean') return given === true || given === 'true';
    return type === 'number' ? Number(given) || 0 : asText(given);
  }
  if (firstChoice !== undefined) return firstChoice;
  if (required) return undefined;
  return type === 'boolean' ? false : type === 'number' ? 0 : '';
}
