/**
 * Light nodes are handed over together: those that are ready, more of them than the window holds, and what follows them.
 *
 * L1. A burst is of one queue and one priority, and takes no node before a ready one that is not light.
 * L2. Ahead of its turn goes only a node that starts once all it waits for has completed, by `all_success` and nothing else.
 * L3. A node that has been begun and was given back, whatever the reason, runs as an activity of its own from then on.
 */
import { BURST_BYTES, BURST_NODES, BURST_PLACES } from '../domain/burst.js';
import { jsonBytes } from '../domain/json.js';
import type { HeldPlan } from '../domain/plan.js';
import type { Scheduler } from '../domain/scheduler.js';
import type { GraphState } from './graph-state.js';
import type { Delivered } from './node-executor.js';
import type { Burst, NodeOrder } from './requests.js';

/** A node that is in a burst; `waitsFor`: others of it. */
interface Member {
  burst: { handedAt: number; endedAt: Map<number, number> };
  waitsFor: readonly number[];
}

/** A burst that is filled. */
interface Group {
  key: string;
  orders: Map<number, NodeOrder>;
  bytes: number;
}

/** A node whose order has more bytes runs by itself. */
const LARGE_BYTES = 100_000;

export interface BurstsParts {
  plan: HeldPlan;
  scheduler: Scheduler;
  state: GraphState;
  order: (index: number) => NodeOrder;
  /** The graph has to be done by some time. */
  hasDeadline: () => boolean;
}

export class Bursts {
  private readonly members = new Map<number, Member>();

  constructor(private readonly parts: BurstsParts) {}

  /** True for a node that runs with others, if it runs. */
  isLight(index: number): boolean {
    const { state, hasDeadline } = this.parts;
    const { light, expectedMs } = state.classOf(index);
    // Whether there is time for it is asked when it begins, and in a burst nobody asks.
    const asksForTime = expectedMs !== undefined && hasDeadline();
    // What stops one of a burst stops all of it, to begin again.
    const apart = asksForTime || state.node(index).runsOnCancel === true;
    return light === true && !apart && !state.round(index) && !state.isLook(index);
  }

  /**
   * Makes bursts of light nodes that were taken.
   *
   * @param taken all of them light
   * @returns the bursts, and the orders of those that are too large to go with others
   */
  gather(taken: readonly number[], now: number): { bursts: Burst[]; alone: NodeOrder[] } {
    const groups = new Map<string, Group>();
    const bursts: Burst[] = [];
    const alone: NodeOrder[] = [];
    for (const index of taken) {
      const order = this.parts.order(index);
      const bytes = jsonBytes(order);
      if (bytes > LARGE_BYTES) {
        alone.push(order);
        continue;
      }
      const key = this.groupOf(index);
      const group = groups.get(key) ?? { key, orders: new Map<number, NodeOrder>(), bytes: 0 };
      const full = group.orders.size === BURST_PLACES || group.bytes + bytes > BURST_BYTES;
      if (full) bursts.push(this.burstOf(group, now));
      const open = full ? { key, orders: new Map<number, NodeOrder>(), bytes: 0 } : group;
      open.orders.set(index, order);
      open.bytes += bytes;
      groups.set(key, open);
    }
    for (const group of groups.values()) bursts.push(this.burstOf(group, now));
    return { bursts, alone };
  }

  /**
   * A node of a burst is heard of.
   *
   * @returns when it ended: bursts tell afterwards. `now` for any other node
   */
  heard(index: number, delivered: Delivered, now: number): number {
    const { scheduler, state } = this.parts;
    const member = this.members.get(index);
    if (!member) {
      // It was handed over by the run before this one, which knew more of when it could start.
      if (scheduler.isAhead(index) && 'attempts' in delivered)
        state.couldStart(index, now, undefined);
      return now;
    }
    this.members.delete(index);
    if (!('attempts' in delivered)) return now;
    const { burst, waitsFor } = member;
    const last = delivered.attempts.at(-1)?.endedAt;
    const said = last === undefined ? now : Date.parse(last);
    const at = Number.isFinite(said) ? clamp(said, burst.handedAt, now) : now;
    burst.endedAt.set(index, at);
    if (waitsFor.length === 0) return at;
    let [readyAt, after]: [number, number | undefined] = [burst.handedAt, undefined];
    for (const other of waitsFor) {
      const ended = burst.endedAt.get(other) ?? burst.handedAt;
      if (ended >= readyAt) [readyAt, after] = [ended, other];
    }
    state.couldStart(index, Math.min(readyAt, at), after);
    return Math.max(readyAt, at);
  }

  private groupOf(index: number): string {
    const { queue, queueTimeoutMs } = this.parts.state.classOf(index);
    return JSON.stringify([queue, queueTimeoutMs, this.parts.scheduler.rank(index)]);
  }

  private burstOf(group: Group, now: number): Burst {
    const { scheduler, state, plan } = this.parts;
    const { key, orders } = group;
    const roots = orders.size;
    /** True for one that the burst takes: it is in it then. */
    const takes = (index: number): boolean => {
      if (orders.size >= BURST_NODES || !this.isOf(key, index)) return false;
      const order = this.parts.order(index);
      const bytes = jsonBytes(order);
      if (group.bytes + bytes > BURST_BYTES) return false;
      group.bytes += bytes;
      orders.set(index, order);
      return true;
    };
    const more = scheduler.takeWhile(takes);
    const followers = this.follow(orders, takes);
    const position = new Map([...orders.keys()].map((index, at) => [index, at]));
    const inside = (indexes: readonly number[] = []): number[] =>
      indexes.flatMap((other) => position.get(other) ?? []);
    const burst = { handedAt: now, endedAt: new Map<number, number>() };
    const nodes = [...orders].map(([index, order]) => {
      state.scheduled(index, now);
      const { reads } = state.node(index);
      const waits = followers.has(index);
      const within = new Set(
        waits ? scheduler.dependsOn(index).filter((other) => position.has(other)) : [],
      );
      this.members.set(index, { burst, waitsFor: [...within] });
      const read = waits ? inside(reads) : [];
      return {
        ...{ order, waitsFor: inside([...within]) },
        ...(read.length > 0 ? { reads: read } : {}),
      };
    });
    const places = Math.min(BURST_PLACES, roots + more.places);
    return { nodes, places, ...(plan.onFailure === 'failFast' ? { failFast: true as const } : {}) };
  }

  /** Takes what follows the nodes of a burst, as far as nothing else is waited for. Each edge is looked at once. */
  private follow(
    orders: ReadonlyMap<number, NodeOrder>,
    takes: (index: number) => boolean,
  ): ReadonlySet<number> {
    const { scheduler } = this.parts;
    const missing = new Map<number, number>();
    const followers = new Set<number>();
    // A map's entries are walked in the order they came, those that are added meanwhile too.
    for (const index of orders.keys()) {
      for (const follower of scheduler.dependants(index)) {
        if (orders.has(follower) || !this.mayFollow(follower)) continue;
        const left = (missing.get(follower) ?? this.openOf(follower)) - 1;
        missing.set(follower, left);
        if (left > 0 || !takes(follower)) continue;
        scheduler.takeAhead(follower);
        followers.add(follower);
      }
    }
    return followers;
  }

  private mayFollow(index: number): boolean {
    const { scheduler, state } = this.parts;
    const { trigger = 'all_success', startDelayMs = 0, notBefore = 0 } = state.node(index);
    const waits = trigger === 'all_success' && startDelayMs === 0 && notBefore === 0;
    const isFree = scheduler.state(index) === 'waiting' && !scheduler.isAhead(index);
    return waits && isFree && !scheduler.isPaused(index);
  }

  /** How many of those it waits for have not completed. */
  private openOf(index: number): number {
    const { scheduler } = this.parts;
    const open = scheduler
      .dependsOn(index)
      .filter((other) => scheduler.ending(other)?.status !== 'COMPLETED');
    return new Set(open).size;
  }

  private isOf(key: string, index: number): boolean {
    return this.isLight(index) && this.groupOf(index) === key;
  }
}

const clamp = (time: number, from: number, to: number): number =>
  Math.min(Math.max(time, from), to);
