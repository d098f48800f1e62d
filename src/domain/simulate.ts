/**
 * The simulator: the real scheduler in virtual time, with nodes that take as long, and end, as they are said to.
 *
 * Pure. It decides nothing about order, window, limits, triggers or start times: the scheduler does.
 * V1. Times are milliseconds from the graph's start, which is 0.
 * V2. Every node ends; a node's waits and run times add up to the time from the graph's start to its end.
 * V3. Equal graphs and courses give equal simulations.
 * V4. There is no worker. A node that is taken runs at once, or after its overhead: one node after the other is handed
 *     over, each `perNodeMs` after the one before, and is on its way for `stepMs`.
 */
import TinyQueue from 'tinyqueue';
import type { Course, CourseAttempt } from './course.js';
import type { Effects, Settled } from './effects.js';
import type { GateLane } from './limit-gate.js';
import { LocalPlaces } from './local-places.js';
import { NO_OVERHEAD, type NodeOverhead } from './overhead.js';
import { Scheduler, type SchedulerNode, type SchedulerOptions } from './scheduler.js';
import type { StatusReason, TerminalStatus } from './status.js';

/** What a node waited for, in milliseconds. */
export interface SimulatedWaits {
  /** Until its dependencies let it run, or decided that it does not. */
  dependencies: number;
  /** For its start time. */
  startTime: number;
  /** For room in the window. */
  window: number;
  /** For a place in its limit. */
  limit: number;
  /** Between attempts. */
  backoff: number;
  /** For its turn to be handed over, and on its way to a worker and back. */
  overhead: number;
}

/** Why a node began when it did, and the node that kept it until then; none for one that began at once. */
export interface StartCause {
  why: 'dependencies' | 'start_time' | 'window' | 'limit';
  node?: number;
}

export interface SimulatedNode {
  status: TerminalStatus;
  reason?: StatusReason;
  /** When it was first given its place; null where it never was. */
  takenMs: number | null;
  /** When its first attempt began; null where none did. */
  startMs: number | null;
  endMs: number;
  attempts: number;
  /** The sum of its attempts. */
  runMs: number;
  waits: SimulatedWaits;
  cause: StartCause;
}

export interface Simulation {
  /** When the last node ends. */
  makespanMs: number;
  /** The most nodes that run at once, each counted by its width. */
  peakParallelism: number;
  /** The chain of nodes that the makespan is due to, first to last: each began when the one before let it. */
  criticalPath: number[];
  nodes: SimulatedNode[];
}

export interface SimulationInput {
  nodes: readonly SchedulerNode[];
  options: SchedulerOptions;
  /** How each node goes, once it runs. */
  courses: readonly Course[];
  /** What each node counts for in the peak: 1, or what runs at once below it. Default 1. */
  widths?: readonly number[];
  /** The graph's start in epoch milliseconds, for start times that are dates. Default 0. */
  startedAt?: number;
  /** What each node costs outside its attempts, each time that it is handed over. Default: nothing. */
  overheads?: readonly NodeOverhead[];
  /** Places of each limit, and the lanes that nodes stand in. */
  limits?: { max: readonly number[]; lanes: readonly GateLane[] };
}

/** Runs a graph in virtual time. @throws RangeError where a course is missing or a time is no number */
export function simulate(input: SimulationInput): Simulation {
  return new Run(input).toTheEnd();
}

const NO_WAITS: SimulatedWaits = {
  ...{ dependencies: 0, startTime: 0, window: 0, limit: 0, backoff: 0, overhead: 0 },
};

/** A running node's next end: of an attempt after which it gives its place back, or of all. */
interface End {
  at: number;
  sequence: number;
  index: number;
}

/** Attempts that follow each other without the node giving its place back: those from `from` on, before `next`. */
interface Stretch {
  from: number;
  next: number;
  began: number;
  /** Before the first of them. */
  overheadMs: number;
}

class Run {
  private readonly scheduler: Scheduler;
  private readonly places: LocalPlaces | undefined;
  private readonly dependants: number[][];
  private readonly ends = new TinyQueue<End>([], (a, b) => a.at - b.at || a.sequence - b.sequence);
  private readonly told: SimulatedNode[];
  /** Nodes whose dependencies have let them run. */
  private readonly known = new Set<number>();
  /** Since when each node could start, which may lie ahead; undefined while it cannot, or runs. */
  private readonly waitsSince: (number | undefined)[];
  /** Where each node is, or was last. */
  private readonly stretches: (Stretch | undefined)[];
  private readonly startedAt: number;
  private now = 0;
  private sequence = 0;
  private peak = 0;
  /** When the next node can be handed over. */
  private freeAt = 0;
  /** Nodes that run now, and their widths. */
  private readonly running = new Set<number>();
  private width = 0;
  /** The node that last gave its place in the window back. */
  private lastLeft: number | undefined;

  constructor(private readonly input: SimulationInput) {
    const { nodes, options, courses, startedAt = 0, limits } = input;
    if (courses.length !== nodes.length)
      throw new RangeError(`expected ${nodes.length} courses, one a node, got ${courses.length}`);
    courses.forEach(checkCourse);
    this.startedAt = startedAt;
    this.places = limits && new LocalPlaces(limits.max, limits.lanes);
    this.scheduler = new Scheduler(nodes, options, this.places);
    this.dependants = nodes.map(() => []);
    nodes.forEach(({ dependsOn }, index) =>
      dependsOn.forEach((other) => this.dependants[other]?.push(index)),
    );
    this.told = nodes.map(() => ({
      ...{ status: 'COMPLETED' as const, takenMs: null, startMs: null, endMs: 0 },
      ...{ attempts: 0, runMs: 0 },
      ...{ waits: { ...NO_WAITS }, cause: { why: 'dependencies' as const } },
    }));
    this.waitsSince = nodes.map(() => undefined);
    this.stretches = nodes.map(() => undefined);
  }

  toTheEnd(): Simulation {
    const { scheduler } = this;
    scheduler.start(this.epoch);
    this.input.nodes.forEach((_, index) => this.admitted(index, undefined));
    for (;;) {
      scheduler.release(this.epoch);
      this.startAll();
      this.peak = Math.max(this.peak, this.width);
      if (scheduler.isDone) return this.result();
      const due = scheduler.nextDue();
      const moments = [this.ends.peek()?.at, due === undefined ? due : due - this.startedAt];
      const next = Math.min(...moments.map((moment) => moment ?? Infinity));
      if (next === Infinity) throw new RangeError('the graph stands still: a node never ends');
      this.now = Math.max(this.now, next);
      this.places?.at(this.now);
      scheduler.release(this.epoch);
      const begun = this.sequence; // what begins in this moment ends after the look at how many run
      const isNow = (end: End | undefined): end is End =>
        end !== undefined && end.at <= this.now && end.sequence < begun;
      for (let end = this.ends.peek(); isNow(end); end = this.ends.peek()) {
        this.ends.pop();
        this.stretchEnds(end.index);
        // Hardly any two ends are heard of together: the first lets others start before the second comes.
        scheduler.release(this.epoch);
        this.startAll();
      }
    }
  }

  private get epoch(): number {
    return this.startedAt + this.now;
  }

  private startAll(): void {
    for (let taken = this.scheduler.take(); taken.length > 0; taken = this.scheduler.take())
      for (const index of taken) this.taken(index);
  }

  private taken(index: number): void {
    if (this.scheduler.ending(index)) return; // cancelled by one that was taken with it
    const { attempts, status, reason } = this.course(index);
    if (attempts.length === 0) return this.settle(index, status, reason);
    if (!this.scheduler.isLook(index)) return this.stretchBegins(index);
    this.countWait(index, undefined);
    this.leaves(index);
    this.scheduler.lookedInVain(index, this.epoch);
    this.waitsSince[index] = this.now;
    this.scheduler.release(this.epoch);
  }

  /** It runs until it ends, or until a wait for which it gives its place back. */
  private stretchBegins(index: number): void {
    const { attempts } = this.course(index);
    const told = this.node(index);
    this.countWait(index, this.laneOf(index));
    told.takenMs ??= this.now;
    const from = this.stretches[index]?.next ?? 0;
    const overheadMs = this.handedOver(index);
    let next = from;
    let at = this.now + overheadMs;
    for (let attempt = attempts[next]; attempt; attempt = attempts[next]) {
      at += attempt.runMs;
      if (++next === attempts.length || attempt.releases) break;
      at += attempt.waitMs ?? 0;
    }
    this.stretches[index] = { from, next, began: this.now, overheadMs };
    this.ends.push({ at, sequence: this.sequence++, index });
    this.running.add(index);
    this.width += this.widthOf(index);
  }

  /** How long it takes from now until its attempt begins, of which the way back is counted with the way there. */
  private handedOver(index: number): number {
    const { stepMs, perNodeMs } = this.input.overheads?.[index] ?? NO_OVERHEAD;
    const turn = Math.max(this.now, this.freeAt);
    this.freeAt = turn + perNodeMs;
    return turn - this.now + stepMs;
  }

  private stretchEnds(index: number): void {
    if (this.scheduler.ending(index)) return; // it was cancelled meanwhile
    const { attempts, status, reason } = this.course(index);
    const next = this.stretches[index]?.next ?? 0;
    if (next === attempts.length) return this.settle(index, status, reason);
    this.countRun(index);
    const { waitMs = 0 } = attempts[next - 1] as CourseAttempt;
    this.node(index).waits.backoff += waitMs;
    this.leaves(index);
    this.scheduler.hold(index, this.epoch + waitMs);
    this.waitsSince[index] = this.now + waitMs;
  }

  private settle(index: number, status: TerminalStatus, reason: StatusReason | undefined): void {
    this.countRun(index);
    this.leaves(index);
    this.apply(index, this.scheduler.settle(index, status, this.epoch, reason), {
      ...{ index, status },
      ...(reason === undefined ? {} : { reason }),
    });
  }

  /** Writes down who has ended, and whom that lets run. */
  private apply(cause: number, { settled, cancel }: Effects, own: Settled): void {
    const all = [own, ...settled];
    for (const one of all) this.ended(one, one === own ? undefined : cause);
    for (const { index } of all)
      for (const dependant of this.dependants[index] ?? []) this.admitted(dependant, index);
    // Asked to stop, they do at once: how long a task takes to notice is not known.
    for (const { index, reason } of cancel) this.settle(index, 'CANCELLED', reason);
  }

  private ended({ index, status, reason }: Settled, cause: number | undefined): void {
    const told = this.node(index);
    this.countWait(index, this.laneOf(index));
    if (cause !== undefined && told.takenMs === null)
      told.cause = { why: 'dependencies', node: cause };
    Object.assign(told, { status, endMs: this.now, ...(reason === undefined ? {} : { reason }) });
  }

  /** Looks whether a node's dependencies let it run now. */
  private admitted(index: number, cause: number | undefined): void {
    const state = this.scheduler.state(index);
    if (this.known.has(index) || (state !== 'ready' && state !== 'held')) return;
    this.known.add(index);
    const { waits, cause: told } = this.node(index);
    const due = this.scheduler.heldUntilOf(index);
    const since = due === undefined ? this.now : due - this.startedAt;
    this.waitsSince[index] = since;
    waits.dependencies = this.now;
    waits.startTime = since - this.now;
    if (waits.startTime > 0) told.why = 'start_time';
    if (cause !== undefined) told.node = cause;
  }

  /** Books what a node waited for since it could start. @param lane where it needed a place too */
  private countWait(index: number, lane: number | undefined): void {
    const told = this.node(index);
    const since = this.waitsSince[index];
    this.waitsSince[index] = undefined;
    if (!this.known.has(index)) told.waits.dependencies = this.now;
    if (since === undefined || since === this.now) return;
    if (since > this.now) return endedEarly(told, since - this.now);
    const lacked = lane === undefined ? 0 : this.lackedMs(lane, since);
    told.waits.limit += lacked;
    told.waits.window += this.now - since - lacked;
    if (told.takenMs !== null) return;
    // What kept it last is what it began after.
    const kept = lacked > 0 && lane !== undefined ? this.places?.lastLeft(lane) : undefined;
    const node = kept ?? this.lastLeft;
    const why = kept === undefined ? 'window' : 'limit';
    told.cause = { why, ...(node === undefined ? {} : { node }) };
  }

  /** Books the attempts and waits of a stretch that is over, by its end or by a cancel. */
  private countRun(index: number): void {
    const stretch = this.stretches[index];
    if (!stretch) return;
    const { attempts } = this.course(index);
    const told = this.node(index);
    const passed = this.now - stretch.began;
    const overhead = Math.min(stretch.overheadMs, passed);
    told.waits.overhead += overhead;
    this.stretches[index] = { ...stretch, from: stretch.next, began: this.now, overheadMs: 0 };
    if (overhead < stretch.overheadMs) return; // it was stopped on its way
    told.startMs ??= stretch.began + overhead;
    let left = passed - overhead;
    for (let at = stretch.from; at < stretch.next; at++) {
      const { runMs, waitMs = 0 } = attempts[at] as CourseAttempt;
      const ran = Math.min(runMs, left);
      const waited = at + 1 === stretch.next ? 0 : Math.min(waitMs, left - ran);
      told.attempts++;
      told.runMs += ran;
      told.waits.backoff += waited;
      left -= ran + waited;
      if (ran < runMs) break;
    }
  }

  private lackedMs(lane: number, since: number): number {
    const { places } = this;
    return places ? places.lackedMs(lane, this.now) - places.lackedMs(lane, since) : 0;
  }

  private laneOf(index: number): number | undefined {
    return this.input.nodes[index]?.lane;
  }

  private widthOf(index: number): number {
    return this.input.widths?.[index] ?? 1;
  }

  private leaves(index: number): void {
    if (this.running.delete(index)) this.width -= this.widthOf(index);
    this.places?.at(this.now, index);
    this.lastLeft = index;
  }

  private result(): Simulation {
    const { told: nodes, peak } = this;
    return {
      makespanMs: nodes.reduce((last, { endMs }) => Math.max(last, endMs), 0),
      peakParallelism: peak,
      criticalPath: chainOf(nodes),
      nodes,
    };
  }

  private node(index: number): SimulatedNode {
    return this.told[index] as SimulatedNode;
  }

  private course(index: number): Course {
    return this.input.courses[index] as Course;
  }
}

/** Cancelled while it waited for a time: it did not wait for all of it. */
function endedEarly({ waits, takenMs }: SimulatedNode, lessMs: number): void {
  if (takenMs === null) waits.startTime -= lessMs;
  else waits.backoff -= lessMs;
}

/** From the last node to end back to one that began at once. */
function chainOf(nodes: readonly SimulatedNode[]): number[] {
  let last: number | undefined;
  nodes.forEach(({ endMs, startMs }, index) => {
    const best = last === undefined ? undefined : nodes[last];
    const longer = !best || endMs > best.endMs;
    // Of equals one that ran: a node that was skipped is due to another.
    if (longer || (endMs === best.endMs && best.startMs === null && startMs !== null)) last = index;
  });
  const chain: number[] = [];
  const seen = new Set<number>();
  for (let index = last; index !== undefined && !seen.has(index);) {
    seen.add(index);
    chain.push(index);
    index = nodes[index]?.cause.node;
  }
  return chain.reverse();
}

function checkCourse({ attempts }: Course, index: number): void {
  for (const { runMs, waitMs = 0 } of attempts)
    if (!(runMs >= 0 && runMs < Infinity && waitMs >= 0 && waitMs < Infinity))
      throw new RangeError(
        `courses[${index}]: expected times of 0 ms or more, got ${runMs} and a wait of ${waitMs}`,
      );
}
