/**
 * What a cluster carries: each resource's limit in nodes a second, from what one node of a graph takes of it; the least of
 * them binds. What a node takes is simulated once, for one graph alone, which is what identical graphs have in common.
 */
import { layered, type Shape } from '../graphs/shapes.js';
import type { ClusterSize } from './cluster.js';
import { POSTGRES, STORE } from './costs.js';
import { graphOf } from './handing.js';
import { SHAPES, simulateGraphs, type Simulated } from './workloads.js';

/** Of processors that are to have room for what comes unevenly. */
export const HEADROOM = 0.7;
const CORES_PER_NODE = 8;

/** Ten million nodes, in one way or another. */
export interface Load {
  name: string;
  shape: Shape;
  light: boolean;
  count: number;
  /** Of them at once. */
  atOnce: number;
}

const thousand = layered(10, 100);
export const LOADS: readonly Load[] = [
  { name: '100 × 100,000', shape: SHAPES.W6, light: false, count: 100, atOnce: 100 },
  { name: '10,000 × 1,000', shape: thousand, light: false, count: 10_000, atOnce: 500 },
  { name: '10,000,000 × 1', shape: SHAPES.W4, light: false, count: 10_000_000, atOnce: 20_000 },
  { name: '100 × 100,000 light', shape: SHAPES.W6, light: true, count: 100, atOnce: 100 },
  { name: '10,000 × 1,000 light', shape: thousand, light: true, count: 10_000, atOnce: 500 },
];

export interface Layout {
  /** Nodes of the server, of eight cores, each with all services. */
  serverNodes: number;
  shards: number;
  databaseCores: number;
  /** The store's database. */
  storeCores: number;
  workers: number;
  commitMs: number;
}

export const LAYOUTS: readonly Layout[] = [
  { serverNodes: 1, shards: 512, databaseCores: 4, storeCores: 2, workers: 4 },
  { serverNodes: 4, shards: 512, databaseCores: 16, storeCores: 4, workers: 16 },
  { serverNodes: 16, shards: 2_048, databaseCores: 64, storeCores: 16, workers: 64 },
  { serverNodes: 64, shards: 4_096, databaseCores: 64, storeCores: 32, workers: 256 },
].map((layout) => ({ ...layout, commitMs: POSTGRES.commitMs }));

export const sizeOf = (layout: Layout): ClusterSize => ({
  serverCores: layout.serverNodes * CORES_PER_NODE,
  ...{ others: 0, workers: layout.workers, workerCores: layout.workers * 2 },
  shards: layout.shards,
  database: { cores: layout.databaseCores, commitMs: layout.commitMs },
});

/** What nothing but a graph itself bounds. */
const AMPLE: Omit<ClusterSize, 'database'> = {
  ...{ serverCores: 512, others: 0, workers: 256, workerCores: 512, shards: 4_096 },
};

/** By what was simulated: the tables ask for the same again. */
const known = new Map<string, Simulated>();

/** One graph alone, on a cluster that has nothing else to do. @param commitMs undefined for a server in memory */
export function alone(shape: Shape, light: boolean, commitMs: number | undefined): Simulated {
  const key = JSON.stringify([shape.name, light, commitMs ?? null]);
  const size = commitMs === undefined ? AMPLE : { ...AMPLE, database: { cores: 64, commitMs } };
  const found = known.get(key) ?? simulateGraphs(graphOf(shape, light), { size });
  known.set(key, found);
  return found;
}

export type LimitName =
  'graphs' | 'server' | 'database' | 'shards' | 'workflows' | 'main' | 'store';
export interface Limit {
  name: LimitName;
  nodesPerSecond: number;
}

/** A load's limits on a cluster, the one that binds first in front. */
export function limitsOf(load: Load, one: Simulated, layout: Layout, headroom = HEADROOM): Limit[] {
  const { nodes, wallMs, serverMs, workflowThreadMs, mainThreadMs, transactions } = one;
  const { workers, shards, commitMs, databaseCores, storeCores, serverNodes } = layout;
  /** Of so many that do a node's part in so many milliseconds each. */
  const by = (many: number, ms: number): number => (many * 1_000 * nodes) / ms;
  const limits: Record<LimitName, number> = {
    graphs: by(load.atOnce, wallMs),
    server: headroom * by(serverNodes * CORES_PER_NODE, serverMs),
    database: headroom * by(databaseCores, transactions * POSTGRES.transactionMs),
    shards: by(shards, transactions * (commitMs + POSTGRES.transactionMs)),
    workflows: headroom * by(workers, workflowThreadMs),
    main: headroom * by(workers, mainThreadMs),
    store: headroom * storeCores * STORE.postgresPerCore,
  };
  return (Object.entries(limits) as [LimitName, number][])
    .map(([name, nodesPerSecond]) => ({ name, nodesPerSecond }))
    .sort((a, b) => a.nodesPerSecond - b.nodesPerSecond);
}

/** What a load carries on a layout. */
export const carriedBy = (load: Load, layout: Layout): [first: Limit, second: Limit] =>
  limitsOf(load, alone(load.shape, load.light, layout.commitMs), layout) as [Limit, Limit];

/** All of a load, simulated on a cluster, node by node. @param part of its graphs, 0 to 1 */
export function simulateLoad(load: Load, layout: Layout, part = 1): Simulated {
  const count = Math.ceil(load.count * part);
  const atOnce = Math.min(count, load.atOnce);
  const one = alone(load.shape, load.light, layout.commitMs);
  return simulateGraphs(graphOf(load.shape, load.light), {
    ...{ count, atOnce, size: sizeOf(layout), apartMs: one.wallMs / atOnce },
  });
}
