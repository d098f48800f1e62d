/** What the judge of a simulated world knows of its nodes, and what follows from that. */
import type { SchedulerNode } from '../../../src/domain/scheduler.js';
import type { StatusReason, TerminalStatus } from '../../../src/domain/status.js';
import type { DependencyState } from '../../../src/domain/trigger.js';

export const FAILURES: readonly TerminalStatus[] = ['FAILED', 'TIMEOUT', 'REJECTED'];

export interface Entry {
  state: 'waiting' | 'held' | 'ready' | 'running' | 'settled';
  due: number;
  /** When a running node's attempt is over. */
  endsAt: number;
  attempts: number;
  asked?: StatusReason;
  /** Its work is done, and its result is made. */
  passed?: true;
  /** It did not run, and the stop of the graph has ended it. */
  stopped?: true;
  ending?: { status: TerminalStatus; reason: StatusReason | undefined };
}

export class Book {
  constructor(
    private readonly nodes: readonly SchedulerNode[],
    private readonly entries: readonly Entry[],
    private readonly dependants: readonly (readonly number[])[],
    private readonly outlives: (index: number) => boolean,
  ) {}

  endedBefore(index: number): number {
    return this.node(index).dependsOn.filter((other) => {
      const { ending, passed } = this.entry(other);
      return ending ?? passed;
    }).length;
  }

  isBeforeOneThatMayGoOn(index: number): boolean {
    return (this.dependants[index] ?? []).some(
      (other) => this.outlives(other) || this.isBeforeOneThatMayGoOn(other),
    );
  }

  /** Between the node and something that runs stands only what a stop has ended while it waited. */
  hasRunningBehindStopped(index: number): boolean {
    return this.node(index).dependsOn.some((other) => {
      const { state, stopped, passed } = this.entry(other);
      if (state === 'running') return !passed && this.entry(index).stopped === true;
      return stopped === true && this.hasRunningBehindStopped(other);
    });
  }

  /** Results that it reads, and that are still made. */
  awaited(index: number): number[] {
    return (this.node(index).readsResults ?? []).filter((other) => {
      const { state, passed } = this.entry(other);
      return passed && state === 'running';
    });
  }

  standings(index: number): DependencyState[] {
    return this.node(index).dependsOn.map((other) => {
      const { ending, passed } = this.entry(other);
      if (!ending) return passed ? 'success' : 'running';
      if (ending.status === 'COMPLETED') return 'success';
      if (ending.status === 'SKIPPED')
        return ending.reason === 'upstream_failed' ? 'upstream_failed' : 'skipped';
      return FAILURES.includes(ending.status) && this.node(other).allowFailure
        ? 'success'
        : 'failed';
    });
  }

  private entry(index: number): Entry {
    return this.entries[index] as Entry;
  }

  private node(index: number): SchedulerNode {
    return this.nodes[index] as SchedulerNode;
  }
}
