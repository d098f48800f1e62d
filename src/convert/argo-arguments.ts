/** What a step gives its template, and what a template's outputs are where it did not run. */
import { isObject, preview } from '../domain/json.js';
import { piecesOf, type Piece, type Scope } from './argo-scope.js';
import type { Template } from './argo-templates.js';
import type { Source } from './source.js';

/** The values of the template's parameters: those given, else its own defaults. */
export function argumentsOf(
  source: Source,
  template: Template | undefined,
  scope: Scope,
): Map<string, readonly Piece[]> {
  const args = new Map<string, readonly Piece[]>();
  for (const one of source.get('parameters').items()) {
    const name = one.get('name').text();
    if (name !== undefined) args.set(name, valueOf(one, scope));
  }
  for (const one of template?.source.get('inputs').get('parameters').items() ?? []) {
    const name = one.get('name').text();
    if (name === undefined) continue;
    const own = ['value', 'default']
      .map((key) => one.get(key).text())
      .find((text) => text !== undefined);
    if (args.has(name)) continue;
    if (own === undefined)
      source.losses.add(
        one.path,
        'parameters',
        `${name} is given by nobody and has no default; it is empty`,
      );
    args.set(name, [own ?? '']);
  }
  return args;
}

function valueOf(source: Source, scope: Scope): readonly Piece[] {
  const value = source.get('value');
  if (!value.given) {
    const from = source.get('valueFrom');
    if (from.given)
      from.lose('a value that is looked up elsewhere has no counterpart; it is empty');
    return [''];
  }
  return piecesOf(value.text() ?? '', scope, (tag) => {
    value.losses.add(value.path, 'value', `${preview(tag)} has no counterpart; it stays as text`);
    return tag;
  });
}

/** What a template's output parameters are where it did not run, by name. */
export function defaultsOf(template: Template | undefined): Map<string, string> {
  const defaults = new Map<string, string>();
  const outputs = isObject(template?.source.value) ? template.source.value['outputs'] : undefined;
  const list: unknown = isObject(outputs) ? outputs['parameters'] : undefined;
  for (const one of Array.isArray(list) ? list : []) {
    const from: unknown = isObject(one) ? one['valueFrom'] : undefined;
    const value = isObject(from) ? from['default'] : undefined;
    if (isObject(one) && ['string', 'number', 'boolean'].includes(typeof value))
      defaults.set(String(one['name']), String(value));
  }
  return defaults;
}
