/** Batches: many tasks that share a run but have nothing to do with each other. Pure. */
import type { Fault } from './fault.js';
import type { Plan } from './plan.js';
import type { GraphSpec } from './spec.js';
import type { ValidGraph } from './validate.js';

/** Items in one run: each is a node, and a run of so many stays far below what a history may have. */
export const ITEMS_PER_RUN = 500;

/**
 * The spec of a batch with the items replaced that cannot run, so that they refuse nobody else.
 *
 * @returns the spec, and for each refused item what is wrong with it; undefined where a fault is not an item's
 */
export function withoutRefused(
  spec: GraphSpec,
  faults: readonly Fault[],
): { spec: GraphSpec; refused: Map<number, string> } | undefined {
  const refused = new Map<number, string>();
  for (const { path, message } of faults) {
    const index = Number(/^tasks\[(\d+)\]/.exec(path)?.[1] ?? NaN);
    if (!Number.isInteger(index)) return undefined;
    const before = refused.get(index);
    refused.set(index, before === undefined ? message : `${before}; ${message}`);
  }
  const tasks = spec.tasks.map((node, index) =>
    refused.has(index) ? { id: node.id, task: 'noop' } : node,
  );
  return { spec: { ...spec, tasks }, refused };
}

/** Characters that are kept of why an item was refused. */
const REFUSAL_LIMIT = 1_000;

/**
 * Says of the refused items of a batch why they were, and names the tasks that they asked for: what was planned in their
 * place is nothing that anybody asked for. Changes `plan` and `valid`.
 *
 * @param asked the spec as it was submitted
 */
export function markRefused(
  { valid, plan }: { valid: ValidGraph; plan: Plan },
  refused: ReadonlyMap<number, string>,
  asked: GraphSpec,
): void {
  const classes = new Map<string, number>();
  for (const [index, message] of refused) {
    const node = plan.nodes[index];
    const parsed = valid.graph.tasks[index];
    const planned = node && plan.classes[node.class];
    if (!parsed || !planned) continue;
    node.refused = message.slice(0, REFUSAL_LIMIT);
    const task: unknown = asked.tasks[index]?.task;
    if (typeof task !== 'string') continue;
    parsed.task = task;
    const known = classes.get(task);
    // A class of its own: others may have asked for what was planned in its place.
    node.class = known ?? plan.classes.push({ ...planned, task, taskVersion: 'unknown' }) - 1;
    classes.set(task, node.class);
  }
}
