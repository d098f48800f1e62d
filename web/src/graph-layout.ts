/** Where each node of a graph stands: in layers, found by elkjs in a worker of its own. */
import ELK, { type ElkNode } from 'elkjs/lib/elk-api.js';
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';
import type { NodeView } from '../../src/workflows/messages.js';
import type { DrawnSpec } from './api.js';

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
export function shapeOf({ tasks = [] }: DrawnSpec, nodes: ReadonlyMap<string, NodeView>): Shape {
  const ids = new Set(tasks.map(({ id }) => id));
  for (const id of nodes.keys()) ids.add(id);
  const edges = tasks.flatMap(({ id, dependsOn = [] }) =>
    dependsOn
      .filter((source) => ids.has(source))
      .map((source) => ({ id: JSON.stringify([source, id]), source, target: id })),
  );
  return { ids: [...ids], edges };
}

let elk: InstanceType<typeof ELK> | undefined;

/** @throws what elkjs throws; {@link inColumns} needs no layout */
export async function layOut({ ids, edges }: Shape): Promise<Places> {
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

/** Without a layout: in columns, in the order of the spec. */
export function inColumns({ ids }: Shape): Places {
  const rows = Math.max(1, Math.ceil(Math.sqrt(ids.length)));
  return new Map(
    ids.map((id, index) => [
      id,
      {
        x: Math.floor(index / rows) * (NODE_WIDTH + 64),
        y: (index % rows) * (NODE_HEIGHT + 20),
      },
    ]),
  );
}
