/**
 * A coordinator and its segments, whose messages arrive in the order they were sent and as late as a world likes: the real
 * scheduler, lender and lent nodes, and what `workflows/handing-over.ts`, `hearing.ts`, `lending.ts` and `segments.ts` make of them.
 */
import { expect } from '@jest/globals';
import fc from 'fast-check';
import type { Effects } from '../../../src/domain/effects.js';
import { Lender } from '../../../src/domain/lender.js';
import type { HeldOutcome, NodeOutcome } from '../../../src/domain/outcome.js';
import { Scheduler, type SchedulerNode } from '../../../src/domain/scheduler.js';
import { LentNodes, type Told } from '../../../src/workflows/lent-nodes.js';
import type { Delivered } from '../../../src/workflows/node-executor.js';
import type { Lent, NodeOrder } from '../../../src/workflows/requests.js';
import { LendingClocks } from './lending-clocks.js';

export interface LendingWorld {
  nodes: SchedulerNode[];
  concurrency: number;
  onFailure: 'continue' | 'failFast';
  /** Nodes of a segment. */
  perSegment: number;
  /** How the runs of nodes end, one after the other. */
  ends: ('good' | 'bad' | 'held')[];
  /** What happens next, of what can. */
  steps: number[];
  /** Steps at which everything is called back, and those at which the coordinator goes on in a new run. */
  recallAt: ReadonlySet<number>;
  restoreAt: ReadonlySet<number>;
  /** Steps at which a segment is gone, and those at which one node is cancelled. */
  loseAt: ReadonlySet<number>;
  cancelAt: ReadonlySet<number>;
  /** Another window, once all that was lent has come back. */
  narrowAt: { step: number; to: number };
  /** By how many steps the workers' clocks are ahead of the server's. */
  skew: number;
}

type Sent = { orders: number[] } | { lent: Lent } | { recall: true } | { stop: number[] };

const NO_RUN = { attempts: [], executionTimeMs: 0 };
const HELD: HeldOutcome = { held: 'retry', waitMs: 0, attemptsUsed: 1, ...NO_RUN };

class SimulatedSegment {
  readonly inbox: Sent[] = [];
  readonly outbox: Told[] = [];
  readonly running = new Set<number>();
  readonly lent = new LentNodes(
    ({ index }) => this.run(index),
    (told) => void this.outbox.push(told),
  );
  handed = 0;
  /** Places that the coordinator takes it to keep. */
  kept = 0;

  constructor(
    private readonly started: (index: number) => void,
    private readonly hasPlace: (index: number) => boolean,
    private readonly ended: (status: NodeOutcome['status']) => NodeOutcome,
  ) {}

  hear(sent: Sent): void {
    if ('recall' in sent) this.lent.recall();
    else if ('lent' in sent) this.lent.take(sent.lent);
    else if ('stop' in sent) {
      for (const index of this.lent.stop(sent.stop))
        if (this.running.has(index)) this.end(index, this.ended('CANCELLED'));
    } else if ('orders' in sent)
      for (const index of sent.orders) {
        this.lent.ordered(index, this.hasPlace(index));
        this.run(index);
      }
  }

  end(index: number, delivered: Delivered): void {
    this.running.delete(index);
    this.lent.heard(index, delivered);
  }

  private run(index: number): void {
    expect(this.running.has(index)).toBe(false);
    this.running.add(index);
    this.started(index);
  }
}

export class LendingSimulation {
  /** How often each node ran. */
  readonly runs = new Map<number, number>();
  /** What has completed, whether or not the coordinator has heard of it. */
  private readonly completed = new Set<number>();
  private scheduler: Scheduler;
  private lender: Lender<SimulatedSegment>;
  private readonly clocks: LendingClocks;
  private readonly segments: SimulatedSegment[] = [];
  private readonly segmentOf = new Map<number, SimulatedSegment>();
  private readonly inbox: [SimulatedSegment, Told[]][] = [];
  private recalling = false;
  private lentInAll = 0;
  private ends = 0;
  private isNarrowed = false;
  /** Another window is asked for: nothing is lent meanwhile. */
  private isAsked = false;
  private wasInWindow = 0;

  constructor(private readonly world: LendingWorld) {
    this.scheduler = new Scheduler(world.nodes, this.options);
    this.clocks = new LendingClocks(this.scheduler, world.skew);
    this.lender = this.newLender();
    this.scheduler.start(0);
    this.decide();
  }

  get lentCount(): number {
    return this.lentInAll;
  }

  /** @returns how each node ended */
  run(): (string | undefined)[] {
    const { steps, recallAt, restoreAt } = this.world;
    for (let step = 0; !this.scheduler.isDone; step++) {
      this.clocks.goTo(step);
      expect(step).toBeLessThan(10_000); // else it hangs
      if (recallAt.has(step)) this.recall();
      if (restoreAt.has(step)) this.restore();
      this.narrow(step);
      if (this.world.loseAt.has(step)) this.lose(step);
      if (this.world.cancelAt.has(step)) this.cancelOne(step);
      if (this.scheduler.isDone) break;
      const can = this.possible();
      expect(can.length).toBeGreaterThan(0); // else something is lost
      can[(steps[step % steps.length] ?? 0) % can.length]?.();
      this.check();
    }
    this.clocks.check();
    return this.world.nodes.map((_, index) => this.scheduler.ending(index)?.status);
  }

  private get options(): { concurrency: number; onFailure: 'continue' | 'failFast' } {
    const { concurrency, onFailure } = this.world;
    return { concurrency, onFailure };
  }

  private newLender(): Lender<SimulatedSegment> {
    const { scheduler } = this;
    return new Lender({
      scheduler,
      mayBeLent: (index) =>
        this.world.nodes[index]?.trigger === 'all_success' && this.hasPlace(index),
      segmentOf: (index) => {
        const runs = scheduler.isLent(index) || scheduler.state(index) === 'running';
        const segment = runs && this.hasPlace(index) ? this.segmentOf.get(index) : undefined;
        return segment && segment.handed < this.world.perSegment ? segment : undefined;
      },
      open: () => this.openSegment,
      roomIn: (segment) => this.world.perSegment - segment.handed,
    });
  }

  private readonly hasPlace = (index: number): boolean => !this.world.nodes[index]?.takesNoPlace;

  private cancelOne(step: number): void {
    if (this.scheduler.lentCount > 0) return; // whoever asks has what is lent called back first
    this.apply(this.scheduler.cancelNode(step % this.world.nodes.length, 0));
    this.decide();
  }

  /** A segment is gone, and all that it said and was not heard: what it had begins again. */
  private lose(step: number): void {
    const [gone] = this.segments.splice(step % Math.max(1, this.segments.length), 1);
    if (!gone) return;
    const heard = this.inbox.filter(([segment]) => segment !== gone);
    this.inbox.splice(0, Infinity, ...heard);
    this.keep(gone, -gone.kept);
    for (const [index, segment] of [...this.segmentOf]) {
      if (segment !== gone) continue;
      this.segmentOf.delete(index);
      if (this.scheduler.isLent(index)) {
        this.lender.left(index);
        this.apply(this.scheduler.giveBack(index, 0));
      } else this.scheduler.hold(index, 0);
    }
    this.decide();
  }

  private possible(): (() => void)[] {
    const can: (() => void)[] = [];
    for (const segment of this.segments) {
      const next = segment.inbox[0];
      if (next) can.push(() => segment.hear(segment.inbox.shift() ?? next));
      for (const index of segment.running) can.push(() => this.end(segment, index));
      for (const most of [1, Infinity])
        if (segment.outbox.length > 0)
          can.push(() => this.inbox.push([segment, segment.outbox.splice(0, most)]));
    }
    if (this.inbox.length > 0) can.push(() => this.hear());
    return can;
  }

  private end(segment: SimulatedSegment, index: number): void {
    const how = this.world.ends[this.ends++] ?? 'good';
    if (how === 'good') this.completed.add(index);
    const outcome =
      how === 'held' ? HELD : this.clocks.outcome(how === 'good' ? 'COMPLETED' : 'FAILED');
    segment.end(index, outcome);
  }

  private hear(): void {
    const [segment, told] = this.inbox.shift() ?? [];
    for (const { places } of told ?? []) if (segment) this.keep(segment, places);
    for (const [index, delivered] of (told ?? []).flatMap(({ outcome }) =>
      outcome ? [outcome] : [],
    )) {
      expect(this.segmentOf.get(index)).toBe(segment);
      if ('begun' in delivered) {
        this.scheduler.lentBegan(index);
        this.clocks.began(index, delivered);
        continue;
      }
      if ('passed' in delivered) throw new Error('no node here makes its result apart');
      this.clocks.heard(index, delivered);
      this.segmentOf.delete(index);
      if ('left' in delivered) {
        this.lender.left(index);
        this.apply(this.scheduler.giveBack(index, 0));
      } else if ('held' in delivered) this.scheduler.hold(index, 0);
      else this.apply(this.scheduler.settle(index, delivered.status, 0));
      this.clocks.heardOf();
    }
    this.decide();
  }

  private apply({ settled, cancel }: Effects): void {
    for (const { index } of settled) this.clocks.ended(index);
    for (const { index } of cancel) this.segmentOf.get(index)?.inbox.push({ stop: [index] });
  }

  private decide(): void {
    const { scheduler, lender } = this;
    scheduler.release(0);
    if (scheduler.lentCount === 0) this.recalling = false;
    const mayLend = !this.isAsked && !this.recalling && scheduler.stopping === undefined;
    if (mayLend) this.givePlaces();
    const taken = scheduler.take();
    for (const index of taken) this.open().inbox.push(this.give({ orders: [index] }, [index]));
    lender.handedOver(taken);
    for (const [segment, loans] of mayLend && !lender.isBlocked ? lender.lend() : []) {
      const nodes = loans.map(({ index, waitsFor }) => ({
        ...{ order: { index } as NodeOrder, waitsFor, rank: scheduler.rank(index) },
      }));
      this.lentInAll += nodes.length;
      expect(scheduler.inWindow).toBeLessThanOrEqual(scheduler.concurrency); // else it is never reached
      const quiet = lender.onlyBeforeLent(
        loans.flatMap(({ index, waitsFor }) => [index, ...waitsFor]),
      );
      for (const { index, waitsFor } of loans)
        for (const other of [index, ...waitsFor]) this.clocks.lentAfter(other);
      for (const { index } of loans) this.segmentOf.set(index, segment);
      segment.handed += loans.length;
      segment.inbox.push({ lent: { nodes, quiet } });
    }
    if (lender.mustCallBack) this.recall();
  }

  private givePlaces(): void {
    const { scheduler } = this;
    for (const segment of this.segments) {
      const waiting = [...scheduler.lentReady].filter(
        (index) => this.segmentOf.get(index) === segment,
      );
      const places = Math.min(waiting.length - segment.kept, scheduler.room);
      if (places <= 0) continue;
      this.keep(segment, places);
      segment.inbox.push({ lent: { nodes: [], quiet: [], places } });
    }
  }

  private keep(segment: SimulatedSegment, places: number): void {
    segment.kept += places;
    this.scheduler.keep(places);
  }

  private get openSegment(): SimulatedSegment | undefined {
    const last = this.segments.at(-1);
    return last && last.handed < this.world.perSegment ? last : undefined;
  }

  private open(): SimulatedSegment {
    const { openSegment } = this;
    if (openSegment) return openSegment;
    const segment = new SimulatedSegment(
      (index) => {
        this.runs.set(index, (this.runs.get(index) ?? 0) + 1);
        const { dependsOn, trigger } = this.world.nodes[index] ?? { dependsOn: [] };
        const good = dependsOn.every((other) => this.completed.has(other));
        expect(good || trigger !== 'all_success').toBe(true);
      },
      this.hasPlace,
      (status) => this.clocks.outcome(status),
    );
    this.segments.push(segment);
    return segment;
  }

  private give(sent: Sent, indexes: readonly number[]): Sent {
    const segment = this.open();
    for (const index of indexes) this.segmentOf.set(index, segment);
    segment.handed += indexes.length;
    return sent;
  }

  private recall(): void {
    if (this.scheduler.lentCount === 0 || this.recalling) return;
    this.recalling = true;
    this.lender.calledBack();
    for (const segment of this.segments) segment.inbox.push({ recall: true });
  }

  private restore(): void {
    const { nodes } = this.world;
    const carried = JSON.parse(JSON.stringify(this.scheduler.snapshot())) as never;
    this.scheduler = Scheduler.restore(nodes, this.options, carried);
    this.clocks.goOn(this.scheduler);
    this.lender = this.newLender();
    this.recalling = false;
    this.lender.handedOver([...this.segmentOf.keys()]);
  }

  private narrow(step: number): void {
    const { narrowAt } = this.world;
    if (this.isNarrowed || step < narrowAt.step) return;
    this.isAsked = this.scheduler.lentCount > 0;
    if (this.isAsked) return this.recall();
    this.isNarrowed = true;
    this.wasInWindow = this.scheduler.inWindow;
    this.recalling = false;
    this.scheduler.setConcurrency(narrowAt.to);
    this.decide();
  }

  /**
   * No node runs twice at once, and no more begin than the window holds, though what runs beyond it goes on. Once all that was
   * said is heard no place is free while a lent node waits for one, nothing lent goes before a node of higher priority that
   * waits here, and both sides keep the same places.
   */
  private check(): void {
    const running = this.segments.flatMap((segment) => [...segment.running]);
    expect(new Set(running).size).toBe(running.length);
    const { inWindow, concurrency } = this.scheduler;
    expect(running.filter(this.hasPlace).length).toBeLessThanOrEqual(inWindow);
    expect(inWindow).toBeLessThanOrEqual(Math.max(concurrency, this.wasInWindow));
    this.wasInWindow = inWindow;
    const unheard = this.segments.some(({ inbox, outbox }) => inbox.length + outbox.length > 0);
    if (unheard || this.inbox.length > 0) return;
    const { scheduler } = this;
    for (const { lent, kept } of this.segments) expect(lent.places).toBe(kept);
    if (this.isAsked || scheduler.lentCount === 0) return;
    if (scheduler.lentReady.size > 0) expect(scheduler.room).toBe(0);
    expect(this.lender.mustCallBack).toBe(false);
  }
}

export const lendingWorlds = (most: number): fc.Arbitrary<LendingWorld> =>
  fc
    .record({
      parents: fc.array(fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 3 }), {
        ...{ minLength: 1, maxLength: most },
      }),
      keys: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }),
      triggers: fc.array(fc.constantFrom('all_success', 'all_success', 'all_done'), {
        minLength: 1,
      }),
      concurrency: fc.integer({ min: 1, max: 12 }),
      onFailure: fc.constantFrom('continue', 'failFast'),
      perSegment: fc.integer({ min: 1, max: 60 }),
      ends: fc.array(fc.constantFrom('good', 'good', 'good', 'good', 'bad', 'held'), {
        maxLength: 60,
      }),
      steps: fc.array(fc.nat({ max: 1_000 }), { minLength: 1, maxLength: 200 }),
      recallAt: fc.array(fc.nat({ max: 150 }), { maxLength: 4 }),
      restoreAt: fc.array(fc.nat({ max: 150 }), { maxLength: 3 }),
      loseAt: fc.array(fc.nat({ max: 150 }), { maxLength: 2 }),
      cancelAt: fc.array(fc.nat({ max: 150 }), { maxLength: 2 }),
      free: fc.array(fc.constantFrom(false, false, false, true), { minLength: 1 }),
      narrowAt: fc.record({ step: fc.nat({ max: 150 }), to: fc.integer({ min: 1, max: 12 }) }),
      skew: fc.integer({ min: -20, max: 20 }),
    })
    .map(({ parents, keys, triggers, free, recallAt, restoreAt, loseAt, cancelAt, ...world }) => ({
      ...world,
      nodes: parents.map((back, index) => ({
        dependsOn: [...new Set(back.map((by) => index - by).filter((other) => other >= 0))],
        trigger: triggers[index % triggers.length] ?? 'all_success',
        allowFailure: false,
        priorityKey: keys[index % keys.length] ?? 3,
        ...(free[index % free.length] ? { takesNoPlace: true as const } : {}),
      })),
      recallAt: new Set(recallAt),
      restoreAt: new Set(restoreAt),
      loseAt: new Set(loseAt),
      cancelAt: new Set(cancelAt),
    }));
