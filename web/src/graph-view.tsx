/** The graph, drawn: each node with how it stands, live. */
import {
  Background,
  Controls,
  MarkerType,
  ReactFlow,
  type Edge,
  type ReactFlowInstance,
} from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { NodeView } from '../../src/workflows/messages.js';
import type { DrawnSpec } from './api.js';
import { useDrawn, whatOf, type Drawn } from './graph-drawing.js';
import { FOLD_ABOVE, folded, unfolded } from './graph-fold.js';
import { GraphFrame } from './graph-frame.js';
import { GraphTools } from './graph-tools.js';
import { GraphNode } from './graph-node.js';
import { shapeOf, type Shape } from './graph-layout.js';
import { absolute, insideOf, layOutAll, type Box, type Inside } from './graph-nesting.js';
import type { Insides } from './use-below.js';
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
  /** What is inside the nodes that are unfolded. */
  insides: Insides;
  onUnfold: (nodeId: string, open: boolean) => void;
}

const NODE_TYPES = { task: GraphNode, frame: GraphFrame };
/** Above this, only what is seen is in the document. */
const MANY = 150;
/** Round the whole graph; the tools lie over its upper edge. */
const PADDING = { x: '8%', top: '64px', bottom: '24px' } as const;
/** Of the drawer beside the graph, in pixels. */
const DRAWER_WIDTH = 432;

export function GraphView(props: Props) {
  const { name, spec, nodes, selected, onSelect, fold: asked, insides, onUnfold } = props;
  const whole = useShape(spec, nodes);
  const [fold, setFold] = useState(asked !== 'none' && whole.ids.length > FOLD_ABOVE);
  const [open, setOpen] = useState<ReadonlySet<string>>(NO_IDS);
  const [showsCritical, setShowsCritical] = useState(false);
  const [follows, setFollows] = useState(false);
  const view = useMemo(() => {
    const tasks = new Map((spec.tasks ?? []).map((node) => [node.id, node]));
    return fold ? folded(whole, (id) => whatOf(tasks.get(id), undefined), open) : unfolded(whole);
  }, [whole, spec, fold, open]);
  const { shape, groups } = view;
  const inside = useInside(insides.below);
  const boxes = useBoxes(shape, inside);
  const chain = useMemo(() => (showsCritical ? chainOf(nodes) : NO_IDS), [showsCritical, nodes]);
  const drawn = useDrawn({
    spec,
    shape,
    groups,
    inside,
    boxes,
    insides,
    selected,
    chain,
    onUnfold,
  });
  const edges = useEdges(shape, inside, insides.views, chain);
  const { frame, flow, onInit } = useInSight(selected, boxes);
  useFollowed(follows ? flow : undefined, nodes, view.groupOf);
  const choose = (id: string) => {
    if (groups.has(id)) setOpen(new Set([...open, id]));
    else onSelect(id);
  };
  const find = (id: string) => {
    const group = view.groupOf.get(id);
    if (group !== undefined) setOpen(new Set([...open, group]));
    const box = boxes && absolute(group ?? id, boxes);
    if (box) void flow?.setCenter(box.x + box.width / 2, box.y + box.height / 2, { zoom: 1 });
    onSelect(id);
  };
  if (!boxes) return shape.ids.length === 0 ? <p className="soft">{S.noNodes}</p> : <Loading />;
  const toggles = [
    { name: S.criticalPath, on: showsCritical, set: setShowsCritical },
    { name: S.follow, on: follows, set: setFollows },
    ...(whole.ids.length > MANY
      ? [{ name: S.fold, on: fold, set: (on: boolean) => (setOpen(NO_IDS), setFold(on)) }]
      : []),
  ];
  return (
    <section className="graph" ref={frame} aria-label={S.graphOf(name)}>
      <GraphTools ids={whole.ids} toggles={toggles} onFind={find} />
      <ReactFlow
        // A new layout is seen whole.
        key={[shape.ids.length, ...inside.keys()].join()}
        nodes={drawn}
        edges={edges}
        nodeTypes={NODE_TYPES}
        onInit={onInit}
        onNodeClick={(_, { id }) => choose(id)}
        fitView
        fitViewOptions={{ padding: PADDING, maxZoom: 1.1, minZoom: 0.3 }}
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
function useInSight(selected: string | null, boxes: Boxes | undefined) {
  const frame = useRef<HTMLElement>(null);
  const [flow, setFlow] = useState<ReactFlowInstance<Drawn>>();
  useEffect(() => {
    const box = selected === null || !boxes ? undefined : absolute(selected, boxes);
    const width = frame.current?.clientWidth ?? 0;
    if (!flow || !box || width < 2 * DRAWER_WIDTH) return;
    const { x, y, zoom } = flow.getViewport();
    const hidden = x + (box.x + box.width) * zoom - (width - DRAWER_WIDTH);
    if (hidden > 0) void flow.setViewport({ x: x - hidden - 24, y, zoom });
  }, [flow, selected, boxes]);
  return { frame, flow, onInit: setFlow };
}

/** The same object as long as nodes and edges are the same: statuses do not move the picture. */
function useShape(spec: DrawnSpec, nodes: ReadonlyMap<string, NodeView>): Shape {
  const inSpec = useMemo(() => new Set((spec.tasks ?? []).map(({ id }) => id)), [spec]);
  const others = JSON.stringify([...nodes.keys()].filter((id) => !inSpec.has(id)));
  return useMemo(() => shapeOf(spec, JSON.parse(others) as string[]), [spec, others]);
}

/** What is drawn inside which node; the same object until that changes. */
function useInside(below: Insides['below']): ReadonlyMap<string, Inside> {
  const key = JSON.stringify([...below].map(([id, one]) => [id, insideOf(id, one)]));
  return useMemo(() => new Map(JSON.parse(key) as [string, Inside][]), [key]);
}

type Boxes = ReadonlyMap<string, Box>;

function useBoxes(shape: Shape, inside: ReadonlyMap<string, Inside>): Boxes | undefined {
  const [laidOut, setLaidOut] = useState<Boxes>();
  useEffect(() => {
    let wanted = true;
    if (shape.ids.length === 0) return;
    void layOutAll(shape, inside).then((boxes) => wanted && setLaidOut(boxes));
    return () => void (wanted = false);
  }, [shape, inside]);
  // Where nodes came by an edit, the old picture stays until the new one is there.
  return laidOut;
}

/** Edges are the same objects until what they show changes. */
function useEdges(
  { edges }: Shape,
  inside: ReadonlyMap<string, Inside>,
  nodes: ReadonlyMap<string, NodeView>,
  chain: ReadonlySet<string>,
): Edge[] {
  const [kept] = useState(() => new Map<string, Edge>());
  return useMemo(
    () =>
      [...edges, ...[...inside.values()].flatMap((one) => one.shape.edges)].map((edge) => {
        const active = nodes.get(edge.target)?.status === 'RUNNING';
        const critical = chain.has(edge.source) && chain.has(edge.target);
        const className = critical ? 'critical' : active ? 'active' : '';
        const before = kept.get(edge.id);
        if (before?.className === className) return before;
        const drawn = { ...edge, markerEnd: ARROW, className };
        kept.set(edge.id, drawn);
        return drawn;
      }),
    [edges, inside, nodes, chain, kept],
  );
}

const ARROW = { type: MarkerType.ArrowClosed, color: 'var(--edge)', width: 16, height: 16 };
