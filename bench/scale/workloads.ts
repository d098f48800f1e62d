/** What was measured, and the same in the simulation. */
import { chain, fan, layered, type Shape } from '../graphs/shapes.js';
import { Cluster, MACHINE, type ClusterSize, type Used } from './cluster.js';
import { COSTS, type Costs } from './costs.js';
import { startExecution } from './executions.js';
import type { Graph } from './handing.js';

export interface Simulated extends Used {
  wallMs: number;
  nodes: number;
}

export interface How {
  /** Graphs in all, and of them at once. */
  count?: number;
  atOnce?: number;
  size?: ClusterSize;
  costs?: Costs;
  /** Between the starts of the first, for graphs that do not all stand at the same place. */
  apartMs?: number;
  seed?: number;
}

/** Runs graphs that are alike, so many of them at once. */
export function simulateGraphs(graph: Graph, how: How = {}): Simulated {
  const { count = 1, atOnce = count, size = MACHINE, costs = COSTS } = how;
  const { apartMs = 0, seed = 1 } = how;
  const cluster = new Cluster(costs, size, seed);
  let started = 0;
  let wallMs = 0;
  const next = (): void => {
    if (started === count) return;
    started++;
    startExecution(cluster, graph, () => {
      wallMs = cluster.clock.now;
      next();
    });
  };
  for (let nth = 0; nth < atOnce; nth++) cluster.clock.after(nth * apartMs, next);
  cluster.clock.run();
  return { ...cluster.used, wallMs, nodes: count * graph.nodes.length };
}

/** Seeds whose runs are averaged where one number stands for a workload. */
const SEEDS = [1, 2, 3];

export interface Mean {
  wallMs: number;
  serverCpuMs: number;
  workerCpuMs: number;
  eventsPerNode: number;
}

/** The mean of a few runs, by node. */
export function simulateMean(graph: Graph, how: How = {}): Mean {
  const runs = SEEDS.map((seed) => simulateGraphs(graph, { ...how, seed }));
  const mean = (of: (run: Simulated) => number): number =>
    runs.reduce((sum, run) => sum + of(run), 0) / runs.length;
  return {
    wallMs: mean(({ wallMs }) => wallMs),
    serverCpuMs: mean(({ serverMs, nodes }) => serverMs / nodes),
    workerCpuMs: mean((run) => (run.mainThreadMs + run.workflowThreadMs) / run.nodes),
    eventsPerNode: mean(({ events, nodes }) => events / nodes),
  };
}

/** Levels one after the other, between them a node that joins the first thousand of a level (`bench/shapes.ts`). */
function levels(count: number, width: number): Shape {
  const dependsOn: number[][] = [];
  let gate: number | undefined;
  for (let level = 0; level < count; level++) {
    const first = dependsOn.length;
    for (let place = 0; place < width; place++) dependsOn.push(gate === undefined ? [] : [gate]);
    const parents = Array.from({ length: Math.min(1_000, width) }, (_, place) => first + place);
    gate = dependsOn.push(parents) - 1;
  }
  return { name: `${count} levels of ${width}`, dependsOn, window: 100 };
}
const single: Shape = { name: 'single', dependsOn: [[]], window: 1 };

export const SHAPES = {
  W1: chain(100),
  W2: fan(500),
  W3: layered(10, 100),
  W4: single,
  W5: layered(100, 100),
  W6: layered(1_000, 100),
  narrow: { ...layered(100, 60), window: 10 },
  chain: chain(5_000),
  wide: levels(2, 7_000),
};
