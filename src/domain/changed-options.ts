/** What people changed since their graph began: its window, and the priorities of nodes. */
export interface ChangedSnapshot {
  /** The window, where it was changed. */
  concurrency?: number;
  /** A digit a node, 0 for one that has its own. */
  priorities?: string;
}

export class ChangedOptions {
  /** Undefined where it was not changed. */
  concurrency: number | undefined;
  private readonly priorities = new Map<number, number>();

  constructor({ concurrency, priorities = '' }: ChangedSnapshot = {}) {
    this.concurrency = concurrency;
    [...priorities].forEach((digit, index) => {
      if (digit !== '0') this.priorities.set(index, Number(digit));
    });
  }

  priority(index: number): number | undefined {
    return this.priorities.get(index);
  }

  /** @param own the priority that the node has by itself */
  setPriority(index: number, priorityKey: number, own: number): void {
    if (priorityKey === own) this.priorities.delete(index);
    else this.priorities.set(index, priorityKey);
  }

  /** @param nodes how many the graph has */
  snapshot(nodes: number): ChangedSnapshot {
    const { concurrency, priorities } = this;
    const digits = (): string =>
      Array.from({ length: nodes }, (_, index) => priorities.get(index) ?? 0).join('');
    return {
      ...(concurrency === undefined ? {} : { concurrency }),
      ...(priorities.size === 0 ? {} : { priorities: digits() }),
    };
  }
}
