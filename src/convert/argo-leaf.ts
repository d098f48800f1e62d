/** An Argo template that is a step itself: a container, a script, a question. */
import { isObject, preview, setOwn, type Json, type JsonObject } from '../domain/json.js';
import { mapStrings } from './cel.js';
import { durationOf, lockOf, retryOf, timeoutOf } from './argo-options.js';
import { piecesOf, templateOf, type Piece, type Scope } from './argo-scope.js';
import { keptAsInput, type NewNode, type Settled } from './conversion.js';
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
  args: ReadonlyMap<string, readonly Piece[]>,
  scope: Scope,
  { task }: Settled,
): Omit<NewNode, 'id'> {
  const inside: Scope = { ...scope, inputs: args };
  const suspend = template.get('suspend');
  if (Object.hasOwn(template.value ?? {}, 'suspend'))
    return { approval: approvalOf(template, suspend, inside) };
  const input: JsonObject = {};
  if (args.size > 0) {
    const parameters: JsonObject = {};
    for (const [name, pieces] of args) setOwn(parameters, name, templateOf(pieces));
    input['parameters'] = parameters;
  }
  for (const key of BODIES) {
    const body = template.get(key);
    if (!body.given) continue;
    setOwn(input, key, filled(body.take(), inside));
    body.losses.add(body.path, key, keptAsInput(`${described(key, body.value)} is`, task));
  }
  keepOutputs(template, input);
  const timeout = timeoutOf(template, inside);
  const limit = lockOf(template.get('synchronization'), inside);
  return {
    task,
    ...retryOf(template.get('retryStrategy'), inside),
    ...(timeout === undefined ? {} : { timeout }),
    ...(limit === undefined ? {} : { limit }),
    ...(Object.keys(input).length === 0 ? {} : { input }),
  };
}

/** The value with its tags put in; a tag without counterpart stays for the task to fill. */
const filled = (value: Json, scope: Scope): Json =>
  mapStrings(value, (text) => templateOf(piecesOf(text, scope, (tag) => tag)));

function described(key: string, value: unknown): string {
  const image = isObject(value) ? value['image'] : undefined;
  return typeof image === 'string' ? `the ${key} of image ${image}` : `the ${key}`;
}

function approvalOf(template: Source, suspend: Source, scope: Scope): NewNode['approval'] {
  if (!suspend.given) suspend.take();
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
