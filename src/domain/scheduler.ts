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
  letterOfEnding,
  type Ending,
  type SchedulerSnapshot,
} from './scheduler-snapshot.js';
import { DependencyLedger, type LedgerNode } from './dependency-ledger.js';
import type { Effects } from './effects.js';
import { HeldQueue } from './held-queue.js';
import type { StartGate } from './limit-gate.js';
import { ReadyQueue } from './ready-queue.js';
import type { NodeMove } from './node-clocks.js';
import { StartQueue } from './start-queue.js';
import { isFailure, type StatusReason, type TerminalStatus } from './status.js';
import { acceptsFailure } from './trigger.js';

export interface SchedulerNode extends LedgerNode {
  /** 1 (first) to 5 (last), as Temporal's `priorityKey`. */
  priorityKey: number;
  /** Not before this long after its dependencies allow it, in milliseconds. */
  startDelayMs?: number;
  /** Not before this time, in epoch milliseconds. */
  notBefore?: number;
  /** Index of the lane in which it waits for a place, where it is held to a limit. */
  lane?: number;
  /** It runs whether or not the window has room, and counts in it as little as a held node: a sub-graph, an approval. */
  takesNoPlace?: true;
  /** It may end without its work: it runs once to look, without a place, before it waits for one. */
  looksFirst?: true;
}

export interface SchedulerOptions {
  concurrency: number;
  onFailure: 'continue' | 'failFast';
}

export type NodeState = 'waiting' | 'held' | 'ready' | 'running' | 'settled';

export class Scheduler {
  private readonly states: NodeState[];
  private readonly endings: (Ending | undefined)[];
  private readonly ledger: DependencyLedger;
  private readonly readyQueue: StartQueue;
  /** Ready nodes that take no place. */
  private readonly freeQueue: ReadyQueue;
  private readonly held = new HeldQueue();
  private runningCount = 0;
  /** Those of them that take a place in the window. */
  private placesTaken = 0;
  private settledCount = 0;
  private readyCount = 0;
  /** Why nothing ordinary starts any more: a failure under `failFast`, a cancel, a deadline. */
  private stopping: StatusReason | undefined;
  private pausedAll = false;
  private readonly pausedNodes = new Set<number>();
  /** Nodes that have looked, and found that their work has to be done. */
  private readonly looked = new Set<number>();
  /** Hears of every move of a node from one state to another. */
  watch: ((move: NodeMove) => void) | undefined;
  /** The node whose end is being followed up. */
  private cause: number | undefined;

  constructor(
    private readonly nodes: readonly SchedulerNode[],
    private options: SchedulerOptions,
    /** Who knows the places of limited nodes. */
    gate?: StartGate,
  ) {
    this.states = nodes.map(() => 'waiting');
    this.endings = nodes.map(() => undefined);
    this.ledger = new DependencyLedger(nodes);
    this.readyQueue = new StartQueue({
      rank: (index) => this.node(index).priorityKey,
      isReady: (index) => this.states[index] === 'ready',
      mayStart: (index) => !this.isPaused(index),
      lane: (index) => (this.isLook(index) ? undefined : this.node(index).lane),
      gate,
    });
    this.freeQueue = new ReadyQueue(
      (index) => this.node(index).priorityKey,
      (index) => this.states[index] === 'ready',
      (index) => !this.isPaused(index),
    );
  }

  /** Makes the nodes ready that wait for nothing. Call once, before anything else. */
  start(now: number): void {
    for (let index = 0; index < this.nodes.length; index++) {
      const { dependsOn, trigger } = this.node(index);
      if (dependsOn.length === 0 || trigger === 'always') this.admit(index, now);
    }
  }

  /** Instead of {@link start}: some nodes have ended already, and what that allows is ready. Call once, before anything else. */
  startWith(endings: readonly (Ending | undefined)[], now: number): Effects {
    const effects: Effects = { settled: [], cancel: [] };
    endings.forEach((ending, index) => ending && this.endQuietly(index, ending));
    for (let index = 0; index < this.nodes.length; index++) {
      const skipped = this.decide(index, now);
      if (!skipped) continue;
      effects.settled.push({ index, ...skipped });
      this.end(index, skipped, effects, now);
    }
    return effects;
  }

  /** Takes up to `limit` ready nodes that the window has room for; they count as running from here on. */
  take(limit = Infinity): number[] {
    const taken: number[] = [];
    while (taken.length < limit) {
      const index = this.freeQueue.pop() ?? (this.hasRoom ? this.readyQueue.pop() : undefined);
      if (index === undefined) break;
      this.move(index, 'running');
      taken.push(index);
    }
    return taken;
  }

  /** A running node has ended. */
  settle(index: number, status: TerminalStatus, now: number, reason?: StatusReason): Effects {
    const effects: Effects = { settled: [], cancel: [] };
    if (this.states[index] === 'settled') return effects;
    this.end(index, { status, reason }, effects, now);
    const fatal = isFailure(status) && !this.node(index).allowFailure;
    if (fatal && this.options.onFailure === 'failFast' && this.stopping === undefined) {
      this.cause = index;
      this.stop('fail_fast', effects, now);
      this.cause = undefined;
    }
    return effects;
  }

  /** A running node gives its place back until a time; it is ready again when `release` passes it. */
  hold(index: number, until: number): void {
    if (this.states[index] === 'running') this.holdUntil(index, until);
  }

  /** True for a node that, if it runs, only looks. */
  isLook(index: number): boolean {
    return this.node(index).looksFirst === true && !this.looked.has(index);
  }

  /** A node that looked has to do its work, once it has a place. */
  lookedInVain(index: number, now: number): void {
    this.hold(index, now);
    this.looked.add(index);
  }

  /** Makes held nodes ready whose time has come. */
  release(now: number): void {
    for (let index = this.held.takeDue(now); index !== undefined; index = this.held.takeDue(now)) {
      this.makeReady(index);
    }
  }

  /** When the next held node is due, in epoch milliseconds. */
  nextDue(): number | undefined {
    return this.held.nextDue();
  }

  /** Nothing starts any more until `resume`. What runs goes on; waits go on too. */
  pause(): void {
    this.pausedAll = true;
  }

  /** What is ready may start again, except nodes that were paused by themselves. */
  resume(): void {
    this.pausedAll = false;
    this.reconsider();
  }

  /** The node does not start (again) until `resumeNode`. */
  pauseNode(index: number): void {
    if (this.states[index] !== 'settled') this.pausedNodes.add(index);
  }

  resumeNode(index: number): void {
    if (this.pausedNodes.delete(index)) this.reconsider();
  }

  /** True for a node that may not start, on its own account or because everything is paused. */
  isPaused(index: number): boolean {
    return this.pausedAll || this.pausedNodes.has(index);
  }

  /** True for a node that was paused by itself. */
  isNodePaused(index: number): boolean {
    return this.pausedNodes.has(index);
  }

  get isAllPaused(): boolean {
    return this.pausedAll;
  }

  /** Nodes of a lane that could start if they had a place, and the priority of the first of them. */
  waitingIn(lane: number): { ready: number; priority: number } {
    const first = this.readyQueue.firstOf(lane);
    if (first === undefined) return { ready: 0, priority: Infinity };
    const paused = [...this.pausedNodes].filter(
      (index) => this.states[index] === 'ready' && this.readyQueue.laneOf(index) === lane,
    );
    const ready = this.readyQueue.readyIn(lane) - paused.length;
    return { ready, priority: this.node(first).priorityKey };
  }

  /** True for a ready node that waits for a place in its limit. */
  waitsForLimit(index: number): boolean {
    return this.states[index] === 'ready' && this.readyQueue.lacksPlace(index);
  }

  /** True while some node could start now, were there room for its work elsewhere. */
  get hasStartable(): boolean {
    return (
      this.freeQueue.peek() !== undefined || (this.hasRoom && this.readyQueue.peek() !== undefined)
    );
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

  /** Cancels everything: no node starts any more, whatever its trigger says. */
  cancelAll(reason: StatusReason = 'cancelled'): Effects {
    return this.endAll('CANCELLED', reason);
  }

  /** Ends everything that has not begun, with a status, and asks what runs to stop. */
  endAll(status: TerminalStatus, reason: StatusReason): Effects {
    const effects: Effects = { settled: [], cancel: [] };
    this.stopping = reason;
    for (let index = 0; index < this.nodes.length; index++) {
      if (this.states[index] === 'running') effects.cancel.push({ index, reason });
      else if (this.states[index] !== 'settled')
        this.settleQuietly(index, { status, reason }, effects);
    }
    return effects;
  }

  state(index: number): NodeState {
    return this.states[index] ?? 'settled';
  }

  /** How a settled node ended. */
  ending(index: number): { status: TerminalStatus; reason?: StatusReason | undefined } | undefined {
    return this.endings[index];
  }

  /** Dependencies of a node that have ended, and all of them. */
  dependencyProgress(index: number): { done: number; total: number } {
    return this.ledger.progress(index);
  }

  get running(): number {
    return this.runningCount;
  }

  /** Those of the running that take no place in the window. */
  get withoutPlace(): number {
    return this.runningCount - this.placesTaken;
  }

  /** Nodes that take a place in the window. */
  get inWindow(): number {
    return this.placesTaken;
  }

  get ready(): number {
    return this.readyCount;
  }

  get heldCount(): number {
    return this.held.size;
  }

  get waitingCount(): number {
    return (
      this.nodes.length - this.settledCount - this.runningCount - this.readyCount - this.held.size
    );
  }

  /** Where a ready node stands: the lower goes first, equal ones in the order of their indexes. */
  rank(index: number): number {
    return this.node(index).priorityKey;
  }

  /** When a held node is due, in epoch milliseconds. */
  heldUntilOf(index: number): number | undefined {
    return this.held.until(index);
  }

  get isDone(): boolean {
    return this.settledCount === this.nodes.length;
  }

  get concurrency(): number {
    return this.options.concurrency;
  }

  /** True when a node without `allowFailure` ended FAILED, TIMEOUT or REJECTED. */
  get hasFailed(): boolean {
    return this.endings.some(
      (ending, index) => ending && isFailure(ending.status) && !this.node(index).allowFailure,
    );
  }

  snapshot(): SchedulerSnapshot {
    const letters = this.states.map((state, index) => {
      const ending = this.endings[index];
      if (ending) return letterOfEnding(ending);
      return state !== 'running' ? state.charAt(0) : this.isLook(index) ? 'l' : 'u';
    });
    const looked = [...this.looked].filter((index) => /[rh]/.test(letters[index] ?? ''));
    return {
      states: letters.join(''),
      held: this.held.entries(),
      ...(this.stopping === undefined ? {} : { stopping: this.stopping }),
      ...(this.pausedAll ? { paused: true as const } : {}),
      ...(this.pausedNodes.size > 0 ? { pausedNodes: [...this.pausedNodes] } : {}),
      ...(looked.length > 0 ? { looked } : {}),
    };
  }

  /** A scheduler in the state of a snapshot of the same graph; do not `start` it again. */
  static restore(
    nodes: readonly SchedulerNode[],
    options: SchedulerOptions,
    snapshot: SchedulerSnapshot,
    gate?: StartGate,
  ): Scheduler {
    const scheduler = new Scheduler(nodes, options, gate);
    scheduler.stopping = snapshot.stopping;
    scheduler.pausedAll = snapshot.paused ?? false;
    for (const index of snapshot.pausedNodes ?? []) scheduler.pausedNodes.add(index);
    for (const index of snapshot.looked ?? []) scheduler.looked.add(index);
    const held = new Map(snapshot.held);
    for (let index = 0; index < nodes.length; index++) {
      const letter = snapshot.states.charAt(index);
      const ending = endingOfLetter(letter);
      if (ending) scheduler.endQuietly(index, ending);
      else if (letter === 'l') scheduler.move(index, 'running');
      else if (letter === 'u') {
        scheduler.looked.add(index);
        scheduler.move(index, 'running');
      } else if (letter === 'r') scheduler.makeReady(index);
      else if (letter === 'h') scheduler.holdUntil(index, held.get(index) ?? 0);
    }
    return scheduler;
  }

  private get hasRoom(): boolean {
    return this.placesTaken < this.options.concurrency;
  }

  private reconsider(): void {
    this.readyQueue.reconsider();
    this.freeQueue.reconsider();
  }

  private settleQuietly(index: number, ending: Ending, effects: Effects): void {
    const { status, reason } = ending;
    effects.settled.push({ index, status, ...(reason === undefined ? {} : { reason }) });
    this.endQuietly(index, { status, reason });
  }

  /** Ends a node whose dependants need no decision. */
  private endQuietly(index: number, ending: Ending): void {
    this.finish(index, ending);
    for (const dependant of this.ledger.dependants(index))
      this.ledger.count(dependant, index, ending);
  }

  private node(index: number): SchedulerNode {
    const node = this.nodes[index];
    if (!node) throw new RangeError(`no node with index ${index}`);
    return node;
  }

  private move(index: number, to: NodeState): void {
    const from = this.states[index];
    const place = this.node(index).takesNoPlace ? 0 : 1;
    if (from === 'running') this.placesTaken -= place;
    if (to === 'running') this.placesTaken += place;
    if (from === 'running') this.runningCount--;
    if (from === 'ready') this.readyCount--;
    if (from === 'held') this.held.remove(index);
    if (to === 'settled') this.pausedNodes.delete(index);
    if (to === 'running') this.runningCount++;
    if (to === 'ready') this.readyCount++;
    if (to === 'settled') this.settledCount++;
    this.states[index] = to;
    this.readyQueue.moved(index, from, to);
    if (from) this.watch?.({ index, from, to, by: from === 'waiting' ? this.cause : undefined });
  }

  private makeReady(index: number): void {
    this.move(index, 'ready');
    if (this.node(index).takesNoPlace) this.freeQueue.push(index);
    else this.readyQueue.push(index);
  }

  private holdUntil(index: number, until: number): void {
    this.move(index, 'held');
    this.held.hold(index, until);
  }

  /** A node whose trigger said yes: ready, or held where a start time lies ahead. */
  private admit(index: number, now: number): void {
    const { startDelayMs = 0, notBefore = 0 } = this.node(index);
    const until = Math.max(startDelayMs > 0 ? now + startDelayMs : 0, notBefore);
    if (until > now) this.holdUntil(index, until);
    else this.makeReady(index);
  }

  /** Ends a node and everything that follows from it, without recursion: a chain may be as long as the graph. */
  private end(index: number, ending: Ending, effects: Effects, now: number): void {
    this.finish(index, ending);
    const ended: [number, Ending][] = [[index, ending]];
    for (let next = ended.pop(); next; next = ended.pop()) {
      const [current, how] = next;
      for (const dependant of this.ledger.dependants(current)) {
        this.ledger.count(dependant, current, how);
        this.cause = current;
        const skipped = this.decide(dependant, now);
        if (!skipped) continue;
        this.finish(dependant, skipped);
        effects.settled.push({ index: dependant, ...skipped });
        ended.push([dependant, skipped]);
      }
    }
    this.cause = undefined;
  }

  private finish(index: number, ending: Ending): void {
    this.move(index, 'settled');
    this.endings[index] = ending;
  }

  private decide(index: number, now: number): (Ending & { reason: StatusReason }) | undefined {
    if (this.states[index] !== 'waiting') return undefined;
    const { trigger } = this.node(index);
    const decision = this.ledger.decide(index);
    if (decision === 'wait') return undefined;
    if (decision !== 'run')
      return { status: 'SKIPPED', reason: decision === 'skipped' ? 'rule' : 'upstream_failed' };
    if (
      this.stopping !== undefined &&
      !(this.stopping === 'fail_fast' && acceptsFailure(trigger))
    ) {
      return { status: 'CANCELLED', reason: this.stopping };
    }
    this.admit(index, now);
    return undefined;
  }

  /**
   * Stops a graph after a failure: what accepts failure and has a settled ancestor goes on, all else ends. First all of
   * that, then what follows for those that go on: the order of the nodes makes no difference.
   */
  private stop(reason: StatusReason, effects: Effects, now: number): void {
    this.stopping = reason;
    const going: number[] = [];
    for (let index = 0; index < this.nodes.length; index++) {
      const state = this.states[index];
      if (state === 'settled') continue;
      if (this.survives(index)) going.push(index);
      else if (state === 'running') effects.cancel.push({ index, reason });
      else this.settleQuietly(index, { status: 'CANCELLED', reason }, effects);
    }
    const { cause } = this;
    for (const index of going) {
      this.cause = cause;
      const skipped = this.decide(index, now);
      if (!skipped) continue;
      effects.settled.push({ index, ...skipped });
      this.end(index, skipped, effects, now);
    }
  }

  private survives(index: number): boolean {
    const { trigger, dependsOn } = this.node(index);
    if (!acceptsFailure(trigger)) return false;
    return (
      this.states[index] === 'waiting' ||
      dependsOn.some((dependency) => this.states[dependency] === 'settled')
    );
  }
}
