/**
 * Light nodes are handed over together: those that are ready, more of them than the window holds, and what follows them.
 *
 * L1. A burst is of one queue and one priority, and takes no node before a ready one that is not light.
 * L2. Ahead of its turn goes only a node that starts once all it waits for has completed, by `all_success` and nothing else.
 * L3. A node that has been begun and was given back, whatever the reason, runs as an activity of its own from then on.
 */
import { BURST_BYTES, BURST_NODES, BURST_PLACES } from '../domain/burst.js';
import { jsonBytes } from '../domain/json.js';
import type { Plan } from '../domain/plan.js';
import type { Scheduler } from '../domain/scheduler.js';
import type { GraphState } from './graph-state.js';
import type { Delivered } from './node-executor.js';
import type { Burst, NodeOrder } from './requests.js';

/** A node that is in a burst; `waitsFor`: others of it. */
interface Member {
  burst: { handedAt: number; endedAt: Map<number, number> };
  waitsFor: readonly number[];
}

export interface BurstsParts {
  plan: Plan;
  scheduler: Scheduler;
  state: GraphState;
  order: (index: number) => NodeOrder;
}

export class Bursts {
  private readonly members = new Map<number, Member>();

  constructor(private readonly parts: BurstsParts) {}

  /** True for a node that runs with others, if it runs. */
  isLight(index: number): boolean {
    const { state } = this.parts;
    return state.classOf(index).light === true && !state.round(index) && !state.isLook(index);
  }

  /**
   * Makes bursts of light nodes that were taken.
   *
   * @param taken all of them light
   */
  gather(taken: readonly number[], now: number): Burst[] {
    const groups = new Map<string, number[]>();
    for (const index of taken) {
      const key = this.groupOf(index);
      groups.set(key, [...(groups.get(key) ?? []), index]);
    }
    return [...groups].flatMap(([key, roots]) => this.burstsOf(key, roots, now));
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
      if (scheduler.isAhead(index) && !('left' in delivered))
        state.couldStart(index, now, undefined);
      return now;
    }
    this.members.delete(index);
    if ('left' in delivered) return now;
    const { burst, waitsFor } = member;
    const last = delivered.attempts.at(-1)?.endedAt;
    const at = last === undefined ? now : clamp(Date.parse(last), burst.handedAt, now);
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
    const { queue } = this.parts.state.classOf(index);
    return JSON.stringify([queue, this.parts.scheduler.rank(index)]);
  }

  private burstsOf(key: string, roots: readonly number[], now: number): Burst[] {
    const bursts: Burst[] = [];
    for (let at = 0; at < roots.length; at += BURST_PLACES)
      bursts.push(this.burstOf(key, roots.slice(at, at + BURST_PLACES), now));
    return bursts;
  }

  private burstOf(key: string, roots: readonly number[], now: number): Burst {
    const { scheduler, state } = this.parts;
    const orders = new Map<number, NodeOrder>();
    let bytes = 0;
    const add = (index: number): void => {
      const order = this.parts.order(index);
      orders.set(index, order);
      bytes += jsonBytes(order);
      state.scheduled(index, now);
    };
    const hasRoom = (): boolean => orders.size < BURST_NODES && bytes < BURST_BYTES;
    for (const index of roots) add(index);
    let pending = 0;
    const more = scheduler.takeWhile((index) => {
      const wanted = orders.size + pending < BURST_NODES && hasRoom() && this.isOf(key, index);
      if (wanted) pending++;
      return wanted;
    });
    for (const index of more.taken) add(index);
    this.follow(key, orders, add, hasRoom);
    const position = new Map([...orders.keys()].map((index, at) => [index, at]));
    const burst = { handedAt: now, endedAt: new Map<number, number>() };
    const nodes = [...orders].map(([index, order]) => {
      const waitsFor = state.node(index).dependsOn.filter((other) => position.has(other));
      this.members.set(index, { burst, waitsFor });
      return { order, waitsFor: waitsFor.map((other) => position.get(other) as number) };
    });
    const places = Math.min(BURST_PLACES, roots.length + more.places);
    const failFast = this.parts.plan.onFailure === 'failFast';
    return { nodes, places, ...(failFast ? { failFast } : {}) };
  }

  /** Takes what follows the nodes of a burst, as far as nothing else is waited for. */
  private follow(
    key: string,
    orders: ReadonlyMap<number, NodeOrder>,
    add: (index: number) => void,
    hasRoom: () => boolean,
  ): void {
    const { scheduler, state } = this.parts;
    // A map's entries are walked in the order they came, those that are added meanwhile too.
    for (const index of orders.keys()) {
      for (const follower of scheduler.dependants(index)) {
        if (!hasRoom()) return;
        if (scheduler.state(follower) !== 'waiting' || !this.isOf(key, follower)) continue;
        const { trigger = 'all_success', startDelayMs = 0, notBefore = 0 } = state.node(follower);
        if (trigger !== 'all_success' || startDelayMs > 0 || notBefore > 0) continue;
        if (scheduler.isPaused(follower) || !this.isMet(follower, orders)) continue;
        scheduler.takeAhead(follower);
        add(follower);
      }
    }
  }

  private isMet(index: number, orders: ReadonlyMap<number, NodeOrder>): boolean {
    const { scheduler, state } = this.parts;
    return state
      .node(index)
      .dependsOn.every(
        (other) => orders.has(other) || scheduler.ending(other)?.status === 'COMPLETED',
      );
  }

  private isOf(key: string, index: number): boolean {
    return this.isLight(index) && this.groupOf(index) === key;
  }
}

const clamp = (time: number, from: number, to: number): number =>
  Math.min(Math.max(time, from), to);
