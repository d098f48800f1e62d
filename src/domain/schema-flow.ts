/**
 * Whether what one task gives fits what another takes, as far as their JSON Schemas say so for certain. Anything that a
 * schema leaves open is accepted here and checked when the graph runs.
 */
import { isObject, type Path } from './json.js';
import { didYouMean } from './suggest.js';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** What is known of a task's input and output. */
export interface TaskSchemas {
  input?: JsonSchema;
  output?: JsonSchema;
}

type Found = { schema: JsonSchema } | { missing: string; among: string[] } | undefined;

/** The schema at a place: found, certainly not there, or (undefined) not known. */
function schemaAt(schema: JsonSchema, path: Path): Found {
  let current = schema;
  for (const step of path) {
    const next = stepInto(current, step);
    if (!next || 'missing' in next) return next;
    current = next.schema;
  }
  return { schema: current };
}

function stepInto(schema: JsonSchema, step: string | number): Found {
  if (typeof step === 'number')
    return isObject(schema['items']) ? { schema: schema['items'] } : undefined;
  const properties = schema['properties'];
  if (schema['type'] !== 'object' || !isObject(properties)) return undefined;
  const found = Object.hasOwn(properties, step) ? properties[step] : undefined;
  if (isObject(found)) return { schema: found };
  const closed =
    schema['additionalProperties'] === false && schema['patternProperties'] === undefined;
  return closed ? { missing: step, among: Object.keys(properties) } : undefined;
}

/** What is wrong with reading a place in an output; undefined when nothing is, or when nobody knows. */
export function readProblem(
  output: JsonSchema | undefined,
  path: Path,
): { message: string; hint?: string } | undefined {
  const found = output && schemaAt(output, path);
  if (!found || !('missing' in found)) return undefined;
  const hint = didYouMean(found.missing, found.among) ?? `it has ${found.among.join(', ')}`;
  return { message: `has no field ${JSON.stringify(found.missing)}`, hint };
}

/** Why a value of one schema can never be what a place in another takes. */
export function mismatch(
  given: { schema: JsonSchema | undefined; path: Path },
  taken: { schema: JsonSchema | undefined; path: Path },
): string | undefined {
  const gives = typeAt(given.schema, given.path);
  const takes = typeAt(taken.schema, taken.path);
  if (!gives || !takes || gives === takes) return undefined;
  if (takes === 'number' && gives === 'integer') return undefined;
  if (takes === 'integer' && gives === 'number') return undefined; // it may be whole
  return `gives ${gives}, but ${takes} is taken here`;
}

function typeAt(schema: JsonSchema | undefined, path: Path): string | undefined {
  const found = schema && schemaAt(schema, path);
  const type = found && 'schema' in found ? found.schema['type'] : undefined;
  return typeof type === 'string' ? type : undefined;
}
