/**
 * Keeps the time of every node while its graph runs: what each has spent on what so far. Pure: `now` is an argument,
 * in epoch milliseconds.
 *
 * K1. A move of a node costs O(1); what all ready nodes wait for is counted once for all of them, by clocks that they
 *     read when they come and when they go.
 * K2. From when a node may start to its end every millisecond is counted, each once.
 */
import type { ActivityOutcome, HoldReason } from './outcome.js';
import { addTime, splitRunning, type TimeKind, type Times } from './node-times.js';
import type { NodeState } from './scheduler-node.js';

/** What a node does: `ready` is divided when it is over, `running` when its outcome is known. */
type Phase = 'ready' | 'running' | TimeKind;
/** What ready nodes may wait for. */
const READY_KINDS = ['window', 'limit', 'pause'] as const;
type ReadyKind = (typeof READY_KINDS)[number];
type Reading = Record<ReadyKind, number>;

interface Clock {
  /** When its trigger rule decided. */
  readyAt: number;
  /** The node whose end decided it; absent for one that waits for none. */
  after?: number;
  phase: Phase;
  since: number;
  /** Its lane when it became ready, and what the clock of that said then. */
  ready?: { lane: number; reading: Reading };
  times: Times;
}

/** A clock, to be carried over a continue-as-new. */
export type ClockCarry = [
  index: number,
  readyAt: number,
  after: number | null,
  phase: Phase,
  since: number,
  times: Times,
];

/** A node goes from one state to another. */
export interface NodeMove {
  index: number;
  from: NodeState;
  to: NodeState;
  /** The node whose end decided it, for one that waited until now. */
  by?: number | undefined;
}

/** What is known of a node's time. */
export interface NodeTime {
  readyAt: number;
  after?: number;
  /** When its present wait began. */
  since: number;
  times: Times;
}

const HELD: Record<HoldReason | 'start_time', TimeKind> = {
  start_time: 'start_time',
  retry: 'backoff',
  no_handler: 'no_handler',
  circuit: 'circuit',
  coalesced: 'coalesced',
  paused: 'pause',
  looked: 'limit',
  unknown: 'approval',
};

export class NodeClocks {
  private readonly clocks = new Map<number, Clock>();
  /** By lane; the first is that of nodes without one. */
  private readonly lanes: { kind: ReadyKind; reading: Reading }[];
  private at: number | undefined;

  /** @param laneOf the lane of a node that is held to a limit */
  constructor(
    lanes: number,
    private readonly laneOf: (index: number) => number | undefined,
  ) {
    this.lanes = Array.from({ length: lanes + 1 }, () => ({
      kind: 'window' as const,
      reading: { window: 0, limit: 0, pause: 0 },
    }));
  }

  /** What ready nodes of each lane wait for from now on; the first is for those without one. */
  waitFor(kinds: readonly ReadyKind[], now: number): void {
    this.advance(now);
    this.lanes.forEach((lane, index) => (lane.kind = kinds[index] ?? 'window'));
  }

  /**
   * @param held what holds it, for one that goes to `held`; `paused`: it is paused by itself; `lent`: it is lent, so once all
   *   that it waits for has ended it waits for a place, until it {@link began}
   */
  moved(
    { index, from, to, by }: NodeMove,
    now: number,
    {
      held,
      paused,
      lent = false,
    }: { held: HoldReason | undefined; paused: boolean; lent?: boolean },
  ): void {
    if (from === to) return;
    this.advance(now);
    if (from === 'waiting' && to === 'running') return; // taken ahead: when it could start is known afterwards
    if (from === 'waiting' && !this.clocks.has(index)) {
      if (to === 'settled' && by === undefined) return; // ended with its graph: it never could have started
      this.clocks.set(index, {
        readyAt: now,
        ...(by === undefined ? {} : { after: by }),
        ...{ phase: 'overhead', since: now, times: {} },
      });
    }
    const clock = this.clocks.get(index);
    if (!clock) return;
    if (lent) return this.begin(clock, 'window', now);
    switch (to) {
      case 'ready':
        return paused ? this.begin(clock, 'pause', now) : this.beginReady(index, clock, now);
      case 'held':
        return this.begin(clock, HELD[held ?? 'start_time'], now);
      case 'running':
        return this.begin(clock, 'running', now);
      case 'waiting':
      case 'settled':
        return this.begin(clock, 'overhead', now);
    }
  }

  /**
   * A node that was lent begins.
   *
   * @param at when, as others say; -Infinity where nobody does
   * @returns when, as it is counted: not before what is counted already
   */
  began(index: number, at: number, now: number): number {
    const clock = this.clocks.get(index);
    if (!clock) this.couldStart(index, at === -Infinity ? now : at, undefined);
    else this.begin(clock, 'running', at);
    return this.runningSince(index) ?? now;
  }

  /** When a running node was handed over; undefined for any other. */
  runningSince(index: number): number | undefined {
    const clock = this.clocks.get(index);
    return clock?.phase === 'running' ? clock.since : undefined;
  }

  /** A node that was taken ahead could start then, and was running from there on. @param after the node that it waited for last */
  couldStart(index: number, readyAt: number, after: number | undefined): void {
    this.clocks.set(index, {
      readyAt,
      ...(after === undefined ? {} : { after }),
      ...{ phase: 'running', since: readyAt, times: {} },
    });
  }

  /** A node that is ready is paused by itself, or goes on. */
  paused(index: number, isPaused: boolean, now: number): void {
    const clock = this.clocks.get(index);
    if (!clock) return;
    this.advance(now);
    if (isPaused && clock.phase === 'ready') this.begin(clock, 'pause', now);
    else if (!isPaused && clock.phase === 'pause') this.beginReady(index, clock, now);
  }

  /**
   * The outcome of a node that was running is known.
   *
   * @param before attempts and run time before it was handed over
   * @param all what all of the period was, for nodes that are no activity
   */
  returned(
    index: number,
    outcome: ActivityOutcome,
    now: number,
    before: { attempts: number; executionTimeMs: number },
    all?: TimeKind,
  ): void {
    const clock = this.clocks.get(index);
    if (clock?.phase !== 'running') return;
    const period = {
      handedAt: clock.since,
      returnedAt: now,
      attemptsBefore: before.attempts,
      executionTimeBeforeMs: before.executionTimeMs,
      outcome,
    };
    const times = all === undefined ? splitRunning(period) : { [all]: now - clock.since };
    for (const [kind, ms] of Object.entries(times)) addTime(clock.times, kind as TimeKind, ms);
    Object.assign(clock, { phase: 'overhead', since: now });
  }

  /** A node has ended: all until then is counted, also of one that was told of later and took others along. */
  ended(index: number, now: number): void {
    const clock = this.clocks.get(index);
    if (clock) this.begin(clock, 'overhead', now);
  }

  /**
   * What is known of a node's time; undefined for one that never could have started. Changes nothing: a query may ask.
   *
   * @param isOpen it has not ended
   */
  of(index: number, now: number, isOpen: boolean): NodeTime | undefined {
    const clock = this.clocks.get(index);
    if (!clock) return undefined;
    const { readyAt, after, since } = clock;
    const times = { ...clock.times };
    if (clock.phase === 'ready') this.divide(clock, times, now);
    else if (clock.phase !== 'running' && isOpen) addTime(times, clock.phase, now - since);
    return { readyAt, ...(after === undefined ? {} : { after }), since, times };
  }

  /** Its record is written elsewhere. */
  forget(index: number): void {
    this.clocks.delete(index);
  }

  /** The clocks of nodes that have not ended. */
  carry(now: number, isOpen: (index: number) => boolean): ClockCarry[] {
    this.advance(now);
    const carried: ClockCarry[] = [];
    for (const [index, clock] of this.clocks) {
      if (!isOpen(index)) continue;
      if (clock.phase === 'ready') this.beginReady(index, clock, now);
      const { readyAt, after = null, phase, since, times } = clock;
      carried.push([index, readyAt, after, phase, since, times]);
    }
    return carried;
  }

  restore(carried: readonly ClockCarry[], now: number): void {
    this.advance(now);
    for (const [index, readyAt, after, phase, since, times] of carried) {
      const clock: Clock = { readyAt, ...(after === null ? {} : { after }), phase, since, times };
      this.clocks.set(index, clock);
      if (phase !== 'ready') continue;
      addTime(times, 'window', now - since); // nobody looked while the next run began
      this.beginReady(index, clock, now);
    }
  }

  private beginReady(index: number, clock: Clock, now: number): void {
    this.close(clock, clock.phase, now);
    const lane = (this.laneOf(index) ?? -1) + 1;
    const reading = { ...(this.lanes[lane] ?? NO_LANE).reading };
    // It was heard of later than it could start: what the lanes have counted since was not its own.
    addTime(clock.times, 'overhead', Math.max(0, (this.at ?? now) - now));
    Object.assign(clock, { phase: 'ready', since: now, ready: { lane, reading } });
  }

  /** Something may be heard that happened before what is counted already (K2). */
  private begin(clock: Clock, phase: Phase, now: number): void {
    const counted = clock.phase === 'ready' ? (this.at ?? now) : clock.since;
    const since = Math.max(now, counted);
    this.close(clock, clock.phase, since);
    Object.assign(clock, { phase, since });
  }

  /** Counts what has passed of a phase; a `running` one whose outcome nobody told was a wait for a worker. */
  private close(clock: Clock, phase: Phase, now: number): void {
    if (phase === 'ready') this.divide(clock, clock.times, now);
    else addTime(clock.times, phase === 'running' ? 'queue' : phase, now - clock.since);
    delete clock.ready;
    clock.since = now;
  }

  /** Divides the time that a node has been ready among what it waited for. */
  private divide({ ready }: Clock, times: Times, now: number): void {
    if (!ready) return;
    const { kind: present, reading } = this.lanes[ready.lane] ?? NO_LANE;
    const since = Math.max(0, now - (this.at ?? now));
    for (const kind of READY_KINDS)
      addTime(times, kind, reading[kind] - ready.reading[kind] + (kind === present ? since : 0));
  }

  private advance(now: number): void {
    const passed = now - (this.at ?? now);
    if (passed < 0) return;
    this.at = now;
    for (const { kind, reading } of this.lanes) reading[kind] += passed;
  }
}

const NO_LANE = { kind: 'window', reading: { window: 0, limit: 0, pause: 0 } } as const;
