import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseGraph } from '../../src/domain/parse-graph.js';
import { GraphSpecSchema, NodeSpecSchema } from '../../src/domain/spec.js';
import { anySpec } from './support/any-spec.js';

/** For each field of a node something that it takes, and something that it may not. */
const FIELDS: readonly [name: string, sound: unknown, other: unknown][] = [
  ['id', 'b', 'no id'],
  ['task', 'echo', 5],
  ['dependsOn', ['a'], 'a'],
  ['input', { n: 1 }, undefined],
  ['trigger', 'all_done', 'sometimes'],
  ['allowFailure', true, 'yes'],
  ['retry', { maxRetries: 1 }, { maxRetries: -1 }],
  ['timeout', '10s', '0s'],
  ['tags', ['x'], [5]],
  ['light', 'auto', 'perhaps'],
  ['when', 'true', ''],
  ['priority', 'HIGH', undefined],
  ['limit', 'database', { max: 0 }],
  ['metadata', { owner: 'data' }, 'data'],
  ['scheduledTime', '10m', 'soon'],
  ['no such field', undefined, 1],
  ['id task', undefined, 1],
  ['constructor', undefined, 1],
];

const node = fc
  .record(
    Object.fromEntries(
      FIELDS.map(([name, sound, other]) => [
        name,
        fc.oneof(
          { weight: 9, arbitrary: fc.constant(sound) },
          { weight: 1, arbitrary: fc.constant(other) },
        ),
      ]),
    ),
    { requiredKeys: [] },
  )
  // A field that is there but undefined is one more that a schema may not know.
  .map((fields) => JSON.parse(JSON.stringify(fields)) as unknown);

const graph = fc.record(
  {
    name: fc.constantFrom('orders', ''),
    tasks: fc.oneof(
      { weight: 9, arbitrary: fc.array(node, { maxLength: 4 }) },
      { weight: 1, arbitrary: fc.constantFrom<unknown>(null, {}, [null], [['a']], ['a']) },
    ),
    concurrency: fc.constantFrom<unknown>(5, 0),
    extra: fc.constant(1),
  },
  { requiredKeys: ['tasks'] },
);

describe('parseGraph', () => {
  it('gives what the whole schema gives, of whatever is given to it', () => {
    fc.assert(
      fc.property(fc.oneof(graph, fc.constantFrom<unknown>(null, 5, [], 'graph')), (spec) => {
        expect(inFull(parseGraph(spec))).toEqual(inFull(GraphSpecSchema.safeParse(spec)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('gives what the whole schema gives of graphs that hold all there is', () => {
    fc.assert(
      fc.property(anySpec, (spec) => {
        expect(inFull(parseGraph(spec))).toEqual(inFull(GraphSpecSchema.safeParse(spec)));
      }),
    );
  });

  it('reads nodes with more sets of fields than it keeps schemas of', () => {
    const optional = FIELDS.slice(1, 9);
    const tasks = Array.from({ length: 2 ** optional.length }, (_, set) => ({
      id: `n${set}`,
      ...Object.fromEntries(
        optional.flatMap(([name, sound], bit) => ((set >> bit) % 2 ? [[name, sound]] : [])),
      ),
    }));
    const { data } = parseGraph({ name: 'many', tasks });
    expect(data?.tasks).toEqual(tasks.map((one) => NodeSpecSchema.parse(one)));
  });
});

/** With the order of fields, which a reader of JSON sees. */
const inFull = ({ success, data, error }: ReturnType<typeof parseGraph>) => ({
  ...{ success, json: JSON.stringify(data), data },
  issues: error?.issues,
});
