/**
 * A small world for the scheduler: a clock, workers that end or hold nodes as a script says, and a judge with its own
 * book of who runs, waits and has ended. The judge knows the trigger rules from the tests' oracle, not from `src`.
 */
import type { Effects } from '../../../src/domain/effects.js';
import { Scheduler, type SchedulerNode } from '../../../src/domain/scheduler.js';
import type { StatusReason, TerminalStatus } from '../../../src/domain/status.js';
import type { TriggerDecision } from '../../../src/domain/trigger.js';
import { expectedDecision } from './airflow.js';
import { Book, FAILURES, type Entry } from './judges-book.js';
import { must, outlives, same } from './judging.js';
import type { Script, Verb, World } from './worlds.js';

/** After everything that is asked for in a world. */
const RESUMED_AT = 100;

/** What happened, in order: `5 take 3`, `9 end 3 FAILED`. Equal worlds give equal stories. */
export type Story = string[];

export class Simulation {
  readonly story: Story = [];
  private scheduler: Scheduler;
  private readonly entries: Entry[];
  private readonly dependants: number[][];
  private now = 0;
  private stopped: StatusReason | undefined;
  private readonly nodes: SchedulerNode[];
  private readonly scripts: Script[];
  private concurrency: number;
  private readonly priorities = new Map<number, number>();
  private readonly paused = new Set<number>();
  private pausedAll = false;
  private readonly book: Book;

  constructor(
    private readonly world: World,
    private readonly restoreAt?: number,
  ) {
    this.scheduler = new Scheduler(world.nodes, world.options);
    this.nodes = [...world.nodes];
    this.scripts = [...world.scripts];
    this.concurrency = world.options.concurrency;
    this.entries = world.nodes.map(() => ({ state: 'waiting', due: 0, endsAt: 0, attempts: 0 }));
    this.dependants = world.nodes.map(() => []);
    world.nodes.forEach(({ dependsOn }, index) =>
      dependsOn.forEach((other) => this.dependants[other]?.push(index)),
    );
    this.book = new Book(this.nodes, this.entries, this.dependants, (index) =>
      this.outlives(index),
    );
  }

  /** Runs the world to its end. @throws where the scheduler breaks a rule */
  run(): Story {
    this.scheduler.start(this.now);
    this.entries.forEach((_, index) => this.consider(index));
    const events = [
      ...this.world.cancels.map(({ at, node }) => ({ at, run: () => this.cancel(node) })),
      ...this.world.verbs.map(({ at, verb }) => ({ at, run: () => this.asked(verb) })),
      // Whatever is paused goes on at last, so that every world has an end.
      { at: RESUMED_AT, run: () => this.resumeAll() },
    ].sort((a, b) => a.at - b.at);
    for (let step = 0; !this.scheduler.isDone; step++) {
      if (step === this.restoreAt) this.restore();
      for (let event = events[0]; event && event.at <= this.now; event = events[0]) {
        events.shift();
        event.run();
      }
      this.finishAttempts();
      this.release();
      while (this.take()) this.audit();
      this.audit();
      this.now = this.nextMoment(events[0]?.at);
    }
    this.close();
    return this.story;
  }

  private take(): boolean {
    const room = Math.max(0, this.concurrency - this.count('running'));
    const before = this.indexes('ready').filter((index) => !this.isPaused(index));
    const taken = this.scheduler.take(this.world.batch);
    const byRank = [...before].sort((a, b) => this.rank(a) - this.rank(b) || a - b);
    same(taken, byRank.slice(0, Math.min(room, this.world.batch)), 'taken, by priority');
    for (const index of taken) {
      if (this.stopped !== undefined) {
        must(this.outlives(index), `${index} started after a stop`);
        must(
          !this.book.hasRunningBehindStopped(index),
          `${index} started while what is before it runs`,
        );
      }
      same(this.decision(index), 'run', `what the trigger of ${index} says`);
      const entry = this.entry(index);
      entry.state = 'running';
      entry.endsAt = this.now + this.script(index).runMs;
      this.say('take', index);
    }
    must(taken.length === 0 || this.count('running') <= this.concurrency, 'too many run');
    return taken.length > 0;
  }

  /** Ends or holds every attempt that is over, in the order of the list. */
  private finishAttempts(): void {
    for (const index of this.indexes('running')) {
      const entry = this.entry(index);
      if (entry.endsAt > this.now || entry.state !== 'running') continue;
      const { holds, outcome, obeysCancel, makeMs } = this.script(index);
      if (entry.passed) {
        this.settle(index, 'COMPLETED');
        continue;
      }
      const holdMs = holds[entry.attempts++];
      if (entry.asked !== undefined && obeysCancel) this.settle(index, 'CANCELLED', entry.asked);
      else if (holdMs !== undefined && entry.asked === undefined) this.hold(index, holdMs);
      else if (outcome === 'COMPLETED' && makeMs > 0) this.pass(index, makeMs);
      else this.settle(index, outcome, outcome === 'SKIPPED' ? 'condition' : undefined);
    }
  }

  private pass(index: number, makeMs: number): void {
    const entry = this.entry(index);
    const effects = this.scheduler.pass(index, this.now);
    Object.assign(entry, { passed: true, endsAt: this.now + makeMs });
    this.say('pass', index);
    for (const dependant of this.dependants[index] ?? []) this.consider(dependant);
    this.apply(effects);
    same(this.scheduler.pass(index, this.now), { settled: [], cancel: [] }, 'a second pass');
  }

  private hold(index: number, holdMs: number): void {
    this.scheduler.hold(index, this.now + holdMs);
    Object.assign(this.entry(index), { state: 'held', due: this.now + holdMs });
    same(this.scheduler.heldUntilOf(index), this.now + holdMs, 'held until');
    this.say('hold', index);
  }

  private settle(index: number, status: TerminalStatus, reason?: StatusReason): void {
    const { allowFailure } = this.node(index);
    const fatal = FAILURES.includes(status) && !allowFailure;
    const stops =
      fatal && this.world.options.onFailure === 'failFast' && this.stopped === undefined;
    const effects = this.scheduler.settle(index, status, this.now, reason);
    this.end(index, status, reason);
    if (stops) this.stopped = 'fail_fast';
    this.apply(effects);
    if (stops) this.judgeStop(effects);
    const again = this.scheduler.settle(index, 'COMPLETED', this.now);
    same(again, { settled: [], cancel: [] }, 'a second end');
  }

  /** A person asks for something, of a node that there is and that it can be asked of. */
  private asked(verb: Verb): void {
    if (verb.kind === 'concurrency') {
      this.scheduler.setConcurrency(verb.to);
      this.concurrency = verb.to;
      return;
    }
    if (verb.kind === 'edit') return this.edit(verb);
    if (verb.node === 'all') return this.pauseAll(verb.kind === 'pause');
    if (this.entries.length === 0) return;
    const index = verb.node % this.entries.length;
    const entry = this.entry(index);
    if (entry.state === 'settled') return;
    switch (verb.kind) {
      case 'end':
        if (entry.state !== 'running') this.settle(index, verb.status, 'operator');
        return;
      case 'hurry':
        same(this.scheduler.hurry(index), entry.state === 'held', `whether ${index} is hurried`);
        if (entry.state === 'held') entry.state = 'ready';
        return;
      case 'priority':
        this.scheduler.setPriority(index, verb.to);
        this.priorities.set(index, verb.to);
        return;
      case 'pause':
        this.scheduler.pauseNode(index);
        this.paused.add(index);
        return;
      case 'resume':
        this.scheduler.resumeNode(index);
        this.paused.delete(index);
    }
  }

  private edit({ replaced, node, script }: Extract<Verb, { kind: 'edit' }>): void {
    if (this.stopped !== undefined || this.entries.length === 0) return;
    const index = replaced === null ? this.entries.length : replaced % this.entries.length;
    const entry = this.entries[index];
    if (entry && (entry.state === 'running' || entry.state === 'settled' || entry.attempts > 0))
      return;
    const dependsOn = index === 0 ? [] : [...new Set(node.dependsOn.map((one) => one % index))];
    const changed = { ...node, dependsOn };
    for (const other of this.nodes[index]?.dependsOn ?? []) {
      const list = this.dependants[other] as number[];
      list.splice(list.indexOf(index), 1);
    }
    this.nodes[index] = changed;
    this.scripts[index] = script;
    this.entries[index] = { state: 'waiting', due: 0, endsAt: 0, attempts: 0 };
    this.dependants[index] ??= [];
    for (const other of dependsOn) this.dependants[other]?.push(index);
    this.priorities.delete(index);
    const effects = this.scheduler.edit([[index, changed]], this.now);
    this.consider(index);
    this.apply(effects);
    this.say('edit', index);
  }

  private pauseAll(paused: boolean): void {
    if (paused) this.scheduler.pause();
    else this.scheduler.resume();
    this.pausedAll = paused;
  }

  private resumeAll(): void {
    this.pauseAll(false);
    for (const index of this.paused) this.scheduler.resumeNode(index);
    this.paused.clear();
  }

  private isPaused(index: number): boolean {
    return this.pausedAll || this.paused.has(index);
  }

  private cancel(node: number | 'all'): void {
    if (node !== 'all') return this.cancelNode(node % Math.max(1, this.entries.length));
    const running = this.indexes('running');
    const effects = this.scheduler.cancelAll(this.now, 'cancelled');
    this.stopped = 'cancelled';
    this.resumeAll();
    this.apply(effects);
    same(
      effects.cancel.map(({ index }) => index),
      running.filter((index) => !this.outlives(index)),
      'asked to stop',
    );
    this.judgeStop(effects);
  }

  private cancelNode(index: number): void {
    const { state } = this.entry(index);
    const effects = this.scheduler.cancelNode(index, this.now);
    if (state === 'settled') same(effects, { settled: [], cancel: [] }, 'cancel of an ended node');
    else if (state === 'running')
      same(effects.cancel, [{ index, reason: 'cancelled' }], 'cancel of a running node');
    else
      same(
        effects.settled[0],
        { index, status: 'CANCELLED', reason: 'cancelled' },
        'cancel of a waiting node',
      );
    this.apply(effects, index);
  }

  /** Books what the scheduler says has ended, each with a cause that the judge knows of. */
  private apply(effects: Effects, cancelled?: number): void {
    for (const { index, status, reason } of effects.settled) {
      must(this.entry(index).state !== 'running', `${index} ended while it ran`);
      if (status === 'SKIPPED') {
        same(this.entry(index).state, 'waiting', `what ${index} did before it was skipped`);
        must(
          ['skipped', 'upstream_failed'].includes(this.decision(index)),
          `${index} was skipped too soon`,
        );
        const failed = this.book.standings(index).some((one) => one.endsWith('failed'));
        must(
          reason === 'rule' || (reason === 'upstream_failed' && failed),
          `${index} ended ${reason}`,
        );
      } else {
        same(status, 'CANCELLED', `how ${index}, which did not run, ended`);
        same(reason, index === cancelled ? 'cancelled' : this.stopped, `why ${index} ended`);
        must(reason !== undefined, `${index} was cancelled for no reason`);
        const kept = index !== cancelled && this.outlives(index);
        must(!kept || this.entry(index).state !== 'waiting', `${index} was to outlive the stop`);
        const waited = this.entry(index).state === 'waiting';
        if (index !== cancelled && waited) this.entry(index).stopped = true;
      }
      this.end(index, status, reason);
    }
    for (const { index, reason } of effects.cancel) {
      const entry = this.entry(index);
      same(entry.state, 'running', `what ${index} did when asked to stop`);
      entry.asked = reason;
      entry.endsAt = Math.min(entry.endsAt, this.now + this.script(index).cancelMs);
    }
  }

  /** After a stop nothing runs on, or waits to run, but what may; what stands before that ends with what it waits for. */
  private judgeStop(effects: Effects): void {
    const asked = new Set(effects.cancel.map(({ index }) => index));
    this.entries.forEach((entry, index) => {
      if (entry.state === 'settled' || asked.has(index)) return;
      const ended = this.book.endedBefore(index);
      if (!this.outlives(index)) {
        must(ended < this.node(index).dependsOn.length, `${index} survived the stop`);
        must(entry.state === 'waiting', `${index} was ready, and survived the stop`);
        must(this.book.isBeforeOneThatMayGoOn(index), `${index} waits, and nothing for it`);
        return;
      }
      const goesOn = entry.state === 'waiting' || this.stopped === 'cancelled';
      must(goesOn || ended > 0, `${index} goes on with nothing before it ended`);
    });
  }

  private outlives(index: number): boolean {
    return outlives(this.node(index), this.stopped);
  }

  private end(index: number, status: TerminalStatus, reason: StatusReason | undefined): void {
    const entry = this.entry(index);
    same(entry.ending, undefined, `earlier end of ${index}`);
    entry.state = 'settled';
    entry.ending = { status, reason };
    this.say('end', index, status === 'SKIPPED' ? `SKIPPED ${reason}` : status);
    for (const dependant of this.dependants[index] ?? []) this.consider(dependant);
    this.nodes.forEach(({ readsResults }, reader) => {
      if (readsResults?.includes(index)) this.consider(reader);
    });
  }

  /** Books that a node's trigger has come true. */
  private consider(index: number): void {
    const entry = this.entry(index);
    if (entry.state !== 'waiting' || this.decision(index) !== 'run') return;
    if (this.book.awaited(index).length > 0) return;
    if (this.stopped !== undefined && !this.outlives(index)) return;
    const { startDelayMs = 0, notBefore = 0 } = this.node(index);
    entry.due = Math.max(this.now + startDelayMs, notBefore);
    entry.state = entry.due > this.now ? 'held' : 'ready';
  }

  private release(): void {
    this.scheduler.release(this.now);
    for (const entry of this.entries)
      if (entry.state === 'held' && entry.due <= this.now) entry.state = 'ready';
  }

  private restore(): void {
    const { options } = this.world;
    const carried = JSON.parse(JSON.stringify(this.scheduler.snapshot())) as ReturnType<
      Scheduler['snapshot']
    >;
    this.scheduler = Scheduler.restore(this.nodes, options, carried);
    this.audit();
  }

  private nextMoment(event: number | undefined): number {
    const due = this.scheduler.nextDue();
    const held = this.entries.filter(({ state }) => state === 'held').map((entry) => entry.due);
    same(due, held.length === 0 ? undefined : Math.min(...held), 'next due');
    const ends = this.indexes('running').map((index) => this.entry(index).endsAt);
    const moments = [...ends, ...held, ...(event === undefined ? [] : [event])];
    if (this.scheduler.isDone) return this.now;
    if (moments.length === 0) throw new Error(`stuck at ${this.now}: ${this.states().join(' ')}`);
    return Math.max(this.now, Math.min(...moments));
  }

  /** The scheduler's books against the judge's. */
  private audit(): void {
    same(
      this.entries.map((_, index) => this.scheduler.state(index)),
      this.states(),
      `states at ${this.now}`,
    );
    const { running, ready, heldCount, waitingCount } = this.scheduler;
    same(
      { running, ready, heldCount, waitingCount },
      {
        running: this.count('running'),
        ready: this.count('ready'),
        heldCount: this.count('held'),
        waitingCount: this.count('waiting'),
      },
      'running, ready, held, waiting',
    );
  }

  private close(): void {
    this.entries.forEach(({ ending }, index) => {
      same(this.scheduler.ending(index)?.status, ending?.status, `end of ${index}`);
      if (ending?.status === 'SKIPPED')
        same(this.scheduler.ending(index)?.reason, ending.reason, `why ${index} was skipped`);
      const total = this.node(index).dependsOn.length;
      same(this.scheduler.dependencyProgress(index), { done: total, total }, `before ${index}`);
    });
    same(this.scheduler.take(), [], 'taken after the end');
    const failed = this.entries.some(
      ({ ending }, index) =>
        ending &&
        [...FAILURES, 'CANCELLED'].includes(ending.status) &&
        !this.node(index).allowFailure,
    );
    same(this.scheduler.hasFailed, failed, 'hasFailed');
  }

  private decision(index: number): TriggerDecision {
    return expectedDecision(this.node(index).trigger, this.book.standings(index));
  }

  private rank(index: number): number {
    return this.priorities.get(index) ?? this.node(index).priorityKey;
  }

  private states(): Entry['state'][] {
    return this.entries.map(({ state }) => state);
  }

  private indexes(state: Entry['state']): number[] {
    return this.entries.flatMap((entry, index) => (entry.state === state ? [index] : []));
  }

  private count(state: Entry['state']): number {
    return this.indexes(state).length;
  }

  private say(what: string, index: number, how = ''): void {
    this.story.push(`${this.now} ${what} ${index} ${how}`.trim());
  }

  private entry(index: number): Entry {
    return this.entries[index] as Entry;
  }

  private node(index: number): SchedulerNode {
    return this.nodes[index] as SchedulerNode;
  }

  private script(index: number): Script {
    return this.scripts[index] as Script;
  }
}
