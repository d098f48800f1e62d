/**
 * Chains of nodes that a segment begins by itself, one after the other in one place: from one to the next there is no trip
 * to the coordinator. Anything but a good end gives the rest back: what follows from that the coordinator decides.
 */
import { setOwn } from '../domain/json.js';
import type { NodeOutcome } from '../domain/outcome.js';
import type { Delivered } from './node-executor.js';
import type { NodeOrder } from './requests.js';

export class Chains {
  /** By the index of the node that runs: it, and what follows. */
  private readonly chains = new Map<number, { order: NodeOrder; rest: NodeOrder[] }>();

  /**
   * @param begin has a node run
   * @param tell hears of what becomes of the nodes, those of chains and others; `quiet`: nobody waits to hear it, since only the
   *   next one waits for it
   */
  constructor(
    private readonly begin: (order: NodeOrder) => void,
    private readonly tell: (index: number, delivered: Delivered, quiet: boolean) => void,
  ) {}

  /** Nodes begin that may have others behind them. */
  begun(orders: readonly NodeOrder[]): void {
    for (const { chain, ...order } of orders)
      if (chain && chain.length > 0) this.chains.set(order.index, { order, rest: [...chain] });
  }

  /** A node is heard of: it is told, and so is what follows for those behind it. */
  heard(index: number, delivered: Delivered): void {
    const chain = this.chains.get(index);
    this.chains.delete(index);
    const [next, ...rest] = chain?.rest ?? [];
    const goesOn = chain && next && isGood(delivered);
    this.tell(index, delivered, Boolean(goesOn));
    if (!goesOn) return this.leave(chain?.rest ?? []);
    const order = withUpstream(next, chain.order, delivered);
    if (rest.length > 0) this.chains.set(next.index, { order, rest });
    this.tell(next.index, { begun: true }, true);
    this.begin(order);
  }

  /** Gives back those that have not begun, and what is behind them: what was asked of them the coordinator does. @returns the others */
  stop(indexes: readonly number[]): number[] {
    const asked = new Set(indexes);
    for (const [running, { order, rest }] of this.chains) {
      const at = rest.findIndex(({ index }) => asked.has(index));
      if (at < 0) continue;
      const cut = rest.slice(at);
      this.chains.set(running, { order, rest: rest.slice(0, at) });
      for (const { index } of cut) asked.delete(index);
      this.leave(cut);
    }
    return [...asked];
  }

  /** Gives back all that has not begun. */
  recall(): void {
    for (const { rest } of this.chains.values()) this.leave(rest);
    this.chains.clear();
  }

  private leave(orders: readonly NodeOrder[]): void {
    for (const { index } of orders) this.tell(index, { left: true }, false);
  }
}

function isGood(delivered: Delivered): delivered is NodeOutcome {
  return 'status' in delivered && delivered.status === 'COMPLETED';
}

function withUpstream(next: NodeOrder, { id }: NodeOrder, outcome: NodeOutcome): NodeOrder {
  if (!next.reads) return next;
  const { status, output } = outcome;
  const reads = { ...next.reads };
  setOwn(reads, id, { status, ...(output ? { output } : {}) });
  return { ...next, reads };
}
