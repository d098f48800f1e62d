import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { GraphBuilder, defineGraph } from '../../src/builder.js';
import { parsePipeline, pipelineToYaml } from '../../src/domain/pipeline.js';
import type { GraphSpec } from '../../src/domain/spec.js';
import { validateGraph } from '../../src/domain/validate.js';
import { anySpec } from './support/any-spec.js';

/** The spec as calls of the builder's methods make it. */
function rebuilt({ name, params = {}, tasks, ...options }: GraphSpec): GraphBuilder {
  const graph = defineGraph(name, options);
  for (const [param, schema] of Object.entries(params)) graph.param(param, schema);
  for (const { id, task, graph: inner, approval, map, dependsOn = [], ...rest } of tasks) {
    const said = { ...rest, dependsOn: dependsOn.map((other) => graph.node(other)) } as object;
    if (map !== undefined) {
      const alone = typeof map === 'string' || Array.isArray(map);
      const { over, ...items } = alone ? { over: map } : map;
      const settings = alone ? {} : { items };
      const what =
        inner === undefined
          ? (task as string)
          : typeof inner === 'string'
            ? undefined
            : GraphBuilder.from(inner as unknown as GraphSpec);
      if (what === undefined) graph.graph(id, inner as string, { ...said, map } as object);
      else graph.map(id, over, what, { ...said, ...settings });
    } else if (approval !== undefined) graph.approval(id, approval, said);
    else if (inner !== undefined) graph.graph(id, inner as string, said);
    else graph.add(id, task as string, said);
  }
  return graph;
}

describe('builder, JSON and YAML', () => {
  it('are made of graphs that validate', () => {
    fc.assert(
      fc.property(anySpec, (spec) => {
        expect(validateGraph(spec).faults).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('give the same graph again, from each to each', () => {
    fc.assert(
      fc.property(anySpec, (spec) => {
        const text = pipelineToYaml(spec);
        const { spec: fromYaml, faults } = parsePipeline(text);
        expect(faults).toEqual([]);
        expect(JSON.stringify(fromYaml)).toBe(JSON.stringify(spec));
        expect(parsePipeline(JSON.stringify(spec)).spec).toEqual(spec);
        expect(GraphBuilder.from(fromYaml as unknown as GraphSpec).toSpec()).toEqual(spec);
        expect(rebuilt(spec).toSpec()).toEqual(spec);
        expect(pipelineToYaml(GraphBuilder.from(spec).toSpec())).toBe(
          pipelineToYaml(GraphBuilder.from(fromYaml as unknown as GraphSpec).toSpec()),
        );
      }),
      { numRuns: 120 },
    );
  });
});
