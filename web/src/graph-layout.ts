/** Where each node of a graph stands: in layers, found by elkjs in a worker of its own. */
import ELK, { type ElkNode } from 'elkjs/lib/elk-api.js';
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';
import type { DrawnSpec } from './api.js';
import { inLayers } from './layered.js';

export const NODE_WIDTH = 216;
export const NODE_HEIGHT = 64;

/** From top to bottom on what is narrow, else from left to right. */
export const DOWN = matchMedia('(max-width: 44rem)').matches;

export interface Shape {
  ids: string[];
  edges: { id: string; source: string; target: string }[];
}
export type Places = ReadonlyMap<string, { x: number; y: number }>;

/** The nodes of the spec, and those that only the execution knows. */
export function shapeOf({ tasks = [] }: DrawnSpec, others: readonly string[]): Shape {
  const ids = new Set([...tasks.map(({ id }) => id), ...others]);
  const edges = tasks.flatMap(({ id, dependsOn = [] }) =>
    dependsOn
      .filter((source) => ids.has(source))
      .map((source) => ({ id: JSON.stringify([source, id]), source, target: id })),
  );
  return { ids: [...ids], edges };
}

/** How long the layout engine may take, and above how many nodes and edges it is not asked. */
const PATIENCE_MS = 1_000;
const TOO_MANY = 2_500;

let elk: InstanceType<typeof ELK> | undefined;

/** By elkjs where that is done in time, else in plain layers. */
export async function layOut(shape: Shape): Promise<Places> {
  const plain = () => inLayers(shape, { width: NODE_WIDTH, height: NODE_HEIGHT, down: DOWN });
  if (shape.ids.length + shape.edges.length > TOO_MANY) return plain();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PATIENCE_MS);
  });
  const places = await Promise.race([byElk(shape).catch(() => undefined), late]);
  clearTimeout(timer);
  if (places) return places;
  // What it still computes nobody waits for.
  elk?.terminateWorker();
  elk = undefined;
  return plain();
}

async function byElk({ ids, edges }: Shape): Promise<Places> {
  elk ??= new ELK({ workerFactory: () => new Worker(workerUrl) });
  const children = ids.map((_, index) => ({
    ...{ id: `n${index}`, width: NODE_WIDTH, height: NODE_HEIGHT },
  }));
  const indexOf = new Map(ids.map((id, index) => [id, `n${index}`]));
  const laidOut: ElkNode = await elk.layout({
    id: 'graph',
    layoutOptions: {
      'elk.algorithm': 'layered',
      'elk.direction': DOWN ? 'DOWN' : 'RIGHT',
      'elk.spacing.nodeNode': '20',
      'elk.layered.spacing.nodeNodeBetweenLayers': DOWN ? '44' : '64',
      'elk.separateConnectedComponents': 'true',
      'elk.aspectRatio': DOWN ? '0.8' : '1.8',
    },
    children,
    edges: edges.map(({ source, target }, index) => ({
      id: `e${index}`,
      sources: [indexOf.get(source) ?? ''],
      targets: [indexOf.get(target) ?? ''],
    })),
  });
  return new Map(
    (laidOut.children ?? []).map(({ id, x = 0, y = 0 }) => [
      ids[Number(id.slice(1))] ?? '',
      { x, y },
    ]),
  );
}
