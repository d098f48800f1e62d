/**
 * What a template that is a graph gives: the values that it chooses of its steps, `outputs.parameters` and
 * `outputs.artifacts`.
 *
 * A sub-graph's output is its last nodes' outputs by id. So a last node is added that waits for all others, and whose output
 * is what is chosen: `tasks.g.output.outputs.parameters.x`.
 */
import { isObject, preview, setOwn, type Json, type JsonObject } from '../domain/json.js';
import { givenFile, loseStores } from './argo-artifacts.js';
import { piecesOf, templateOf, type Scope } from './argo-scope.js';
import type { Template } from './argo-templates.js';
import { inTemplate } from './cel.js';
import type { NewNode } from './conversion.js';
import type { Source } from './source.js';

/** The id of that node, which no step of such a graph gets. */
export const OUTPUTS = 'outputs';

/** Names of what a template chooses; of an expression nothing comes. */
export function chosenIn(template: Template | undefined): {
  parameters: string[];
  artifacts: string[];
} {
  const value: unknown = template?.source.value;
  const outputs: unknown = isObject(value) ? value['outputs'] : undefined;
  const named = (key: string, said: (one: Record<string, unknown>) => boolean): string[] => {
    const list: unknown = isObject(outputs) ? outputs[key] : undefined;
    return (Array.isArray(list) ? list : []).flatMap((one: unknown) =>
      isObject(one) && typeof one['name'] === 'string' && said(one) ? [one['name']] : [],
    );
  };
  return {
    parameters: named(
      'parameters',
      ({ valueFrom }) => isObject(valueFrom) && typeof valueFrom['parameter'] === 'string',
    ),
    artifacts: named('artifacts', ({ from }) => typeof from === 'string'),
  };
}

/** True for a graph that gets such a node. */
export function choosesOutputs(template: Template | undefined): boolean {
  const { parameters, artifacts } = chosenIn(template);
  return parameters.length + artifacts.length > 0;
}

/** The node, behind all that the graph has. */
export function outputsNode(outputs: Source, tasks: readonly NewNode[], scope: Scope): NewNode {
  const parameters: JsonObject = {};
  for (const one of outputs.get('parameters').items()) {
    const from = one.get('valueFrom');
    const at = from.get('parameter');
    const name = one.get('name').text();
    if (!at.given || name === undefined) {
      one.lose('only a parameter of a step can be chosen; it is empty');
      continue;
    }
    const or = from.get('default').text();
    const inside = or === undefined ? scope : { ...scope, or };
    const pieces = piecesOf(at.text() ?? '', inside, (tag) => {
      at.losses.add(at.path, 'parameter', `${preview(tag)} has no counterpart; it is empty`);
      return '';
    });
    setOwn(parameters, name, templateOf(pieces));
  }
  const artifacts: JsonObject = {};
  for (const one of outputs.get('artifacts').items()) {
    const name = one.get('name').text() ?? '';
    const file = givenFile(one, scope);
    one.get('optional').flag();
    loseStores(one, () => 'an artifact is one of a step, by from; left out');
    if (file && 'cel' in file) setOwn<Json>(artifacts, name, inTemplate(file.orNull));
  }
  return {
    id: OUTPUTS,
    task: 'echo',
    dependsOn: lastOf(tasks).map(({ id }) => id),
    trigger: 'none_failed',
    input: {
      ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
      ...(Object.keys(artifacts).length === 0 ? {} : { artifacts }),
    },
  };
}

/** Nodes that no other waits for. */
export function lastOf(tasks: readonly NewNode[]): NewNode[] {
  const waited = new Set(tasks.flatMap(({ dependsOn = [] }) => dependsOn));
  return tasks.filter(({ id }) => !waited.has(id));
}
