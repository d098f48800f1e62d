/** What a person has paused: a whole graph, or nodes of it by themselves. Nodes are known by their index. */
export interface PausesSnapshot {
  /** Everything is paused. */
  paused?: true;
  /** Nodes that are paused by themselves. */
  pausedNodes?: number[];
}

export class Pauses {
  /** Everything is paused. */
  all: boolean;
  private readonly nodes: Set<number>;

  constructor({ paused, pausedNodes = [] }: PausesSnapshot = {}) {
    this.all = paused === true;
    this.nodes = new Set(pausedNodes);
  }

  /** True for a node that may not start, on its own account or because everything is paused. */
  holds(index: number): boolean {
    return this.all || this.nodes.has(index);
  }

  /** True for a node that was paused by itself. */
  has(index: number): boolean {
    return this.nodes.has(index);
  }

  add(index: number): void {
    this.nodes.add(index);
  }

  /** @returns false for one that was not paused by itself */
  delete(index: number): boolean {
    return this.nodes.delete(index);
  }

  /** Those that are paused by themselves. */
  alone(): number[] {
    return [...this.nodes];
  }

  snapshot(): PausesSnapshot {
    return {
      ...(this.all ? { paused: true as const } : {}),
      ...(this.nodes.size > 0 ? { pausedNodes: this.alone() } : {}),
    };
  }
}
