/**
 * The nodes that are ready, those that stand before a limit apart: a lane that has no place is passed over, so its nodes
 * neither take room in the window nor block what stands behind them. Without limits it is one queue and nothing else.
 */
import type { StartGate } from './limit-gate.js';
import { ReadyQueue } from './ready-queue.js';

export interface StartQueueParts {
  /** The lower goes first; equal ranks in the order of their indexes. */
  rank: (index: number) => number;
  isReady: (index: number) => boolean;
  mayStart: (index: number) => boolean;
  /** The lane of a node that needs a place. */
  lane: (index: number) => number | undefined;
  gate?: StartGate | undefined;
}

type State = 'waiting' | 'held' | 'ready' | 'running' | 'settled';

export class StartQueue {
  private readonly open: ReadyQueue;
  private readonly lanes = new Map<number, { queue: ReadyQueue; ready: number }>();

  constructor(private readonly parts: StartQueueParts) {
    this.open = this.queue(undefined);
  }

  push(index: number): void {
    const lane = this.laneOf(index);
    if (lane === undefined) this.open.push(index);
    else this.lane(lane).queue.push(index);
  }

  /** Takes out the first that may start. */
  pop(): number | undefined {
    const next = this.peek();
    if (next === undefined) return undefined;
    const lane = this.laneOf(next);
    return lane === undefined ? this.open.pop() : this.lane(lane).queue.pop();
  }

  /** The first that may start. */
  peek(): number | undefined {
    const { gate, rank } = this.parts;
    let best = this.open.peek();
    for (const [lane, { queue }] of this.lanes) {
      const next = gate && gate.free(lane) > 0 ? queue.peek() : undefined;
      if (next === undefined) continue;
      if (best === undefined || (rank(next) - rank(best) || next - best) < 0) best = next;
    }
    return best;
  }

  reconsider(): void {
    this.open.reconsider();
    for (const { queue } of this.lanes.values()) queue.reconsider();
  }

  /** Keeps the count of who is ready and who has a place. */
  moved(index: number, from: State | undefined, to: State): void {
    const lane = this.laneOf(index);
    if (lane === undefined || from === to) return;
    if (from === 'ready') this.lane(lane).ready--;
    if (to === 'ready') this.lane(lane).ready++;
    if (from === 'running') this.parts.gate?.leave(lane);
    // A node that runs already when a snapshot is restored has its place: the gate's own snapshot says so.
    if (from === 'ready' && to === 'running') this.parts.gate?.use(lane);
  }

  /** Ready nodes of a lane, paused ones too. */
  readyIn(lane: number): number {
    return this.lanes.get(lane)?.ready ?? 0;
  }

  /** The first of a lane that may start once it has a place. */
  firstOf(lane: number): number | undefined {
    return this.lanes.get(lane)?.queue.peek();
  }

  /** True for a node whose lane has no place. */
  lacksPlace(index: number): boolean {
    const lane = this.laneOf(index);
    return lane !== undefined && (this.parts.gate?.free(lane) ?? 0) <= 0;
  }

  laneOf(index: number): number | undefined {
    return this.parts.gate && this.parts.lane(index);
  }

  private lane(lane: number): { queue: ReadyQueue; ready: number } {
    let found = this.lanes.get(lane);
    if (!found) this.lanes.set(lane, (found = { queue: this.queue(lane), ready: 0 }));
    return found;
  }

  private queue(lane: number | undefined): ReadyQueue {
    const { rank, isReady, mayStart } = this.parts;
    // A node that came to stand elsewhere, since it was edited or has looked, leaves a stale entry behind.
    const stands = (index: number): boolean => isReady(index) && this.laneOf(index) === lane;
    return new ReadyQueue(rank, stands, mayStart);
  }
}
