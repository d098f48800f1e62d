/** Slack: how much later a node could end without the graph ending later, if it never waited for a place. */
import type { SchedulerNode } from './scheduler.js';
import type { Simulation } from './simulate.js';
import type { TriggerRule } from './trigger.js';

/** Rules that may let a node run before all of its dependencies have ended. */
const EARLY: ReadonlySet<TriggerRule> = new Set<TriggerRule>([
  'one_success',
  'one_failed',
  'one_done',
  'always',
]);

/**
 * Milliseconds of slack of each node; null for one that does not run.
 *
 * @param order an order in which every node comes after its dependencies
 * @param free the graph without window and limits: what keeps a node then is its dependencies and its start time
 */
export function slackOf(
  nodes: readonly SchedulerNode[],
  order: readonly number[],
  free: Simulation,
): (number | null)[] {
  const latestEnd = nodes.map(() => free.makespanMs);
  for (let at = order.length - 1; at >= 0; at--) {
    const index = order[at] as number;
    const node = nodes[index];
    const told = free.nodes[index];
    if (!node || !told) continue;
    const { startDelayMs = 0, dependsOn, trigger } = node;
    const ran = told.startMs !== null;
    const lastsMs = ran ? told.endMs - (told.takenMs ?? 0) : 0;
    const latestStart = (latestEnd[index] ?? 0) - lastsMs - (ran ? startDelayMs : 0);
    // Who was not waited for keeps nobody; of those that let it run early, only the one that did.
    const { node: cause } = told.cause;
    const keep =
      ran && !EARLY.has(trigger) ? dependsOn : dependsOn.filter((other) => other === cause);
    for (const other of keep)
      latestEnd[other] = Math.min(latestEnd[other] ?? Infinity, latestStart);
  }
  return free.nodes.map(({ startMs, endMs }, index) =>
    startMs === null ? null : Math.max(0, (latestEnd[index] ?? endMs) - endMs),
  );
}
