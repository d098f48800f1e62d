/**
 * The scheduler: given how nodes end, which start next. It decides; whoever owns it does.
 *
 * Pure: no clock (times are arguments), no I/O. Nodes are known by their index in the graph.
 * I1. A node is in exactly one state: waiting, held, ready, running or settled; settled is final.
 * I2. At most `concurrency` nodes are running. A held node (a start time ahead, a long wait before a retry) is not, and
 *     one that takes no place is not counted.
 * I3. Among ready nodes the one with the highest priority goes first, then the first in the spec.
 * I4. A paused node starts nothing: it is set aside when it comes to the front. What runs is not touched by a pause.
 * I5. A limited node that has no place takes none in the window and blocks nobody (`start-queue.ts`).
 * I6. Settling a node costs O(its dependants), never O(the graph); only `failFast` and a cancel walk all nodes, once.
 */
import {
  endingOfLetter,
  letterOf,
  type Ending,
  type SchedulerSnapshot,
} from './scheduler-snapshot.js';
import { ChangedOptions } from './changed-options.js';
import { DependencyLedger } from './dependency-ledger.js';
import type { Effects } from './effects.js';
import type { StartGate } from './limit-gate.js';
import { NodePlaces } from './node-places.js';
import { Pauses } from './pauses.js';
import type { SchedulerNode } from './scheduler-node.js';
import { isFailure, type StatusReason, type TerminalStatus } from './status.js';
import { acceptsFailure } from './trigger.js';

export type { NodeState, SchedulerNode } from './scheduler-node.js';

export interface SchedulerOptions {
  concurrency: number;
  onFailure: 'continue' | 'failFast';
}

export class Scheduler extends NodePlaces {
  private readonly ledger: DependencyLedger;
  /** Nodes that are given back: what they had to wait for beside others is over. */
  private readonly delayed = new Set<number>();
  /** Why nothing ordinary starts any more: a failure under `failFast`, a cancel, a deadline. */
  stopping: StatusReason | undefined;

  constructor(
    nodes: Iterable<SchedulerNode>,
    private options: SchedulerOptions,
    /** Who knows the places of limited nodes. */
    gate?: StartGate,
  ) {
    super(nodes, options.concurrency, gate);
    this.ledger = new DependencyLedger(this.nodes);
  }

  /** Makes the nodes ready that wait for nothing. Call once, before anything else. */
  start(now: number): void {
    for (let index = 0; index < this.nodes.count; index++) {
      if (this.states[index] !== 'waiting') continue; // a person was quicker
      const isFree = this.nodes.dependsOn.lengthOf(index) === 0;
      if (isFree || this.nodes.of(index).trigger === 'always') this.admit(index, now);
    }
  }

  /** Instead of {@link start}: some nodes have ended already, and what that allows is ready. Call once, before anything else. */
  startWith(endings: readonly (Ending | undefined)[], now: number): Effects {
    const effects: Effects = { settled: [], cancel: [] };
    endings.forEach((ending, index) => {
      if (ending && this.states[index] !== 'settled') this.finish(index, ending);
    });
    for (let index = 0; index < this.nodes.count; index++) this.reconsiderNode(index, effects, now);
    return effects;
  }

  /** A running node has ended. */
  settle(index: number, status: TerminalStatus, now: number, reason?: StatusReason): Effects {
    const effects: Effects = { settled: [], cancel: [] };
    if (this.states[index] === 'settled') return effects;
    this.end(index, { status, reason }, effects, now);
    const fatal = isFailure(status) && !this.nodes.of(index).allowFailure;
    if (fatal && this.options.onFailure === 'failFast' && this.stopping === undefined) {
      this.cause = index;
      this.stop('fail_fast', effects, now);
      this.cause = undefined;
    }
    return effects;
  }

  /** A running node has done its work, and its result is still made of that: who does not read it has it completed. */
  pass(index: number, now: number): Effects {
    const effects: Effects = { settled: [], cancel: [] };
    if (this.states[index] !== 'running' || this.hasPassed(index)) return effects;
    this.follow(index, this.ledger.pass(index), effects, now);
    return effects;
  }

  /** Nodes that have done their work and have not ended. */
  passed(): readonly number[] {
    return this.ledger.passed();
  }

  /** True for a running node that has done its work. */
  hasPassed(index: number): boolean {
    return this.ledger.hasPassed(index);
  }

  /** Cancels one node: at once where it is not running, else by asking its owner to. */
  cancelNode(index: number, now: number, reason: StatusReason = 'cancelled'): Effects {
    const effects: Effects = { settled: [], cancel: [] };
    if (this.states[index] === 'running') effects.cancel.push({ index, reason });
    else if (this.states[index] !== 'settled') {
      effects.settled.push({ index, status: 'CANCELLED', reason });
      this.end(index, { status: 'CANCELLED', reason }, effects, now);
    }
    return effects;
  }

  /**
   * Cancels the graph. Nodes with `runsOnCancel` go on as if nothing had been asked, and no pause holds them back; all else
   * is stopped.
   */
  cancelAll(now: number, reason: StatusReason = 'cancelled'): Effects {
    const effects: Effects = { settled: [], cancel: [] };
    this.unpause();
    this.stop(reason, effects, now);
    return effects;
  }

  /** Ends everything that has not begun, with a status, and asks what runs to stop. */
  endAll(status: TerminalStatus, reason: StatusReason): Effects {
    const effects: Effects = { settled: [], cancel: [] };
    this.stopping = reason;
    for (let index = 0; index < this.nodes.count; index++) {
      if (this.states[index] === 'running') effects.cancel.push({ index, reason });
      else if (this.states[index] !== 'settled')
        this.settleQuietly(index, { status, reason }, effects);
    }
    return effects;
  }

  /**
   * A running node has not begun after all: it stands as if it had never been taken. A start delay is behind it.
   *
   * @param how `cause`: of those that it waits for the one that ended last; `ending`: how it ends, whatever it waits for
   */
  giveBack(
    index: number,
    now: number,
    { cause, ending }: { cause?: number | undefined; ending?: Ending | undefined } = {},
  ): Effects {
    const effects: Effects = { settled: [], cancel: [] };
    if (this.states[index] !== 'running') return effects;
    this.cause = cause;
    this.move(index, 'waiting');
    if (ending && !this.isLeaving(index)) {
      const { status, reason } = ending;
      effects.settled.push({ index, status, ...(reason === undefined ? {} : { reason }) });
      this.end(index, ending, effects, now);
    } else {
      this.delayed.add(index);
      this.reconsiderNode(index, effects, now);
      this.delayed.delete(index);
    }
    this.cause = undefined;
    return effects;
  }

  /** Nodes that wait for a node. */
  dependants(index: number): readonly number[] {
    return this.ledger.dependants(index);
  }

  /** True for a node that another one waits for. */
  hasDependants(index: number): boolean {
    return this.ledger.hasDependants(index);
  }

  /** How a settled node ended. */
  ending(index: number): { status: TerminalStatus; reason?: StatusReason | undefined } | undefined {
    return this.ledger.endings.of(index);
  }

  /** Results that a node reads, of nodes that have done their work: for those it waits. */
  awaitedResults(index: number): readonly number[] {
    return this.ledger.awaitedResults(index);
  }

  /** Dependencies of a node that have ended, and all of them: with those whose results it reads over others, while it waits. */
  dependencyProgress(index: number): { done: number; total: number } {
    const { done, total } = this.ledger.progress(index);
    const dependsOn = this.dependsOn(index);
    const awaited = this.awaitedResults(index);
    const own = awaited.filter((other) => dependsOn.includes(other)).length;
    return { done: done - own, total: total + awaited.length - own };
  }

  /**
   * Takes in nodes that are new, by the next indexes, or that have changed and have not begun: each waits for what it now
   * depends on. What has ended stays ended.
   */
  edit(changes: readonly (readonly [index: number, node: SchedulerNode])[], now: number): Effects {
    for (const [index, node] of changes) {
      const before = this.dependsOn(index);
      if (index === this.states.length) this.states.push('waiting');
      else this.move(index, 'waiting');
      this.looked.delete(index);
      this.changed.setPriority(index, node.priorityKey, node.priorityKey);
      this.nodes.put(index, node);
      this.ledger.renew(index, before);
    }
    const effects: Effects = { settled: [], cancel: [] };
    for (const [index] of changes) this.reconsiderNode(index, effects, now);
    return effects;
  }

  /** True when a node without `allowFailure` ended FAILED, TIMEOUT, REJECTED or CANCELLED. */
  get hasFailed(): boolean {
    return this.ledger.endings.hasFailed;
  }

  /** The first node without `allowFailure` that ended CANCELLED. */
  get cancelled(): number | undefined {
    return this.ledger.endings.cancelled;
  }

  /** True when a node without `allowFailure` failed for want of time until the graph's deadline. */
  get missedDeadline(): boolean {
    return this.ledger.endings.missedDeadline;
  }

  snapshot(): SchedulerSnapshot {
    const passed = this.ledger.passed();
    const letters = this.states.map((state, index) =>
      letterOf(state, this.ledger.endings.of(index), this.isLook(index)),
    );
    const looked = [...this.looked].filter((index) => /[rh]/.test(letters[index] ?? ''));
    return {
      states: letters.join(''),
      held: this.held.entries(),
      ...(this.stopping === undefined ? {} : { stopping: this.stopping }),
      ...this.pauses.snapshot(),
      ...(looked.length > 0 ? { looked } : {}),
      ...(this.ahead.size > 0 ? { ahead: [...this.ahead] } : {}),
      ...(this.lent.size > 0 ? { lent: this.lent.indexes() } : {}),
      ...(this.lent.keptCount === 0 ? {} : { kept: this.lent.keptCount }),
      ...(passed.length > 0 ? { passed } : {}),
      ...this.changed.snapshot(this.nodes.count),
    };
  }

  /** A scheduler in the state of a snapshot of the same graph; do not `start` it again. */
  static restore(
    nodes: Iterable<SchedulerNode>,
    options: SchedulerOptions,
    snapshot: SchedulerSnapshot,
    gate?: StartGate,
  ): Scheduler {
    const scheduler = new Scheduler(nodes, options, gate);
    scheduler.stopping = snapshot.stopping;
    scheduler.pauses = new Pauses(snapshot);
    for (const index of snapshot.looked ?? []) scheduler.looked.add(index);
    for (const index of snapshot.ahead ?? []) scheduler.ahead.add(index);
    scheduler.changed = new ChangedOptions(snapshot);
    for (const index of snapshot.lent ?? []) scheduler.lent.lend(index, scheduler.rank(index));
    scheduler.lent.keep(snapshot.kept ?? 0);
    const held = new Map(snapshot.held);
    for (let index = 0; index < scheduler.nodes.count; index++) {
      const letter = snapshot.states.charAt(index);
      const ending = endingOfLetter(letter);
      if (ending) scheduler.finish(index, ending);
      else if (letter === 'l') scheduler.move(index, 'running');
      else if (letter === 'u') {
        scheduler.looked.add(index);
        scheduler.move(index, 'running');
      } else if (letter === 'r') scheduler.makeReady(index);
      else if (letter === 'h') scheduler.holdUntil(index, held.get(index) ?? 0);
    }
    for (const index of snapshot.passed ?? []) scheduler.ledger.pass(index);
    for (const index of scheduler.lent.indexes())
      if (scheduler.ledger.decide(index) === 'run') scheduler.lent.queued(index);
    return scheduler;
  }

  private settleQuietly(index: number, ending: Ending, effects: Effects): void {
    const { status, reason } = ending;
    effects.settled.push({ index, status, ...(reason === undefined ? {} : { reason }) });
    this.finish(index, { status, reason });
  }

  /** A node whose trigger said yes: ready, or held where a start time lies ahead. */
  private admit(index: number, now: number): void {
    const { startDelayMs = 0, notBefore = 0 } = this.nodes.of(index);
    if (this.delayed.has(index)) return this.makeReady(index);
    const until = Math.max(startDelayMs > 0 ? now + startDelayMs : 0, notBefore);
    if (until > now) this.holdUntil(index, until);
    else this.makeReady(index);
  }

  private end(index: number, ending: Ending, effects: Effects, now: number): void {
    this.follow(index, this.finish(index, ending), effects, now);
  }

  /** All that follows from an end, without recursion: a chain may be as long as the graph. */
  private follow(cause: number, waiting: readonly number[], effects: Effects, now: number): void {
    const ended = [{ cause, waiting }];
    for (let next = ended.pop(); next; next = ended.pop()) {
      for (const index of next.waiting) {
        this.cause = next.cause;
        this.queueLent(index);
        const skipped = this.decide(index, now);
        if (!skipped) continue;
        effects.settled.push({ index, ...skipped });
        ended.push({ cause: index, waiting: this.finish(index, skipped) });
      }
    }
    this.cause = undefined;
  }

  /** A lent node may have ended its waiting for others: where it is, it waits for a place. */
  private queueLent(index: number): void {
    if (!this.lent.has(index) || this.ledger.decide(index) !== 'run') return;
    this.lent.queued(index);
    this.watch?.({ index, from: 'waiting', to: 'ready', by: this.cause });
  }

  /** @returns those for whom that may have decided something */
  private finish(index: number, ending: Ending): readonly number[] {
    this.move(index, 'settled');
    return this.ledger.end(index, ending);
  }

  private decide(index: number, now: number): (Ending & { reason: StatusReason }) | undefined {
    if (this.states[index] !== 'waiting') return undefined;
    const { stopping } = this;
    const decision = this.ledger.decide(index);
    const runs = decision === 'run' || decision === 'wait';
    // What is given back had its rule say no before the stop.
    if (stopping !== undefined && !this.outlives(index) && (runs || !this.delayed.has(index)))
      return this.isLeaving(index) ? undefined : { status: 'CANCELLED', reason: stopping };
    if (!runs)
      return { status: 'SKIPPED', reason: decision === 'skipped' ? 'rule' : 'upstream_failed' };
    if (decision === 'run') this.admit(index, now);
    return undefined;
  }

  /** True for a node that may still begin in a graph that is being stopped. */
  private outlives(index: number): boolean {
    const { trigger, runsOnCancel = false } = this.nodes.of(index);
    return this.stopping === 'fail_fast' ? acceptsFailure(trigger) : runsOnCancel;
  }

  /**
   * True for a node that a stop ends once all that it waits for has ended: what comes after it, and goes on, is to begin
   * only when nothing before it runs any more.
   */
  private isLeaving(index: number): boolean {
    if (this.stopping === undefined || this.outlives(index)) return false;
    const { done, total } = this.ledger.progress(index);
    return done < total;
  }

  /** Stops a graph: what {@link survives} goes on, what runs is asked to end, all else ends. */
  private stop(reason: StatusReason, effects: Effects, now: number): void {
    this.stopping = reason;
    const { cause } = this;
    const open = this.states.flatMap((state, index) => (state === 'settled' ? [] : [index]));
    const going = new Set(open.filter((index) => this.survives(index)));
    const awaited = this.ledger.awaitedBy(going, (index) => this.states[index] !== 'settled');
    const later: number[] = [...going];
    for (const index of open) {
      if (going.has(index)) continue;
      const state = this.states[index];
      if (state === 'running') effects.cancel.push({ index, reason });
      else if (state === 'waiting' && awaited.has(index) && this.isLeaving(index))
        later.push(index);
      else this.settleQuietly(index, { status: 'CANCELLED', reason }, effects);
    }
    for (const index of later) {
      this.cause = cause;
      this.reconsiderNode(index, effects, now);
    }
  }

  private reconsiderNode(index: number, effects: Effects, now: number): void {
    const skipped = this.decide(index, now);
    if (!skipped) return;
    effects.settled.push({ index, ...skipped });
    this.end(index, skipped, effects, now);
  }

  /** After a failure only what comes after something that has ended: else there is nothing that it could clean up. */
  private survives(index: number): boolean {
    if (!this.outlives(index)) return false;
    return (
      this.stopping !== 'fail_fast' ||
      this.states[index] === 'waiting' ||
      this.dependsOn(index).some((other) => this.states[other] === 'settled')
    );
  }
}
