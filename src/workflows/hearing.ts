/**
 * What becomes of a graph's nodes that are heard of: they wait, or they end, and the scheduler says what follows. Those that
 * it then ends without having run, and those that a person ends, are written down here too; where no pipeline saw the end,
 * post hooks run afterwards, and the graph does not end before they have.
 */
import type { Effects } from '../domain/effects.js';
import {
  isHeld,
  unrun,
  withoutResult,
  type ActivityOutcome,
  type NodeOutcome,
} from '../domain/outcome.js';
import type { Scheduler } from '../domain/scheduler.js';
import type { ShutCircuits } from '../domain/shut-circuits.js';
import type { StatusReason } from '../domain/status.js';
import type { Carry } from './between.js';
import type { Bursts } from './bursts.js';
import type { Deadline } from './deadline.js';
import type { GraphState } from './graph-state.js';
import type { Lending } from './lending.js';
import type { Delivered, NodeExecutor } from './node-executor.js';
import type { NodeVerbs } from './node-verbs.js';
import type { OrderBook } from './orders.js';
import type { ExecutionInfo, NodeOrder } from './requests.js';
import { nodeEnded, nodeHeld } from './trace.js';
import { logTransition } from './transition.js';

export interface HearingParts {
  execution: ExecutionInfo;
  scheduler: Scheduler;
  state: GraphState;
  orders: OrderBook;
  bursts: Bursts;
  lending: Lending;
  deadline: Deadline;
  shutCircuits: ShutCircuits;
  executor: () => Pick<NodeExecutor, 'begin' | 'stop'>;
  /** What people asked of nodes. */
  asked: () => NodeVerbs;
  /** Something came that the loop has to look at. */
  wake: () => void;
  carry: Carry | undefined;
}

export class Hearing {
  /** Why nodes were asked to stop that have not ended. */
  private readonly cancelReasons: Map<number, StatusReason>;
  /** Nodes that ended without running and whose post hooks are under way. */
  private settling = 0;

  constructor(private readonly parts: HearingParts) {
    this.cancelReasons = new Map(parts.carry?.cancelled);
  }

  get isSettling(): boolean {
    return this.settling > 0;
  }

  /** It was asked to stop for good, and has not ended. */
  isCancelled(index: number): boolean {
    return this.cancelReasons.has(index);
  }

  carry(): Carry['cancelled'] {
    return [...this.cancelReasons];
  }

  /** An executor tells of a node. */
  deliver(index: number, delivered: Delivered): void {
    const { bursts, lending, state, wake } = this.parts;
    wake();
    if ('passed' in delivered) return this.passed(index, delivered.passed, Date.now());
    const at = lending.heard(index, delivered, Date.now());
    const now = bursts.heard(index, delivered, at);
    if ('left' in delivered) return this.left(index, now);
    if ('begun' in delivered) return lending.began(index, delivered, now);
    state.asOf = now;
    this.heard(index, delivered, now);
    state.asOf = undefined;
  }

  /** Does what follows from a decision of the scheduler. */
  apply(effects: Effects): void {
    const now = Date.now();
    const { state, executor, wake } = this.parts;
    this.settle(
      effects.settled.flatMap(
        ({ index, status, reason }) =>
          this.bookEnd(index, unrun(state.round(index), status, reason), now) ?? [],
      ),
    );
    for (const { index, reason } of effects.cancel) this.cancelReasons.set(index, reason);
    if (effects.cancel.length > 0)
      executor().stop(
        effects.cancel.map(({ index }) => index),
        'cancel',
      );
    wake();
  }

  /** A node that was taken ends. */
  end(index: number, outcome: NodeOutcome, now: number): void {
    const { scheduler, state, deadline, execution } = this.parts;
    const reason =
      outcome.status === 'CANCELLED'
        ? (this.cancelReasons.get(index) ?? outcome.reason ?? 'cancelled')
        : deadline.cut(index, outcome, now)
          ? 'deadline'
          : outcome.reason;
    this.cancelReasons.delete(index);
    state.end(index, outcome.status, now, outcome, reason);
    nodeEnded(execution, state, index, { outcome, reason, endedAt: now });
    if (outcome.status !== 'COMPLETED')
      logTransition(state, index, 'RUNNING', outcome.status, reason);
    this.apply(scheduler.settle(index, outcome.status, now, reason));
  }

  /** A node that does not run ends as a person said, or as its work had ended. */
  endAsSaid(index: number, outcome: NodeOutcome): void {
    const now = Date.now();
    this.cancelReasons.delete(index);
    const order = this.bookEnd(index, outcome, now);
    this.settle(order ? [order] : []);
    this.apply(this.parts.scheduler.settle(index, outcome.status, now, outcome.reason));
  }

  /** A node has done its work, and its result is made meanwhile. */
  private passed(index: number, outcome: NodeOutcome, now: number): void {
    const { scheduler, state, asked } = this.parts;
    // It ends as a person said.
    if (scheduler.state(index) !== 'running' || asked().ending(index)) return;
    state.passed(index, outcome, now);
    this.apply(scheduler.pass(index, now));
  }

  /** A node had done its work, and nobody is left to make its result: it ends without. @returns false for any other */
  private endWithoutResult(index: number, heard: ActivityOutcome): boolean {
    const passed = this.parts.state.passedOf(index);
    if (!passed || (!isHeld(heard) && heard.status === 'COMPLETED')) return false;
    this.endAsSaid(index, withoutResult(passed, heard.error?.message ?? 'it was stopped'));
    return true;
  }

  /** The graph has no time left for results that are still made: their nodes have done their work, and end without. */
  giveUpResults(reason: StatusReason): void {
    const open = this.parts.scheduler.passed().filter((index) => !this.cancelReasons.has(index));
    if (open.length > 0)
      this.apply({ settled: [], cancel: open.map((index) => ({ index, reason })) });
  }

  /** A node that was handed over has not begun. What was asked of it meanwhile nobody has done yet. */
  private left(index: number, now: number): void {
    const { scheduler, state, lending } = this.parts;
    state.left(index);
    lending.left(index);
    const asked = this.cancelReasons.get(index);
    this.cancelReasons.delete(index);
    if (this.parts.asked().endUnbegun(index)) return;
    const cause = state.lastOf(scheduler.dependsOn(index));
    // A failure stops those that it does not keep from running anyway.
    const cancelled = asked !== undefined && asked !== 'fail_fast';
    const ending = cancelled ? ({ status: 'CANCELLED', reason: asked } as const) : undefined;
    this.apply(scheduler.giveBack(index, now, { cause, ending }));
  }

  private heard(index: number, delivered: ActivityOutcome, now: number): void {
    const { scheduler, state, deadline, shutCircuits, execution } = this.parts;
    if (scheduler.ending(index)) {
      if (!isHeld(delivered)) state.warned(index, delivered.warnings);
      this.settling--;
      return;
    }
    const outcome = this.parts.asked().heard(index, delivered);
    if (!outcome) return; // it has ended as a person said
    if (this.endWithoutResult(index, outcome)) return;
    shutCircuits.heard(state.circuitOf(index), index, outcome, now);
    if (!isHeld(outcome)) return this.end(index, outcome, now);
    const tooLate = deadline.forRetry(index, outcome, now);
    if (tooLate) return this.end(index, tooLate, now);
    state.held(index, outcome, now);
    if (outcome.held === 'looked') scheduler.lookedInVain(index, now);
    else {
      nodeHeld(execution, state.classOf(index).task, outcome);
      scheduler.hold(index, now + outcome.waitMs);
    }
    const cancelled = this.cancelReasons.get(index);
    if (cancelled !== undefined) this.apply(scheduler.cancelNode(index, now, cancelled));
  }

  /** Has post hooks run for nodes whose end no pipeline saw. */
  private settle(orders: readonly NodeOrder[]): void {
    this.settling += orders.length;
    if (orders.length > 0) this.parts.executor().begin(orders);
  }

  /** @returns the order to run its post hooks, where some are for such an end */
  private bookEnd(index: number, outcome: NodeOutcome, now: number): NodeOrder | undefined {
    const { state, orders, execution } = this.parts;
    const { status, reason } = outcome;
    state.end(index, status, now, outcome, reason);
    nodeEnded(execution, state, index, { outcome, reason, endedAt: now });
    logTransition(state, index, 'PENDING', status, reason);
    const { settle, settleSkipped } = state.classOf(index);
    const started = outcome.attemptCount > 0;
    if (started ? !settle : !settleSkipped) return undefined;
    return { ...orders.order(index), ended: outcome, neverStarted: !started };
  }
}
