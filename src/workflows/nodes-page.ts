/**
 * The nodes of a running graph, a page at a time: in the order of the spec, those that changed, or by id.
 *
 * Q1. Whoever asks changes nothing but what is found once more: the order of the ids, made when it is first asked for.
 */
import { jsonBytes } from '../domain/json.js';
import type { NodesPage, NodesQuery, NodeView } from './messages.js';

/** Nodes of a page; whoever asks for more is answered with five times as many at most. */
export const PAGE = 1_000;
/** Bytes of JSON in an answer: a payload has at most 2 MB. */
const PAGE_BYTES = 1_500_000;

export interface PagedNodes {
  count(): number;
  id(index: number): string;
  /** Number of a node's last change. */
  changedAt(index: number): number;
  view(index: number): NodeView;
}

export class NodePages {
  private byId: number[] | undefined;

  constructor(private readonly nodes: PagedNodes) {}

  /** There are new nodes, or others took their places. */
  edited(): void {
    this.byId = undefined;
  }

  page({ since = 0, cursor = 0, limit = PAGE, after }: NodesQuery): Omit<NodesPage, 'sequence'> {
    const { nodes } = this;
    const most = Math.min(limit, 5 * PAGE);
    if (typeof after === 'string') {
      const order = (this.byId ??= this.sorted());
      const from = firstAfter(order.length, (at) => nodes.id(order[at] ?? 0) > after);
      return { ...this.fill(from, order.length, most, (at) => order[at] ?? 0), byId: true };
    }
    const isOld = (index: number): boolean => since !== 0 && nodes.changedAt(index) <= since;
    return this.fill(Math.max(0, cursor), nodes.count(), most, (at) =>
      isOld(at) ? undefined : at,
    );
  }

  /** @param indexAt the node at a position; undefined for one that is passed over */
  private fill(
    from: number,
    to: number,
    most: number,
    indexAt: (at: number) => number | undefined,
  ): Pick<NodesPage, 'nodes' | 'next'> {
    const views: NodeView[] = [];
    let [at, bytes] = [from, 0];
    for (; at < to && views.length < most; at++) {
      const index = indexAt(at);
      if (index === undefined) continue;
      const view = this.nodes.view(index);
      bytes += jsonBytes(view);
      if (bytes > PAGE_BYTES && views.length > 0) break;
      views.push(view);
    }
    return { nodes: views, ...(at < to ? { next: at } : {}) };
  }

  private sorted(): number[] {
    const { nodes } = this;
    const indexes = Array.from({ length: nodes.count() }, (_, index) => index);
    return indexes.sort((one, other) => (nodes.id(one) < nodes.id(other) ? -1 : 1));
  }
}

/** The first position of which something is true, where it is true of all behind it too. */
function firstAfter(length: number, isTrue: (at: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isTrue(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
