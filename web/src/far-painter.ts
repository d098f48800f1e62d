/**
 * Paints a graph on a canvas that lies in the picture and is moved and scaled with it. It reaches beyond what is seen, so
 * that a picture that is dragged is painted anew only now and then; of nodes that changed only these are.
 */
import type { Edge } from '@xyflow/react';
import type { Places } from './graph-boxes.js';
import type { Drawn } from './graph-drawn.js';
import { DOWN } from './graph-layout.js';
import { statusOf } from './graph-node.js';
import { signOf, toneOf, type Tone } from './status.js';

interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}
interface Scene {
  drawn: readonly Drawn[];
  edges: readonly Edge[];
  places: Places;
}

/** How far it reaches beyond what is seen, on each side, as a part of that. */
const BEYOND = 0.5;
/** Words are painted this large on the screen, in pixels, where they fit. */
const LETTERS = 10;
const LARGEST = 30;

export class FarPainter {
  private cover: Rect | undefined;
  private zoom = 0;
  private scene: Scene | undefined;
  private colours = new Map<string, string>();

  /** The next time all is painted. */
  forget(): void {
    this.cover = undefined;
  }

  /**
   * @param view what is seen, in the graph's own measures
   * @returns false where an older picture is shown scaled, until the zoom has settled
   */
  paint(canvas: HTMLCanvasElement, scene: Scene, view: Rect, zoom: number): boolean {
    const { cover, scene: before } = this;
    this.scene = scene;
    const isSame = before?.edges === scene.edges && before.places === scene.places;
    if (!cover || !isSame || !contains(cover, view)) {
      this.paintAll(canvas, scene, view, zoom);
      return true;
    }
    const context = canvas.getContext('2d');
    const known = new Set(before.drawn);
    if (context && before.drawn !== scene.drawn)
      for (const node of scene.drawn) if (!known.has(node)) this.paintNode(context, node, scene);
    return zoom === this.zoom;
  }

  private paintAll(canvas: HTMLCanvasElement, scene: Scene, view: Rect, zoom: number): void {
    const cover = {
      ...{ x: view.x - BEYOND * view.width, y: view.y - BEYOND * view.height },
      ...{ width: view.width * (1 + 2 * BEYOND), height: view.height * (1 + 2 * BEYOND) },
    };
    const scale = zoom * devicePixelRatio;
    canvas.width = Math.ceil(cover.width * scale);
    canvas.height = Math.ceil(cover.height * scale);
    canvas.style.width = `${cover.width}px`;
    canvas.style.height = `${cover.height}px`;
    canvas.style.transform = `translate(${cover.x}px, ${cover.y}px)`;
    const context = canvas.getContext('2d');
    if (!context) return;
    this.cover = cover;
    this.zoom = zoom;
    const style = getComputedStyle(canvas);
    const names = ['paper', 'ink', 'line', 'fill', 'edge', 'good', 'bad', 'warn', 'busy', 'idle'];
    this.colours = new Map(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
    context.setTransform(scale, 0, 0, scale, -cover.x * scale, -cover.y * scale);
    this.paintEdges(context, scene);
    for (const node of scene.drawn) this.paintNode(context, node, scene);
  }

  private paintEdges(context: CanvasRenderingContext2D, { edges, places }: Scene): void {
    for (const isCritical of [false, true]) {
      context.strokeStyle = this.colour(isCritical ? 'ink' : 'edge');
      context.lineWidth = (isCritical ? 2 : 1) / this.zoom;
      for (const { source, target, className } of edges) {
        const [from, to] = [places.get(source), places.get(target)];
        if (!from || !to || (className === 'critical') !== isCritical) continue;
        const [x1, y1, x2, y2] = DOWN
          ? [from.at.x + from.width / 2, from.at.y + from.height, to.at.x + to.width / 2, to.at.y]
          : [from.at.x + from.width, from.at.y + from.height / 2, to.at.x, to.at.y + to.height / 2];
        if (!this.isSeen({ x: x1, y: Math.min(y1, y2), width: x2 - x1, height: Math.abs(y2 - y1) }))
          continue;
        context.beginPath();
        context.moveTo(x1, y1);
        context.lineTo(x2, y2);
        context.stroke();
      }
    }
  }

  private paintNode(
    context: CanvasRenderingContext2D,
    { id, data }: Drawn,
    { places }: Scene,
  ): void {
    const place = places.get(id);
    if (!place) return;
    const { width, height } = place;
    const { x, y } = place.at;
    if (!this.isSeen({ x, y, width, height })) return;
    const status = statusOf(data);
    const tone: Tone = toneOf(status);
    const head = data.head ? Math.min(height, 64) : height;
    if (data.head) {
      // What lies in it is painted after it, and by itself later: it is not painted over.
      context.strokeStyle = this.colour('line');
      context.lineWidth = 2 / this.zoom;
      context.strokeRect(x, y, width, height);
    }
    context.fillStyle = this.colour('paper');
    context.fillRect(x, y, width, head);
    context.fillStyle = this.colour(tone);
    context.globalAlpha = tone === 'idle' ? 0.12 : 0.28;
    context.fillRect(x, y, width, head);
    context.globalAlpha = 1;
    context.fillRect(x, y, Math.max(8, 2 / this.zoom), head);
    if (data.chosen || data.critical) {
      context.strokeStyle = this.colour(data.chosen ? tone : 'ink');
      context.lineWidth = 6;
      context.strokeRect(x + 3, y + 3, width - 6, head - 6);
    }
    this.paintWords(context, signOf(status), data.id, { x, y, width, height: head }, tone);
  }

  /** The sign as large as the box has it: a colour alone does not say how it stands. */
  private paintWords(
    context: CanvasRenderingContext2D,
    sign: string,
    name: string,
    { x, y, width, height }: Rect,
    tone: Tone,
  ): void {
    const size = LETTERS / this.zoom;
    const hasName = size <= LARGEST + 5;
    context.textBaseline = 'middle';
    context.fillStyle = this.colour(tone);
    context.font = `${hasName ? LARGEST : 44}px system-ui, sans-serif`;
    context.fillText(sign, x + (hasName ? 20 : width / 2 - 20), y + height / 2);
    if (!hasName) return;
    context.fillStyle = this.colour('ink');
    const letters = Math.floor((width - 70) / (0.58 * LARGEST));
    const text = name.length > letters ? `…${name.slice(1 - letters)}` : name;
    context.fillText(text, x + 58, y + height / 2);
  }

  private colour(name: string): string {
    return this.colours.get(name) ?? '#808080';
  }

  private isSeen({ x, y, width, height }: Rect): boolean {
    const { cover } = this;
    if (!cover) return false;
    return (
      x <= cover.x + cover.width &&
      y <= cover.y + cover.height &&
      x + width >= cover.x &&
      y + height >= cover.y
    );
  }
}

function contains(around: Rect, { x, y, width, height }: Rect): boolean {
  return (
    x >= around.x &&
    y >= around.y &&
    x + width <= around.x + around.width &&
    y + height <= around.y + around.height
  );
}
