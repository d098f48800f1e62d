/** Argo's `templateDefaults`: what all templates of a workflow say unless they say else. */
import { isObject, setOwn, type Json, type JsonObject } from '../domain/json.js';

/** What a template is; a default for it goes only to those of its kind. */
const KINDS = ['container', 'script', 'dag', 'steps', 'suspend', 'resource', 'http', 'data'];
/** Argo reads these of containers and scripts alone. */
const NOT_OF_GRAPHS = ['timeout', 'activeDeadlineSeconds'];

/** The documents with the defaults in every template; as they are where there are none. */
export function withTemplateDefaults(documents: Json[]): Json[] {
  return documents.map((document) => {
    if (!isObject(document) || !isObject(document['spec'])) return document;
    const { workflowSpec } = document['spec'];
    const spec = isObject(workflowSpec)
      ? { ...document['spec'], workflowSpec: filled(workflowSpec) }
      : filled(document['spec']);
    return { ...document, spec };
  });
}

function filled(spec: JsonObject): JsonObject {
  const { templateDefaults: defaults, ...rest } = spec;
  const { templates } = rest;
  if (!isObject(defaults) || !Array.isArray(templates)) return spec;
  return {
    ...rest,
    templates: templates.map((one) =>
      isObject(one) ? merged(defaultsOf(one, defaults), one) : one,
    ),
  };
}

function defaultsOf(template: JsonObject, defaults: JsonObject): JsonObject {
  const isGraph = Object.hasOwn(template, 'dag') || Object.hasOwn(template, 'steps');
  return Object.fromEntries(
    Object.entries(defaults).filter(
      ([key]) =>
        (!KINDS.includes(key) || Object.hasOwn(template, key)) &&
        !(isGraph && NOT_OF_GRAPHS.includes(key)),
    ),
  );
}

/** Objects are merged, anything else is the template's own. */
function merged(defaults: JsonObject, own: JsonObject): JsonObject {
  const both: JsonObject = { ...defaults };
  for (const [key, value] of Object.entries(own)) {
    const before = Object.hasOwn(defaults, key) ? defaults[key] : undefined;
    const deep = isObject(before) && isObject(value);
    setOwn(both, key, deep ? merged(before, value) : value);
  }
  return both;
}
