/**
 * What nodes cost outside their handlers: the way to a worker and back, and the deciding in between.
 *
 * Pure. Two numbers, because two things bind. A chain waits for the whole way of each step; a wide graph does not, but
 * server and worker carry only so many nodes a second, however wide its window is.
 * O1. What is learned is learned from graphs that tell one of the two apart: see {@link learnOverhead}.
 */

/** Milliseconds. */
export interface NodeOverhead {
  /** From when a node is handed over until what follows it can be, its handler apart. */
  stepMs: number;
  /** Between one hand-over and the next, where as many as can be are under way: 2.5 are 400 nodes a second. */
  perNodeMs: number;
}

/** Where a number comes from: the caller, graphs that the store holds, or the measurements in `docs/scale.md`. */
export type OverheadOrigin = 'given' | 'history' | 'default';

export interface Overhead extends NodeOverhead {
  stepFrom: OverheadOrigin;
  perNodeFrom: OverheadOrigin;
  /** Graphs that each was learned from; 0 where it was not. */
  graphs: { step: number; perNode: number };
}

/** Measured on two cores with the server beside the worker: a chain of 5,000, and wide graphs of 500 to 100,000. */
export const DEFAULT_OVERHEAD: NodeOverhead = { stepMs: 11, perNodeMs: 2.5 };
/** Of light nodes, which go in bursts: a chain of 100, and 10,000 in layers. */
export const LIGHT_OVERHEAD: NodeOverhead = { stepMs: 0.5, perNodeMs: 0.5 };
export const NO_OVERHEAD: NodeOverhead = { stepMs: 0, perNodeMs: 0 };

/** A graph that has completed, as far as it tells what its nodes cost. Sums over its nodes, in milliseconds. */
export interface PastGraph {
  nodes: number;
  /** From the graph's start to its end. */
  durationMs: number;
  /** From the start of a node's first attempt to its end. */
  nodesMs: number;
  /** From when nodes were handed over until a worker had them. */
  queueMs: number;
  /** Attempts of all nodes. */
  attempts: number;
}

/** Smaller graphs tell more of their own start and end than of their nodes. */
export const LEAST_NODES = 20;
/** On average so many nodes under way at most: one step followed the other. */
const IN_A_ROW = 1.2;
/** So many at least: what was next had been handed over before. */
const SIDE_BY_SIDE = 2.5;
/** A step that takes longer was not overhead: it waited for a limit, a pause, a start time. */
const LONGEST_STEP_MS = 1_000;
/** Nodes that take less were light. */
const LEAST_PER_NODE_MS = 1;

/**
 * What past graphs say, and defaults where they say nothing. How many nodes were under way on average follows from how
 * long each was (Little's law); where that says neither "in a row" nor "side by side", a graph says nothing. Of a row, a
 * step is what its nodes leave of the graph's time. Side by side, and where nodes waited for a worker longer than they
 * ran, a node cost the graph's time by their number. Of several graphs it is the median.
 */
export function learnOverhead(
  past: readonly PastGraph[],
  given: { stepMs?: number | undefined; perNodeMs?: number | undefined } = {},
): Overhead {
  const told = past.filter(({ nodes, attempts }) => nodes >= LEAST_NODES && attempts === nodes);
  const steps = told.flatMap((graph) => {
    const { nodes, durationMs, nodesMs } = graph;
    const stepMs = (durationMs - nodesMs) / nodes;
    return underWay(graph) <= IN_A_ROW && stepMs > 0 && stepMs <= LONGEST_STEP_MS ? [stepMs] : [];
  });
  const perNode = told.flatMap((graph) => {
    const { nodes, durationMs, nodesMs, queueMs } = graph;
    const quick = nodesMs <= queueMs && durationMs / nodes >= LEAST_PER_NODE_MS;
    return quick && underWay(graph) >= SIDE_BY_SIDE ? [durationMs / nodes] : [];
  });
  const step = chosen(given.stepMs, steps, DEFAULT_OVERHEAD.stepMs);
  const each = chosen(given.perNodeMs, perNode, DEFAULT_OVERHEAD.perNodeMs);
  return {
    ...{ stepMs: step.ms, stepFrom: step.from, perNodeMs: each.ms, perNodeFrom: each.from },
    graphs: { step: step.graphs, perNode: each.graphs },
  };
}

const underWay = ({ durationMs, nodesMs, queueMs }: PastGraph): number =>
  durationMs > 0 ? (nodesMs + queueMs) / durationMs : 0;

function chosen(
  given: number | undefined,
  learned: number[],
  otherwise: number,
): { ms: number; from: OverheadOrigin; graphs: number } {
  if (given !== undefined) return { ms: given, from: 'given', graphs: 0 };
  const sorted = [...learned].sort((a, b) => a - b);
  const median = sorted[Math.floor((sorted.length - 1) / 2)];
  if (median === undefined) return { ms: otherwise, from: 'default', graphs: 0 };
  return { ms: Math.round(median * 10) / 10, from: 'history', graphs: sorted.length };
}
