/**
 * A graph's side of its limits: which places it has, uses, asks for and gives back.
 *
 * Pure. A lane is a limit with a weight: nodes of one lane need equal places.
 * A1. A place serves one node after the other, without a message, as long as nodes of its lane wait for it.
 * A2. A place that was asked back serves nobody any more; one that has not served yet waits for one node, which may be
 *     held up by a full window. Once another node of the graph has started before that one, it goes: else a graph whose
 *     more urgent nodes never end would keep it for ever.
 * A3. At most as many places are asked for as the window has room for; at least one, by a lane that has none, so that a
 *     window full of other nodes does not keep its nodes out for ever.
 * A4. Something is told only if it makes a difference: places are free, more are wanted than the keeper knows of and
 *     could grant, or none are wanted any more.
 */
import type { LimitAsk, LimitGrant, Totals } from './limit-messages.js';

/** Nodes of equal weight that stand before one limit. */
export interface GateLane {
  /** Index of the limit. */
  limit: number;
  weight: number;
}

export interface GateLimit {
  max: number;
  /** What the keeper was told when it was opened. */
  asked: Totals;
  priority: number;
}

/** What the scheduler has to know of places. */
export interface StartGate {
  /** Places of a lane that the next nodes may take. */
  free(lane: number): number;
  use(lane: number): void;
  leave(lane: number): void;
  /** Lanes that may have more places once a node of this one has left. */
  freedBy(lane: number): readonly number[];
  /** Grows whenever places came from elsewhere. */
  readonly version: number;
}

/** How a lane stands, before it is decided what to tell. */
export interface LaneNeed {
  /** Nodes that could start if they had a place. */
  ready: number;
  /** Nodes that the window has room for. */
  room: number;
  /** `priorityKey` of the most urgent one. */
  priority: number;
  /** Nodes of the graph, with a limit or without, that started so far in this run. */
  started: number;
}

interface Lane {
  granted: number;
  released: number;
  /** Total that the keeper wishes to have back. */
  wished: number;
  inUse: number;
  /** Places that have not served yet. */
  unused: number;
  want: number;
  ready: number;
  /** Nodes that had started when a place was first found to be asked back before it served. */
  startedBefore?: number | undefined;
  told: { asked: number; released: number };
}

interface Limit {
  max: number;
  sequence: number;
  toldPriority: number;
  priority: number;
}

type LaneSnapshot = Omit<Lane, 'want' | 'ready' | 'startedBefore'>;

export interface GateSnapshot {
  limits: Limit[];
  lanes: LaneSnapshot[];
}

const NONE = 9;

export class LimitGate implements StartGate {
  private readonly lanes: Lane[];
  private readonly limits: Limit[];
  /** The lanes of each limit. */
  private readonly lanesOf: number[][];
  version = 0;

  constructor(
    limits: readonly GateLimit[],
    private readonly shapes: readonly GateLane[],
    snapshot?: GateSnapshot,
  ) {
    const idle = { want: 0, ready: 0 };
    this.limits = snapshot
      ? snapshot.limits.map((limit) => ({ ...limit }))
      : limits.map(({ max, priority }) => ({ max, sequence: 0, toldPriority: priority, priority }));
    this.lanesOf = this.limits.map(() => []);
    shapes.forEach(({ limit }, index) => this.lanesOf[limit]?.push(index));
    this.lanes = snapshot
      ? snapshot.lanes.map((lane) => ({ ...lane, told: { ...lane.told }, ...idle }))
      : shapes.map(({ limit, weight }) => ({
          ...{ granted: 0, released: 0, wished: 0, inUse: 0, unused: 0, ...idle },
          told: { asked: limits[limit]?.asked[weight] ?? 0, released: 0 },
        }));
  }

  free(lane: number): number {
    const its = this.lane(lane);
    return idleOf(its) - dueOf(its);
  }

  use(lane: number): void {
    const its = this.lane(lane);
    its.inUse++;
    if (its.unused > 0) its.unused--;
  }

  leave(lane: number): void {
    this.lane(lane).inUse--;
  }

  freedBy(lane: number): readonly number[] {
    return [lane];
  }

  /** The keeper has said something. @returns whether it is news */
  hear(limit: number, { granted, giveBack, max }: Omit<LimitGrant, 'limit' | 'run'>): boolean {
    const its = this.limits[limit];
    if (!its) return false;
    let news = its.max !== max;
    its.max = max;
    for (const { lane, weight } of this.lanesAt(limit)) {
      const more = (granted[weight] ?? 0) - lane.granted;
      const wished = giveBack[weight] ?? 0;
      if (more > 0) {
        lane.granted += more;
        lane.unused += more;
      }
      if (more > 0 || wished > lane.wished) news = true;
      lane.wished = Math.max(lane.wished, wished);
    }
    if (news) this.version++;
    return news;
  }

  /** Gives back what is not needed, and finds what is. Call after everything that could start has started. */
  settle(lane: number, { ready, room, priority, started }: LaneNeed): void {
    const its = this.lane(lane);
    its.ready = ready;
    if (isOvertaken(its, started)) its.unused = 0;
    release(its, dueOf(its));
    const keep = Math.min(ready, its.inUse > 0 ? room : Math.max(1, room));
    release(its, Math.max(0, idleOf(its) - keep));
    its.want = Math.max(0, keep - idleOf(its));
    const limit = this.limits[this.shapes[lane]?.limit ?? 0];
    if (limit && its.want > 0) limit.priority = Math.min(limit.priority, priority);
  }

  /** What the keeper of a limit has to be told now, if anything (A4). It counts as told. */
  message(limit: number): Pick<LimitAsk, 'sequence' | 'priority' | Totalled> | undefined {
    const its = this.limits[limit];
    if (!its) return undefined;
    const lanes = this.lanesAt(limit);
    const urgent = lanes.some(({ lane }) => lane.want > 0) && its.priority < its.toldPriority;
    const differs = lanes.some(({ lane, weight }) => makesADifference(lane, weight, its.max));
    const { priority } = its;
    its.priority = NONE;
    if (!urgent && !differs) return undefined;
    its.sequence++;
    if (priority !== NONE) its.toldPriority = priority;
    const asked: Totals = {};
    const granted: Totals = {};
    const released: Totals = {};
    for (const { lane, weight } of lanes) {
      lane.told = { asked: lane.granted + lane.want, released: lane.released };
      asked[weight] = lane.told.asked;
      granted[weight] = lane.granted;
      released[weight] = lane.released;
    }
    return { sequence: its.sequence, priority: its.toldPriority, asked, granted, released };
  }

  /** Whether a limit owes this graph places that it waits for. */
  isWaiting(limit: number): boolean {
    return this.lanesAt(limit).some(({ lane }) => lane.told.asked > lane.granted);
  }

  maxOf(limit: number): number {
    return this.limits[limit]?.max ?? 0;
  }

  snapshot(): GateSnapshot {
    return {
      limits: this.limits.map((limit) => ({ ...limit })),
      lanes: this.lanes.map(({ granted, released, wished, inUse, unused, told }) => ({
        ...{ granted, released, wished, inUse, unused },
        told: { ...told },
      })),
    };
  }

  private lanesAt(limit: number): { lane: Lane; weight: number }[] {
    return (this.lanesOf[limit] ?? []).map((index) => ({
      ...{ lane: this.lane(index), weight: this.shapes[index]?.weight ?? 1 },
    }));
  }

  private lane(index: number): Lane {
    const lane = this.lanes[index];
    if (!lane) throw new RangeError(`no lane with index ${index}`);
    return lane;
  }
}

type Totalled = 'asked' | 'granted' | 'released';

const idleOf = ({ granted, released, inUse }: Lane): number => granted - released - inUse;

/** Idle places that have to go back (A2). */
function dueOf(lane: Lane): number {
  const served = Math.max(0, idleOf(lane) - lane.unused);
  return Math.min(served, Math.max(0, lane.wished - lane.released));
}

/** True when another node of the graph has started since a place that has not served was asked back. */
function isOvertaken(lane: Lane, started: number): boolean {
  const waits = lane.wished > lane.released && Math.min(lane.unused, idleOf(lane)) > 0;
  lane.startedBefore = waits ? (lane.startedBefore ?? started) : undefined;
  return lane.startedBefore !== undefined && started > lane.startedBefore;
}

function release(lane: Lane, places: number): void {
  lane.released += places;
  lane.unused = Math.min(lane.unused, idleOf(lane));
}

/** Places that the keeper could grant at once are all that is worth asking for before some were granted. */
function makesADifference(lane: Lane, weight: number, max: number): boolean {
  const { told, want, ready, released, granted } = lane;
  const toldWant = Math.max(0, told.asked - granted);
  const worth = Math.max(1, Math.floor(max / weight));
  return (
    released !== told.released ||
    (want > toldWant && toldWant < worth) ||
    (ready === 0 && toldWant > 0)
  );
}
