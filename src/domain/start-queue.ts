/**
 * The nodes that are ready, those that stand before a limit apart: a lane that has no place is passed over, so its nodes
 * neither take room in the window nor block what stands behind them. Without limits it is one queue and nothing else.
 */
import TinyQueue from 'tinyqueue';
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

interface Front {
  lane: number;
  index: number;
  rank: number;
}

type State = 'waiting' | 'held' | 'ready' | 'running' | 'settled';

export class StartQueue {
  private readonly open: ReadyQueue;
  private readonly lanes = new Map<number, { queue: ReadyQueue; ready: number }>();
  /** First nodes of lanes that had a place when they were put in; whether it still holds is asked when one comes up. */
  private readonly fronts = new TinyQueue<Front>(
    [],
    (a, b) => a.rank - b.rank || a.index - b.index,
  );
  /** The gate's version that the fronts are of. */
  private seen: number | undefined;

  constructor(private readonly parts: StartQueueParts) {
    this.open = this.queue(undefined);
  }

  push(index: number): void {
    const lane = this.laneOf(index);
    if (lane === undefined) return this.open.push(index);
    this.lane(lane).queue.push(index);
    this.offer(lane);
  }

  /** Takes out the first that may start. */
  pop(): number | undefined {
    const next = this.peek();
    if (next === undefined) return undefined;
    const lane = this.laneOf(next);
    if (lane === undefined) return this.open.pop();
    const taken = this.lane(lane).queue.pop();
    this.offer(lane);
    return taken;
  }

  /** The first that may start. */
  peek(): number | undefined {
    const { rank } = this.parts;
    const open = this.open.peek();
    const front = this.front();
    if (open === undefined || front === undefined) return open ?? front?.index;
    return (front.rank - rank(open) || front.index - open) < 0 ? front.index : open;
  }

  reconsider(): void {
    this.open.reconsider();
    for (const { queue } of this.lanes.values()) queue.reconsider();
    this.seen = undefined;
  }

  /** The first of all lanes that have a place. */
  private front(): Front | undefined {
    const { gate } = this.parts;
    if (!gate) return undefined;
    if (this.seen !== gate.version) for (const lane of this.lanes.keys()) this.offer(lane);
    this.seen = gate.version;
    for (let front = this.fronts.peek(); front !== undefined; front = this.fronts.peek()) {
      const now = this.frontOf(front.lane);
      if (now?.index === front.index && now.rank === front.rank) return front;
      this.fronts.pop();
      if (now) this.fronts.push(now);
    }
    return undefined;
  }

  private frontOf(lane: number): Front | undefined {
    const { gate, rank } = this.parts;
    const index = gate && gate.free(lane) > 0 ? this.firstOf(lane) : undefined;
    return index === undefined ? undefined : { lane, index, rank: rank(index) };
  }

  private offer(lane: number): void {
    const front = this.frontOf(lane);
    if (front) this.fronts.push(front);
  }

  /** Keeps the count of who is ready and who has a place. */
  moved(index: number, from: State | undefined, to: State): void {
    const lane = this.laneOf(index);
    if (lane === undefined || from === to) return;
    if (from === 'ready') this.lane(lane).ready--;
    if (to === 'ready') this.lane(lane).ready++;
    if (from === 'running') {
      this.parts.gate?.leave(lane);
      for (const freed of this.parts.gate?.freedBy(lane) ?? []) this.offer(freed);
    }
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
