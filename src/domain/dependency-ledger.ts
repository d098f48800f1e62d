/** Who depends on whom, and how each node's dependencies have ended so far: enough to decide its trigger. */
import { Dependants } from './dependants.js';
import { EarlyResults } from './early-results.js';
import { Endings } from './endings.js';
import type { NodeTable } from './node-table.js';
import type { Ending } from './scheduler-snapshot.js';
import {
  decideTrigger,
  dependencyState,
  type DependencyCounts,
  type TriggerDecision,
  type TriggerRule,
} from './trigger.js';

export interface LedgerNode {
  trigger: TriggerRule;
  allowFailure: boolean;
  /** Nodes with `result.async` whose results it reads: for those it waits, though they have done their work. */
  readsResults?: readonly number[];
}

/** How a node that has done its work stands for those that do not read its result. */
const PASSED: Ending = { status: 'COMPLETED' };

export class DependencyLedger {
  readonly endings: Endings;
  /** Of nodes that have not ended, once something has that they wait for. */
  private readonly counts = new Map<number, DependencyCounts>();
  private readonly waiting: Dependants;
  private readonly early: EarlyResults;

  constructor(private readonly nodes: NodeTable) {
    this.endings = new Endings(nodes);
    this.early = new EarlyResults();
    for (let index = 0; index < nodes.count; index++) this.early.note(index, nodes.of(index));
    this.waiting = new Dependants(nodes.dependsOn);
  }

  dependants(index: number): readonly number[] {
    return this.waiting.of(index);
  }

  hasDependants(index: number): boolean {
    return this.waiting.has(index);
  }

  /** What some nodes wait for, directly or over others, as far as it is open. */
  awaitedBy(indexes: Iterable<number>, isOpen: (index: number) => boolean): ReadonlySet<number> {
    const found = new Set<number>();
    const next = [...indexes];
    for (let index = next.pop(); index !== undefined; index = next.pop())
      for (const other of this.nodes.dependsOn.of(index)) {
        if (found.has(other) || !isOpen(other)) continue;
        found.add(other);
        next.push(other);
      }
    return found;
  }

  /** A node is new, or waits for others than before: what it waits for is counted anew. */
  renew(index: number, before: readonly number[]): void {
    const now = this.nodes.dependsOn.of(index);
    this.early.note(index, this.nodes.of(index));
    this.waiting.renew(index, before, now);
    this.counts.delete(index);
    for (const dependency of now) {
      const ending =
        this.endings.of(dependency) ?? (this.hasPassed(dependency) ? PASSED : undefined);
      if (ending) this.count(index, dependency, ending);
    }
  }

  /** A node has ended. @returns those for whom that may have decided something */
  end(index: number, ending: Ending): readonly number[] {
    this.endings.set(index, ending);
    this.counts.delete(index);
    return this.early.take(index) ?? this.countForAll(index, ending);
  }

  /** A node has done its work, and its result is still made of that. @returns as {@link end} does */
  pass(index: number): readonly number[] {
    this.early.add(index);
    return this.countForAll(index, PASSED);
  }

  /** True for a node that has done its work and has not ended. */
  hasPassed(index: number): boolean {
    return this.early.has(index);
  }

  passed(): number[] {
    return this.early.indexes();
  }

  /** Results that a node reads, and that are still made. */
  awaitedResults(index: number): readonly number[] {
    return this.early.awaitedBy(this.nodes.of(index));
  }

  private countForAll(index: number, ending: Ending): readonly number[] {
    const dependants = this.dependants(index);
    for (const dependant of dependants) this.count(dependant, index, ending);
    return dependants;
  }

  private count(dependant: number, index: number, { status, reason }: Ending): void {
    const counts = this.countsOf(dependant);
    if (this.endings.of(dependant)) return;
    this.counts.set(dependant, counts);
    const { allowFailure } = this.nodes.of(index);
    const state = dependencyState(status, { allowFailure, ...(reason ? { reason } : {}) });
    if (state === 'upstream_failed') counts.upstreamFailed++;
    else if (state !== 'running') counts[state]++;
  }

  /** What the node's trigger says, as far as its dependencies have ended. */
  decide(index: number): TriggerDecision {
    const node = this.nodes.of(index);
    const counts = this.countsOf(index);
    const decision = decideTrigger(node.trigger, counts);
    return decision === 'run' && this.early.awaitedBy(node).length > 0 ? 'wait' : decision;
  }

  /** Dependencies of a node that have ended, or for which it need not wait, and all of them. */
  progress(index: number): { done: number; total: number } {
    const { success, failed, upstreamFailed, skipped, total } = this.countsOf(index);
    if (!this.endings.of(index))
      return { done: success + failed + upstreamFailed + skipped, total };
    const isOver = (other: number): boolean =>
      this.endings.of(other) !== undefined || this.hasPassed(other);
    return { done: this.nodes.dependsOn.of(index).filter(isOver).length, total };
  }

  private countsOf(index: number): DependencyCounts {
    return this.counts.get(index) ?? noneEnded(this.nodes.dependsOn.lengthOf(index));
  }
}

const noneEnded = (total: number): DependencyCounts => ({
  total,
  success: 0,
  failed: 0,
  upstreamFailed: 0,
  skipped: 0,
});
