/**
 * What one run's history may hold, and how a plan is cut to it. The server kills a run at 51,200 events or 50 MB
 * (reference: `limit.historyCount.error`, `limit.historySize.error`); these bounds leave room for retries.
 */
import { jsonBytes } from './json.js';
import { INLINE_LIMIT, INLINE_LIMIT_SEGMENT } from './outcome.js';
import { expectedEvents, type HeldPlan, type Plan } from './plan.js';

export const RUN_BUDGET = { events: 30_000, bytes: 15_000_000 } as const;

/** Bytes of a node's events without its payloads. */
const EVENT_BYTES = 1_500;
/** What all inline outputs of a run may take, each in its own event and in every reader's input. */
const INLINE_BYTES = 6_000_000;
/** What the outputs that one node reads may take in its input: a payload has at most 2 MB. */
const READ_BYTES = 256 * 1_024;
/** Outputs and statuses that one node may read. */
export const MAX_READS = 4_000;

/** For each node, the largest output that stays in its envelope, in bytes; larger ones go by reference. */
export function inlineLimits(plan: HeldPlan): number[] {
  const reads = plan.nodes.reduce((sum, node) => sum + (node.reads?.length ?? 0), 0);
  const shared = INLINE_BYTES / (plan.nodes.length + reads);
  const limits = plan.nodes.map(() => Math.min(INLINE_LIMIT, shared));
  for (const { reads: read = [] } of plan.nodes) {
    for (const index of read)
      limits[index] = Math.min(limits[index] ?? INLINE_LIMIT, READ_BYTES / read.length);
  }
  return limits.map((limit) => Math.max(INLINE_LIMIT_SEGMENT, Math.floor(limit)));
}

/** How a graph is run: in one piece, or in segments of so many nodes. */
export type Split = { pieces: 'one' } | { pieces: 'segments'; nodesPerSegment: number };

/** Bytes that a run of this plan may put into a Temporal history. */
export function expectedBytes(plan: Plan, bodyBytes: number): number {
  // What nodes are given stands in their bodies.
  const classBytes = plan.classes.map(({ given: _given, ...one }) => JSON.stringify(one).length);
  return plan.nodes.reduce(
    (sum, node) => sum + EVENT_BYTES + (classBytes[node.class] ?? 0),
    2 * bodyBytes,
  );
}

/**
 * @param bodyBytes bytes of all nodes' inputs and metadata; each stands in an activity's input
 * @param limits nodes for one run, and the waits that the server keeps
 * @param inSegments also where one run would do
 */
export function splitOf(
  plan: Plan,
  bodyBytes: number,
  limits: { maxNodesPerRun: number; serverWaitsMs: number },
  inSegments = false,
): Split {
  const nodes = plan.nodes.length;
  const share = Math.max(
    expectedBytes(plan, bodyBytes) / RUN_BUDGET.bytes,
    expectedEvents(plan, limits.serverWaitsMs) / RUN_BUDGET.events,
  );
  if (!inSegments && nodes <= limits.maxNodesPerRun && share <= 1) return { pieces: 'one' };
  return {
    pieces: 'segments',
    nodesPerSegment: Math.max(1, Math.min(limits.maxNodesPerRun, Math.floor(nodes / share))),
  };
}

/** How many of the first items go into one message; always at least one. */
export function fitting(items: readonly unknown[], most: number, bytes: number): number {
  let used = 0;
  for (let count = 0; count < Math.min(items.length, most); count++) {
    used += jsonBytes(items[count]);
    if (used > bytes) return Math.max(1, count);
  }
  return Math.min(items.length, most);
}
