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
import type { NodeView } from '../../src/workflows/messages.js';
import type { DrawnNode, DrawnSpec } from './api.js';
import { GraphNode, type GraphNodeData } from './graph-node.js';
import {
  DOWN,
  inColumns,
  layOut,
  NODE_HEIGHT,
  NODE_WIDTH,
  shapeOf,
  type Places,
  type Shape,
} from './graph-layout.js';
import { Loading } from './notice.js';
import { S } from './strings.js';

interface Props {
  name: string;
  spec: DrawnSpec;
  nodes: ReadonlyMap<string, NodeView>;
  selected: string | null;
  onSelect: (nodeId: string) => void;
}

const NODE_TYPES = { task: GraphNode };
/** Above this, only what is seen is in the document. */
const MANY = 150;
/** Of the drawer beside the graph, in pixels. */
const DRAWER_WIDTH = 432;

export function GraphView({ name, spec, nodes, selected, onSelect }: Props) {
  const shape = useShape(spec, nodes);
  const places = usePlaces(shape);
  const drawn = useDrawn({ spec, shape, places, nodes, selected });
  const edges = useEdges(shape, nodes);
  const { frame, onInit } = useInSight(selected, places);
  if (!places) return shape.ids.length === 0 ? <p className="soft">{S.noNodes}</p> : <Loading />;
  return (
    <section className="graph" ref={frame} aria-label={S.graphOf(name)}>
      <ReactFlow
        // A new layout is seen whole.
        key={places === undefined ? '' : shape.ids.length}
        nodes={drawn}
        edges={edges}
        nodeTypes={NODE_TYPES}
        onInit={onInit}
        onNodeClick={(_, { id }) => onSelect(id)}
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
  return { frame, onInit: setFlow };
}

/** The same object as long as nodes and edges are the same: statuses do not move the picture. */
function useShape(spec: DrawnSpec, nodes: ReadonlyMap<string, NodeView>): Shape {
  const text = JSON.stringify(shapeOf(spec, nodes));
  return useMemo(() => JSON.parse(text) as Shape, [text]);
}

function usePlaces(shape: Shape): Places | undefined {
  const [laidOut, setLaidOut] = useState<{ shape: Shape; places: Places }>();
  useEffect(() => {
    let wanted = true;
    if (shape.ids.length === 0) return;
    layOut(shape).then(
      (places) => wanted && setLaidOut({ shape, places }),
      (error: unknown) => {
        console.error(error);
        if (wanted) setLaidOut({ shape, places: inColumns(shape) });
      },
    );
    return () => void (wanted = false);
  }, [shape]);
  // Where nodes came by an edit, the old picture stays until the new one is there.
  return laidOut?.places;
}

interface Drawing {
  spec: DrawnSpec;
  shape: Shape;
  places: Places | undefined;
  nodes: ReadonlyMap<string, NodeView>;
  selected: string | null;
}

function useDrawn({ spec, shape, places, nodes, selected }: Drawing): Node<GraphNodeData>[] {
  const tasks = useMemo(() => new Map((spec.tasks ?? []).map((node) => [node.id, node])), [spec]);
  return useMemo(
    () =>
      shape.ids.flatMap((id) => {
        const position = places?.get(id);
        if (!position) return [];
        const view = nodes.get(id);
        return [
          {
            ...{ id, position, type: 'task', width: NODE_WIDTH, height: NODE_HEIGHT },
            data: {
              view,
              id,
              what: whatOf(tasks.get(id), view),
              chosen: id === selected,
              down: DOWN,
            },
          },
        ];
      }),
    [shape, places, nodes, tasks, selected],
  );
}

/** What a node runs, in a word. */
function whatOf(spec: DrawnNode | undefined, view: NodeView | undefined): string {
  const kind = view?.kind ?? (spec?.map ? 'map' : spec?.approval ? 'approval' : undefined);
  const task = spec?.task ?? (typeof spec?.graph === 'string' ? spec.graph : undefined);
  if (kind === 'map') return `map ${task ?? ''}`.trim();
  return task ?? kind ?? view?.task.replace(/^tempograph\./, '') ?? '';
}

function useEdges({ edges }: Shape, nodes: ReadonlyMap<string, NodeView>): Edge[] {
  return useMemo(
    () =>
      edges.map((edge) => ({
        ...edge,
        markerEnd: { type: MarkerType.ArrowClosed, color: 'var(--edge)', width: 16, height: 16 },
        className: nodes.get(edge.target)?.status === 'RUNNING' ? 'active' : '',
      })),
    [edges, nodes],
  );
}
