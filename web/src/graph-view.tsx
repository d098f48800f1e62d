/** The graph, drawn: each node with how it stands, live. */
import {
  Background,
  Controls,
  MarkerType,
  ReactFlow,
  type Edge,
  type Node,
  type ReactFlowInstance,
} from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { Status } from '../../src/domain/status.js';
import type { NodeView } from '../../src/workflows/messages.js';
import type { DrawnNode, DrawnSpec } from './api.js';
import { FOLD_ABOVE, folded, unfolded } from './graph-fold.js';
import { GraphTools } from './graph-tools.js';
import { GraphNode, type GraphNodeData } from './graph-node.js';
import {
  DOWN,
  layOut,
  NODE_HEIGHT,
  NODE_WIDTH,
  shapeOf,
  type Places,
  type Shape,
} from './graph-layout.js';
import { Loading } from './notice.js';
import { S } from './strings/page.js';

interface Props {
  name: string;
  spec: DrawnSpec;
  nodes: ReadonlyMap<string, NodeView>;
  selected: string | null;
  onSelect: (nodeId: string) => void;
  /** What the address says of folding. */
  fold?: string | null;
  /** Of a graph that does not run: what is said of each node instead of its status, and its critical path. */
  plan?: { words: ReadonlyMap<string, string>; chain: ReadonlySet<string> };
}

const NODE_TYPES = { task: GraphNode };
/** Above this, only what is seen is in the document. */
const MANY = 150;
/** Of the drawer beside the graph, in pixels. */
const DRAWER_WIDTH = 432;

export function GraphView({ name, spec, nodes, selected, onSelect, fold: asked, plan }: Props) {
  const whole = useShape(spec, nodes);
  const [fold, setFold] = useState(asked !== 'none' && whole.ids.length > FOLD_ABOVE);
  const [open, setOpen] = useState<ReadonlySet<string>>(NO_IDS);
  const [showsCritical, setShowsCritical] = useState(plan !== undefined);
  const [follows, setFollows] = useState(false);
  const view = useMemo(() => {
    const tasks = new Map((spec.tasks ?? []).map((node) => [node.id, node]));
    return fold ? folded(whole, (id) => whatOf(tasks.get(id), undefined), open) : unfolded(whole);
  }, [whole, spec, fold, open]);
  const { shape, groups } = view;
  const places = usePlaces(shape);
  const planned = plan?.chain;
  const chain = useMemo(
    () => (showsCritical ? (planned ?? chainOf(nodes)) : NO_IDS),
    [showsCritical, planned, nodes],
  );
  const words = plan?.words ?? NO_WORDS;
  const drawn = useDrawn({ spec, shape, groups, places, nodes, selected, chain, words });
  const edges = useEdges(shape, nodes, chain);
  const { frame, flow, onInit } = useInSight(selected, places);
  useFollowed(follows ? flow : undefined, nodes, view.groupOf);
  const choose = (id: string) => {
    if (groups.has(id)) setOpen(new Set([...open, id]));
    else onSelect(id);
  };
  const find = (id: string) => {
    const group = view.groupOf.get(id);
    if (group !== undefined) setOpen(new Set([...open, group]));
    const place = places?.get(group ?? id);
    const [x, y] = place ? [place.x + NODE_WIDTH / 2, place.y + NODE_HEIGHT / 2] : [0, 0];
    if (place) void flow?.setCenter(x, y, { zoom: 1 });
    onSelect(id);
  };
  if (!places) return shape.ids.length === 0 ? <p className="soft">{S.noNodes}</p> : <Loading />;
  const toggles = [
    { name: S.criticalPath, on: showsCritical, set: setShowsCritical },
    ...(plan ? [] : [{ name: S.follow, on: follows, set: setFollows }]),
    ...(whole.ids.length > MANY
      ? [{ name: S.fold, on: fold, set: (on: boolean) => (setOpen(NO_IDS), setFold(on)) }]
      : []),
  ];
  return (
    <section className="graph" ref={frame} aria-label={S.graphOf(name)}>
      <GraphTools ids={whole.ids} toggles={toggles} onFind={find} />
      <ReactFlow
        // A new layout is seen whole.
        key={shape.ids.length}
        nodes={drawn}
        edges={edges}
        nodeTypes={NODE_TYPES}
        onInit={onInit}
        onNodeClick={(_, { id }) => choose(id)}
        fitView
        fitViewOptions={{ padding: 0.12, maxZoom: 1.1, minZoom: 0.3 }}
        minZoom={0.05}
        maxZoom={2}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        disableKeyboardA11y
        onlyRenderVisibleElements={drawn.length > MANY}
      >
        <Background gap={24} size={1} color="var(--line)" />
        <Controls showInteractive={false} />
      </ReactFlow>
    </section>
  );
}

const NO_IDS: ReadonlySet<string> = new Set();
const NO_WORDS: ReadonlyMap<string, string> = new Map();

/** Keeps what runs in sight. */
function useFollowed(
  flow: ReactFlowInstance<Drawn> | undefined,
  nodes: ReadonlyMap<string, NodeView>,
  groupOf: ReadonlyMap<string, string>,
): void {
  const running = [...nodes.values()].filter(({ status }) => status === 'RUNNING');
  const key = JSON.stringify([...new Set(running.map(({ id }) => groupOf.get(id) ?? id))]);
  useEffect(() => {
    const ids = JSON.parse(key) as string[];
    if (flow && ids.length > 0)
      void flow.fitView({
        nodes: ids.map((id) => ({ id })),
        maxZoom: 1,
        minZoom: 0.3,
        padding: 0.3,
      });
  }, [flow, key]);
}

/** The chain that the last end was due to: each began when the one before let it. */
function chainOf(nodes: ReadonlyMap<string, NodeView>): ReadonlySet<string> {
  let last: NodeView | undefined;
  for (const view of nodes.values())
    if (view.endedAt && (!last?.endedAt || view.endedAt > last.endedAt)) last = view;
  const chain = new Set<string>();
  for (; last && !chain.has(last.id); last = last.after ? nodes.get(last.after) : undefined)
    chain.add(last.id);
  return chain;
}

/** Moves the picture aside where the drawer would lie over the chosen node. */
function useInSight(selected: string | null, places: Places | undefined) {
  const frame = useRef<HTMLElement>(null);
  const [flow, setFlow] = useState<ReactFlowInstance<Node<GraphNodeData>>>();
  useEffect(() => {
    const place = selected === null ? undefined : places?.get(selected);
    const width = frame.current?.clientWidth ?? 0;
    if (!flow || !place || width < 2 * DRAWER_WIDTH) return;
    const { x, y, zoom } = flow.getViewport();
    const hidden = x + (place.x + NODE_WIDTH) * zoom - (width - DRAWER_WIDTH);
    if (hidden > 0) void flow.setViewport({ x: x - hidden - 24, y, zoom });
  }, [flow, selected, places]);
  return { frame, flow, onInit: setFlow };
}

/** The same object as long as nodes and edges are the same: statuses do not move the picture. */
function useShape(spec: DrawnSpec, nodes: ReadonlyMap<string, NodeView>): Shape {
  const inSpec = useMemo(() => new Set((spec.tasks ?? []).map(({ id }) => id)), [spec]);
  const others = JSON.stringify([...nodes.keys()].filter((id) => !inSpec.has(id)));
  return useMemo(() => shapeOf(spec, JSON.parse(others) as string[]), [spec, others]);
}

function usePlaces(shape: Shape): Places | undefined {
  const [laidOut, setLaidOut] = useState<{ shape: Shape; places: Places }>();
  useEffect(() => {
    let wanted = true;
    if (shape.ids.length === 0) return;
    void layOut(shape).then((places) => wanted && setLaidOut({ shape, places }));
    return () => void (wanted = false);
  }, [shape]);
  // Where nodes came by an edit, the old picture stays until the new one is there.
  return laidOut?.places;
}

interface Drawing {
  spec: DrawnSpec;
  shape: Shape;
  groups: ReadonlyMap<string, readonly string[]>;
  places: Places | undefined;
  nodes: ReadonlyMap<string, NodeView>;
  selected: string | null;
  chain: ReadonlySet<string>;
  words: ReadonlyMap<string, string>;
}

type Drawn = Node<GraphNodeData>;

/** A node that has not changed is the same object as before: only what changed is drawn anew. */
function useDrawn(drawing: Drawing): Drawn[] {
  const { spec, shape, groups, places, nodes, selected, chain, words } = drawing;
  const tasks = useMemo(() => new Map((spec.tasks ?? []).map((node) => [node.id, node])), [spec]);
  const [kept] = useState(() => new Map<string, { text: string; view: unknown; node: Drawn }>());
  return useMemo(
    () =>
      shape.ids.flatMap((id) => {
        const position = places?.get(id);
        if (!position) return [];
        const view = nodes.get(id);
        const ids = groups.get(id);
        const group = ids && { counts: countsOf(ids, nodes), total: ids.length };
        const what = ids ? whatOf(tasks.get(ids[0] ?? ''), undefined) : whatOf(tasks.get(id), view);
        const said = words.get(id);
        const own = { what, said, chosen: id === selected, critical: chain.has(id), group };
        const text = JSON.stringify([position, own]);
        const before = kept.get(id);
        if (before && before.view === view && before.text === text) return [before.node];
        const data: GraphNodeData = {
          ...{ id, view, what, down: DOWN, chosen: own.chosen, critical: own.critical },
          ...(group ? { group } : {}),
          ...(said === undefined ? {} : { said }),
        };
        const node: Drawn = {
          ...{ id, position, data, type: 'task', width: NODE_WIDTH, height: NODE_HEIGHT },
        };
        kept.set(id, { text, view, node });
        return [node];
      }),
    [shape, groups, places, nodes, tasks, selected, chain, words, kept],
  );
}

function countsOf(ids: readonly string[], nodes: ReadonlyMap<string, NodeView>) {
  const counts: Partial<Record<Status, number>> = {};
  for (const id of ids) {
    const status = nodes.get(id)?.status ?? 'PENDING';
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

/** What a node runs, in a word. */
function whatOf(spec: DrawnNode | undefined, view: NodeView | undefined): string {
  const kind = view?.kind ?? (spec?.map ? 'map' : spec?.approval ? 'approval' : undefined);
  const task = spec?.task ?? (typeof spec?.graph === 'string' ? spec.graph : undefined);
  if (kind === 'map') return `map ${task ?? ''}`.trim();
  return task ?? kind ?? view?.task.replace(/^tempograph\./, '') ?? '';
}

/** Edges are the same objects until what they show changes. */
function useEdges(
  { edges }: Shape,
  nodes: ReadonlyMap<string, NodeView>,
  chain: ReadonlySet<string>,
): Edge[] {
  const [kept] = useState(() => new Map<string, Edge>());
  return useMemo(
    () =>
      edges.map((edge) => {
        const active = nodes.get(edge.target)?.status === 'RUNNING';
        const critical = chain.has(edge.source) && chain.has(edge.target);
        const className = critical ? 'critical' : active ? 'active' : '';
        const before = kept.get(edge.id);
        if (before?.className === className) return before;
        const drawn = { ...edge, markerEnd: ARROW, className };
        kept.set(edge.id, drawn);
        return drawn;
      }),
    [edges, nodes, chain, kept],
  );
}

const ARROW = { type: MarkerType.ArrowClosed, color: 'var(--edge)', width: 16, height: 16 };
