/** The graph, drawn: each node with how it stands, live. */
import { Background, ControlButton, Controls, ReactFlow, type Edge } from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { NodeView } from '../../src/workflows/messages.js';
import type { DrawnSpec } from './api.js';
import { NODE_HEIGHT, NODE_WIDTH, type Nested, type Places } from './graph-boxes.js';
import { useDrawn, useEdges, whatOf, type Drawn } from './graph-drawn.js';
import { boxAt, Far, FAR_BELOW } from './graph-far.js';
import { FOLD_ABOVE, folded, unfolded } from './graph-fold.js';
import { layOut } from './graph-layout.js';
import { GraphNode, UnfoldContext, type UnfoldActions } from './graph-node.js';
import {
  useFollowed,
  useHeld,
  useInSight,
  useWhole,
  viewOfAll,
  ZOOM,
  type Flow,
} from './graph-sight.js';
import { GraphTools } from './graph-tools.js';
import { Loading } from './notice.js';
import { unpressed } from './pressed.js';
import { S } from './strings/page.js';
import { U } from './strings/unfold.js';
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
  /** What the address says of folding: `none`, `layers`, or nothing, for by the number of nodes. */
  fold: string | null;
  onFold: (fold: string) => void;
  /** Of a graph that does not run: what is said of each node instead of its status, and its critical path. */
  plan?: { words: ReadonlyMap<string, string>; chain: ReadonlySet<string> };
}

const NODE_TYPES = { task: GraphNode };
/** Above this, only what is seen is in the document, and from afar it is painted. */
const MANY = 150;

export function GraphView(props: Props) {
  const { name, spec, nodes, unfolding, onUnfold, selected, onSelect, plan } = props;
  const whole = useShape(spec, nodes);
  const isLarge = whole.ids.length > FOLD_ABOVE;
  const fold = props.fold === 'layers' || (props.fold !== 'none' && isLarge);
  const [openGroups, setOpenGroups] = useState<ReadonlySet<string>>(NO_IDS);
  const [showsCritical, setShowsCritical] = useState(plan !== undefined);
  const [follows, setFollows] = useState(false);
  const view = useMemo(() => {
    const tasks = new Map((spec.tasks ?? []).map((node) => [node.id, node]));
    const taskOf = (id: string) => whatOf(tasks.get(id), undefined);
    return fold ? folded(whole, taskOf, openGroups) : unfolded(whole);
  }, [whole, spec, fold, openGroups]);
  const { groups } = view;
  const shape = useNested(view.shape, spec, nodes, unfolding);
  const { places, top } = usePlaces(shape);
  const planned = plan?.chain;
  const chain = useMemo(
    () => (showsCritical ? (planned ?? chainOf(nodes)) : NO_IDS),
    [showsCritical, planned, nodes],
  );
  const drawn = useDrawn({
    ...{ spec, shape, groups, places, nodes, unfolding, selected, chain, words: plan?.words },
  });
  const statusOf = (path: string) => viewAt(path, nodes, unfolding.belows)?.status;
  const edges = useEdges(shape, statusOf, chain, places);
  const { frame, whole: first } = useWhole(places, top);
  const [flow, setFlow] = useState<Flow>();
  const [zoom, setZoom] = useState<{ top: number; zoom: number }>();
  useInSight(flow, frame, places, selected);
  useFollowed(follows ? flow : undefined, frame, places, nodes, view.groupOf);
  // Of a new layout the zoom is the one that it is seen whole with.
  const now = zoom && zoom.top === top ? zoom.zoom : first?.zoom;
  const isFar = drawn.length > MANY && now !== undefined && now < FAR_BELOW;
  const { hold, release } = useHeld(flow, frame, places);
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
  const chooseAt = (point: { x: number; y: number }) => {
    const path = flow && places && boxAt(flow.screenToFlowPosition(point), drawn, places);
    if (path !== undefined) choose(path);
  };
  const seeAll = () => {
    const all = places && frame.current && viewOfAll(places, frame.current);
    if (all) void flow?.setViewport(all);
  };
  const actions = useActions({
    toggle: (path) => (hold(path), onUnfold(toggled(unfolding.open, path))),
    more: (path, shown) => (hold(path), onUnfold(withMore(unfolding.open, path, shown))),
  });
  if (!places) return shape.ids.length === 0 ? <p className="soft">{S.noNodes}</p> : <Loading />;
  const setFold = (on: boolean) => {
    setOpenGroups(NO_IDS);
    props.onFold(on ? 'layers' : 'none');
  };
  const toggles = [
    { name: S.criticalPath, on: showsCritical, set: setShowsCritical },
    ...(plan ? [] : [{ name: S.follow, on: follows, set: setFollows }]),
    ...(whole.ids.length > MANY ? [{ name: S.fold, on: fold, set: setFold }] : []),
  ];
  const ids = [...whole.ids, ...drawn.flatMap(({ id }) => (id.includes('/') ? [id] : []))];
  return (
    <section className="graph" ref={frame} aria-label={S.graphOf(name)}>
      <GraphTools ids={ids} toggles={toggles} onFind={find} />
      <UnfoldContext value={actions}>
        {first && (
          <ReactFlow
            // A new layout is seen whole; what is unfolded in a node leaves the picture where it is.
            key={top}
            nodes={isFar ? NONE : drawn}
            edges={isFar ? NO_EDGES : edges}
            nodeTypes={NODE_TYPES}
            onInit={setFlow}
            onMove={(_, moved) => moved.zoom !== now && setZoom({ top, zoom: moved.zoom })}
            onMoveStart={(event) => event && release()}
            onNodeClick={(_, { id }) => choose(id)}
            onPaneClick={(event) => isFar && chooseAt({ x: event.clientX, y: event.clientY })}
            defaultViewport={first}
            minZoom={ZOOM.least}
            maxZoom={ZOOM.most}
            nodesDraggable={false}
            nodesConnectable={false}
            nodesFocusable={false}
            edgesFocusable={false}
            elementsSelectable={false}
            disableKeyboardA11y
            onlyRenderVisibleElements={drawn.length > MANY}
          >
            {isFar && <Far {...{ drawn, edges, places }} onChoose={choose} />}
            <Background gap={24} size={1} color="var(--line)" />
            <Controls showInteractive={false} showFitView={false}>
              <ControlButton onClick={seeAll} title={U.seeAll} aria-label={U.seeAll}>
                <svg viewBox="0 0 32 32" aria-hidden="true">
                  <path
                    d="M3 11V3h8M21 3h8v8M29 21v8h-8M11 29H3v-8"
                    fill="none"
                    stroke="currentColor"
                    strokeWidth="4"
                  />
                </svg>
              </ControlButton>
            </Controls>
          </ReactFlow>
        )}
      </UnfoldContext>
    </section>
  );
}

const NO_IDS: ReadonlySet<string> = new Set();
const NONE: Drawn[] = [];
const NO_EDGES: Edge[] = [];

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

function usePlaces(shape: Nested): { places: Places | undefined; top: number } {
  const [laidOut, setLaidOut] = useState<{ places: Places; top: number }>();
  useEffect(() => {
    let wanted = true;
    if (shape.ids.length === 0) return;
    const top = shape.ids.length;
    void layOut(shape).then(async (places) => {
      await unpressed();
      if (wanted) setLaidOut({ places, top });
    });
    return () => void (wanted = false);
  }, [shape]);
  // Where nodes came, the old picture stays until the new one is there.
  return laidOut ?? { places: undefined, top: 0 };
}
