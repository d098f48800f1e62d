/**
 * A running graph: asks the scheduler what comes next and has the executor do it.
 *
 * G1. Everything runs in a shielded scope: a cancel of the workflow is turned into a cancel of nodes, so that what runs
 *     is waited for and hooks still run.
 * G2. `version` grows with whatever may let something start; the loop sleeps until it does.
 */
import { allHandlersFinished, condition, setCurrentDetails } from '@temporalio/workflow';
import { graphStatus } from '../domain/graph-status.js';
import type { LimitGrant } from '../domain/limit-messages.js';
import { refusal } from '../domain/outcome.js';
import { schedulerNode } from '../domain/plan.js';
import { Scheduler, type SchedulerNode } from '../domain/scheduler.js';
import { ShutCircuits } from '../domain/shut-circuits.js';
import type { Status, StatusReason, TerminalStatus } from '../domain/status.js';
import { Alarm } from './alarm.js';
import { Bursts } from './bursts.js';
import { CleanUp } from './clean-up.js';
import { Deadline } from './deadline.js';
import { detailsMarkdown } from './details.js';
import { ExecutionPlace } from './execution-place.js';
import { showStatus } from './finish.js';
import { GoingOn, type GoingOnParts } from './going-on.js';
import { closeGraph } from './graph-close.js';
import type { GraphRunParts } from './graph-run-parts.js';
import { GraphState } from './graph-state.js';
import { HandingOver } from './handing-over.js';
import { Hearing } from './hearing.js';
import type { KindsExecutor } from './kinds-executor.js';
import { Lending } from './lending.js';
import { GraphLimits } from './limits.js';
import type { GraphClose } from './manifest.js';
import type { GraphStatus } from './messages.js';
import type { WaitingPage, WaitingQuery } from './waiting-page.js';
import { Opening } from './opening.js';
import { Operator } from './operator.js';
import { OrderBook } from './orders.js';
import type { NodeOrder, PlanPages } from './requests.js';
import { waitToStart } from './start.js';
import { statusOf } from './status-of.js';
import type { EndOf } from './subscribers.js';
import { executionBegan } from './trace.js';
import { Undoing } from './undo.js';
import type { GraphVerbs } from './verbs.js';
import { noteWaits, waitingOf } from './waiting.js';

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
  readonly lending: Lending;
  private readonly hearing: Hearing;
  private readonly handingOver: HandingOver;
  private readonly opening: Opening | undefined;
  private version = 0;
  private readonly undoing: Undoing;
  /** Its own, or that of what it is below. */
  private readonly deadline = new Deadline(
    () => {
      const { plan, prepared } = this.parts;
      const own = plan.deadlineMs === undefined ? Infinity : this.startedAt + plan.deadlineMs;
      const at = Math.min(own, prepared.below?.deadlineAt ?? Infinity);
      return at === Infinity ? undefined : at;
    },
    (index) => this.cleanUp.has(index),
  );
  private readonly cleanUp: CleanUp;
  private stopping: StatusReason | undefined;
  /** It has begun: what it waited for before its start is decided. */
  private begun = false;

  constructor(private readonly parts: GraphRunParts) {
    const { plan, carry, seed } = parts;
    const nodes = schedulerNodes(parts);
    const options = { concurrency: plan.concurrency, onFailure: plan.onFailure };
    this.limits = GraphLimits.of(parts, () => this.wake());
    this.place = ExecutionPlace.of(parts.prepared, carry);
    this.scheduler = carry
      ? Scheduler.restore(nodes, options, carry.scheduler, this.limits?.gate)
      : new Scheduler(nodes, options, this.limits?.gate);
    this.state = new GraphState(plan, this.scheduler, seed, parts.spec !== null);
    this.opening = Opening.of(parts, this.scheduler, this.state);
    const { scheduler, state, deadline, opening } = this;
    const orders = new OrderBook(parts, state);
    const order = (index: number): NodeOrder => orders.order(index, deadline.of(index));
    const handing = { plan, scheduler, state, order, hasDeadline: () => !!deadline.at };
    const bursts = new Bursts(handing);
    const executor = (): KindsExecutor => this.executor;
    const verbs = (): GraphVerbs => this.operator.verbs;
    this.cleanUp = new CleanUp({ plan, scheduler, executor, verbs });
    const wake = (): void => this.wake();
    const lending = (this.lending = new Lending({
      ...{ ...handing, executor, wake, carried: carry?.later },
      isEnding: (index) => this.operator.nodes.ending(index) !== undefined,
      mayLend: () => 'bodies' in parts.prepared.plan && this.stopping === undefined,
    }));
    const shutCircuits = new ShutCircuits();
    const common = { scheduler, state, bursts, lending, deadline, shutCircuits, executor };
    const hearing = (this.hearing = new Hearing({
      ...{ ...common, execution: parts.prepared.execution, orders, carry, wake },
      asked: () => this.operator.nodes,
    }));
    const more = (): void => this.alarm.set(Date.now() + 1);
    this.handingOver = new HandingOver({ ...common, order, hearing, more });
    this.undoing = new Undoing(parts, state, orders);
    this.startedAt = carry?.startedAt ?? Date.now();
    this.pages = [...(carry?.pages ?? seed?.pages ?? [])];
    this.stopping = carry?.cancelling;
    this.executor = parts.makeExecutor(
      (index, delivered) => {
        opening?.heard(index, delivered);
        hearing.deliver(index, delivered);
      },
      (open) => this.operator.asked(open),
      (places) => this.keep(places),
    );
    this.operator = new Operator({
      ...parts,
      ...{ scheduler, state, orders, shutCircuits, executor: this.executor },
      approvals: this.executor.approvals,
      status: () => this.status().status,
      startedAt: () => this.startedAt,
      stopping: () => this.stopping,
      cleansUp: () => this.cleanUp.counts().open > 0,
      isCancelled: (index) => hearing.isCancelled(index),
      apply: (effects) => hearing.apply(effects),
      end: (index, outcome) => hearing.endAsSaid(index, outcome),
    });
    this.goingOn = new GoingOn({
      ...{ state, executor: this.executor, pages: this.pages },
      maxEvents: (parts.prepared.plan as PlanPages).coordinatorEvents,
      isEnding: () => this.isDone() || hearing.isSettling,
      isSending: () =>
        Boolean(this.limits?.pending() || this.place?.pending() || parts.subscribers.sending) ||
        lending.isAsked,
      version: () => this.version,
      carry: () => this.carried(),
      leave: () => this.alarm.clear(),
    });
    if (carry) {
      this.begun = true;
      state.restore(carry);
      this.executor.approvals.restore(carry.questions ?? []);
      lending.goesOn(plan.nodes.length);
    } else if (!parts.awaiting && !this.place && parts.startsAt === undefined) this.begin();
  }

  /** Runs to the end. @throws what closes the workflow */
  async run(): Promise<GraphClose> {
    if (!this.begun) await this.toStart();
    const deadline = this.deadline.at;
    while (!this.isDone()) {
      const seen = this.version; // before anything below waits: a change meanwhile must not be slept through
      const now = Date.now();
      const isLate = deadline !== undefined && now >= deadline && this.stopping === undefined;
      if (isLate && !this.cleanUp.isAllThatIsOpen()) this.cancel('deadline');
      else if (isLate) this.hearing.giveUpResults('deadline');
      this.scheduler.release(now);
      this.lending.givePlaces();
      this.opening?.look(now);
      this.handingOver.dispatch();
      this.lending.review();
      this.limits?.flush(this.scheduler);
      noteWaits(this.state, this.limits?.gate, now);
      this.alarm.set(this.limits?.nextDue());
      this.alarm.set(this.scheduler.nextDue());
      this.alarm.set(this.opening?.look(now)); // again: only now it is known who has no place
      if (this.stopping === undefined && !isLate) this.alarm.set(deadline);
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
    const { scheduler, hearing, parts } = this;
    // Where nothing has begun there is nothing to clean up.
    const hasRun = scheduler.started > 0 || parts.carry !== undefined;
    if (!hasRun) return hearing.apply(scheduler.endAll('CANCELLED', reason));
    this.cleanUp.resume();
    hearing.apply(scheduler.cancelAll(Date.now(), reason));
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
    const { parts, state, stopping, begun: awaited, deadline, cleanUp } = this;
    return waitingOf(
      { ...parts, state, stopping, awaited, deadline, cleanUp },
      this.status(),
      query,
    );
  }

  get nodes(): GraphState {
    return this.state;
  }

  /** Segments keep so many places of the window more, or fewer: in what they give back something may begin. */
  private keep(places: number): void {
    this.scheduler.keep(places);
    if (places < 0) this.wake();
  }

  get writtenPages(): readonly string[] {
    return this.pages;
  }

  private async toStart(): Promise<void> {
    const { place, state, scheduler, operator } = this;
    const { startsAt, awaiting, plan, prepared } = this.parts;
    // An edit under way may bring nodes that are left to start.
    const stopped = (): boolean =>
      this.stopping !== undefined || (scheduler.isDone && !operator.isBusy);
    const decision = await waitToStart({ startsAt, awaiting, place, plan, state, stopped });
    this.begun = true;
    if (!decision) return;
    this.startedAt = Date.now();
    if (decision.kind === 'end') {
      this.stopping = decision.reason;
      return this.hearing.apply(this.scheduler.endAll(decision.status, decision.reason));
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
    this.hearing.apply(this.scheduler.startWith(seed?.endings ?? [], this.startedAt));
    this.parts.plan.nodes.forEach(({ refused }, index) => {
      if (refused !== undefined && !this.scheduler.ending(index))
        this.hearing.end(index, refusal(refused), this.startedAt);
    });
  }

  /** How the whole graph has ended, which it does last of all, or one node. */
  private endOf(nodeId: string | undefined): ReturnType<EndOf> {
    if (nodeId === undefined) return undefined;
    const index = this.state.find(nodeId);
    return index === undefined ? 'unknown' : this.scheduler.ending(index);
  }

  private isDone(): boolean {
    return this.begun && this.scheduler.isDone && !this.hearing.isSettling && !this.operator.isBusy;
  }

  /** What a new run of this execution has to know. */
  private carried(): ReturnType<GoingOnParts['carry']> {
    return {
      prepared: this.parts.prepared,
      startedAt: this.startedAt,
      scheduler: this.scheduler.snapshot(),
      ...this.state.carried(),
      cancelled: this.hearing.carry(),
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
    if (this.begun) return 'RUNNING';
    return this.state.door?.reason === 'start_time' ? 'SCHEDULED' : 'PENDING';
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
      ...{ status: this.endStatus(), cancelled: this.scheduler.cancelled },
      views: paged ? { pages: this.pages } : this.state.views(),
      ...{ marks: this.operator.verbs.marks, undone: this.undoing.undone },
      edited: this.operator.edits.version > 1 ? this.parts.spec : null,
      endOf: (nodeId) => this.endOf(nodeId),
    });
  }
}

function* schedulerNodes({ plan, dependsOn, seed }: GraphRunParts): Iterable<SchedulerNode> {
  for (let index = 0; index < plan.nodes.length; index++)
    yield schedulerNode(plan, index, dependsOn(index), seed?.isPerhaps(index));
}
