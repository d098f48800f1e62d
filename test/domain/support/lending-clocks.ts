/** What a coordinator knows of its nodes' time, in a world where each step of `lending-world.ts` takes a second. */
import { expect, jest } from '@jest/globals';
import { NodeClocks, type NodeTime } from '../../../src/domain/node-clocks.js';
import { totalOf } from '../../../src/domain/node-times.js';
import type { Begun, NodeOutcome } from '../../../src/domain/outcome.js';
import type { Scheduler } from '../../../src/domain/scheduler.js';
import { ToldLater } from '../../../src/domain/told-later.js';
import type { Delivered } from '../../../src/workflows/node-executor.js';

const START = 1_800_000_000_000;
const STEP = 1_000;

export class LendingClocks {
  private now = START;
  /** While something is heard that happened before: when that was. */
  private asOf: number | undefined;
  private clocks = new NodeClocks(0, () => undefined);
  private later = new ToldLater(this.clocks);
  private readonly ends = new Map<number, number>();
  /** Of nodes that ended before this run. */
  private readonly written = new Map<number, NodeTime>();

  constructor(
    private scheduler: Scheduler,
    private readonly skew: number,
  ) {
    this.watch();
  }

  /** Segments have the server's clock. */
  goTo(step: number): void {
    this.now = START + step * STEP;
    jest.spyOn(Date, 'now').mockReturnValue(this.now);
  }

  /** What a worker says of a run that ends now. */
  outcome(status: NodeOutcome['status']): NodeOutcome {
    const endedAt = new Date(this.now + this.skew * STEP).toISOString();
    const attempt = { attempt: 1, startedAt: endedAt, endedAt, outcome: status } as const;
    return { status, attemptCount: 1, executionTimeMs: 0, attempts: [attempt as never] };
  }

  lentAfter(index: number): void {
    if (!this.scheduler.isLent(index)) this.later.add(index);
  }

  began(index: number, { at }: Begun): void {
    const ends = this.scheduler.dependsOn(index).flatMap((other) => this.ends.get(other) ?? []);
    this.later.heard(index, undefined, this.now);
    const lastEnded = ends.length === 0 ? undefined : Math.max(...ends);
    this.later.began(index, { at, lastEnded }, this.now);
  }

  /** A node is heard of: until {@link heardOf} that happens when it happened. */
  heard(index: number, delivered: Exclude<Delivered, Begun>): void {
    const outcome = 'attempts' in delivered ? delivered : undefined;
    const at = this.later.heard(index, outcome, this.now);
    if (!outcome) return;
    this.asOf = at;
    this.clocks.returned(index, outcome, at, { attempts: 0, executionTimeMs: 0 });
    if ('status' in outcome) this.ended(index, at);
  }

  /** @param at absent for one that ended without having run: now */
  ended(index: number, at = this.now): void {
    this.clocks.ended(index, at);
    this.ends.set(index, at);
  }

  heardOf(): void {
    this.asOf = undefined;
  }

  /** A new run goes on: what has ended is written elsewhere. */
  goOn(scheduler: Scheduler): void {
    const isOpen = (index: number): boolean => scheduler.state(index) !== 'settled';
    for (const index of this.ends.keys()) this.write(index);
    const carried = [this.clocks.carry(this.now, isOpen), this.later.carry()] as const;
    const [clocks, later] = JSON.parse(JSON.stringify(carried)) as typeof carried;
    this.clocks = new NodeClocks(0, () => undefined);
    this.clocks.restore(clocks, this.now);
    this.later = new ToldLater(this.clocks, later);
    this.scheduler = scheduler;
    this.watch();
  }

  /** Of every node each moment from when it could start to its end is counted once. */
  check(): void {
    for (const [index, ended] of this.ends) {
      this.write(index);
      const time = this.written.get(index);
      if (time) expect(totalOf(time.times)).toBe(ended - time.readyAt);
    }
  }

  private write(index: number): void {
    const time = this.written.get(index) ?? this.clocks.of(index, this.now, false);
    if (time) this.written.set(index, time);
  }

  private watch(): void {
    const { scheduler } = this;
    scheduler.watch = (move) => {
      const now = this.asOf ?? this.now;
      const how = { held: undefined, paused: false, lent: scheduler.isLent(move.index) };
      this.clocks.moved(move, now, how);
    };
  }
}
