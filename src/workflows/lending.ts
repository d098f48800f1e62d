/**
 * What a coordinator lends to a segment with a node: the nodes that follow it one by one, so that a chain needs no trip from
 * one to the next.
 *
 * D1. Lent is only what begins once its predecessor has completed, by `all_success`, with nothing else still to come: it
 *     takes over the predecessor's place, so the window holds.
 * D2. Nothing is lent while another node waits for a place: it might come first.
 * D3. Whatever a person asks, all that is lent and has not begun is called back first, and meanwhile nothing is lent.
 */
import { condition } from '@temporalio/workflow';
import type { Plan } from '../domain/plan.js';
import type { Scheduler } from '../domain/scheduler.js';
import type { GraphState } from './graph-state.js';
import type { NodeOrder } from './requests.js';
import { logTransition } from './transition.js';

/** Nodes that are lent at once. */
const LENT_MOST = 1_000;
/** Nodes behind one. */
const CHAIN_MOST = 100;

export interface LendingParts {
  plan: Plan;
  scheduler: Scheduler;
  state: GraphState;
  order: (index: number) => NodeOrder;
  /** It runs in segments, and nothing stops it. */
  mayLend: () => boolean;
  /** Calls back what has not begun. */
  recall: () => void;
  /** Something may be begun. */
  wake: () => void;
}

export class Lending {
  /** Questions that are being answered. */
  private asking = 0;

  constructor(private readonly parts: LendingParts) {}

  /** A node's order, with those that are lent with it. */
  order(index: number): NodeOrder {
    const { scheduler } = this.parts;
    const order = this.parts.order(index);
    if (this.asking > 0 || scheduler.isAllPaused || !this.parts.mayLend()) return order;
    const chain: NodeOrder[] = [];
    let last = index;
    while (chain.length < CHAIN_MOST && scheduler.lentCount < LENT_MOST && scheduler.ready === 0) {
      const next = this.follower(last);
      if (next === undefined) break;
      scheduler.lend(next);
      chain.push(this.orderOf(next));
      last = next;
    }
    return chain.length > 0 ? { ...this.orderOf(index), chain } : order;
  }

  private orderOf(index: number): NodeOrder {
    const isOnly = this.parts.scheduler.dependants(index).length === 1;
    return { ...this.parts.order(index), ...(isOnly ? { quiet: true as const } : {}) };
  }

  /** A node that was lent begins now. */
  began(index: number, now: number): void {
    const { scheduler, state } = this.parts;
    scheduler.lentBegan(index);
    state.scheduled(index, now);
    state.couldStart(index, now, state.lastOf(state.node(index).dependsOn));
    logTransition(state, index, 'PENDING', 'SCHEDULED', 'queue');
  }

  /** Has a person's question answered once nothing is lent any more. */
  async recalled<T>(answer: () => T | Promise<T>): Promise<T> {
    const { scheduler, recall, wake } = this.parts;
    this.asking++;
    try {
      if (scheduler.lentCount > 0) {
        recall();
        await condition(() => scheduler.lentCount === 0);
      }
      return await answer();
    } finally {
      this.asking--;
      wake();
    }
  }

  private follower(index: number): number | undefined {
    const { scheduler, state } = this.parts;
    return scheduler.dependants(index).find((next) => {
      if (scheduler.state(next) !== 'waiting' || scheduler.isAhead(next)) return false;
      if (scheduler.isPaused(next) || scheduler.isLook(next) || !this.isPlain(next)) return false;
      return state
        .node(next)
        .dependsOn.every(
          (other) => other === index || scheduler.ending(other)?.status === 'COMPLETED',
        );
    });
  }

  private isPlain(index: number): boolean {
    const { plan, state } = this.parts;
    const { trigger = 'all_success', startDelayMs = 0, notBefore = 0, below } = state.node(index);
    const { kind, lane, circuit, light, expectedMs } = state.classOf(index);
    const waits =
      startDelayMs > 0 || notBefore > 0 || (expectedMs !== undefined && plan.deadlineMs);
    const apart = kind ?? lane ?? circuit ?? light ?? below;
    return trigger === 'all_success' && !waits && apart === undefined;
  }
}
