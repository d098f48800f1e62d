/** What is handed over together, decided by the real scheduler as the engine's workflows do it. */
import { BURST_BEGINS_MS, BURST_NODES } from '../../src/domain/burst.js';
import type { Scheduler, SchedulerNode } from '../../src/domain/scheduler.js';

export interface Graph {
  nodes: readonly SchedulerNode[];
  window: number;
  light: boolean;
}

export function graphOf(
  { dependsOn, window }: { dependsOn: number[][]; window: number },
  light = false,
): Graph {
  const nodes = dependsOn.map((ids) => ({
    ...{ dependsOn: ids, trigger: 'all_success' as const, allowFailure: false, priorityKey: 3 },
  }));
  return { nodes, window, light };
}

/** Bounds of the engine's workflows, by the names and values that they have there (`test/domain/scale.test.ts`). */
export const BOUNDS = {
  'handing-over': { BATCH: 50 },
  segments: { ORDERS_PER_MESSAGE: 200, SHARE_OF_LIGHT: 0.25 },
  segment: { OUTCOMES_PER_REPORT: 1_000, QUIET_MOST: 100 },
  'going-on': {
    PAGE_NODES: 1_000,
    GROWTH_BYTES: 8_000_000,
    LEAST_GROWTH_BYTES: 2_000_000,
    MOST_BYTES: 24_000_000,
  },
} as const;

/** Light nodes that go into one burst, of which each takes so long: it begins none later than {@link BURST_BEGINS_MS}. */
export const burstOf = (lightMs: number): number =>
  Math.max(1, Math.min(BURST_NODES, Math.floor(BURST_BEGINS_MS / lightMs)));

/** Fills a burst as `workflows/bursts.ts` does: more of what is ready, and what follows from it alone. */
export function fillBurst(scheduler: Scheduler, roots: readonly number[], most: number): number[] {
  const nodes = new Set(roots);
  const takes = (index: number): boolean => {
    if (nodes.size >= most) return false;
    nodes.add(index);
    return true;
  };
  scheduler.takeWhile(takes);
  const missing = new Map<number, number>();
  for (const index of nodes) {
    for (const follower of scheduler.dependants(index)) {
      if (nodes.has(follower) || scheduler.state(follower) !== 'waiting') continue;
      const { done, total } = scheduler.dependencyProgress(follower);
      const left = (missing.get(follower) ?? total - done) - 1;
      missing.set(follower, left);
      if (left === 0 && takes(follower)) scheduler.takeAhead(follower);
    }
  }
  return [...nodes];
}
