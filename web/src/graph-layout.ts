/** Where each node of a graph stands: in layers, found by elkjs in a worker of its own. */
import ELK, { type ElkNode } from 'elkjs/lib/elk-api.js';
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';
import {
  AROUND,
  LEAST,
  NODE_HEIGHT,
  NODE_WIDTH,
  type Box,
  type Nested,
  type Place,
  type Places,
} from './graph-boxes.js';
import { plainLayout } from './layered.js';

/** From top to bottom on what is narrow, else from left to right. */
export const DOWN = matchMedia('(max-width: 44rem)').matches;

/** How long the layout engine may take, and above how many nodes and edges it is not asked. */
const PATIENCE_MS = 1_000;
const TOO_MANY = 2_500;

let elk: InstanceType<typeof ELK> | undefined;

/** By elkjs where that is done in time, else in plain layers. */
export async function layOut(graph: Nested): Promise<Places> {
  const plain = () => placesOf(plainLayout(graph, DOWN));
  if (sizeOf(graph) > TOO_MANY) return plain();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PATIENCE_MS);
  });
  const found = await Promise.race([byElk(graph).catch(() => undefined), late]);
  clearTimeout(timer);
  if (found) return placesOf(found);
  // What it still computes nobody waits for.
  elk?.terminateWorker();
  elk = undefined;
  return plain();
}

function sizeOf({ ids, edges, inside }: Nested): number {
  const inner = Object.values(inside).reduce((sum, one) => sum + sizeOf(one), 0);
  return ids.length + edges.length + inner;
}

function placesOf(boxes: readonly Box[]): Places {
  const places = new Map<string, Place>();
  const add = (all: readonly Box[], at: { x: number; y: number }, parent?: string): void => {
    for (const { id, x, y, width, height, boxes: inner } of all) {
      const own = { x: at.x + x, y: at.y + y };
      places.set(id, { x, y, width, height, at: own, ...(parent === undefined ? {} : { parent }) });
      add(inner, own, id);
    }
  };
  add(boxes, { x: 0, y: 0 });
  return places;
}

const IN_LAYERS = {
  'elk.algorithm': 'layered',
  'elk.direction': DOWN ? 'DOWN' : 'RIGHT',
  'elk.spacing.nodeNode': '20',
  'elk.layered.spacing.nodeNodeBetweenLayers': DOWN ? '44' : '64',
  'elk.separateConnectedComponents': 'true',
  'elk.aspectRatio': DOWN ? '0.8' : '1.8',
};
/** Items depend on nothing: they are packed, in their order. */
const PACKED = {
  'elk.algorithm': 'rectpacking',
  'elk.spacing.nodeNode': '12',
  'elk.aspectRatio': DOWN ? '0.6' : '1.6',
};
const WITHIN = {
  'elk.padding': `[top=${AROUND.top},left=${AROUND.side},bottom=${AROUND.side},right=${AROUND.side}]`,
  'elk.nodeSize.constraints': 'MINIMUM_SIZE',
  'elk.nodeSize.minimum': `(${LEAST.width}, ${LEAST.height})`,
};

async function byElk(graph: Nested): Promise<Box[]> {
  elk ??= new ELK({ workerFactory: () => new Worker(workerUrl) });
  const laidOut = await elk.layout({
    ...{ id: 'graph', layoutOptions: IN_LAYERS },
    ...elkGraph(graph),
  });
  return boxesOf(laidOut);
}

/** Its ids need not be ones that the layout engine takes as they are: each is led by a letter. */
function elkGraph({ ids, edges, inside }: Nested): Pick<ElkNode, 'children' | 'edges'> {
  return {
    children: ids.map((id) => {
      const own = inside[id];
      if (!own || own.ids.length === 0)
        return { id: `n${id}`, ...(own ? LEAST : { width: NODE_WIDTH, height: NODE_HEIGHT }) };
      const options = { ...(own.kind === 'map' ? PACKED : IN_LAYERS), ...WITHIN };
      return { id: `n${id}`, layoutOptions: options, ...elkGraph(own) };
    }),
    edges: edges.map(({ id, source, target }) => ({
      ...{ id: `e${id}`, sources: [`n${source}`], targets: [`n${target}`] },
    })),
  };
}

function boxesOf({ children = [] }: ElkNode): Box[] {
  return children.map((child) => {
    const { id, x = 0, y = 0, width = NODE_WIDTH, height = NODE_HEIGHT } = child;
    return { id: id.slice(1), x, y, width, height, boxes: boxesOf(child) };
  });
}
