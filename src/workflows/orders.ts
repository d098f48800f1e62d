/** The orders that go to an executor: what it has to know of a node to run it. */
import { inlineLimits } from '../domain/budget.js';
import { setOwn } from '../domain/json.js';
import { nodeBody, type NodeBody, type Plan } from '../domain/plan.js';
import type { GraphSpec } from '../domain/spec.js';
import type { GraphState } from './graph-state.js';
import type { NodeOrder, PlanPages, Prepared, Upstream } from './requests.js';

export class OrderBook {
  /** Of a graph that runs in one piece; a coordinator's segments have one limit for all. */
  private readonly inlineLimits: number[] | undefined;

  constructor(
    private readonly parts: { prepared: Prepared; plan: Plan; spec: GraphSpec | null },
    private readonly state: GraphState,
  ) {
    this.inlineLimits = parts.spec ? inlineLimits(parts.plan) : undefined;
  }

  order(index: number): NodeOrder {
    const node = this.state.node(index);
    const round = this.state.round(index);
    const inlineLimit = this.inlineLimits?.[index];
    const reads: Record<string, Upstream> = {};
    for (const read of node.reads ?? []) {
      const upstream = this.state.upstream.get(read);
      if (upstream) setOwn(reads, this.state.node(read).id, upstream);
    }
    return {
      index,
      id: node.id,
      class: node.class,
      body: this.body(index),
      ...(node.reads ? { reads } : {}),
      ...(node.readsParams ? { readsParams: true as const } : {}),
      ...(inlineLimit === undefined ? {} : { inlineLimit }),
      ...(round ? { round } : {}),
      ...(this.state.isLook(index) ? { look: true as const } : {}),
    };
  }

  private body(index: number): NodeBody | { ref: string; index: number } {
    const { spec, prepared } = this.parts;
    const own = spec?.tasks[index];
    if (own) return nodeBody(own);
    const { bodies, bodiesPerPage } = prepared.plan as PlanPages;
    return { ref: bodies[Math.floor(index / bodiesPerPage)] ?? '', index: index % bodiesPerPage };
  }
}
