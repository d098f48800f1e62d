/** How the nodes of a graph have ended, and which of that its own end follows. */
import type { NodeTable } from './node-table.js';
import type { Ending } from './scheduler-snapshot.js';
import { isFailure, type TerminalStatus } from './status.js';

export class Endings {
  private readonly endings: (Ending | undefined)[];
  /** Each that there was, once: 100,000 of their own take 4 MB. */
  private readonly known = new Map<string, Ending>();

  constructor(private readonly nodes: NodeTable) {
    this.endings = new Array<undefined>(nodes.count).fill(undefined);
  }

  of(index: number): Ending | undefined {
    return this.endings[index];
  }

  set(index: number, ending: Ending): void {
    const key = `${ending.status} ${ending.reason}`;
    const same = this.known.get(key) ?? ending;
    this.known.set(key, same);
    this.endings[index] = same;
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
        ending && ended(ending.status, ending.reason) && !this.nodes.of(index).allowFailure,
    );
    return found === -1 ? undefined : found;
  }
}
