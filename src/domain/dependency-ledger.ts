/** Who depends on whom, and how each node's dependencies have ended so far: enough to decide its trigger. */
import type { Ending } from './scheduler-snapshot.js';
import {
  decideTrigger,
  dependencyState,
  type DependencyCounts,
  type TriggerDecision,
  type TriggerRule,
} from './trigger.js';

export interface LedgerNode {
  dependsOn: readonly number[];
  trigger: TriggerRule;
  allowFailure: boolean;
}

export class DependencyLedger {
  private readonly counts: DependencyCounts[];
  private readonly dependantsOf: number[][];

  constructor(private readonly nodes: readonly LedgerNode[]) {
    this.counts = nodes.map(noneEnded);
    this.dependantsOf = nodes.map(() => []);
    nodes.forEach(({ dependsOn }, index) =>
      dependsOn.forEach((dependency) => this.dependantsOf[dependency]?.push(index)),
    );
  }

  dependants(index: number): readonly number[] {
    return this.dependantsOf[index] ?? [];
  }

  /** What some nodes wait for, directly or over others, as far as it is open. */
  awaitedBy(indexes: Iterable<number>, isOpen: (index: number) => boolean): ReadonlySet<number> {
    const found = new Set<number>();
    const next = [...indexes];
    for (let index = next.pop(); index !== undefined; index = next.pop())
      for (const other of this.nodes[index]?.dependsOn ?? []) {
        if (found.has(other) || !isOpen(other)) continue;
        found.add(other);
        next.push(other);
      }
    return found;
  }

  /** A node is new, or waits for others than before: what it waits for is counted anew. */
  renew(
    index: number,
    before: readonly number[],
    endingOf: (index: number) => Ending | undefined,
  ): void {
    const node = this.nodes[index];
    if (!node) return;
    for (const dependency of before)
      this.dependantsOf[dependency] = this.dependants(dependency).filter((one) => one !== index);
    this.counts[index] = noneEnded(node);
    this.dependantsOf[index] ??= [];
    for (const dependency of node.dependsOn) {
      // In the order of the nodes, as where it had been so from the beginning.
      this.dependantsOf[dependency] = [...this.dependants(dependency), index].sort((a, b) => a - b);
      const ending = endingOf(dependency);
      if (ending) this.count(index, dependency, ending);
    }
  }

  /** A node has ended: counts it for one of its dependants. */
  count(dependant: number, index: number, { status, reason }: Ending): void {
    const counts = this.counts[dependant];
    if (!counts) return;
    const { allowFailure = false } = this.nodes[index] ?? {};
    const state = dependencyState(status, { allowFailure, ...(reason ? { reason } : {}) });
    if (state === 'upstream_failed') counts.upstreamFailed++;
    else if (state !== 'running') counts[state]++;
  }

  /** What the node's trigger says, as far as its dependencies have ended. */
  decide(index: number): TriggerDecision {
    const node = this.nodes[index];
    const counts = this.counts[index];
    return node && counts ? decideTrigger(node.trigger, counts) : 'wait';
  }

  /** Dependencies of a node that have ended, and all of them. */
  progress(index: number): { done: number; total: number } {
    const counts = this.counts[index];
    if (!counts) return { done: 0, total: 0 };
    const { success, failed, upstreamFailed, skipped, total } = counts;
    return { done: success + failed + upstreamFailed + skipped, total };
  }
}

const noneEnded = ({ dependsOn }: LedgerNode): DependencyCounts => ({
  total: dependsOn.length,
  success: 0,
  failed: 0,
  upstreamFailed: 0,
  skipped: 0,
});
