/** A graph as a body has it: a spec, or the adjacency form, whose ids may be the catalogue's. */
import { z } from 'zod';
import { adjacencyToSpec, isAdjacency, type Adjacency } from '../domain/adjacency.js';
import type { GraphSpec } from '../domain/spec.js';

/** Something with `tasks` is a spec, whatever else it has: the check of the graph tells what is wrong with it. */
export const GivenGraphShape = z
  .union([
    z.looseObject({ tasks: z.array(z.unknown()) }),
    z.record(z.string(), z.array(z.string())),
  ])
  .describe(
    'a graph spec; or the adjacency form { "b": ["a"] }: by id what it waits for, each id a task of the catalogue or else the name of a task',
  );

export type GivenGraph = GraphSpec | Adjacency;

/** The spec of either; of the adjacency form as it is without the catalogue. */
export const specOfGiven = (graph: GivenGraph): GraphSpec =>
  isAdjacency(graph) ? adjacencyToSpec(graph, 'graph') : graph;
