/** A pipeline's text as the graph that it says, checked; the same here and in a thread. */
import { atSaid } from '../client/submission.js';
import type { Fault } from '../domain/fault.js';
import { parseText } from '../domain/pipeline.js';
import { validateGraph } from '../domain/validate.js';
import { specOfGiven, type GivenGraph } from './given-graph.js';

/** What is read. Goes to a thread, so plain data. */
export interface ReadJob {
  text: string;
  params?: Record<string, unknown> | undefined;
  /** Whether the graph is checked as well, as far as it can be without workers; every fault has its line and column. */
  check: boolean;
}

/** @param graph what the text says, also where it has faults; null where it cannot be read */
export interface ReadGraph {
  graph: GivenGraph | null;
  faults: Fault[];
}

export function readPipeline({ text, params, check }: ReadJob): ReadGraph {
  const parsed = parseText(text);
  const graph = parsed.spec as unknown as GivenGraph | null;
  if (parsed.faults.length > 0) return { graph: null, faults: atSaid(parsed.faults) };
  if (!check) return { graph, faults: [] };
  const said = params === undefined ? {} : { params };
  const spec = graph === null ? graph : specOfGiven(graph);
  const faults = atSaid(parsed.locate(validateGraph(spec, said).faults));
  return { graph, faults };
}
