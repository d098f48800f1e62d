/** An Argo template that is a step itself: a container, a script, a question. */
import { isObject, preview, setOwn, type Json, type JsonObject } from '../domain/json.js';
import { mapStrings } from './cel.js';
import { durationOf, lockOf, retryOf, timeoutOf } from './argo-options.js';
import { piecesOf, templateOf, type Scope } from './argo-scope.js';
import type { Shared } from './argo-level.js';
import { programOf, type Given } from './argo-program.js';
import { keptAsInput, type NewNode } from './conversion.js';
import type { Source } from './source.js';

/** What a template runs, by the field that says it. */
const BODIES = [
  'container',
  'script',
  'containerSet',
  'resource',
  'http',
  'data',
  'plugin',
] as const;

/** The node's own fields: what it runs with which input, and how. */
export function leafOf(
  template: Source,
  given: Given,
  scope: Scope,
  shared: Pick<Shared, 'settled' | 'programs'>,
): Omit<NewNode, 'id'> {
  const inside: Scope = { ...scope, inputs: given.parameters };
  const suspend = template.get('suspend');
  if (Object.hasOwn(template.value ?? {}, 'suspend')) {
    loseFiles(given);
    return { approval: approvalOf(template, suspend, inside) };
  }
  const runs = template.get('container').given || template.get('script').given;
  const program = runs && shared.settled.programs ? programOf(template, given, scope) : undefined;
  if (typeof program === 'object') shared.programs++;
  const work =
    typeof program === 'object' ? program : taskOf(template, given, inside, shared, program);
  const timeout = timeoutOf(template, inside);
  const limit = lockOf(template.get('synchronization'), inside);
  const { input, ...does } = work;
  return {
    ...does,
    ...retryOf(template.get('retryStrategy'), inside),
    ...(timeout === undefined ? {} : { timeout }),
    ...(limit === undefined ? {} : { limit }),
    ...(input === undefined ? {} : { input }),
  };
}

/** What it did as the input of a task, with why it is no program where that has a reason of its own. */
function taskOf(
  template: Source,
  given: Given,
  inside: Scope,
  { settled: { task } }: Pick<Shared, 'settled'>,
  why?: string,
): Pick<NewNode, 'task' | 'input'> {
  loseFiles(given);
  const input: JsonObject = {};
  if (given.parameters.size > 0) {
    const parameters: JsonObject = {};
    for (const [name, pieces] of given.parameters) setOwn(parameters, name, templateOf(pieces));
    input['parameters'] = parameters;
  }
  for (const key of BODIES) {
    const body = template.get(key);
    if (!body.given) continue;
    setOwn(input, key, filled(body.take(), inside));
    const kept = keptAsInput(`${described(key, body.value)} is`, task);
    body.losses.add(body.path, key, why === undefined ? kept : `${kept}: ${why}`);
  }
  keepOutputs(template, input);
  return { task, ...(Object.keys(input).length === 0 ? {} : { input }) };
}

/** Of a step whose template takes no files. */
export function loseFiles({ files }: Given): void {
  if (files?.given)
    files.lose('files are not carried from node to node; a task passes on where they are');
}

/** The value with its tags put in; a tag without counterpart stays for the task to fill. */
const filled = (value: Json, scope: Scope): Json =>
  mapStrings(value, (text) => templateOf(piecesOf(text, scope, (tag) => tag)));

function described(key: string, value: unknown): string {
  const image = isObject(value) ? value['image'] : undefined;
  return typeof image === 'string' ? `the ${key} of image ${image}` : `the ${key}`;
}

function approvalOf(template: Source, suspend: Source, scope: Scope): NewNode['approval'] {
  // `suspend: {}` has nothing to look into, and is said all the same.
  if (Object.keys(suspend.value ?? {}).length === 0) suspend.take();
  const duration = suspend.given ? durationOf(suspend.get('duration'), scope) : undefined;
  const outputs = template.get('outputs');
  if (outputs.given)
    outputs.lose(
      'what is given with the answer stands in its payload; say a payload schema to demand it',
    );
  return {
    message: `Go on after ${preview(template.get('name').text() ?? 'this step', 200).slice(1, -1)}?`,
    // There a pause with a duration ends by itself, and the workflow goes on.
    ...(duration === undefined ? {} : { timeout: duration, onTimeout: 'approve' as const }),
  };
}

/** Outputs are kept beside the work: whoever does it has to give them. */
function keepOutputs(template: Source, input: JsonObject): void {
  const artifacts = template.get('inputs').get('artifacts');
  if (artifacts.given) {
    input['artifacts'] = artifacts.take();
    artifacts.losses.add(
      artifacts.path,
      'artifacts',
      'kept in the input; files are not put into place by themselves',
    );
  }
  const outputs = template.get('outputs');
  if (!outputs.given) return;
  input['outputs'] = mapStrings(outputs.take(), (text) => text.replaceAll('${{', () => '$${{'));
  const { parameters, ...others } = isObject(outputs.value) ? outputs.value : {};
  const names = Array.isArray(parameters)
    ? parameters.map((one) => (isObject(one) ? String(one['name']) : '')).join(', ')
    : '';
  if (names !== '')
    outputs.losses.add(
      [...outputs.path, 'parameters'],
      'parameters',
      `kept in the input; the task has to give them as its output, { parameters: { ${names} } }`,
    );
  for (const key of Object.keys(others))
    outputs.losses.add(
      [...outputs.path, key],
      key,
      'kept in the input; the task has to keep them, for example by ctx.artifact',
    );
}
