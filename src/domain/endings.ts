/** How the nodes of a graph have ended, and which of that its own end follows. */
import type { LedgerNode } from './dependency-ledger.js';
import type { Ending } from './scheduler-snapshot.js';
import { isFailure, type TerminalStatus } from './status.js';

export class Endings {
  private readonly endings: (Ending | undefined)[];

  constructor(private readonly nodes: readonly LedgerNode[]) {
    this.endings = nodes.map(() => undefined);
  }

  of(index: number): Ending | undefined {
    return this.endings[index];
  }

  set(index: number, ending: Ending): void {
    this.endings[index] = ending;
  }

  /** True when a node without `allowFailure` ended FAILED, TIMEOUT, REJECTED or CANCELLED. */
  get hasFailed(): boolean {
    return this.cancelled !== undefined || this.fatal(isFailure) !== undefined;
  }

  /** The first node without `allowFailure` that ended CANCELLED. */
  get cancelled(): number | undefined {
    return this.fatal((status) => status === 'CANCELLED');
  }

  /** True when a node without `allowFailure` failed for want of time until the graph's deadline. */
  get missedDeadline(): boolean {
    return (
      this.fatal((status, reason) => status === 'TIMEOUT' && reason === 'deadline') !== undefined
    );
  }

  private fatal(
    ended: (status: TerminalStatus, reason: Ending['reason']) => boolean,
  ): number | undefined {
    const found = this.endings.findIndex(
      (ending, index) =>
        ending && ended(ending.status, ending.reason) && !this.nodes[index]?.allowFailure,
    );
    return found === -1 ? undefined : found;
  }
}
