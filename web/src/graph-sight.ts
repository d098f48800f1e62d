/** What of the picture is seen: all of it at first, and then what matters. */
import {
  getViewportForBounds,
  type FitViewOptions,
  type ReactFlowInstance,
  type Viewport,
} from '@xyflow/react';
import { useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react';
import type { NodeView } from '../../src/workflows/messages.js';
import { NODE_WIDTH, type Place, type Places } from './graph-boxes.js';
import type { Drawn } from './graph-drawn.js';

export type Flow = ReactFlowInstance<Drawn>;

export const ZOOM = { least: 0.05, most: 2 };
/** Of the drawer beside the graph, in pixels. */
const DRAWER_WIDTH = 432;

interface Fit {
  least: number;
  most: number;
  padding: NonNullable<FitViewOptions['padding']>;
}
/** The tools lie over the upper edge. */
const ALL: Fit = { least: 0.3, most: 1.1, padding: { x: '8%', top: '72px', bottom: '24px' } };
const ONE = { least: 0.3, padding: 0.12 };
const SOME: Fit = { least: 0.3, most: 1, padding: 0.3 };

/** So that all of it is seen, as far as words can still be told apart. */
export const viewOfAll = (places: Places, frame: HTMLElement): Viewport | undefined =>
  viewWith(places, frame.clientWidth, frame.clientHeight, places.keys(), ALL);

function viewWith(
  places: Places,
  width: number,
  height: number,
  ids: Iterable<string>,
  { least, most, padding }: Fit,
): Viewport | undefined {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const id of ids) {
    const place = places.get(id);
    if (!place) continue;
    left = Math.min(left, place.at.x);
    top = Math.min(top, place.at.y);
    right = Math.max(right, place.at.x + place.width);
    bottom = Math.max(bottom, place.at.y + place.height);
  }
  if (left > right || width === 0 || height === 0) return undefined;
  const bounds = { x: left, y: top, width: right - left, height: bottom - top };
  return getViewportForBounds(bounds, width, height, least, most, padding);
}

/** The frame of the picture, and how all of it is seen in there; undefined until both are known. */
export function useWhole(places: Places | undefined, version: unknown) {
  const frame = useRef<HTMLElement>(null);
  const [seen, setSeen] = useState<{ version: unknown; view: Viewport }>();
  useLayoutEffect(() => {
    if (!places || !frame.current || seen?.version === version) return;
    const view = viewOfAll(places, frame.current);
    if (view) setSeen({ version, view });
  }, [places, version, seen]);
  return { frame, whole: seen?.version === version ? seen?.view : undefined };
}

/**
 * A node that is folded or unfolded stays where it is on the screen, whatever moves around it; where it does not fit in
 * there, it is brought into sight. Whoever moves the picture is left alone from then on.
 */
export function useHeld(
  flow: Flow | undefined,
  frame: RefObject<HTMLElement | null>,
  places: Places | undefined,
) {
  const held = useRef<{ path: string; place: Place }>(undefined);
  useLayoutEffect(() => {
    const { path = '', place: before } = held.current ?? {};
    const after = places?.get(path);
    if (!flow || !frame.current || !before || !after || !places) return;
    held.current = { path, place: after };
    const view = flow.getViewport();
    const moved = {
      x: view.x - (after.at.x - before.at.x) * view.zoom,
      y: view.y - (after.at.y - before.at.y) * view.zoom,
      zoom: view.zoom,
    };
    const { clientWidth, clientHeight } = frame.current;
    const hasGrown = after.width !== before.width || after.height !== before.height;
    const fit = { ...ONE, most: view.zoom };
    const wanted =
      hasGrown && !isSeen(after, moved, frame.current)
        ? viewWith(places, clientWidth, clientHeight, [path], fit)
        : moved;
    if (wanted && (wanted.x !== view.x || wanted.y !== view.y || wanted.zoom !== view.zoom))
      void flow.setViewport(wanted);
  }, [flow, frame, places]);
  return {
    hold: (path: string) => {
      const place = places?.get(path);
      held.current = place && { path, place };
    },
    release: () => void (held.current = undefined),
  };
}

function isSeen({ at, width, height }: Place, { x, y, zoom }: Viewport, frame: HTMLElement) {
  const [left, top] = [at.x * zoom + x, at.y * zoom + y];
  const [right, bottom] = [left + width * zoom, top + height * zoom];
  return left >= 0 && top >= 0 && right <= frame.clientWidth && bottom <= frame.clientHeight;
}

/** Keeps what runs in sight. */
export function useFollowed(
  flow: Flow | undefined,
  frame: RefObject<HTMLElement | null>,
  places: Places | undefined,
  nodes: ReadonlyMap<string, NodeView>,
  groupOf: ReadonlyMap<string, string>,
): void {
  const running = flow ? [...nodes.values()].filter(({ status }) => status === 'RUNNING') : [];
  const key = JSON.stringify([...new Set(running.map(({ id }) => groupOf.get(id) ?? id))]);
  useEffect(() => {
    const { clientWidth = 0, clientHeight = 0 } = frame.current ?? {};
    const ids = JSON.parse(key) as string[];
    const view = places && viewWith(places, clientWidth, clientHeight, ids, SOME);
    if (flow && view) void flow.setViewport(view);
  }, [flow, frame, places, key]);
}

/** Moves the picture aside where the drawer would lie over the chosen node. */
export function useInSight(
  flow: Flow | undefined,
  frame: RefObject<HTMLElement | null>,
  places: Places | undefined,
  selected: string | null,
): void {
  useEffect(() => {
    const place = selected === null ? undefined : places?.get(selected);
    const width = frame.current?.clientWidth ?? 0;
    if (!flow || !place || width < 2 * DRAWER_WIDTH) return;
    const { x, y, zoom } = flow.getViewport();
    const hidden = x + (place.at.x + NODE_WIDTH) * zoom - (width - DRAWER_WIDTH);
    if (hidden > 0) void flow.setViewport({ x: x - hidden - 24, y, zoom });
  }, [flow, frame, selected, places]);
}
