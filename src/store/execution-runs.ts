/**
 * The runs of one execution id: the one that its row shows, and in short those before it. Pure; `record` loads and
 * writes them.
 */
import { compareRuns, mergeWrite, type Merged } from './merge-execution.js';
import type { ExecutionRow, ExecutionWrite } from './execution-row.js';

/** One run, as it was loaded and as it is now. */
export interface RunState {
  before: Merged | undefined;
  after: Merged;
}

export class ExecutionRuns {
  /** By the id of the run. */
  readonly past = new Map<string, RunState>();
  /** The past runs that were known as such. */
  private readonly loaded: ReadonlySet<string>;

  constructor(
    public current: RunState | undefined,
    past: readonly Merged[] = [],
  ) {
    for (const merged of past)
      this.past.set(merged.row.runId ?? '', { before: merged, after: merged });
    this.loaded = new Set(this.past.keys());
  }

  /** Every run that is known here. */
  get states(): RunState[] {
    return [...(this.current ? [this.current] : []), ...this.past.values()];
  }

  /** The past runs that have to be written. */
  get changedPast(): Merged[] {
    return [...this.past]
      .filter(([id, { before, after }]) => before !== after || !this.loaded.has(id))
      .map(([, { after }]) => after);
  }

  /** @returns whether it said anything new */
  apply(write: ExecutionWrite, now: number): boolean {
    const { current } = this;
    if (!current) {
      this.current = { before: undefined, after: mergeWrite(undefined, write, now) };
      return true;
    }
    const order = compareRuns(write, current.after.row);
    if (order === 0) {
      const after = mergeWrite(current.after, write, now);
      const changed = after !== current.after;
      current.after = after;
      return changed;
    }
    if (order > 0) {
      this.past.set(current.after.row.runId ?? '', current);
      this.current = { before: undefined, after: mergeWrite(undefined, write, now) };
      return true;
    }
    this.applyToPast(write, now);
    // The row does not show it.
    return false;
  }

  private applyToPast(write: ExecutionWrite, now: number): void {
    const id = write.run?.id ?? '';
    const known = this.past.get(id);
    const after = mergeWrite(known?.after, write, now);
    this.past.set(id, { before: known?.before, after });
  }
}

/** True when this write may be about another run than the row's, so that the runs before it must be known. */
export function isOtherRun(write: ExecutionWrite, row: ExecutionRow): boolean {
  return compareRuns(write, row) < 0;
}

/** What is kept of a run that another has followed: enough to count it once. */
export function inShort({ row, stamps }: Merged): Merged {
  return {
    stamps,
    row: {
      ...row,
      input: null,
      output: null,
      progress: null,
      metrics: null,
      artifacts: null,
      dependencies: [],
      metadata: {},
      tags: [],
      nodeCounts: null,
      error: null,
    },
  };
}
