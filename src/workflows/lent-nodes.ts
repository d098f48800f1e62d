/**
 * Nodes that were lent to a segment: it begins each by itself once all that it waits for has completed, so that from one to
 * the next there is no trip to the coordinator. After any other end what waits for it is given back: what follows from that
 * the coordinator decides. So is what waits for a node that the segment has given back.
 */
import { setOwn } from '../domain/json.js';
import type { NodeOutcome } from '../domain/outcome.js';
import type { Delivered } from './node-executor.js';
import type { Lent, LentNode, NodeOrder, Upstream } from './requests.js';

/** A node that has not begun. */
interface Waiting {
  node: LentNode;
  missing: Set<number>;
}

export class LentNodes {
  private readonly waiting = new Map<number, Waiting>();
  /** By the index of a node, those that wait for it. */
  private readonly followers = new Map<number, Set<number>>();
  /** What nodes gave that have completed here; null after any other end, and for what was given back. */
  private readonly gave = new Map<number, Upstream | null>();
  private readonly quiet = new Set<number>();

  /**
   * @param begin has a node run
   * @param tell hears of what becomes of the nodes, those that were lent and others; `quiet`: nobody waits to hear it
   */
  constructor(
    private readonly begin: (order: NodeOrder) => void,
    private readonly tell: (index: number, delivered: Delivered, quiet: boolean) => void,
  ) {}

  /** A node begins (again) that others may be lent after. */
  ordered(index: number): void {
    this.gave.delete(index);
  }

  /** @param lent in such an order that each stands behind those that it waits for */
  take({ nodes, quiet }: Lent): void {
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
      else if (missing.size === 0) this.start(index);
    }
  }

  /** A node is heard of: it is told, and then what follows for those that wait for it. */
  heard(index: number, delivered: Delivered): void {
    const good = isGood(delivered);
    const { status, output } = good ? delivered : {};
    this.gave.set(index, status ? { status, ...(output ? { output } : {}) } : null);
    const quiet = this.quiet.delete(index);
    this.tell(index, delivered, good && quiet);
    const followers = [...(this.followers.get(index) ?? [])];
    this.followers.delete(index);
    if (!good) return this.leave(followers);
    for (const follower of followers) {
      const missing = this.waiting.get(follower)?.missing;
      missing?.delete(index);
      if (missing?.size === 0) this.start(follower);
    }
  }

  /** Gives back those that have not begun: what was asked of them the coordinator does. @returns the others */
  stop(indexes: readonly number[]): number[] {
    const unbegun = new Set(indexes.filter((index) => this.waiting.has(index)));
    this.leave([...unbegun]);
    return indexes.filter((index) => !unbegun.has(index));
  }

  /** Gives back all that has not begun. */
  recall(): void {
    this.leave([...this.waiting.keys()]);
  }

  private start(index: number): void {
    const waiting = this.waiting.get(index);
    if (!waiting) return;
    this.waiting.delete(index);
    const { order, reads = [] } = waiting.node;
    const all = { ...order.reads };
    for (const [other, id] of reads) {
      const upstream = this.gave.get(other);
      if (upstream) setOwn(all, id, upstream);
    }
    this.tell(index, { begun: true }, true);
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
      this.tell(index, { left: true }, false);
      left.push(...(this.followers.get(index) ?? []));
      this.followers.delete(index);
    }
  }
}

function isGood(delivered: Delivered): delivered is NodeOutcome {
  return 'status' in delivered && delivered.status === 'COMPLETED';
}
