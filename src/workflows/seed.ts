/** What a rerun begins with, as its workflow asks for it: which nodes have ended already, and what others gave before. */
import { endingOfLetter, type Ending } from '../domain/scheduler-snapshot.js';
import type { HeldNode } from '../domain/plan.js';
import type { NodeView } from './messages.js';
import type { Previous, Seeding, Upstream } from './requests.js';

const LOOKS = 'p';

export class Seed {
  readonly endings: readonly (Ending | undefined)[];
  /** Each node's place among the kept ones, or among those that are looked at. */
  private readonly places: number[];

  constructor(
    private readonly seeding: Seeding,
    /** What nodes that run read of kept ones; empty once a run before has taken it. */
    readonly outputs: readonly (readonly [index: number, upstream: Upstream])[],
    /** When the execution began, an ISO time: kept nodes end with it. */
    private readonly beganAt: string,
  ) {
    const letters = [...seeding.nodes];
    this.endings = letters.map(endingOfLetter);
    let [kept, looks] = [0, 0];
    this.places = letters.map((letter, index) =>
      this.endings[index] ? kept++ : letter === LOOKS ? looks++ : -1,
    );
  }

  /** References of pages of the kept nodes' views. */
  get pages(): readonly string[] {
    return this.seeding.kept;
  }

  /** Kept nodes whose work is undone where this execution comes to nothing. */
  get undoable(): readonly number[] {
    return this.seeding.undo ?? [];
  }

  isKept(index: number): boolean {
    return this.endings[index] !== undefined;
  }

  /** True for a node that may find that its work need not be done. */
  isPerhaps(index: number): boolean {
    return this.seeding.nodes.charAt(index) === LOOKS;
  }

  /** What is said of a kept node while the execution runs. */
  viewOf(index: number): Pick<NodeView, 'reused' | 'kept' | 'endedAt'> | undefined {
    if (!this.isKept(index)) return undefined;
    const { kept, keptPerPage, of } = this.seeding;
    return {
      endedAt: this.beganAt,
      reused: { executionId: of },
      kept: place(kept, keptPerPage, this.places[index] ?? 0),
    };
  }

  /** Where it stands what a node gave before, for one that looks at it. */
  previousOf(index: number, { id, below }: HeldNode): Previous | undefined {
    if (!this.isPerhaps(index)) return undefined;
    const { looks, looksPerPage, inside } = this.seeding;
    const at = place(looks, looksPerPage, this.places[index] ?? 0);
    if (below === undefined) return at;
    const { from = {}, ...asked } = inside;
    const own = Object.hasOwn(from, id) ? from[id] : undefined;
    return { ...at, inside: { ...asked, ...(own ? { from: own } : {}) } };
  }
}

function place(
  pages: readonly string[],
  perPage: number,
  nth: number,
): { ref: string; at: number } {
  return { ref: pages[Math.floor(nth / perPage)] ?? '', at: nth % perPage };
}
