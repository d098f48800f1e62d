/** The graph, drawn: each node with how it stands, live. */
import { Background, Controls, ReactFlow, type ReactFlowInstance } from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { NodeView } from '../../src/workflows/messages.js';
import type { DrawnSpec } from './api.js';
import { NODE_HEIGHT, NODE_WIDTH, type Nested, type Places } from './graph-boxes.js';
import { useDrawn, useEdges, whatOf, type Drawn } from './graph-drawn.js';
import { FOLD_ABOVE, folded, unfolded } from './graph-fold.js';
import { layOut } from './graph-layout.js';
import { GraphNode, UnfoldContext, type UnfoldActions } from './graph-node.js';
import { GraphTools } from './graph-tools.js';
import { Loading } from './notice.js';
import { S } from './strings/page.js';
import './unfold/unfold.css';
import { insidesOf, shapeOf, type Inside, type Shape } from './unfold/nested.js';
import { toggled, withMore, type Open } from './unfold/open.js';
import { viewAt, type Unfolding } from './unfold/unfolding.js';

interface Props {
  name: string;
  spec: DrawnSpec;
  nodes: ReadonlyMap<string, NodeView>;
  unfolding: Unfolding;
  onUnfold: (open: Open) => void;
  selected: string | null;
  onSelect: (path: string) => void;
  /** What the address says of folding. */
  fold?: string | null;
}

const NODE_TYPES = { task: GraphNode };
/** Above this, only what is seen is in the document, and from afar it is painted. */
const MANY = 150;
/** Of the drawer beside the graph, in pixels. */
const DRAWER_WIDTH = 432;

export function GraphView(props: Props) {
  const { name, spec, nodes, unfolding, onUnfold, selected, onSelect, fold: asked } = props;
  const whole = useShape(spec, nodes);
  const [fold, setFold] = useState(asked !== 'none' && whole.ids.length > FOLD_ABOVE);
  const [openGroups, setOpenGroups] = useState<ReadonlySet<string>>(NO_IDS);
  const [showsCritical, setShowsCritical] = useState(false);
  const [follows, setFollows] = useState(false);
  const view = useMemo(() => {
    const tasks = new Map((spec.tasks ?? []).map((node) => [node.id, node]));
    const taskOf = (id: string) => whatOf(tasks.get(id), undefined);
    return fold ? folded(whole, taskOf, openGroups) : unfolded(whole);
  }, [whole, spec, fold, openGroups]);
  const { groups } = view;
  const shape = useNested(view.shape, spec, nodes, unfolding);
  const places = usePlaces(shape);
  const chain = useMemo(() => (showsCritical ? chainOf(nodes) : NO_IDS), [showsCritical, nodes]);
  const drawn = useDrawn({ spec, shape, groups, places, nodes, unfolding, selected, chain });
  const statusOf = (path: string) => viewAt(path, nodes, unfolding.belows)?.status;
  const edges = useEdges(shape, statusOf, chain, places);
  const { frame, flow, onInit } = useInSight(selected, places);
  useFollowed(follows ? flow : undefined, nodes, view.groupOf);
  const hold = useHeld(flow, places);
  const choose = (path: string) => {
    if (groups.has(path)) setOpenGroups(new Set([...openGroups, path]));
    else onSelect(path);
  };
  const find = (path: string) => {
    const group = view.groupOf.get(path);
    if (group !== undefined) setOpenGroups(new Set([...openGroups, group]));
    const place = places?.get(group ?? path);
    const [x, y] = place ? [place.at.x + NODE_WIDTH / 2, place.at.y + NODE_HEIGHT / 2] : [0, 0];
    if (place) void flow?.setCenter(x, y, { zoom: 1 });
    onSelect(path);
  };
  const actions = useActions({
    toggle: (path) => (hold(path), onUnfold(toggled(unfolding.open, path))),
    more: (path, shown) => (hold(path), onUnfold(withMore(unfolding.open, path, shown))),
  });
  if (!places) return shape.ids.length === 0 ? <p className="soft">{S.noNodes}</p> : <Loading />;
  const toggles = [
    { name: S.criticalPath, on: showsCritical, set: setShowsCritical },
    { name: S.follow, on: follows, set: setFollows },
    ...(whole.ids.length > MANY
      ? [{ name: S.fold, on: fold, set: (on: boolean) => (setOpenGroups(NO_IDS), setFold(on)) }]
      : []),
  ];
  const ids = [...whole.ids, ...drawn.flatMap(({ id }) => (id.includes('/') ? [id] : []))];
  return (
    <section className="graph" ref={frame} aria-label={S.graphOf(name)}>
      <GraphTools ids={ids} toggles={toggles} onFind={find} />
      <UnfoldContext value={actions}>
        <ReactFlow
          // A new layout is seen whole; what is unfolded in a node leaves the picture where it is.
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
      </UnfoldContext>
    </section>
  );
}

const NO_IDS: ReadonlySet<string> = new Set();

/** The same object, whatever the functions in it are now: nodes are not drawn anew for its sake. */
function useActions(actions: UnfoldActions): UnfoldActions {
  const now = useRef(actions);
  useEffect(() => {
    now.current = actions;
  });
  return useMemo(
    () => ({
      toggle: (path) => now.current.toggle(path),
      more: (path, shown) => now.current.more(path, shown),
    }),
    [],
  );
}

/** A node that is folded or unfolded stays where it is on the screen, whatever moves around it. */
function useHeld(flow: ReactFlowInstance<Drawn> | undefined, places: Places | undefined) {
  const held = useRef<{ path: string; at: { x: number; y: number } }>(undefined);
  useLayoutEffect(() => {
    const before = held.current;
    const after = before && places?.get(before.path)?.at;
    if (!flow || !before || !after) return;
    held.current = { path: before.path, at: after };
    const { x, y, zoom } = flow.getViewport();
    const [dx, dy] = [after.x - before.at.x, after.y - before.at.y];
    if (dx !== 0 || dy !== 0) void flow.setViewport({ x: x - dx * zoom, y: y - dy * zoom, zoom });
  }, [flow, places]);
  return (path: string) => {
    const at = places?.get(path)?.at;
    held.current = at && { path, at };
  };
}

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
  const [flow, setFlow] = useState<ReactFlowInstance<Drawn>>();
  useEffect(() => {
    const place = selected === null ? undefined : places?.get(selected);
    const width = frame.current?.clientWidth ?? 0;
    if (!flow || !place || width < 2 * DRAWER_WIDTH) return;
    const { x, y, zoom } = flow.getViewport();
    const hidden = x + (place.at.x + NODE_WIDTH) * zoom - (width - DRAWER_WIDTH);
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

/** With what is unfolded in it; the same object likewise. */
function useNested(
  shape: Shape,
  spec: DrawnSpec,
  nodes: ReadonlyMap<string, NodeView>,
  unfolding: Unfolding,
): Nested {
  const key = JSON.stringify(insidesOf(shape.ids, nodes, spec, unfolding));
  return useMemo(
    () => ({ ...shape, inside: JSON.parse(key) as Record<string, Inside> }),
    [shape, key],
  );
}

function usePlaces(shape: Nested): Places | undefined {
  const [laidOut, setLaidOut] = useState<Places>();
  useEffect(() => {
    let wanted = true;
    if (shape.ids.length === 0) return;
    void layOut(shape).then((places) => wanted && setLaidOut(places));
    return () => void (wanted = false);
  }, [shape]);
  // Where nodes came, the old picture stays until the new one is there.
  return laidOut;
}
