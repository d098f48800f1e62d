/**
 * What a coordinator lends to a segment with a node: the nodes that follow it one by one, so that a chain needs no trip from
 * one to the next.
 *
 * D1. Lent is only what begins once its predecessor has completed, by `all_success`, with nothing else still to come and
 *     nothing else to read: it takes over the predecessor's place, so the window holds. Nothing but it waits for the
 *     predecessor.
 * D2. Nothing is lent while another node waits for a place, and what is lent is called back once one does: it might come first.
 * D3. Whatever is asked of the graph, all that is lent and has not begun is called back first, and meanwhile nothing is lent.
 */
import { condition } from '@temporalio/workflow';
import { jsonBytes } from '../domain/json.js';
import type { Plan } from '../domain/plan.js';
import type { Scheduler } from '../domain/scheduler.js';
import type { GraphState } from './graph-state.js';
import type { Delivered } from './node-executor.js';
import type { NodeOrder } from './requests.js';
import { logTransition } from './transition.js';

/** Nodes that are lent at once. */
const LENT_MOST = 1_000;
/** Nodes behind one, and the bytes of JSON of their orders. */
const CHAIN_MOST = 100;
const CHAIN_BYTES = 200_000;
/** A segment that does not answer for so long has more wrong with it than what was lent. */
const PATIENCE = '10s';

export interface LendingParts {
  plan: Plan;
  scheduler: Scheduler;
  state: GraphState;
  order: (index: number) => NodeOrder;
  /** It runs in segments, and nothing stops it. */
  mayLend: () => boolean;
  /** It has to be done by some time. */
  hasDeadline: () => boolean;
  /** Calls back what has not begun. */
  recall: () => void;
  /** Something has come that the graph has to look at. */
  wake: () => void;
}

export class Lending {
  /** Questions that are being answered. */
  private asking = 0;
  /** What is lent was called back, and is not here yet. */
  private recalling = false;
  /** Nodes of chains that run, and when they could begin: their ends are heard of later. */
  private readonly since = new Map<number, number>();

  constructor(private readonly parts: LendingParts) {}

  /** Somebody waits for an answer until nothing is lent. */
  get isAsked(): boolean {
    return this.asking > 0;
  }

  /** A node's order, with those that are lent with it. */
  order(index: number): NodeOrder {
    const { scheduler } = this.parts;
    const order = this.parts.order(index);
    const stops = scheduler.isAllPaused || scheduler.stopping !== undefined;
    if (this.asking > 0 || stops || !this.parts.mayLend()) return order;
    const chain: NodeOrder[] = [];
    let bytes = 0;
    let last = index;
    while (chain.length < CHAIN_MOST && scheduler.lentCount < LENT_MOST && scheduler.ready === 0) {
      const next = this.follower(last);
      if (next === undefined) break;
      const lent = this.parts.order(next);
      bytes += jsonBytes(lent);
      if (bytes > CHAIN_BYTES) break;
      scheduler.lend(next);
      chain.push(lent);
      last = next;
    }
    if (chain.length === 0) return order;
    this.since.set(index, Date.now());
    return { ...order, chain };
  }

  /** Calls back what is lent where others wait for a place. */
  review(): void {
    const { scheduler, recall } = this.parts;
    if (scheduler.lentCount === 0) this.recalling = false;
    if (scheduler.lentCount === 0 || scheduler.ready === 0 || this.recalling) return;
    this.recalling = true;
    recall();
  }

  /**
   * A node is heard of.
   *
   * @returns when that happened: of the nodes of chains it is told later, with others
   */
  heard(index: number, delivered: Delivered, now: number): number {
    const since = this.since.get(index);
    this.since.delete(index);
    if (since === undefined || !('attempts' in delivered)) return now;
    const ended = Date.parse(delivered.attempts.at(-1)?.endedAt ?? '');
    return Number.isFinite(ended) ? Math.min(Math.max(ended, since), now) : now;
  }

  /** A node that was lent begins: in the place of the one before, when that ended. */
  began(index: number, now: number): void {
    const { scheduler, state } = this.parts;
    const before = state.lastOf(state.node(index).dependsOn);
    const at = (before === undefined ? undefined : state.endedAt(before)) ?? now;
    this.since.set(index, at);
    scheduler.lentBegan(index);
    state.scheduled(index, at);
    state.couldStart(index, at, before);
    logTransition(state, index, 'PENDING', 'SCHEDULED', 'queue');
  }

  /**
   * Has a question answered once nothing is lent any more.
   *
   * @param unheard the answer where a segment does not give back what it has
   */
  async recalled<T>(answer: () => T | Promise<T>, unheard: () => T): Promise<T> {
    const { scheduler, recall, wake } = this.parts;
    this.asking++;
    try {
      if (scheduler.lentCount > 0) {
        recall();
        wake(); // what is being carried away was made before this
        if (!(await condition(() => scheduler.lentCount === 0, PATIENCE))) return unheard();
      }
      return await answer();
    } finally {
      this.asking--;
      wake();
    }
  }

  private follower(index: number): number | undefined {
    const { scheduler, state } = this.parts;
    const dependants = scheduler.dependants(index);
    const [next] = dependants;
    if (next === undefined || dependants.length > 1) return undefined;
    const { done, total } = scheduler.dependencyProgress(next);
    if (total - done !== 1 || scheduler.state(next) !== 'waiting' || scheduler.isAhead(next))
      return undefined;
    if (scheduler.isPaused(next) || scheduler.isLook(next) || !this.isPlain(next)) return undefined;
    const { dependsOn, reads = [] } = state.node(next);
    const isThere = (other: number): boolean => other === index || this.hasEnded(other);
    const met = dependsOn.every(
      (other) => other === index || scheduler.ending(other)?.status === 'COMPLETED',
    );
    return met && reads.every(isThere) ? next : undefined;
  }

  private hasEnded(index: number): boolean {
    return this.parts.scheduler.ending(index) !== undefined;
  }

  private isPlain(index: number): boolean {
    const { state, hasDeadline } = this.parts;
    const { trigger = 'all_success', startDelayMs = 0, notBefore = 0, below } = state.node(index);
    const { kind, lane, circuit, light, onUnknown, expectedMs, retry } = state.classOf(index);
    const waits = startDelayMs > 0 || notBefore > 0 || (expectedMs !== undefined && hasDeadline());
    const named = circuit?.own ? undefined : circuit;
    const apart = kind ?? lane ?? named ?? light ?? onUnknown ?? below;
    // Where its segment is lost, nobody may know whether it had begun.
    const onlyOnce = retry.maxRetries === 0 || retry.neverRetryOn.includes('WORKER_LOST');
    return trigger === 'all_success' && !waits && apart === undefined && !onlyOnce;
  }
}
