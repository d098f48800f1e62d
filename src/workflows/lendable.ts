/** What a coordinator's nodes are, for `domain/lender.ts`: which may be lent, which others may follow, what a segment gets of them. */
import type { Loan } from '../domain/lender.js';
import { PRIORITY_KEY } from '../domain/priority.js';
import type { Scheduler } from '../domain/scheduler.js';
import type { GraphState } from './graph-state.js';
import type { LentNode, NodeOrder } from './requests.js';

export interface LendableParts {
  scheduler: Scheduler;
  state: GraphState;
  order: (index: number) => NodeOrder;
  /** The graph has to be done by some time. */
  hasDeadline: () => boolean;
  /** A person has said how it ends, and it runs on until it hears of that. */
  isEnding: (index: number) => boolean;
}

export class Lendable {
  constructor(private readonly parts: LendableParts) {}

  /** It begins by `all_success` and nothing else, and all that it reads is here or in the segment by then. */
  mayBeLent(index: number): boolean {
    const { scheduler, state, hasDeadline } = this.parts;
    const { trigger = 'all_success', startDelayMs = 0, notBefore = 0, ...node } = state.node(index);
    const { kind, lane, circuit, light, onUnknown, expectedMs, retry, result } =
      state.classOf(index);
    const waits = startDelayMs > 0 || notBefore > 0 || (expectedMs !== undefined && hasDeadline());
    const named = circuit?.own ? undefined : circuit;
    const apart = kind ?? lane ?? named ?? light ?? onUnknown ?? node.below ?? node.runsOnCancel;
    // Where its segment is lost, nobody may know whether it had begun.
    const onlyOnce = retry.maxRetries === 0 || retry.neverRetryOn.includes('WORKER_LOST');
    if (trigger !== 'all_success' || waits || apart !== undefined || onlyOnce) return false;
    const { reads = [] } = node;
    const dependsOn = scheduler.dependsOn(index);
    // What has done its work is no end to its segment.
    const isApart = (other: number): boolean =>
      state.classOf(other).result?.async === true && !scheduler.ending(other);
    if (result?.async || dependsOn.some(isApart) || reads.some(isApart)) return false;
    return reads.every(
      (other) => scheduler.ending(other) !== undefined || dependsOn.includes(other),
    );
  }

  /** It runs, or will, as an activity of its own with a place in the window. */
  runsPlainly(index: number): boolean {
    const { scheduler, state, isEnding } = this.parts;
    const { kind, light } = state.classOf(index);
    if (isEnding(index)) return false; // how it ends its segment does not know
    const runs = scheduler.isLent(index) || scheduler.state(index) === 'running';
    return runs && kind === undefined && light === undefined && !scheduler.isLook(index);
  }

  /** What a segment gets of a node that is lent to it. */
  lentNode({ index, waitsFor }: Loan): LentNode {
    const { scheduler, state, order } = this.parts;
    const open = state.node(index).reads?.filter((other) => !scheduler.ending(other)) ?? [];
    const rank = scheduler.rank(index);
    return {
      ...{ order: order(index), waitsFor },
      ...(rank === PRIORITY_KEY.MEDIUM ? {} : { rank }),
      ...(open.length > 0 ? { reads: open.map((other) => [other, state.node(other).id]) } : {}),
    };
  }
}
