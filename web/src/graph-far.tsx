/**
 * A large graph from afar, painted: thousands of elements in the document would hold up every frame. One node at a time
 * is a button, which the arrow keys lead from node to node; nearer by, all that are seen are.
 */
import { useReactFlow, useStore, ViewportPortal, type Edge } from '@xyflow/react';
import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent } from 'react';
import type { Places } from './graph-boxes.js';
import type { Drawn } from './graph-drawn.js';
import { statusOf, wordOf } from './graph-node.js';
import { FarPainter } from './far-painter.js';
import { S, STATUS_WORDS } from './strings/page.js';
import { U } from './strings/unfold.js';
import { toneOf } from './status.js';

/** Below this zoom no word of a node can be read. */
export const FAR_BELOW = 0.42;
/** Until a picture that was scaled is painted anew. */
const SETTLED_MS = 120;

interface Props {
  drawn: readonly Drawn[];
  edges: readonly Edge[];
  places: Places;
  onChoose: (path: string) => void;
}

export function Far({ drawn, edges, places, onChoose }: Props) {
  return (
    <ViewportPortal>
      <Painted {...{ drawn, edges, places }} />
      <Current {...{ drawn, places, onChoose }} />
    </ViewportPortal>
  );
}

function Painted({ drawn, edges, places }: Omit<Props, 'onChoose'>) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [painter] = useState(() => new FarPainter());
  const [x, y, zoom] = useStore(({ transform }) => transform);
  const width = useStore((store) => store.width);
  const height = useStore((store) => store.height);
  const [round, setRound] = useState(0);
  useLayoutEffect(() => {
    if (!canvas.current) return;
    const view = { x: -x / zoom, y: -y / zoom, width: width / zoom, height: height / zoom };
    const scene = { drawn, edges, places };
    if (painter.paint(canvas.current, scene, view, zoom)) return;
    const timer = setTimeout(() => {
      painter.forget();
      setRound((value) => value + 1);
    }, SETTLED_MS);
    return () => clearTimeout(timer);
  }, [painter, drawn, edges, places, x, y, zoom, width, height, round]);
  useEffect(() => {
    // The colours are other ones.
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const again = () => {
      painter.forget();
      setRound((value) => value + 1);
    };
    dark.addEventListener('change', again);
    return () => dark.removeEventListener('change', again);
  }, [painter]);
  return <canvas ref={canvas} className="far" aria-hidden="true" />;
}

/** How far the keys lead. */
const STEPS: Readonly<Record<string, number>> = {
  ArrowRight: 1,
  ArrowDown: 1,
  ArrowLeft: -1,
  ArrowUp: -1,
  PageDown: 25,
  PageUp: -25,
  Home: -Infinity,
  End: Infinity,
};

function Current({ drawn, places, onChoose }: Omit<Props, 'edges'>) {
  const flow = useReactFlow();
  const [path, setPath] = useState<string>();
  const button = useRef<HTMLButtonElement>(null);
  const moved = useRef(false);
  const at = Math.max(
    0,
    drawn.findIndex(({ id, data }) => (path === undefined ? data.chosen : id === path)),
  );
  const node = drawn[at];
  const place = node && places.get(node.id);
  useEffect(() => {
    if (moved.current) button.current?.focus({ preventScroll: true });
    moved.current = false;
  }, [path]);
  if (!node || !place) return null;
  const go = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = drawn[Math.min(drawn.length - 1, Math.max(0, at + step))];
    const to = next && places.get(next.id);
    if (!to || next.id === node.id) return;
    moved.current = true;
    setPath(next.id);
    const { x, y } = to.at;
    void flow.setCenter(x + to.width / 2, y + to.height / 2, { zoom: flow.getZoom() });
  };
  const { data } = node;
  const status = statusOf(data);
  const { x, y } = place.at;
  return (
    <div role="group" aria-label={U.overview(drawn.length)} onKeyDown={go}>
      <button
        // Another one is another button: so it is read out as it gets the focus.
        key={node.id}
        ref={button}
        type="button"
        className={`far-node nopan ${toneOf(status)}`}
        style={{
          transform: `translate(${x}px, ${y}px)`,
          width: place.width,
          height: place.height,
        }}
        data-node={node.id}
        data-status={status}
        aria-pressed={data.chosen}
        onClick={() => onChoose(node.id)}
      >
        <span className="hidden">
          {`${data.id}, ${data.what}, ${STATUS_WORDS[status]}, `}
          {data.group ? S.nodesOf(data.group.total) : (data.said ?? wordOf(data.view))}
          {`, ${U.place(at + 1, drawn.length)}`}
        </span>
      </button>
    </div>
  );
}

/** The innermost box at this place of the picture: what lies in another comes after it. */
export function boxAt(
  { x, y }: { x: number; y: number },
  drawn: readonly Drawn[],
  places: Places,
): string | undefined {
  return drawn.findLast(({ id }) => {
    const place = places.get(id);
    if (!place) return false;
    const [dx, dy] = [x - place.at.x, y - place.at.y];
    return dx >= 0 && dy >= 0 && dx <= place.width && dy <= place.height;
  })?.id;
}
