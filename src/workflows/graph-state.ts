/**
 * What a running graph knows of its nodes. The scheduler knows where each node stands; this adds times, outcomes and the
 * order of changes, and what nodes leave that have ended.
 */
import { append } from '../domain/append.js';
import type { ErrorRecord } from '../domain/errors.js';
import { jsonBytes } from '../domain/json.js';
import { NodeClocks } from '../domain/node-clocks.js';
import {
  leftBy,
  type ActivityOutcome,
  type HeldOutcome,
  type NodeOutcome,
} from '../domain/outcome.js';
import { readNodes, type NodeClass, type HeldPlan, type HeldNode } from '../domain/plan.js';
import { PRIORITY_KEY, priorityOfKey, type Priority } from '../domain/priority.js';
import type { Scheduler } from '../domain/scheduler.js';
import { isFailure, type StatusChange, type StatusReason } from '../domain/status.js';
import type { Carry, OpenQuestion } from './between.js';
import { countsOf } from './counts.js';
import { Leaves } from './leaves.js';
import { FAILURES_KEPT, type NodeFailure } from './manifest.js';
import type { Counts, NodesPage, NodesQuery, NodeView } from './messages.js';
import { NodeRecords } from './node-records.js';
import { WHILE_HELD } from './node-status.js';
import { briefly, nodeView, type Door } from './node-view.js';
import { NodePages, PAGE } from './nodes-page.js';
import type { Round, Upstream } from './requests.js';
import { roundAfter } from './round.js';
import type { Seed } from './seed.js';
import { timeOf } from './waiting.js';

/** Pauses, resumes and other words of people that are kept of one node. */
const MARKS_KEPT = 20;
/** What the ids of a node's dependencies may come to in an answer, in bytes of JSON. */
const DEPENDENCIES_BYTES = 500_000;

export class GraphState {
  private readonly records: NodeRecords;
  /** By id; made once somebody asks for one. */
  private indexOf: Map<string, number> | undefined;
  private readonly leaves: Leaves;
  private readonly paged: NodePages;
  /** Ended nodes whose records are still here, in the order of their end. */
  private readonly unpaged: number[] = [];
  /** What ended nodes left for those that read it. */
  readonly upstream = new Map<number, Upstream>();
  /** Nodes that are read; undefined where an edit may bring others that read. */
  private readonly isRead: Uint8Array | undefined;
  readonly ended: Counts = {};
  /** Kept nodes that an edit made a leaf, or none any more: their views are written already. */
  readonly releafed = new Map<string, boolean>();
  readonly failures: NodeFailure[] = [];
  /** Completed nodes whose work can be undone, in the order of their ends. */
  readonly undoable: number[] = [];
  /** What the whole execution waits for. */
  door: Door | undefined;
  /** While something is heard that happened before: when that was. */
  asOf: number | undefined;
  firstError: ErrorRecord | undefined;
  /** What each node's time went into. */
  readonly clocks: NodeClocks;

  constructor(
    readonly plan: HeldPlan,
    readonly scheduler: Scheduler,
    /** Of a rerun: what it keeps. */
    private readonly seed?: Seed,
    mayBeEdited = true,
  ) {
    this.records = new NodeRecords(plan.nodes.length);
    this.leaves = new Leaves(scheduler, plan.nodes.length);
    this.isRead = mayBeEdited ? undefined : readNodes(plan);
    this.paged = new NodePages({
      count: () => this.records.count,
      id: (index) => this.node(index).id,
      changedAt: (index) => this.records.changedAt(index),
      view: (index) => this.view(index),
    });
    this.clocks = new NodeClocks(plan.lanes?.length ?? 0, (index) =>
      this.isLook(index) ? undefined : this.classOf(index).lane,
    );
    scheduler.watch = (move) =>
      this.clocks.moved(move, this.asOf ?? Date.now(), {
        held: this.records.of(move.index).held,
        paused: scheduler.isNodePaused(move.index),
        lent: scheduler.isLent(move.index),
      });
  }

  /** Grows with every change. */
  get sequence(): number {
    return this.records.sequence;
  }

  find(id: string): number | undefined {
    this.indexOf ??= new Map(this.plan.nodes.map((node, index) => [node.id, index]));
    return this.indexOf.get(id);
  }

  node(index: number): HeldNode {
    return this.plan.nodes[index] as HeldNode;
  }

  classOf(index: number): NodeClass {
    return this.plan.classes[this.node(index).class] as NodeClass;
  }

  /** What a node is called, and the task that it runs. */
  nameOf(index: number): { id: string; task: string } {
    return { id: this.node(index).id, task: this.classOf(index).task };
  }

  round(index: number): Round | undefined {
    return this.records.of(index).round;
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

  /** Where it is not MEDIUM: most are, and every view would say so. */
  private shownPriority(index: number): Priority | undefined {
    const priority = priorityOfKey(this.scheduler.rank(index));
    return priority === 'MEDIUM' ? undefined : priority;
  }

  /** Nodes are new, or others took their places: nothing is behind them. */
  edited(indexes: readonly number[]): void {
    this.paged.edited();
    for (const index of indexes) {
      this.records.renew(index);
      this.indexOf?.set(this.node(index).id, index);
      this.clocks.forget(index);
      this.records.touch(index);
    }
  }

  /** The scheduler has taken in an edit: what was a leaf may be none any more, and the other way round. */
  leavesEdited(): void {
    for (const index of this.leaves.edited(this.plan.nodes.length)) {
      this.records.touch(index);
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
    this.records.touchTogether(endings.flatMap((ending, index) => (ending ? [index] : [])));
  }

  /** A node is handed to an executor. */
  scheduled(index: number, now: number): void {
    this.records.touch(index).scheduledAt ??= now;
    this.records.free(index);
  }

  /** A node that was taken ahead has run: it could start then, and not when it was handed over. */
  couldStart(index: number, at: number, after: number | undefined): void {
    this.records.own(index).scheduledAt = at;
    this.clocks.couldStart(index, at, after);
  }

  /** A node that was handed over has not begun: no clock of it runs. */
  left(index: number): void {
    const record = this.records.touch(index);
    if (!record.round) delete record.scheduledAt;
  }

  /** Of some nodes, the one that has ended last, as far as that is still known here. */
  lastOf(indexes: readonly number[]): number | undefined {
    const endOf = (index: number): number => this.records.of(index).endedAt ?? -1;
    const ended = indexes.filter((index) => this.scheduler.ending(index) !== undefined);
    return ended.length === 0 ? undefined : ended.reduce((a, b) => (endOf(b) > endOf(a) ? b : a));
  }

  /** When a node was first handed over and when it ended, epoch milliseconds, as far as that is still known here. */
  timesOf(index: number): { scheduledAt?: number | undefined; endedAt?: number | undefined } {
    return this.records.of(index);
  }

  /** A person asked something of a node. */
  marked(index: number, mark: StatusChange): void {
    const record = this.records.touch(index);
    record.marks = [...(record.marks ?? []), mark].slice(-MARKS_KEPT);
    if (!mark.verb) this.clocks.paused(index, mark.status === 'PAUSED', Date.now());
  }

  /** An approval's question is asked. */
  asked(open: OpenQuestion): void {
    this.records.touch(open.index).question = open;
  }

  /** Nodes that are handed to an executor. */
  runningNodes(): number[] {
    return this.plan.nodes.flatMap((_, index) =>
      this.scheduler.state(index) === 'running' ? [index] : [],
    );
  }

  /** A node gave its place back. */
  held(index: number, outcome: HeldOutcome, now: number): void {
    const record = this.records.touch(index);
    this.returned(index, outcome, now);
    this.records.hold(index, outcome.held);
    if (outcome.held === 'looked') {
      if (!record.round) delete record.scheduledAt; // a look starts no clock
      return;
    }
    if (outcome.error) record.lastError = outcome.error;
    record.round = roundAfter(outcome, record.round, record.scheduledAt ?? now, now);
  }

  /** A node was not handed over: its circuit is known to be open. */
  shut(index: number): void {
    this.records.touch(index);
    this.records.hold(index, 'circuit');
  }

  /** A node has done its work, and its result is made meanwhile. */
  passed(index: number, outcome: NodeOutcome, now: number): void {
    this.records.touch(index).passed = outcome;
    this.returned(index, outcome, now);
  }

  /** How a node has done its work whose result is still made. */
  passedOf(index: number): NodeOutcome | undefined {
    return this.records.of(index).passed;
  }

  /** A node has ended, by its own outcome or without having run. */
  end(
    index: number,
    status: NodeOutcome['status'],
    now: number,
    outcome?: NodeOutcome,
    reason?: StatusReason,
  ): void {
    const record = this.records.touch(index);
    record.endedAt = now;
    delete record.passed;
    if (outcome) this.returned(index, outcome, now);
    this.clocks.ended(index, now);
    if (outcome) record.outcome = outcome;
    if (reason) record.reason = reason;
    this.records.free(index);
    this.ended[status] = (this.ended[status] ?? 0) + 1;
    this.unpaged.push(index);
    const reused = outcome?.reused;
    const own = !reused || reused.owed === true;
    const { undo, kind } = this.classOf(index);
    if (undo || this.isRead?.[index] !== 0) this.upstream.set(index, leftBy(status, outcome));
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
    const { attemptsUsed = 0, executionTimeMs = 0 } = this.records.of(index).round ?? {};
    const { kind } = this.classOf(index);
    const all = kind && TIME_OF_KIND[kind];
    this.clocks.returned(index, outcome, now, { attempts: attemptsUsed, executionTimeMs }, all);
  }

  /** Its pipeline has sent its end to the store. */
  isRecorded(index: number): boolean {
    return this.records.of(index).outcome?.recorded ?? false;
  }

  /** Post hooks ran after the end; their failures are warnings. */
  warned(index: number, warnings: string[] | undefined): void {
    const record = this.records.touch(index);
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
      this.records.forget(index);
      this.clocks.forget(index);
      return view;
    });
  }

  /** Restores what a continue-as-new carried. */
  restore(carry: Carry): void {
    const { upstream, clocks = [], undoable = [] } = carry;
    this.failures.push(...carry.failures);
    this.firstError = carry.firstError;
    this.clocks.restore(clocks, Date.now());
    this.records.restore(carry);
    for (const [index, value] of upstream) this.upstream.set(index, value);
    append(this.undoable, undoable);
    this.plan.nodes.forEach((_, index) => {
      const status = this.scheduler.ending(index)?.status;
      if (status) this.ended[status] = (this.ended[status] ?? 0) + 1;
    });
  }

  /** What nodes that may still be begun have to read, and what they have behind them. */
  carried(): Pick<
    Carry,
    | ('rounds' | 'holds' | 'passed' | 'upstream' | 'nodeMarks' | 'clocks' | 'undoable')
    | ('failures' | 'firstError' | 'sequence')
  > {
    const isOpen = (index: number): boolean => this.scheduler.state(index) !== 'settled';
    const open = this.plan.nodes.flatMap((_, index) => (isOpen(index) ? [index] : []));
    const records = this.records.carried(open);
    const { undoable, failures, firstError, sequence } = this;
    const needed = new Set(open.flatMap((index) => this.node(index).reads ?? []));
    for (const index of undoable)
      for (const read of [index, ...(this.node(index).reads ?? [])]) needed.add(read);
    const upstream = [...needed].flatMap((index): [number, Upstream][] => {
      const value = this.upstream.get(index);
      return value ? [[index, value]] : [];
    });
    const clocks = this.clocks.carry(Date.now(), isOpen);
    return {
      ...{ ...records, upstream, clocks, failures, firstError, sequence },
      ...(undoable.length > 0 ? { undoable } : {}),
    };
  }

  counts(): Counts {
    const pending = this.records.countHeld(
      (index, why = 'retry') =>
        this.scheduler.state(index) === 'held' && WHILE_HELD[why].status === 'PENDING',
    );
    return countsOf(this.scheduler, this.ended, pending);
  }

  page(query: NodesQuery): NodesPage {
    return { sequence: this.sequence, ...this.paged.page(query) };
  }

  /** No node starts before the whole execution may; undefined once it may. */
  waitBefore(door: Door | undefined): void {
    this.door = door;
    this.records.touchAll();
  }

  views(): NodeView[] {
    return this.plan.nodes.map((_, index) => this.view(index));
  }

  /** The view of one node, with the nodes that it depends on where they fit. */
  wholeView(index: number): NodeView {
    const dependsOn = this.scheduler.dependsOn(index).map((at) => this.node(at).id);
    return {
      ...this.view(index),
      ...(jsonBytes(dependsOn) > DEPENDENCIES_BYTES ? {} : { dependsOn }),
    };
  }

  view(index: number): NodeView {
    const { plan, scheduler, door } = this;
    return nodeView(index, {
      ...{ plan, scheduler, door, record: this.records.of(index) },
      priority: this.shownPriority(index),
      time: timeOf(this, index, scheduler.state(index) !== 'settled'),
      kept: this.seed?.viewOf(index),
      isLeaf: this.leaves.has(index),
    });
  }
}

/** What the time of a node went into that is no activity. */
const TIME_OF_KIND = { graph: 'children', map: 'children', approval: 'approval' } as const;
