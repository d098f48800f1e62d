/** Checks a finished run against its graph: order, window, every node terminal. */
import type { ExecutionResult } from '../../src/client.js';
import type { GraphSpec } from '../../src/index.js';
import type { TriggerRule } from '../../src/domain/trigger.js';
import { isTerminal } from '../../src/domain/status.js';

/** When a node's handler was entered and left, in the worker's own clock. */
export interface Span {
  id: string;
  from: number;
  to: number;
}

/** Rules under which a node may begin before all of its dependencies have ended. */
const EARLY: ReadonlySet<TriggerRule> = new Set<TriggerRule>([
  'always',
  'one_success',
  'one_failed',
  'one_done',
]);

/** Everything that a run did wrong, as sentences; empty when it did nothing wrong. */
export function violations(
  spec: GraphSpec,
  result: ExecutionResult,
  spans: readonly Span[],
): string[] {
  const found: string[] = [];
  const byId = new Map(spans.map((span) => [span.id, span]));
  for (const { id, dependsOn = [], trigger = 'all_success' } of spec.tasks) {
    const node = result.nodes[id];
    if (!node || !isTerminal(node.status)) found.push(`${id} is not terminal: ${node?.status}`);
    const span = byId.get(id);
    for (const dependency of span && !EARLY.has(trigger) ? dependsOn : []) {
      const before = byId.get(dependency);
      if (before && span && span.from < before.to)
        found.push(`${id} began before ${dependency} had ended`);
    }
  }
  const most = peak(spans);
  const window = spec.concurrency ?? 10;
  if (most > window) found.push(`${most} nodes ran at once; the window is ${window}`);
  return found;
}

/** The most spans that overlap. */
export function peak(spans: readonly Span[]): number {
  const edges = spans.flatMap(({ from, to }): [number, number][] => [
    [from, 1],
    [to, -1],
  ]);
  edges.sort(([a, up], [b, down]) => a - b || up - down);
  let now = 0;
  let most = 0;
  for (const [, change] of edges) most = Math.max(most, (now += change));
  return most;
}
