/**
 * A running graph: asks the scheduler what comes next and has the executor do it.
 *
 * G1. Everything runs in a shielded scope: a cancel of the workflow is turned into a cancel of nodes, so that what runs
 *     is waited for and hooks still run.
 * G2. `version` grows with whatever may let something start; the loop sleeps until it does.
 */
import { allHandlersFinished, condition, setCurrentDetails } from '@temporalio/workflow';
import type { LimitGrant } from '../domain/limit-messages.js';
import {
  isHeld,
  refusal,
  unrun,
  type ActivityOutcome,
  type NodeOutcome,
} from '../domain/outcome.js';
import { schedulerNodes } from '../domain/plan.js';
import type { Effects } from '../domain/effects.js';
import { graphStatus } from '../domain/graph-status.js';
import { Scheduler } from '../domain/scheduler.js';
import { ShutCircuits } from '../domain/shut-circuits.js';
import type { Status, StatusReason, TerminalStatus } from '../domain/status.js';
import { Alarm } from './alarm.js';
import { Bursts } from './bursts.js';
import { detailsMarkdown } from './details.js';
import { showStatus } from './finish.js';
import { Deadline } from './deadline.js';
import { closeGraph } from './graph-close.js';
import type { GraphRunParts } from './graph-run-parts.js';
import { GoingOn, type GoingOnParts } from './going-on.js';
import { GraphState } from './graph-state.js';
import type { GraphClose, GraphStatus, WaitingPage, WaitingQuery } from './messages.js';
import type { NodeOrder, PlanPages } from './requests.js';
import { ExecutionPlace } from './execution-place.js';
import { Lending } from './lending.js';
import { GraphLimits } from './limits.js';
import type { KindsExecutor } from './kinds-executor.js';
import type { Delivered } from './node-executor.js';
import { Operator } from './operator.js';
import { OrderBook } from './orders.js';
import { waitToStart } from './start.js';
import type { EndOf } from './subscribers.js';
import { executionBegan, nodeEnded, nodeHeld } from './trace.js';
import { logTransition } from './transition.js';
import { Undoing } from './undo.js';
import { statusOf } from './status-of.js';
import { noteWaits, waitingOf } from './waiting.js';

/** Nodes that are handed over between two looks at the executor's room. */
const BATCH = 50;

export class GraphRun {
  readonly operator: Operator;
  private readonly limits: GraphLimits | undefined;
  private readonly place: ExecutionPlace | undefined;
  private readonly scheduler: Scheduler;
  private readonly state: GraphState;
  private readonly executor: KindsExecutor;
  private readonly alarm = new Alarm(() => this.version++);
  private startedAt: number;
  private readonly pages: string[];
  private readonly goingOn: GoingOn;
  private readonly orders: OrderBook;
  private readonly order = (index: number): NodeOrder => this.orders.order(index, this.deadline.at);
  private readonly bursts: Bursts;
  readonly lending: Lending;
  private readonly cancelReasons = new Map<number, StatusReason>();
  private readonly shutCircuits = new ShutCircuits();
  private version = 0;
  private readonly undoing: Undoing;
  /** Its own, or that of what it is below. */
  private readonly deadline = new Deadline(() => {
    const { plan, prepared } = this.parts;
    const own = plan.deadlineMs === undefined ? Infinity : this.startedAt + plan.deadlineMs;
    const at = Math.min(own, prepared.below?.deadlineAt ?? Infinity);
    return at === Infinity ? undefined : at;
  });
  /** Nodes that ended without running and whose post hooks are under way. */
  private settling = 0;
  private stopping: StatusReason | undefined;
  /** It has begun: what it waited for before its start is decided. */
  private begun = false;

  constructor(private readonly parts: GraphRunParts) {
    const { plan, carry, seed } = parts;
    const nodes = schedulerNodes(plan, (index) => seed?.isPerhaps(index) ?? false);
    const options = { concurrency: plan.concurrency, onFailure: plan.onFailure };
    this.limits = GraphLimits.of(parts, () => this.wake());
    this.place = ExecutionPlace.of(parts.prepared, carry);
    this.scheduler = carry
      ? Scheduler.restore(nodes, options, carry.scheduler, this.limits?.gate)
      : new Scheduler(nodes, options, this.limits?.gate);
    this.state = new GraphState(plan, this.scheduler, seed);
    this.orders = new OrderBook(parts, this.state);
    const { scheduler, state, order } = this;
    const handing = { plan, scheduler, state, order, hasDeadline: () => !!this.deadline.at };
    this.bursts = new Bursts(handing);
    this.lending = new Lending({
      ...{ ...handing, carried: carry?.later },
      isEnding: (index) => this.operator.nodes.ending(index) !== undefined,
      mayLend: () => 'bodies' in parts.prepared.plan && this.stopping === undefined,
      executor: () => this.executor,
      wake: () => this.wake(),
    });
    this.undoing = new Undoing(parts, this.state, this.orders);
    this.startedAt = carry?.startedAt ?? Date.now();
    this.pages = [...(carry?.pages ?? seed?.pages ?? [])];
    this.stopping = carry?.cancelling;
    this.executor = parts.makeExecutor(
      (index, delivered) => this.deliver(index, delivered),
      (open) => this.operator.asked(open),
      (places) => this.scheduler.keep(places),
    );
    this.operator = new Operator({
      ...parts,
      ...{ scheduler: this.scheduler, state: this.state, executor: this.executor },
      ...{ approvals: this.executor.approvals, orders: this.orders },
      status: () => this.status().status,
      startedAt: () => this.startedAt,
      stopping: () => this.stopping,
      isCancelled: (index) => this.cancelReasons.has(index),
      apply: (effects) => this.apply(effects),
      shutCircuits: this.shutCircuits,
      end: (index, outcome) => this.endAsSaid(index, outcome),
    });
    this.goingOn = new GoingOn({
      ...{ state: this.state, executor: this.executor, pages: this.pages },
      maxEvents: (parts.prepared.plan as PlanPages).coordinatorEvents,
      isEnding: () => this.isDone() || this.settling > 0,
      isSending: () =>
        Boolean(this.limits?.pending() || this.place?.pending() || parts.subscribers.sending) ||
        this.lending.isAsked,
      version: () => this.version,
      carry: () => this.carried(),
      leave: () => this.alarm.clear(),
    });
    if (carry) {
      this.begun = true;
      this.state.restore(carry);
      for (const [index, reason] of carry.cancelled) this.cancelReasons.set(index, reason);
      this.executor.approvals.restore(carry.questions ?? []);
      this.lending.goesOn(nodes.length);
    } else if (!parts.awaiting && !this.place) this.begin();
  }

  /** Runs to the end. @throws what closes the workflow */
  async run(): Promise<GraphClose> {
    if (!this.begun) await this.toStart();
    const deadline = this.deadline.at;
    while (!this.isDone()) {
      const seen = this.version; // before anything below waits: a change meanwhile must not be slept through
      const now = Date.now();
      if (deadline !== undefined && now >= deadline && this.stopping === undefined)
        this.cancel('deadline');
      this.scheduler.release(now);
      this.lending.givePlaces();
      this.dispatch();
      this.lending.review();
      this.limits?.flush(this.scheduler);
      noteWaits(this.state, this.limits?.gate, now);
      this.alarm.set(this.limits?.nextDue());
      this.alarm.set(this.scheduler.nextDue());
      if (this.stopping === undefined) this.alarm.set(deadline);
      setCurrentDetails(detailsMarkdown(this.status(), this.state));
      this.parts.subscribers.tell((nodeId) => this.endOf(nodeId));
      if (this.executor.carry) await this.goingOn.shed();
      await condition(() => this.version !== seen || this.isDone());
    }
    this.alarm.clear();
    await this.executor.close();
    await this.limits?.close();
    this.operator.close();
    await this.undoing.run(this.endStatus(), () => this.goingOn.between());
    await this.place?.close();
    await condition(allHandlersFinished); // one that is not would be failed by the close
    return await this.close();
  }

  /** Cancels the whole graph. */
  cancel(reason: StatusReason): void {
    if (this.stopping !== undefined) return;
    if (this.begun && this.scheduler.isDone) return; // only post hooks are left
    this.stopping = reason;
    this.apply(this.scheduler.cancelAll(reason));
  }

  /** A limit's keeper has granted places, or asked for some. */
  granted(grant: LimitGrant): void {
    this.limits?.hear(grant);
    this.place?.hear(grant);
  }

  /** Something came that the loop has to look at. */
  wake(): void {
    this.version++;
  }

  status(): GraphStatus {
    const { state, parts, operator } = this;
    const undoing = this.isDone() ? this.undoing.state(this.endStatus()) : undefined;
    return statusOf({
      ...{ state, execution: parts.prepared.execution, startedAt: this.startedAt },
      status: this.isDone() && !undoing ? this.endStatus() : this.liveStatus(),
      ...{ runs: this.executor.runs(), undoing, shown: operator.shown },
      awaits: parts.awaiting?.states,
    });
  }

  /** What nodes that have not ended wait for. */
  waiting(query: WaitingQuery): WaitingPage {
    const { parts, state, stopping, begun: awaited, deadline } = this;
    return waitingOf({ ...parts, state, stopping, awaited, deadline }, this.status(), query);
  }

  get nodes(): GraphState {
    return this.state;
  }

  get writtenPages(): readonly string[] {
    return this.pages;
  }

  private async toStart(): Promise<void> {
    const { place, state } = this;
    const { awaiting, plan, prepared } = this.parts;
    const stopped = (): boolean => this.stopping !== undefined;
    const decision = await waitToStart({ awaiting, place, plan, state, stopped });
    this.begun = true;
    if (!decision) return;
    this.startedAt = Date.now();
    if (decision.kind === 'end') {
      this.stopping = decision.reason;
      return this.apply(this.scheduler.endAll(decision.status, decision.reason));
    }
    this.begin();
    showStatus(this.liveStatus());
    executionBegan(prepared.execution, this.startedAt);
  }

  /** Starts the nodes that wait for nothing. */
  private begin(): void {
    this.begun = true;
    const { seed } = this.parts;
    if (seed) this.state.begin(seed);
    this.apply(this.scheduler.startWith(seed?.endings ?? [], this.startedAt));
    this.parts.plan.nodes.forEach(({ refused }, index) => {
      if (refused !== undefined && !this.scheduler.ending(index))
        this.end(index, refusal(refused), this.startedAt);
    });
  }

  /** How the whole graph has ended, which it does last of all, or one node. */
  private endOf(nodeId: string | undefined): ReturnType<EndOf> {
    if (nodeId === undefined) return undefined;
    const index = this.state.find(nodeId);
    return index === undefined ? 'unknown' : this.scheduler.ending(index);
  }

  private isDone(): boolean {
    return this.begun && this.scheduler.isDone && this.settling === 0 && !this.operator.isBusy;
  }

  private dispatch(): void {
    while (this.executor.hasRoom()) {
      const next = this.scheduler.take(BATCH);
      if (next.length === 0) return;
      const now = Date.now();
      const taken = next.filter((index) => this.mayBegin(index, now));
      const light = taken.filter((index) => this.bursts.isLight(index));
      const { bursts, alone } = this.bursts.gather(light, now);
      for (const burst of bursts) this.executor.beginBurst(burst);
      const others = taken.filter((index) => !light.includes(index));
      const orders = others.map(this.order);
      orders.push(...alone);
      for (const { index } of orders) {
        this.state.scheduled(index, now);
        logTransition(this.state, index, 'PENDING', 'SCHEDULED', 'queue');
      }
      if (orders.length > 0) this.executor.begin(orders);
      this.lending.handedOver(orders.map(({ index }) => index));
    }
    if (this.scheduler.hasStartable || this.lending.lacksPlaces) this.alarm.set(Date.now() + 1);
  }

  /** False for a node that is held back, or ends here, since the deadline leaves it no time. */
  private mayBegin(index: number, now: number): boolean {
    if (this.holdBack(index, now)) return false;
    const { expectedMs = 0 } = this.state.classOf(index);
    const tooLate = this.deadline.forStart(expectedMs, now, this.state.round(index));
    if (tooLate) this.end(index, tooLate, now);
    return !tooLate;
  }

  /** @returns true for a node that would only find out what its graph knows: that its circuit is open */
  private holdBack(index: number, now: number): boolean {
    const until = this.shutCircuits.holds(this.state.circuitOf(index), index, now);
    if (until === undefined) return false;
    this.state.shut(index);
    this.scheduler.hold(index, until);
    return true;
  }

  private deliver(index: number, delivered: Delivered): void {
    this.version++;
    const at = this.lending.heard(index, delivered, Date.now());
    const now = this.bursts.heard(index, delivered, at);
    if ('left' in delivered) return this.left(index, now);
    if ('begun' in delivered) return this.lending.began(index, delivered, now);
    this.state.asOf = now;
    this.heard(index, delivered, now);
    this.state.asOf = undefined;
  }

  /** A node that was handed over has not begun. What was asked of it meanwhile nobody has done yet. */
  private left(index: number, now: number): void {
    this.state.left(index);
    this.lending.left(index);
    const asked = this.cancelReasons.get(index);
    this.cancelReasons.delete(index);
    if (this.operator.nodes.endUnbegun(index)) return;
    const cause = this.state.lastOf(this.state.node(index).dependsOn);
    // A failure stops those that it does not keep from running anyway.
    const cancelled = asked !== undefined && asked !== 'fail_fast';
    const ending = cancelled ? ({ status: 'CANCELLED', reason: asked } as const) : undefined;
    this.apply(this.scheduler.giveBack(index, now, { cause, ending }));
  }

  private heard(index: number, delivered: ActivityOutcome, now: number): void {
    if (this.scheduler.ending(index)) {
      if (!isHeld(delivered)) this.state.warned(index, delivered.warnings);
      this.settling--;
      return;
    }
    const outcome = this.operator.nodes.heard(index, delivered);
    if (!outcome) return; // it has ended as a person said
    this.shutCircuits.heard(this.state.circuitOf(index), index, outcome, now);
    if (!isHeld(outcome)) return this.end(index, outcome, now);
    const tooLate = this.deadline.forRetry(outcome, now);
    if (tooLate) return this.end(index, tooLate, now);
    this.state.held(index, outcome, now);
    if (outcome.held === 'looked') this.scheduler.lookedInVain(index, now);
    else {
      nodeHeld(this.parts.prepared.execution, this.state.classOf(index).task, outcome);
      this.scheduler.hold(index, now + outcome.waitMs);
    }
    const cancelled = this.cancelReasons.get(index);
    if (cancelled !== undefined) this.apply(this.scheduler.cancelNode(index, now, cancelled));
  }

  private end(index: number, outcome: NodeOutcome, now: number): void {
    const reason =
      outcome.status === 'CANCELLED'
        ? (this.cancelReasons.get(index) ?? outcome.reason ?? 'cancelled')
        : this.deadline.cut(outcome, now)
          ? 'deadline'
          : outcome.reason;
    this.cancelReasons.delete(index);
    this.state.end(index, outcome.status, now, outcome, reason);
    nodeEnded(this.parts.prepared.execution, this.state, index, { outcome, reason, endedAt: now });
    if (outcome.status !== 'COMPLETED')
      logTransition(this.state, index, 'RUNNING', outcome.status, reason);
    this.apply(this.scheduler.settle(index, outcome.status, now, reason));
  }

  /** A node that does not run ends as a person said. */
  private endAsSaid(index: number, outcome: NodeOutcome): void {
    const now = Date.now();
    this.cancelReasons.delete(index);
    const order = this.bookEnd(index, outcome, now);
    this.settle(order ? [order] : []);
    this.apply(this.scheduler.settle(index, outcome.status, now, outcome.reason));
  }

  /** Has post hooks run for nodes whose end no pipeline saw. */
  private settle(orders: readonly NodeOrder[]): void {
    this.settling += orders.length;
    if (orders.length > 0) this.executor.begin(orders);
  }

  private apply(effects: Effects): void {
    const now = Date.now();
    this.settle(
      effects.settled.flatMap(
        ({ index, status, reason }) =>
          this.bookEnd(index, unrun(this.state.round(index), status, reason), now) ?? [],
      ),
    );
    for (const { index, reason } of effects.cancel) this.cancelReasons.set(index, reason);
    if (effects.cancel.length > 0)
      this.executor.stop(
        effects.cancel.map(({ index }) => index),
        'cancel',
      );
    this.version++;
  }

  /** @returns the order to run its post hooks, where some are for such an end */
  private bookEnd(index: number, outcome: NodeOutcome, now: number): NodeOrder | undefined {
    const { status, reason } = outcome;
    this.state.end(index, status, now, outcome, reason);
    nodeEnded(this.parts.prepared.execution, this.state, index, { outcome, reason, endedAt: now });
    logTransition(this.state, index, 'PENDING', status, reason);
    const { settle, settleSkipped } = this.state.classOf(index);
    const started = outcome.attemptCount > 0;
    if (started ? !settle : !settleSkipped) return undefined;
    return { ...this.orders.order(index), ended: outcome, neverStarted: !started };
  }

  /** What a new run of this execution has to know. */
  private carried(): ReturnType<GoingOnParts['carry']> {
    return {
      prepared: this.parts.prepared,
      startedAt: this.startedAt,
      scheduler: this.scheduler.snapshot(),
      ...this.state.carried(),
      cancelled: [...this.cancelReasons],
      ...{ ...this.operator.carry(), subscribers: this.parts.subscribers.carry() },
      ...(this.limits ? { limits: this.limits.carry() } : {}),
      ...(this.place ? { place: this.place.carry() } : {}),
      ...(this.stopping ? { cancelling: this.stopping } : {}),
      later: this.lending.carry(),
      ...(this.undoing.undone.length > 0 ? { undone: this.undoing.undone } : {}),
    };
  }

  private liveStatus(): Status {
    if (this.stopping !== undefined) return 'RUNNING';
    if (this.scheduler.isAllPaused) return 'PAUSED';
    return this.begun ? 'RUNNING' : 'PENDING';
  }

  private endStatus(): TerminalStatus {
    const { nodes } = this.parts.plan;
    const { below } = this.parts.prepared;
    return graphStatus({
      stopping: this.stopping,
      hasFailed: this.scheduler.hasFailed,
      missedDeadline: this.scheduler.missedDeadline,
      only: nodes.length === 1 && !below ? this.scheduler.ending(0)?.status : undefined,
    });
  }

  private async close(): Promise<GraphClose> {
    const { prepared, plan, subscribers, seed } = this.parts;
    const paged = this.executor.carry !== undefined || seed !== undefined;
    if (paged) await this.goingOn.writeAll();
    return await closeGraph({
      ...{ prepared, plan, subscribers, state: this.state, startedAt: this.startedAt },
      status: this.endStatus(),
      views: paged ? { pages: this.pages } : this.state.views(),
      ...{ marks: this.operator.verbs.marks, undone: this.undoing.undone },
      edited: this.operator.edits.version > 1 ? this.parts.spec : null,
      endOf: (nodeId) => this.endOf(nodeId),
    });
  }
}
