/** The orders that go to an executor: what it has to know of a node to run it. */
import { inlineLimits } from '../domain/budget.js';
import { INLINE_LIMIT_SEGMENT } from '../domain/outcome.js';
import { setOwn } from '../domain/json.js';
import { nodeBody, type NodeBody, type HeldPlan } from '../domain/plan.js';
import type { GraphSpec } from '../domain/spec.js';
import type { GraphState } from './graph-state.js';
import type { Seed } from './seed.js';
import type { Below, ItemRef, NodeOrder, PlanPages, Prepared, Upstream } from './requests.js';

export class OrderBook {
  /** Of a graph that runs in one piece; a coordinator's segments have one limit for all. */
  private inlineLimits: number[] | undefined;

  constructor(
    private readonly parts: {
      prepared: Prepared;
      plan: HeldPlan;
      spec: GraphSpec | null;
      seed?: Seed | undefined;
    },
    private readonly state: GraphState,
  ) {
    this.edited();
  }

  /** The plan has new nodes, or others. */
  edited(): void {
    this.inlineLimits =
      'bodies' in this.parts.prepared.plan ? undefined : inlineLimits(this.parts.plan);
  }

  /** The largest output that stays in a node's envelope. */
  inlineLimit(index: number): number {
    return this.inlineLimits?.[index] ?? INLINE_LIMIT_SEGMENT;
  }

  /** @param deadlineAt when the graph has to be done, epoch milliseconds */
  order(index: number, deadlineAt?: number): NodeOrder {
    const node = this.state.node(index);
    const round = this.state.round(index);
    const inlineLimit = this.inlineLimits?.[index];
    const { below } = this.parts.prepared;
    const previous = this.parts.seed?.previousOf(index, node);
    const reads: Record<string, Upstream> = { ...below?.reads };
    const priority = this.state.changedPriority(index);
    for (const read of node.reads ?? []) {
      const upstream = this.state.upstream.get(read);
      if (upstream) setOwn(reads, this.state.node(read).id, upstream);
    }
    return {
      index,
      id: node.id,
      class: node.class,
      body: this.body(index),
      ...(node.reads || below?.reads ? { reads } : {}),
      ...(node.readsParams ? { readsParams: true as const } : {}),
      ...(inlineLimit === undefined ? {} : { inlineLimit }),
      ...(round ? { round } : {}),
      ...(node.below === undefined ? {} : { below: node.below }),
      ...(deadlineAt === undefined ? {} : { deadlineAt }),
      ...(below?.items ? { item: itemOf(below.items, index) } : {}),
      ...(priority === undefined ? {} : { priority }),
      ...(this.state.isLook(index) ? { look: true as const } : {}),
      ...(previous ? { previous } : {}),
    };
  }

  /** What the node says of itself, or where that lies. */
  body(index: number): NodeBody | { ref: string; index: number } {
    const { spec, prepared } = this.parts;
    if (prepared.below) {
      const { bodies, perPage, items } = prepared.below;
      if (items) return { ref: bodies[0] ?? '', index: 0 };
      return { ref: bodies[Math.floor(index / perPage)] ?? '', index: index % perPage };
    }
    const own = spec?.tasks[index];
    if (own) return nodeBody(own, this.state.classOf(index).given);
    const { bodies, bodiesPerPage } = prepared.plan as PlanPages;
    return { ref: bodies[Math.floor(index / bodiesPerPage)] ?? '', index: index % bodiesPerPage };
  }
}

function itemOf({ refs, perPage }: NonNullable<Below['items']>, index: number): ItemRef {
  return { ref: refs[Math.floor(index / perPage)] ?? '', at: index % perPage, index };
}
