/**
 * Where each node of a graph stands: waiting, held, ready, running or settled; who of the ready goes next, and what a
 * pause, a changed priority or another window make of that. What follows from an end, `scheduler.ts` decides, whose
 * invariants hold here too.
 */
import { ChangedOptions } from './changed-options.js';
import { HeldQueue } from './held-queue.js';
import { LentPlaces } from './lent-places.js';
import type { StartGate } from './limit-gate.js';
import type { NodeMove } from './node-clocks.js';
import { NodeTable } from './node-table.js';
import { Pauses } from './pauses.js';
import { ReadyQueue } from './ready-queue.js';
import type { NodeState, SchedulerNode } from './scheduler-node.js';
import { StartQueue } from './start-queue.js';

export class NodePlaces {
  protected readonly nodes: NodeTable;
  protected readonly states: NodeState[];
  private readonly readyQueue: StartQueue;
  /** Ready nodes that take no place. */
  private readonly freeQueue: ReadyQueue;
  protected readonly held = new HeldQueue();
  private runningCount = 0;
  /** Nodes that were taken so far, each time counted. */
  private takenCount = 0;
  /** Those of them that take a place in the window. */
  private placesTaken = 0;
  private settledCount = 0;
  private readyCount = 0;
  protected pauses = new Pauses();
  /** Nodes that have looked, and found that their work has to be done. */
  protected readonly looked = new Set<number>();
  protected changed = new ChangedOptions();
  private narrowed = Infinity;
  /** Running nodes that were taken beyond the window, or before their turn: they take no place. */
  protected readonly ahead = new Set<number>();
  /** Those of them that still wait, though not here: whoever has them begins them, and says so. */
  protected readonly lent = new LentPlaces();
  /** Hears of every move of a node from one state to another. */
  watch: ((move: NodeMove) => void) | undefined;
  /** The node whose end is being followed up. */
  protected cause: number | undefined;

  /** @param window nodes that run at once, unless that is changed */
  constructor(
    nodes: Iterable<SchedulerNode>,
    private readonly window: number,
    gate?: StartGate,
  ) {
    this.nodes = new NodeTable(nodes);
    this.states = new Array<NodeState>(this.nodes.count).fill('waiting');
    this.readyQueue = new StartQueue({
      rank: (index) => this.rank(index),
      // A node that was edited may have left an entry in the other queue.
      isReady: (index) => this.states[index] === 'ready' && !this.nodes.of(index).takesNoPlace,
      mayStart: (index) => !this.isPaused(index),
      lane: (index) => (this.isLook(index) ? undefined : this.nodes.of(index).lane),
      gate,
    });
    this.freeQueue = new ReadyQueue(
      (index) => this.rank(index),
      (index) => this.states[index] === 'ready' && this.nodes.of(index).takesNoPlace === true,
      (index) => !this.isPaused(index),
    );
  }

  /** Takes up to `limit` ready nodes that the window has room for; they count as running from here on. */
  take(limit = Infinity): number[] {
    const taken: number[] = [];
    while (taken.length < limit) {
      const index = this.freeQueue.pop() ?? (this.hasRoom ? this.readyQueue.pop() : undefined);
      if (index === undefined) break;
      this.move(index, 'running');
      this.takenCount++;
      taken.push(index);
    }
    return taken;
  }

  /**
   * Takes more of the ready nodes while the next one is wanted: what the window has no room for is taken ahead of it, and
   * takes no place. It is for whoever runs them to see that no more than the window's run at once.
   */
  takeWhile(wanted: (index: number) => boolean): { taken: number[]; places: number } {
    const taken: number[] = [];
    let places = 0;
    for (let next = this.readyQueue.peek(); next !== undefined; next = this.readyQueue.peek()) {
      if (!wanted(next)) break;
      this.readyQueue.pop();
      if (this.hasRoom) places++;
      else this.ahead.add(next);
      this.move(next, 'running');
      this.takenCount++;
      taken.push(next);
    }
    return { taken, places };
  }

  /** Takes a node that still waits: whoever runs it begins it once what it waits for has completed. */
  takeAhead(index: number): void {
    if (this.states[index] !== 'waiting') throw new RangeError(`node ${index} does not wait`);
    this.takeWithoutPlace(index);
  }

  /**
   * Lends a node that waits for others, or is ready and waits for a place: it is begun elsewhere, in a place that is kept
   * there ({@link keep}). Until then it stands for all who ask where it stood.
   */
  lend(index: number): void {
    const state = this.states[index];
    if (state !== 'waiting' && state !== 'ready')
      throw new RangeError(`node ${index} is ${state}: it cannot be lent`);
    this.lent.lend(index, this.rank(index));
    if (state === 'ready') this.lent.queued(index);
    this.takeWithoutPlace(index);
  }

  /** A node that was lent has begun, in a place that was kept. */
  lentBegan(index: number): void {
    if (!this.lent.delete(index)) return;
    this.ahead.delete(index);
    if (!this.nodes.of(index).takesNoPlace) this.placesTaken++;
  }

  /** Whoever has what is lent keeps so many places more for it, or fewer. */
  keep(places: number): void {
    this.lent.keep(places);
  }

  get lentCount(): number {
    return this.lent.size;
  }

  isLent(index: number): boolean {
    return this.lent.has(index);
  }

  get lentIndexes(): readonly number[] {
    return this.lent.indexes();
  }

  /** Lent nodes that wait for nothing but a place. */
  get lentReady(): ReadonlySet<number> {
    return this.lent.inQueue;
  }

  /** True for a node that goes before some that are lent, by its priority. */
  goesBeforeLent(index: number): boolean {
    return this.rank(index) < (this.lent.lastRank ?? -Infinity);
  }

  /** True for a running node that was taken beyond the window, or before its turn. */
  isAhead(index: number): boolean {
    return this.ahead.has(index);
  }

  /** A running node gives its place back until a time; it is ready again when `release` passes it. */
  hold(index: number, until: number): void {
    if (this.states[index] === 'running') this.holdUntil(index, until);
  }

  /** True for a node that, if it runs, only looks. */
  isLook(index: number): boolean {
    return this.nodes.of(index).looksFirst === true && !this.looked.has(index);
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
    this.pauses.all = true;
  }

  /** What is ready may start again, except nodes that were paused by themselves. */
  resume(): void {
    this.pauses.all = false;
    this.reconsider();
  }

  /** Nothing is paused any more, by itself or with everything. */
  protected unpause(): void {
    this.pauses = new Pauses();
    this.reconsider();
  }

  /** The node does not start (again) until `resumeNode`. */
  pauseNode(index: number): void {
    if (this.states[index] !== 'settled') this.pauses.add(index);
  }

  resumeNode(index: number): void {
    if (this.pauses.delete(index)) this.reconsider();
  }

  /** True for a node that may not start, on its own account or because everything is paused. */
  isPaused(index: number): boolean {
    return this.pauses.holds(index);
  }

  /** True for a node that was paused by itself. */
  isNodePaused(index: number): boolean {
    return this.pauses.has(index);
  }

  get isAllPaused(): boolean {
    return this.pauses.all;
  }

  /** Nodes of a lane that could start if they had a place, and the priority of the first of them. */
  waitingIn(lane: number): { ready: number; priority: number } {
    const first = this.readyQueue.firstOf(lane);
    if (first === undefined) return { ready: 0, priority: Infinity };
    const paused = this.pauses
      .alone()
      .filter((index) => this.states[index] === 'ready' && this.readyQueue.laneOf(index) === lane);
    const ready = this.readyQueue.readyIn(lane) - paused.length;
    return { ready, priority: this.rank(first) };
  }

  /** True for a ready node that waits for a place in its limit. */
  waitsForLimit(index: number): boolean {
    return this.states[index] === 'ready' && this.readyQueue.lacksPlace(index);
  }

  /** The first of those that wait for a place in the window and for nothing else. */
  get firstWithoutPlace(): number | undefined {
    return this.hasRoom ? undefined : this.readyQueue.peek();
  }

  /** Places in the window that nobody has. */
  get room(): number {
    return Math.max(0, this.concurrency - this.inWindow);
  }

  /** True while some node could start now, were there room for its work elsewhere. */
  get hasStartable(): boolean {
    return (
      this.freeQueue.peek() !== undefined || (this.hasRoom && this.readyQueue.peek() !== undefined)
    );
  }

  /** Nodes that a node waits for. */
  dependsOn(index: number): readonly number[] {
    return this.nodes.dependsOn.of(index);
  }

  state(index: number): NodeState {
    if (this.lent.has(index)) return this.lent.isQueued(index) ? 'ready' : 'waiting';
    return this.states[index] ?? 'settled';
  }

  get running(): number {
    return this.runningCount - this.lent.size;
  }

  /** Nodes that were started since the scheduler was made, each time counted. */
  get started(): number {
    return this.takenCount;
  }

  /** Those of the running that by their kind take no place in the window. */
  get withoutPlace(): number {
    return this.runningCount - this.placesTaken - this.ahead.size;
  }

  /** Places in the window that are taken, by nodes or for those that are lent. */
  get inWindow(): number {
    return this.placesTaken + this.lent.keptCount;
  }

  get ready(): number {
    return this.readyCount + this.lent.inQueue.size;
  }

  get heldCount(): number {
    return this.held.size;
  }

  get waitingCount(): number {
    return this.nodes.count - this.settledCount - this.running - this.ready - this.held.size;
  }

  /** Where a ready node stands: the lower goes first, equal ones in the order of their indexes. */
  rank(index: number): number {
    return this.changed.priority(index) ?? this.nodes.of(index).priorityKey;
  }

  /** When a held node is due, in epoch milliseconds. */
  heldUntilOf(index: number): number | undefined {
    return this.held.until(index);
  }

  get isDone(): boolean {
    return this.settledCount === this.nodes.count;
  }

  get concurrency(): number {
    return this.changed.concurrency ?? Math.min(this.window, this.narrowed);
  }

  /** No more than so many run at once for now, unless somebody has changed the window. What runs beyond it goes on. */
  narrow(places: number): void {
    this.narrowed = places;
  }

  /** Changes the window. What runs beyond it goes on. */
  setConcurrency(concurrency: number): void {
    this.changed.concurrency = concurrency;
  }

  /** Changes when a node goes, among those that are ready. */
  setPriority(index: number, priorityKey: number): void {
    this.changed.setPriority(index, priorityKey, this.nodes.of(index).priorityKey);
    if (this.states[index] === 'ready') this.enqueue(index);
  }

  /** Makes a held node ready before its time. @returns false for one that is not held */
  hurry(index: number): boolean {
    if (this.states[index] !== 'held') return false;
    this.makeReady(index);
    return true;
  }

  protected move(index: number, to: NodeState): void {
    const from = this.states[index];
    const place = this.nodes.of(index).takesNoPlace || this.ahead.has(index) ? 0 : 1;
    if (from === 'running') this.placesTaken -= place;
    if (to === 'running') this.placesTaken += place;
    if (from === 'running') {
      this.runningCount--;
      this.ahead.delete(index);
      this.lent.delete(index);
    }
    if (from === 'ready') this.readyCount--;
    if (from === 'held') this.held.remove(index);
    if (to === 'settled') this.pauses.delete(index);
    if (to === 'running') this.runningCount++;
    if (to === 'ready') this.readyCount++;
    if (to === 'settled') this.settledCount++;
    this.states[index] = to;
    this.readyQueue.moved(index, from, to);
    if (from) this.watch?.({ index, from, to, by: from === 'waiting' ? this.cause : undefined });
  }

  protected makeReady(index: number): void {
    this.move(index, 'ready');
    this.enqueue(index);
  }

  private enqueue(index: number): void {
    if (this.nodes.of(index).takesNoPlace) this.freeQueue.push(index);
    else this.readyQueue.push(index);
  }

  protected holdUntil(index: number, until: number): void {
    this.move(index, 'held');
    this.held.hold(index, until);
  }

  private get hasRoom(): boolean {
    return this.inWindow < this.concurrency;
  }

  private takeWithoutPlace(index: number): void {
    this.ahead.add(index);
    this.move(index, 'running');
    this.takenCount++;
  }

  private reconsider(): void {
    this.readyQueue.reconsider();
    this.freeQueue.reconsider();
  }
}
