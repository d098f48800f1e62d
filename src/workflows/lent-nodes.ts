/**
 * Nodes that were lent to a segment: it begins each by itself once all that it waits for has completed and a place is kept for
 * it, so that from one to the next there is no trip to the coordinator. After any other end what waits for it is given back:
 * what follows from that the coordinator decides. So is what waits for a node that the segment has given back.
 *
 * L1. A place is kept of a node that ends well here, and of no other, while more nodes are lent than places are kept; places
 *     that are more than that are given back. So what is kept is never more than what is lent.
 * L2. Of those that wait for nothing but a place the one with the highest priority begins first, then the first in the spec.
 */
import { setOwn } from '../domain/json.js';
import { leftBy, type NodeOutcome } from '../domain/outcome.js';
import { PRIORITY_KEY } from '../domain/priority.js';
import { ReadyQueue } from '../domain/ready-queue.js';
import type { Delivered } from './node-executor.js';
import type { Lent, LentNode, NodeOrder, Upstream } from './requests.js';

/** A node that has not begun. */
interface Waiting {
  node: LentNode;
  missing: Set<number>;
}

/** What the coordinator is to hear. */
export interface Told {
  outcome?: [index: number, delivered: Delivered];
  /** Places that are kept now, beside those before; less than none: begun in, or given back. */
  places: number;
  /** Nobody waits to hear it. */
  quiet: boolean;
}

export class LentNodes {
  private readonly waiting = new Map<number, Waiting>();
  /** Those of them that wait for nothing but a place. */
  private readonly ready = new ReadyQueue(
    (index) => this.waiting.get(index)?.node.rank ?? PRIORITY_KEY.MEDIUM,
    (index) => this.waiting.get(index)?.missing.size === 0,
    () => true,
  );
  /** By the index of a node, those that wait for it. */
  private readonly followers = new Map<number, Set<number>>();
  /** What nodes gave that have completed here; null after any other end, and for what was given back. */
  private readonly gave = new Map<number, Upstream | null>();
  private readonly quiet = new Set<number>();
  /** Nodes that run here and have a place in the window. */
  private readonly placed = new Set<number>();
  private kept = 0;
  /** When this was last heard, the window had room for more. */
  private isRoomLeft = false;

  /**
   * @param begin has a node run
   * @param tell hears of what becomes of the nodes, those that were lent and others, and of places
   */
  constructor(
    private readonly begin: (order: NodeOrder) => void,
    private readonly tell: (told: Told) => void,
  ) {}

  /** Nodes that have not begun. */
  get size(): number {
    return this.waiting.size;
  }

  /** Places that are kept for them. */
  get places(): number {
    return this.kept;
  }

  /** True where a node waits for a place that the coordinator may have. */
  get lacksPlace(): boolean {
    return this.isRoomLeft && this.kept === 0 && this.ready.peek() !== undefined;
  }

  /** A node begins (again) that others may be lent after. @param hasPlace it takes a place in the window */
  ordered(index: number, hasPlace: boolean): void {
    this.gave.delete(index);
    if (hasPlace) this.placed.add(index);
  }

  /** @param lent in such an order that each stands behind those that it waits for */
  take({ nodes, quiet, places = 0, room }: Lent): void {
    this.isRoomLeft = room === true;
    this.kept += places;
    for (const index of quiet) this.quiet.add(index);
    for (const node of nodes) {
      const { index } = node.order;
      this.gave.delete(index);
      const missing = new Set(node.waitsFor.filter((other) => !this.gave.has(other)));
      this.waiting.set(index, { node, missing });
      for (const other of missing) {
        const followers = this.followers.get(other) ?? new Set<number>();
        this.followers.set(other, followers.add(index));
      }
      if (node.waitsFor.some((other) => this.gave.get(other) === null)) this.leave([index]);
      else if (missing.size === 0) this.ready.push(index);
    }
    this.settle();
  }

  /** A node is heard of: it is told, and then what follows for those that wait, for it or for its place. */
  heard(index: number, delivered: Delivered): void {
    const good = isGood(delivered);
    this.gave.set(index, good ? leftBy(delivered.status, delivered) : null);
    const quiet = this.quiet.delete(index);
    const keeps = this.placed.delete(index) && good && this.kept < this.waiting.size;
    if (keeps) this.kept++;
    this.tell({ outcome: [index, delivered], places: keeps ? 1 : 0, quiet: quiet && keeps });
    const followers = [...(this.followers.get(index) ?? [])];
    this.followers.delete(index);
    if (!good) this.leave(followers);
    const atOnce = new Set<number>();
    for (const follower of good ? followers : []) {
      const missing = this.waiting.get(follower)?.missing;
      missing?.delete(index);
      if (missing?.size !== 0) continue;
      this.ready.push(follower);
      atOnce.add(follower);
    }
    this.settle(atOnce);
  }

  /** Gives back those that have not begun: what was asked of them the coordinator does. @returns the others */
  stop(indexes: readonly number[]): number[] {
    const unbegun = new Set(indexes.filter((index) => this.waiting.has(index)));
    this.leave([...unbegun]);
    this.settle();
    return indexes.filter((index) => !unbegun.has(index));
  }

  /** Gives back all that has not begun. */
  recall(): void {
    this.leave([...this.waiting.keys()]);
    this.settle();
  }

  /** Begins what has a place, and gives back the places that nobody is left for. @param atOnce what waited for others until now */
  private settle(atOnce?: ReadonlySet<number>): void {
    while (this.kept > 0) {
      const next = this.ready.pop();
      if (next === undefined) break;
      this.start(next, atOnce?.has(next) ? undefined : Date.now());
    }
    const more = this.kept - this.waiting.size;
    if (more <= 0) return;
    this.kept -= more;
    this.tell({ places: -more, quiet: false });
  }

  /** @param at absent where it begins when the last of those ended that it waited for */
  private start(index: number, at: number | undefined): void {
    const waiting = this.waiting.get(index);
    if (!waiting) return;
    const { order, reads = [] } = waiting.node;
    this.waiting.delete(index);
    this.placed.add(index);
    this.kept--;
    const all = { ...order.reads };
    for (const [other, id] of reads) {
      const upstream = this.gave.get(other);
      if (upstream) setOwn(all, id, upstream);
    }
    const begun = { begun: true as const, ...(at === undefined ? {} : { at }) };
    this.tell({ outcome: [index, begun], places: -1, quiet: true });
    this.begin(order.reads ? { ...order, reads: all } : order);
  }

  /** Gives nodes back, and all that waits for them. */
  private leave(indexes: readonly number[]): void {
    const left = [...indexes];
    for (let index = left.pop(); index !== undefined; index = left.pop()) {
      const waiting = this.waiting.get(index);
      if (!waiting) continue;
      this.waiting.delete(index);
      this.gave.set(index, null);
      for (const other of waiting.node.waitsFor) {
        this.quiet.delete(other);
        this.followers.get(other)?.delete(index);
      }
      this.tell({ outcome: [index, { left: true }], places: 0, quiet: false });
      left.push(...(this.followers.get(index) ?? []));
      this.followers.delete(index);
    }
  }
}

function isGood(delivered: Delivered): delivered is NodeOutcome {
  return 'status' in delivered && delivered.status === 'COMPLETED';
}
