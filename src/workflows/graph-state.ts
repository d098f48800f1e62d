/**
 * What a running graph knows of its nodes, and how it tells. The scheduler knows where each node stands; this adds times,
 * outcomes and the order of changes.
 */
import { append } from '../domain/append.js';
import type { ErrorRecord } from '../domain/errors.js';
import { NodeClocks } from '../domain/node-clocks.js';
import type { ActivityOutcome, HeldOutcome, HoldReason, NodeOutcome } from '../domain/outcome.js';
import type { NodeClass, Plan, PlanNode } from '../domain/plan.js';
import { PRIORITY_KEY, priorityOfKey, type Priority } from '../domain/priority.js';
import type { Scheduler } from '../domain/scheduler.js';
import { isFailure, type StatusChange, type StatusReason } from '../domain/status.js';
import type { Carry, OpenQuestion } from './between.js';
import { countsOf } from './counts.js';
import { Leaves } from './leaves.js';
import {
  FAILURES_KEPT,
  type Counts,
  type NodeFailure,
  type NodesPage,
  type NodesQuery,
  type NodeView,
} from './messages.js';
import type { Round, Upstream } from './requests.js';
import { roundAfter } from './round.js';
import { nodeStatus, WHILE_HELD } from './node-status.js';
import { NodePages, PAGE } from './nodes-page.js';
import { approvalView, briefly, ofOutcome, timesOf } from './node-view.js';
import { timeOf } from './waiting.js';
import type { Seed } from './seed.js';

/** Pauses, resumes and other words of people that are kept of one node. */
const MARKS_KEPT = 20;

interface NodeRecord {
  /** Number of the last change. */
  sequence: number;
  scheduledAt?: number;
  endedAt?: number;
  outcome?: NodeOutcome;
  reason?: StatusReason;
  round?: Round;
  /** Held by a pipeline, and why. */
  held?: HoldReason;
  lastError?: ErrorRecord;
  /** What people asked. */
  marks?: StatusChange[];
  /** What an approval asks. */
  question?: OpenQuestion;
}

export class GraphState {
  private readonly records: NodeRecord[];
  private readonly indexOf: Map<string, number>;
  private readonly leaves: Leaves;
  private readonly paged: NodePages;
  /** Ended nodes whose records are still here, in the order of their end. */
  private readonly unpaged: number[] = [];
  readonly upstream = new Map<number, Upstream>();
  readonly ended: Counts = {};
  /** Kept nodes that an edit made a leaf, or none any more: their views are written already. */
  readonly releafed = new Map<string, boolean>();
  /** Nodes that were held when they were last heard of. */
  private readonly holds = new Set<number>();
  readonly failures: NodeFailure[] = [];
  /** Completed nodes whose work can be undone, in the order of their ends. */
  readonly undoable: number[] = [];
  /** The limit that the whole execution waits for. */
  door: NodeView['limit'];
  sequence = 0;
  /** While something is heard that happened before: when that was. */
  asOf: number | undefined;
  firstError: ErrorRecord | undefined;
  /** What each node's time went into. */
  readonly clocks: NodeClocks;

  constructor(
    readonly plan: Plan,
    readonly scheduler: Scheduler,
    /** Of a rerun: what it keeps. */
    private readonly seed?: Seed,
  ) {
    this.records = plan.nodes.map(() => ({ sequence: 0 }));
    this.indexOf = new Map(plan.nodes.map((node, index) => [node.id, index]));
    this.leaves = new Leaves(plan.nodes);
    this.paged = new NodePages({
      count: () => this.records.length,
      id: (index) => this.node(index).id,
      changedAt: (index) => this.record(index).sequence,
      view: (index) => this.view(index),
    });
    this.clocks = new NodeClocks(plan.lanes?.length ?? 0, (index) =>
      this.isLook(index) ? undefined : this.classOf(index).lane,
    );
    scheduler.watch = (move) =>
      this.clocks.moved(move, this.asOf ?? Date.now(), {
        held: this.record(move.index).held,
        paused: scheduler.isNodePaused(move.index),
        lent: scheduler.isLent(move.index),
      });
  }

  find(id: string): number | undefined {
    return this.indexOf.get(id);
  }

  node(index: number): PlanNode {
    return this.plan.nodes[index] as PlanNode;
  }

  classOf(index: number): NodeClass {
    return this.plan.classes[this.node(index).class] as NodeClass;
  }

  /** What a node is called, and the task that it runs. */
  nameOf(index: number): { id: string; task: string } {
    return { id: this.node(index).id, task: this.classOf(index).task };
  }

  round(index: number): Round | undefined {
    return this.record(index).round;
  }

  /** True for a node that, if it runs, only looks whether its work has to be done. */
  isLook(index: number): boolean {
    return this.scheduler.isLook(index);
  }

  /** A node's priority, where it was changed since the graph began. */
  changedPriority(index: number): Priority | undefined {
    const key = this.scheduler.rank(index);
    return key === PRIORITY_KEY[this.classOf(index).priority] ? undefined : priorityOfKey(key);
  }

  /** Nodes are new, or others took their places: nothing is behind them. */
  edited(indexes: readonly number[]): void {
    this.paged.edited();
    for (const index of indexes) {
      const { marks } = this.records[index] ?? {};
      this.records[index] = { sequence: 0, ...(marks ? { marks } : {}) };
      this.indexOf.set(this.node(index).id, index);
      this.holds.delete(index);
      this.clocks.forget(index);
      this.touch(index);
    }
    for (const index of this.leaves.edited(this.plan.nodes)) {
      this.touch(index);
      if (this.seed?.isKept(index)) this.releafed.set(this.node(index).id, this.leaves.has(index));
    }
  }

  /** The circuit that a node goes through before anything else is known of it. */
  circuitOf(index: number): string | undefined {
    const { circuit, cache } = this.classOf(index);
    const looks = cache || this.node(index).conditional || this.seed?.isPerhaps(index);
    return looks ? undefined : circuit?.name;
  }

  /** A rerun begins: what it keeps has ended, and can be read. */
  begin({ endings, outputs, undoable }: Seed): void {
    append(this.undoable, undoable);
    for (const ending of endings)
      if (ending) this.ended[ending.status] = (this.ended[ending.status] ?? 0) + 1;
    for (const [index, upstream] of outputs) this.upstream.set(index, upstream);
    this.sequence++;
    endings.forEach((ending, index) => ending && (this.record(index).sequence = this.sequence));
  }

  /** A node is handed to an executor. */
  scheduled(index: number, now: number): void {
    const record = this.touch(index);
    record.scheduledAt ??= now;
    delete record.held;
    this.holds.delete(index);
  }

  /** A node that was taken ahead has run: it could start then, and not when it was handed over. */
  couldStart(index: number, at: number, after: number | undefined): void {
    this.record(index).scheduledAt = at;
    this.clocks.couldStart(index, at, after);
  }

  /** A node that was handed over has not begun: no clock of it runs. */
  left(index: number): void {
    const record = this.touch(index);
    if (!record.round) delete record.scheduledAt;
  }

  /** Of some nodes, the one that has ended last, as far as that is still known here. */
  lastOf(indexes: readonly number[]): number | undefined {
    const endOf = (index: number): number => this.record(index).endedAt ?? -1;
    const ended = indexes.filter((index) => this.scheduler.ending(index) !== undefined);
    return ended.length === 0 ? undefined : ended.reduce((a, b) => (endOf(b) > endOf(a) ? b : a));
  }

  /** When a node was first handed over and when it ended, epoch milliseconds, as far as that is still known here. */
  timesOf(index: number): { scheduledAt?: number | undefined; endedAt?: number | undefined } {
    return this.record(index);
  }

  /** A person asked something of a node. */
  marked(index: number, mark: StatusChange): void {
    const record = this.touch(index);
    record.marks = [...(record.marks ?? []), mark].slice(-MARKS_KEPT);
    if (!mark.verb) this.clocks.paused(index, mark.status === 'PAUSED', Date.now());
  }

  /** An approval's question is asked. */
  asked(open: OpenQuestion): void {
    this.touch(open.index).question = open;
  }

  /** Nodes that are handed to an executor. */
  runningNodes(): number[] {
    return this.plan.nodes.flatMap((_, index) =>
      this.scheduler.state(index) === 'running' ? [index] : [],
    );
  }

  /** A node gave its place back. */
  held(index: number, outcome: HeldOutcome, now: number): void {
    const record = this.touch(index);
    this.returned(index, outcome, now);
    record.held = outcome.held;
    this.holds.add(index);
    if (outcome.held === 'looked') {
      if (!record.round) delete record.scheduledAt; // a look starts no clock
      return;
    }
    if (outcome.error) record.lastError = outcome.error;
    record.round = roundAfter(outcome, record.round, record.scheduledAt ?? now, now);
  }

  /** A node was not handed over: its circuit is known to be open. */
  shut(index: number): void {
    this.touch(index).held = 'circuit';
    this.holds.add(index);
  }

  /** A node has ended, by its own outcome or without having run. */
  end(
    index: number,
    status: NodeOutcome['status'],
    now: number,
    outcome?: NodeOutcome,
    reason?: StatusReason,
  ): void {
    const record = this.touch(index);
    record.endedAt = now;
    if (outcome) this.returned(index, outcome, now);
    this.clocks.ended(index, now);
    if (outcome) record.outcome = outcome;
    if (reason) record.reason = reason;
    delete record.held;
    this.holds.delete(index);
    this.ended[status] = (this.ended[status] ?? 0) + 1;
    this.unpaged.push(index);
    this.upstream.set(index, { status, ...(outcome?.output ? { output: outcome.output } : {}) });
    const reused = outcome?.reused;
    const own = !reused || reused.owed === true;
    const { undo, kind } = this.classOf(index);
    // Of a map that came to nothing some items may have completed.
    const came = status !== 'SKIPPED' && record.scheduledAt !== undefined;
    const did = status === 'COMPLETED' || (kind === 'map' && came);
    if (undo && own && did) this.undoable.push(index);
    if (!isFailure(status) || this.node(index).allowFailure) return;
    this.firstError ??= outcome?.error;
    if (this.failures.length === FAILURES_KEPT) return;
    const error = outcome?.error && briefly(outcome.error);
    this.failures.push({ nodeId: this.node(index).id, status, ...(error ? { error } : {}) });
  }

  /** What it was handed over for has come back. */
  private returned(index: number, outcome: ActivityOutcome, now: number): void {
    const { attemptsUsed = 0, executionTimeMs = 0 } = this.record(index).round ?? {};
    const { kind } = this.classOf(index);
    const all = kind && TIME_OF_KIND[kind];
    this.clocks.returned(index, outcome, now, { attempts: attemptsUsed, executionTimeMs }, all);
  }

  /** Its pipeline has sent its end to the store. */
  isRecorded(index: number): boolean {
    return this.record(index).outcome?.recorded ?? false;
  }

  /** Post hooks ran after the end; their failures are warnings. */
  warned(index: number, warnings: string[] | undefined): void {
    const record = this.touch(index);
    if (record.outcome && warnings) record.outcome = { ...record.outcome, warnings };
  }

  get unpagedCount(): number {
    return this.unpaged.length;
  }

  /** Views of ended nodes to be written away; their outcomes are forgotten here. */
  takePage(limit = PAGE): NodeView[] {
    const taken = this.unpaged.splice(0, limit);
    return taken.map((index) => {
      const view = this.view(index);
      const { sequence } = this.record(index);
      this.records[index] = { sequence };
      this.clocks.forget(index);
      return view;
    });
  }

  /** Restores what a continue-as-new carried. */
  restore(carry: Carry): void {
    const { rounds, upstream, sequence, nodeMarks, clocks = [], undoable = [] } = carry;
    this.failures.push(...carry.failures);
    this.firstError = carry.firstError;
    this.sequence = sequence;
    this.clocks.restore(clocks, Date.now());
    for (const [index, marks] of nodeMarks) this.record(index).marks = marks;
    for (const [index, round] of rounds) {
      const record = this.record(index);
      record.round = round;
      record.scheduledAt = round.firstScheduledAt;
    }
    for (const [index, why, lastError] of carry.holds ?? []) {
      Object.assign(this.record(index), { held: why, ...(lastError ? { lastError } : {}) });
      this.holds.add(index);
    }
    for (const open of carry.questions ?? []) this.record(open.index).question = open;
    for (const [index, value] of upstream) this.upstream.set(index, value);
    append(this.undoable, undoable);
    this.plan.nodes.forEach((_, index) => {
      this.record(index).sequence = sequence;
      const status = this.scheduler.ending(index)?.status;
      if (status) this.ended[status] = (this.ended[status] ?? 0) + 1;
    });
  }

  /** What nodes that may still be begun have to read, and what they have behind them. */
  carried(): Pick<
    Carry,
    | ('rounds' | 'holds' | 'upstream' | 'nodeMarks' | 'clocks' | 'undoable')
    | ('failures' | 'firstError' | 'sequence')
  > {
    const rounds: [number, Round][] = [];
    const holds: NonNullable<Carry['holds']> = [];
    const nodeMarks: Carry['nodeMarks'] = [];
    const needed = new Set<number>();
    this.plan.nodes.forEach(({ reads }, index) => {
      if (this.scheduler.state(index) === 'settled') return;
      const { round, marks, held, lastError } = this.record(index);
      if (round) rounds.push([index, round]);
      if (held) holds.push(lastError ? [index, held, lastError] : [index, held]);
      if (marks) nodeMarks.push([index, marks]);
      reads?.forEach((read) => needed.add(read));
    });
    for (const index of this.undoable)
      for (const read of [index, ...(this.node(index).reads ?? [])]) needed.add(read);
    const upstream = [...needed].flatMap((index): [number, Upstream][] => {
      const value = this.upstream.get(index);
      return value ? [[index, value]] : [];
    });
    const { undoable, failures, firstError, sequence } = this;
    const clocks = this.clocks.carry(
      Date.now(),
      (index) => this.scheduler.state(index) !== 'settled',
    );
    return {
      ...{ rounds, holds, upstream, nodeMarks, clocks, failures, firstError, sequence },
      ...(undoable.length > 0 ? { undoable } : {}),
    };
  }

  counts(): Counts {
    const pending = [...this.holds].filter((index) => {
      const { held = 'retry' } = this.record(index);
      return this.scheduler.state(index) === 'held' && WHILE_HELD[held].status === 'PENDING';
    });
    return countsOf(this.scheduler, this.ended, pending.length);
  }

  page(query: NodesQuery): NodesPage {
    return { sequence: this.sequence, ...this.paged.page(query) };
  }

  /** No node starts before this limit has let the whole execution in; undefined once it has. */
  waitBefore(limit: NodeView['limit']): void {
    this.door = limit;
    for (const record of this.records) record.sequence = ++this.sequence;
  }

  views(): NodeView[] {
    return this.plan.nodes.map((_, index) => this.view(index));
  }

  view(index: number): NodeView {
    const node = this.node(index);
    const record = this.record(index);
    const { outcome, round, held } = record;
    const { task, retry, circuit, kind } = this.classOf(index);
    const known = { kind, held, reason: record.reason };
    const { status, reason } = nodeStatus(this.scheduler, index, known);
    const door = status === 'PENDING' ? this.door : undefined;
    const attempts = outcome?.attempts ?? round?.attempts ?? [];
    const count = outcome?.attemptCount ?? round?.attemptsUsed ?? 0;
    const priority = this.changedPriority(index);
    const due =
      status === 'RETRYING' ||
      reason === 'start_time' ||
      reason === 'circuit' ||
      reason === 'coalesced'
        ? this.scheduler.heldUntilOf(index)
        : undefined;
    return {
      id: node.id,
      task,
      status,
      attempts: count,
      maxRetries: retry.maxRetries,
      ...(door ? { reason: 'limit' as const, limit: door } : reason ? { reason } : {}),
      ...(attempts.length > 0 ? { attemptHistory: attempts } : {}),
      ...(priority === undefined ? {} : { priority }),
      ...(record.marks ? { marks: record.marks } : {}),
      ...timesOf(record, attempts[0]?.startedAt, count > 0 || kind !== undefined),
      ...timeOf(this, index, this.scheduler.state(index) !== 'settled'),
      ...this.seed?.viewOf(index),
      ...(due === undefined ? {} : { nextRetryAt: new Date(due).toISOString() }),
      ...(outcome ? ofOutcome(outcome) : {}),
      ...(outcome || record.lastError === undefined ? {} : { error: record.lastError }),
      ...(status === 'PENDING' && reason === 'dependencies' && !door
        ? { dependencies: this.scheduler.dependencyProgress(index) }
        : {}),
      ...(reason === 'limit' ? { limit: this.limitOf(index) } : {}),
      ...(reason === 'circuit' && circuit ? { circuit: circuit.name } : {}),
      ...(kind === undefined ? {} : { kind }),
      ...(record.question && !outcome ? { approval: approvalView(record.question) } : {}),
      ...(this.leaves.has(index) ? { leaf: true as const } : {}),
    };
  }

  private limitOf(index: number): { key: string; weight: number } {
    const { limit = 0, weight = 1 } = this.plan.lanes?.[this.classOf(index).lane ?? 0] ?? {};
    return { key: this.plan.limits?.[limit]?.key ?? '', weight };
  }

  private record(index: number): NodeRecord {
    return this.records[index] as NodeRecord;
  }

  private touch(index: number): NodeRecord {
    const record = this.record(index);
    record.sequence = ++this.sequence;
    return record;
  }
}

/** What the time of a node went into that is no activity. */
const TIME_OF_KIND = { graph: 'children', map: 'children', approval: 'approval' } as const;
