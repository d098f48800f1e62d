/** Batches: many tasks that share a run but have nothing to do with each other. Pure. */
import type { Fault } from './fault.js';
import type { GraphSpec } from './spec.js';

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
