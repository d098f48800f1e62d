/**
 * A running graph: asks the scheduler what comes next and has the executor do it.
 *
 * G1. Everything runs in a shielded scope: a cancel of the workflow is turned into a cancel of nodes, so that what runs
 *     is waited for and hooks still run.
 * G2. `version` grows with whatever may let something start; the loop sleeps until it does.
 */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  log,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import { isHeld, type ActivityOutcome, type NodeOutcome } from '../domain/outcome.js';
import { schedulerNodes, type Plan } from '../domain/plan.js';
import { Scheduler, type Effects } from '../domain/scheduler.js';
import { jsonBytes } from '../domain/json.js';
import type { GraphSpec } from '../domain/spec.js';
import type { Status, StatusReason, TerminalStatus } from '../domain/status.js';
import { Alarm } from './alarm.js';
import { detailsMarkdown } from './details.js';
import { closeExecution, writeAway } from './finish.js';
import { GraphState } from './graph-state.js';
import type {
  Carry,
  GraphClose,
  GraphStatus,
  NodeOrder,
  PlanPages,
  Prepared,
  TaskGraphArgs,
} from './messages.js';
import type { Deliver, NodeExecutor } from './node-executor.js';
import { OrderBook } from './orders.js';
import { GraphVerbs } from './verbs.js';

/** Nodes that are handed over between two looks at the executor's room. */
const BATCH = 50;
/** Bytes of JSON that are carried in the arguments of a new run; a payload has at most 2 MB. */
const CARRY_INLINE = 1_000_000;
/** Ended nodes after which a coordinator writes a page of them away. */
const PAGE_NODES = 1_000;

export interface GraphRunParts {
  prepared: Prepared;
  plan: Plan;
  /** The spec for a graph that runs in one piece; its nodes' bodies are there. */
  spec: GraphSpec | null;
  carry: Carry | undefined;
  makeExecutor(deliver: Deliver): NodeExecutor;
}

export class GraphRun {
  readonly verbs: GraphVerbs;
  private readonly scheduler: Scheduler;
  private readonly state: GraphState;
  private readonly executor: NodeExecutor;
  private readonly alarm = new Alarm(() => this.version++);
  private readonly startedAt: number;
  private readonly pages: string[];
  private readonly orders: OrderBook;
  private readonly cancelReasons = new Map<number, StatusReason>();
  private version = 0;
  /** Nodes that ended without running and whose post hooks are under way. */
  private settling = 0;
  private stopping: StatusReason | undefined;

  constructor(private readonly parts: GraphRunParts) {
    const { plan, carry } = parts;
    const nodes = schedulerNodes(plan);
    const options = { concurrency: plan.concurrency, onFailure: plan.onFailure };
    this.scheduler = carry
      ? Scheduler.restore(nodes, options, carry.scheduler)
      : new Scheduler(nodes, options);
    this.state = new GraphState(plan, this.scheduler);
    this.orders = new OrderBook(parts, this.state);
    this.startedAt = carry?.startedAt ?? Date.now();
    this.pages = [...(carry?.pages ?? [])];
    this.stopping = carry?.cancelling;
    this.executor = parts.makeExecutor((index, outcome) => this.deliver(index, outcome));
    this.verbs = new GraphVerbs({
      scheduler: this.scheduler,
      state: this.state,
      executor: this.executor,
      status: () => this.status().status,
      apply: (effects) => this.apply(effects),
    });
    if (carry) {
      this.state.restore(carry);
      this.verbs.marks.push(...carry.marks);
      for (const [index, reason] of carry.cancelled) this.cancelReasons.set(index, reason);
      this.state.failures.push(...carry.failures);
      this.state.firstError = carry.failures[0]?.error;
    } else this.scheduler.start(this.startedAt);
  }

  /** Runs to the end. @throws what closes the workflow */
  async run(): Promise<GraphClose> {
    const deadline =
      this.parts.plan.deadlineMs === undefined
        ? undefined
        : this.startedAt + this.parts.plan.deadlineMs;
    while (!this.isDone()) {
      const seen = this.version; // before anything below waits: a change meanwhile must not be slept through
      const now = Date.now();
      if (deadline !== undefined && now >= deadline && this.stopping === undefined)
        this.cancel('deadline');
      this.scheduler.release(now);
      this.dispatch();
      this.alarm.set(this.scheduler.nextDue());
      if (this.stopping === undefined) this.alarm.set(deadline);
      setCurrentDetails(detailsMarkdown(this.status(), this.state));
      if (this.executor.carry) await this.shed();
      await condition(() => this.version !== seen || this.isDone());
    }
    this.alarm.clear();
    await this.executor.close();
    return await this.close();
  }

  /** Cancels the whole graph. */
  cancel(reason: StatusReason): void {
    if (this.stopping !== undefined || this.scheduler.isDone) return; // only post hooks are left
    this.stopping = reason;
    this.apply(this.scheduler.cancelAll(reason));
  }

  status(): GraphStatus {
    const { prepared } = this.parts;
    const { execution } = prepared;
    return {
      executionId: execution.id,
      graph: execution.graph,
      status: this.isDone() ? this.endStatus() : this.liveStatus(),
      counts: this.state.counts(),
      total: this.parts.plan.nodes.length,
      startedAt: new Date(this.startedAt).toISOString(),
      sequence: this.state.sequence,
      runs: this.executor.runs(),
      ...(this.verbs.marks.length > 0 ? { marks: this.verbs.marks } : {}),
      ...(execution.project === undefined ? {} : { project: execution.project }),
      ...(execution.sessionId === undefined ? {} : { sessionId: execution.sessionId }),
    };
  }

  get nodes(): GraphState {
    return this.state;
  }

  get writtenPages(): readonly string[] {
    return this.pages;
  }

  private isDone(): boolean {
    return this.scheduler.isDone && this.settling === 0;
  }

  private dispatch(): void {
    while (this.executor.hasRoom()) {
      const taken = this.scheduler.take(BATCH);
      if (taken.length === 0) return;
      const now = Date.now();
      const orders = taken.map((index) => this.orders.order(index));
      for (const index of taken) {
        this.state.scheduled(index, now);
        this.say(index, 'PENDING', 'SCHEDULED', 'queue');
      }
      this.executor.begin(orders);
    }
    if (this.scheduler.hasStartable && this.scheduler.running < this.scheduler.concurrency)
      this.alarm.set(Date.now() + 1);
  }

  private deliver(index: number, outcome: ActivityOutcome): void {
    this.version++;
    const now = Date.now();
    if (this.scheduler.ending(index)) {
      if (!isHeld(outcome)) this.state.warned(index, outcome.warnings);
      this.settling--;
      return;
    }
    if (!isHeld(outcome)) return this.end(index, outcome, now);
    this.state.held(index, outcome, now);
    this.scheduler.hold(index, now + outcome.waitMs);
    const cancelled = this.cancelReasons.get(index);
    if (cancelled !== undefined) this.apply(this.scheduler.cancelNode(index, now, cancelled));
  }

  private end(index: number, outcome: NodeOutcome, now: number): void {
    const reason =
      outcome.status === 'CANCELLED'
        ? (this.cancelReasons.get(index) ?? outcome.reason ?? 'cancelled')
        : outcome.reason;
    this.cancelReasons.delete(index);
    this.state.end(index, outcome.status, now, outcome, reason);
    if (outcome.status !== 'COMPLETED') this.say(index, 'RUNNING', outcome.status, reason);
    this.apply(this.scheduler.settle(index, outcome.status, now, reason));
  }

  private apply(effects: Effects): void {
    const now = Date.now();
    const orders = effects.settled.flatMap(
      ({ index, status, reason }) => this.neverRan(index, status, reason, now) ?? [],
    );
    this.settling += orders.length;
    if (orders.length > 0) this.executor.begin(orders);
    for (const { index, reason } of effects.cancel) this.cancelReasons.set(index, reason);
    if (effects.cancel.length > 0)
      this.executor.stop(
        effects.cancel.map(({ index }) => index),
        'cancel',
      );
    this.version++;
  }

  /** @returns the order to run its post hooks, where some are for such an end */
  private neverRan(
    index: number,
    status: TerminalStatus,
    reason: StatusReason | undefined,
    now: number,
  ): NodeOrder | undefined {
    const round = this.state.round(index);
    const outcome: NodeOutcome = {
      status,
      attempts: round?.attempts ?? [],
      attemptCount: round?.attemptsUsed ?? 0,
      executionTimeMs: round?.executionTimeMs ?? 0,
      ...(reason ? { reason } : {}),
    };
    this.state.end(index, status, now, outcome, reason);
    this.say(index, 'PENDING', status, reason);
    const { settle, settleSkipped } = this.state.classOf(index);
    const started = outcome.attemptCount > 0;
    if (started ? !settle : !settleSkipped) return undefined;
    return { ...this.orders.order(index), ended: outcome, neverStarted: !started };
  }

  /** A coordinator keeps its memory and its history small: pages of ended nodes, then a new run. */
  private async shed(): Promise<void> {
    while (this.state.unpagedCount >= PAGE_NODES)
      this.pages.push(await writeAway(this.state.takePage()));
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    const limit = (this.parts.prepared.plan as PlanPages).coordinatorEvents;
    if (this.isDone() || this.settling > 0 || (historyLength < limit && !continueAsNewSuggested))
      return;
    await this.quiet();
    if (this.isDone() || this.settling > 0 || !this.executor.carry) return;
    const carry: Carry = {
      prepared: this.parts.prepared,
      startedAt: this.startedAt,
      scheduler: this.scheduler.snapshot(),
      ...this.state.carried(),
      pages: this.pages,
      failures: this.state.failures,
      ...this.executor.carry(),
      sequence: this.state.sequence,
      cancelled: [...this.cancelReasons],
      marks: this.verbs.marks,
      ...(this.stopping ? { cancelling: this.stopping } : {}),
    };
    const seen = this.version;
    const large = jsonBytes(carry) > CARRY_INLINE;
    const next = large ? { ref: await writeAway(carry) } : carry;
    // What came while the carry was written is not in it: go round again.
    if (this.version !== seen || this.executor.pending() > 0) return;
    this.alarm.clear(); // not before: going round again needs it
    await continueAsNew<(...args: TaskGraphArgs) => Promise<GraphClose>>(null, null, next);
  }

  /** Waits until nothing would be lost by a new run: ended nodes are written, sends have arrived, handlers have answered. */
  private async quiet(): Promise<void> {
    const still = (): boolean => this.executor.pending() === 0 && allHandlersFinished();
    while (this.state.unpagedCount > 0 || !still()) {
      if (this.state.unpagedCount > 0) this.pages.push(await writeAway(this.state.takePage()));
      else await condition(still);
    }
  }

  private finalStatus(): TerminalStatus {
    if (this.stopping === 'deadline') return 'TIMEOUT';
    if (this.stopping !== undefined) return 'CANCELLED';
    return this.scheduler.hasFailed ? 'FAILED' : 'COMPLETED';
  }

  /** A lone task's execution takes its node's status, but a workflow that nobody cancelled cannot end cancelled. */
  private loneStatus(): TerminalStatus | undefined {
    if (this.parts.plan.nodes.length !== 1 || this.stopping !== undefined) return undefined;
    const status = this.scheduler.ending(0)?.status;
    return status === 'CANCELLED' ? undefined : status;
  }

  private liveStatus(): Status {
    return this.scheduler.isAllPaused && this.stopping === undefined ? 'PAUSED' : 'RUNNING';
  }

  private endStatus(): TerminalStatus {
    return this.loneStatus() ?? this.finalStatus();
  }

  private async close(): Promise<GraphClose> {
    const { execution } = this.parts.prepared;
    const ended = Date.now();
    const status = this.endStatus();
    const counts = this.state.counts();
    while (this.executor.carry && this.state.unpagedCount > 0)
      this.pages.push(await writeAway(this.state.takePage()));
    const views = this.executor.carry ? { pages: this.pages } : this.state.views();
    const { failures, firstError } = this.state;
    log.info(`${execution.graph}: RUNNING → ${status}`, {
      executionId: execution.id,
      from: 'RUNNING',
      to: status,
    });
    const { id, graph, version, project, sessionId } = execution;
    return await closeExecution(
      {
        executionId: id,
        graph,
        version,
        status,
        counts,
        startedAt: new Date(this.startedAt).toISOString(),
        endedAt: new Date(ended).toISOString(),
        durationMs: ended - this.startedAt,
        ...(firstError && status !== 'COMPLETED' ? { error: firstError } : {}),
        ...(this.verbs.marks.length > 0 ? { marks: this.verbs.marks } : {}),
        ...(project === undefined ? {} : { project }),
        ...(sessionId === undefined ? {} : { sessionId }),
      },
      views,
      { status, counts, ...(failures.length > 0 ? { failures } : {}) },
    );
  }

  private say(index: number, from: string, to: string, reason: string | undefined): void {
    const { id } = this.state.node(index);
    log.info(`${from} → ${to}`, {
      executionId: this.parts.prepared.execution.id,
      nodeId: id,
      task: this.state.classOf(index).task,
      from,
      to,
      ...(reason === undefined ? {} : { reason }),
    });
  }
}
