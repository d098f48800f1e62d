/** The JSON Schema of pipeline files, for editors: of the same schemas that validation goes by. */
import { z } from 'zod';
import { UNDO_WORK } from './compensation.js';
import { isObject } from './json.js';
import { NODE_WORK } from './node-kind.js';
import { GRAPH_WORDS, INNER_WORDS, NODE_WORDS, OPTION_WORDS } from './pipeline-words.js';
import { PROGRAM_KINDS } from './program.js';
import { GraphSpecSchema } from './spec.js';

type Schema = Record<string, unknown>;
type Words = Readonly<Record<string, string>>;

/** What zod cannot say of a duration. */
const DURATION = {
  description: 'A duration such as "5s", "10m", "1.5h", "2d", or milliseconds.',
  anyOf: [
    { type: 'number', minimum: 0 },
    { type: 'string', pattern: '^\\s*[0-9.]', examples: ['5s', '10m', '1.5h', '2d'] },
  ],
};

/**
 * JSON Schema 2020-12 of what a pipeline file may hold. What it cannot say, `tempograph validate` does: cycles, unknown
 * tasks, expressions.
 */
export function pipelineSchema(): Schema {
  const schema = z.toJSONSchema(GraphSpecSchema, { io: 'input' }) as Schema;
  const graph = fields(schema);
  graph['$schema'] = { type: 'string', description: 'Where this schema is, for editors.' };
  describe(graph, GRAPH_WORDS);
  const defaults = fields(graph['defaults']);
  describeOptions(defaults);
  const node = (graph['tasks'] as Schema)['items'] as Schema;
  node['oneOf'] = NODE_WORK.map((kind) => ({ required: [kind] }));
  describe(fields(node), NODE_WORDS);
  describe(defaults, NODE_WORDS);
  describeOptions(fields(node));
  describeInner(graph, ['hooks']);
  describeInner(fields(node), ['map', 'approval', ...PROGRAM_KINDS]);
  for (const options of [fields(node), defaults]) {
    describeInner(options, ['compensate']);
    describeUndo(options['compensate']);
  }
  // A sub-graph that is written where it runs is a pipeline too.
  const inner = fields(node)['graph'] as Schema;
  inner['anyOf'] = [{ type: 'string', minLength: 1, maxLength: 200 }, { $ref: '#' }];
  const { $schema, ...rest } = schema;
  const title = 'Tempograph pipeline';
  const $comment = 'Made by "tempograph schema".';
  return {
    $schema,
    title,
    $comment,
    ...(durations(rest) as Schema),
    $defs: { duration: DURATION },
  };
}

function describeOptions(options: Schema): void {
  describe(options, OPTION_WORDS);
  const inner = ['retry', 'result', 'circuit', 'limit', 'cache', 'onUnknown'] as const;
  describeInner(options, [...inner, 'resources', 'security']);
  for (const branch of branches(options['retry'])) {
    const { byError } = fields(branch);
    const each = isObject(byError) ? byError['additionalProperties'] : undefined;
    if (isObject(each)) describe(fields(each), INNER_WORDS.byError);
  }
}

/** @param compensate a choice between a name and an object, which may be a program */
function describeUndo(compensate: unknown): void {
  for (const branch of branches(compensate)) {
    const undo = fields(branch);
    if (!isObject(branch) || undo['task'] === undefined) continue;
    branch['oneOf'] = UNDO_WORK.map((kind) => ({ required: [kind] }));
    describeInner(undo, [...PROGRAM_KINDS, 'retry', 'resources', 'security']);
  }
}

function describeInner(of: Schema, names: readonly (keyof typeof INNER_WORDS)[]): void {
  for (const name of names)
    for (const branch of branches(of[name])) describe(fields(branch), INNER_WORDS[name]);
}

function describe(properties: Schema, words: Words): void {
  for (const [name, property] of Object.entries(properties))
    if (isObject(property) && Object.hasOwn(words, name)) property['description'] = words[name];
}

const fields = (schema: unknown): Schema =>
  isObject(schema) && isObject(schema['properties']) ? schema['properties'] : {};

/** A schema and those that it is a choice of. */
const branches = (schema: unknown): unknown[] =>
  isObject(schema)
    ? [schema, ...(Array.isArray(schema['anyOf']) ? (schema['anyOf'] as unknown[]) : [])]
    : [];

/** Every `number | string`, which only durations are, as a reference to the one definition. */
function durations(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(durations);
  if (!isObject(schema)) return schema;
  const { type, ...rest } = schema;
  const types = Array.isArray(type) ? type.join(' ') : '';
  const changed = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [key, durations(value)]),
  );
  if (types === 'number string') return { ...changed, $ref: '#/$defs/duration' };
  if (types === 'number string null')
    return { ...changed, anyOf: [{ $ref: '#/$defs/duration' }, { type: 'null' }] };
  return type === undefined ? changed : { type, ...changed };
}
