/** Three ways to see an execution go on: a picture that moves, a line for each transition, JSON lines. */
import { createLogUpdate } from 'log-update';
import type { NodeView } from '../workflows/messages.js';
import { brokenRows, fit, oneLine, pad, widest } from './columns.js';
import type { Observer } from './follow.js';
import { renderFrame } from './frame.js';
import type { GraphView } from './graph-view.js';
import { detailOf, elapsedText } from './node-text.js';
import type { Output } from './output.js';
import { shown } from './paint.js';
import { utcClock } from './utc-time.js';

/** An observer with an end: `close` leaves the last state standing. */
export interface Viewer extends Observer {
  close(): void;
}

/** The way that suits the output. */
export function viewerFor(out: Output, view: GraphView): Viewer {
  return out.live ? new MovingPicture(out, view) : new Lines(out, view);
}

/** How often the picture turns, in milliseconds. */
const TURN_MS = 100;
/** One row up, and nothing stands there any more. */
const ERASE_ABOVE = '\x1b[1A\x1b[2K';
const HINT = 'Ctrl-C stops watching; the execution goes on.';

class MovingPicture implements Viewer {
  private readonly update = createLogUpdate(process.stdout);
  private readonly timer: NodeJS.Timeout;
  private turn = 0;
  private remark: string | undefined;
  /** What stands in the terminal. */
  private painted: readonly string[] = [];

  constructor(
    private readonly out: Output,
    private readonly view: GraphView,
  ) {
    this.draw();
    this.timer = setInterval(() => this.draw(), TURN_MS);
  }

  changed(): void {
    // the next turn shows it
  }

  notice(text: string | undefined): void {
    this.remark = text;
  }

  close(): void {
    clearInterval(this.timer);
    this.paint(false);
    this.update.done();
  }

  private draw(): void {
    this.turn++;
    this.paint(true);
  }

  private paint(moving: boolean): void {
    this.out.measure();
    const more = brokenRows(this.painted, this.out.width);
    if (more > 0) {
      this.update.clear();
      process.stdout.write(ERASE_ABOVE.repeat(more));
    }
    this.painted = this.frame(moving).map(shown);
    this.update(this.painted.join('\n'));
  }

  private frame(moving: boolean): string[] {
    const { width, height, style } = this.out;
    const lines = renderFrame(this.view, {
      width,
      height: height - (moving ? 3 : 2), // the hint, and the line that the cursor stands on
      now: Date.now(),
      style,
      ...(moving ? { turn: this.turn } : { headline: this.view.ended === false }),
      notice: moving ? this.remark : undefined,
    });
    return [...lines, ...(moving ? [style.dim(fit(HINT, width))] : [])];
  }
}

class Lines implements Viewer {
  private readonly idWidth: number;

  constructor(
    private readonly out: Output,
    view: GraphView,
  ) {
    this.idWidth = widest(view.nodes.keys(), 40);
  }

  changed(nodes: readonly NodeView[]): void {
    const now = Date.now();
    for (const node of nodes) this.out.progress(transitionLine(node, now, this.idWidth));
  }

  notice(text: string | undefined): void {
    if (text !== undefined) this.out.note(text);
  }

  close(): void {
    // every line stands already
  }
}

/**
 * `09:14:05Z  fetch  RETRYING   attempt 1/4 failed · next in 5 s · ECONNRESET: socket hang up`. Who comes late is told of ends
 * that were before: each has the time of the end.
 */
export function transitionLine(node: NodeView, now: number, idWidth = 0): string {
  const time = utcClock(node.endedAt ?? now);
  const facts = [elapsedText(node, now), detailOf(node, now)].filter((text) => text !== '');
  return `${time}  ${pad(oneLine(node.id), idWidth)}  ${pad(node.status, 9)}  ${oneLine(facts.join(' · '))}`.trimEnd();
}

/** `watch --json`: a line for each transition, and for each time that a node says how far it is. */
export class JsonLines implements Viewer {
  constructor(
    private readonly out: Output,
    private readonly executionId: string,
  ) {}

  changed(nodes: readonly NodeView[]): void {
    for (const node of nodes)
      this.out.jsonLine({
        event: 'node',
        executionId: this.executionId,
        nodeId: node.id,
        status: node.status,
        reason: node.reason ?? null,
        attempts: node.attempts,
        nextRetryAt: node.nextRetryAt ?? null,
        error: node.error ?? null,
        ...(node.progress ? { progress: node.progress } : {}),
        at: node.endedAt ?? new Date().toISOString(),
      });
  }

  progressed(nodes: readonly NodeView[]): void {
    const { executionId } = this;
    for (const { id, attempts, progress } of nodes)
      this.out.jsonLine({
        ...{ event: 'progress', executionId, nodeId: id, attempts, progress },
        at: new Date().toISOString(),
      });
  }

  notice(text: string | undefined): void {
    if (text !== undefined) this.out.note(text);
  }

  close(): void {
    // every line stands already
  }
}
