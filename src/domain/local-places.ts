/**
 * The places of limits where nobody else wants any: what a simulation has instead of the keepers and their messages.
 *
 * L1. The weights of all places in use come to at most `max`; a place heavier than that is used alone.
 * L2. For each lane it is known how long it had no place free, up to any time: why a node waited.
 */
import type { GateLane, StartGate } from './limit-gate.js';

interface Lane extends GateLane {
  /** When it ran out of places; undefined while it has some. */
  lackingSince?: number | undefined;
  /** When a lack ended, and how long all lacks up to then lasted together. */
  lacks: { until: number; totalMs: number }[];
}

interface Limit {
  max: number;
  used: number;
  lanes: Lane[];
  indexes: number[];
  /** The node that last gave a place back. */
  lastLeft: number | undefined;
}

export class LocalPlaces implements StartGate {
  private readonly limits: Limit[];
  private readonly lanes: Lane[];
  /** Nothing comes from elsewhere. */
  readonly version = 0;
  private now = 0;
  private leaving: number | undefined;

  /** @param maxOf places of each limit; Infinity where nobody says */
  constructor(maxOf: readonly number[], lanes: readonly GateLane[]) {
    this.lanes = lanes.map((lane) => ({ ...lane, lacks: [] }));
    this.limits = maxOf.map((max) => ({
      ...{ max, used: 0, lanes: [], indexes: [], lastLeft: undefined },
    }));
    this.lanes.forEach((lane, index) => {
      const its = this.limits[lane.limit];
      its?.lanes.push(lane);
      its?.indexes.push(index);
    });
  }

  /** Moves the clock; `node` is the one whose places are given back next. */
  at(now: number, node?: number): void {
    this.now = now;
    this.leaving = node;
  }

  free(lane: number): number {
    const its = this.lane(lane);
    return freeOf(this.limit(its), its.weight);
  }

  use(lane: number): void {
    const { limit, weight } = this.lane(lane);
    this.change(limit, weight);
  }

  leave(lane: number): void {
    const { limit, weight } = this.lane(lane);
    this.change(limit, -weight);
    const its = this.limits[limit];
    if (its) its.lastLeft = this.leaving;
  }

  freedBy(lane: number): readonly number[] {
    return this.limit(this.lane(lane)).indexes;
  }

  /** How long a lane was without a free place up to a time. */
  lackedMs(lane: number, until: number): number {
    const { lacks, lackingSince } = this.lane(lane);
    let [low, high] = [0, lacks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((lacks[middle]?.until ?? Infinity) <= until) low = middle + 1;
      else high = middle;
    }
    const before = low === 0 ? 0 : (lacks[low - 1]?.totalMs ?? 0);
    const next = lacks[low];
    // Within a lack that has ended since, or within the one that lasts.
    const began = next ? next.until - (next.totalMs - before) : lackingSince;
    return before + (began === undefined ? 0 : Math.max(0, until - began));
  }

  /** The node that last gave a place of a lane's limit back. */
  lastLeft(lane: number): number | undefined {
    return this.limit(this.lane(lane)).lastLeft;
  }

  private change(limit: number, weight: number): void {
    const its = this.limits[limit];
    if (!its) return;
    its.used += weight;
    for (const lane of its.lanes) {
      const lacks = freeOf(its, lane.weight) <= 0;
      if (lacks) lane.lackingSince ??= this.now;
      else if (lane.lackingSince !== undefined) {
        const before = lane.lacks.at(-1)?.totalMs ?? 0;
        lane.lacks.push({ until: this.now, totalMs: before + this.now - lane.lackingSince });
        lane.lackingSince = undefined;
      }
    }
  }

  private lane(index: number): Lane {
    const lane = this.lanes[index];
    if (!lane) throw new RangeError(`no lane with index ${index}`);
    return lane;
  }

  private limit({ limit }: Lane): Limit {
    return this.limits[limit] ?? NO_LIMIT;
  }
}

const NO_LIMIT: Limit = { max: Infinity, used: 0, lanes: [], indexes: [], lastLeft: undefined };

const freeOf = ({ max, used }: Limit, weight: number): number =>
  used === 0 ? Math.max(1, Math.floor(max / weight)) : Math.floor((max - used) / weight);
